package render

import (
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

// The lines of --output events are these structs, and an [engine.Event] for each thing
// that happens to a step.

// EventHead is what every line has.
type EventHead struct {
	Version int    `json:"version" doc:"The version of the format."`
	Type    string `json:"type" doc:"What the line tells of."`
}

// headOf is the head of a line of a type.
func headOf(kind string) EventHead { return EventHead{Version: engine.EventVersion, Type: kind} }

// RunStartedJSON is the first line of a run.
type RunStartedJSON struct {
	EventHead
	Run       string `json:"run" doc:"The id of the run."`
	Skill     string `json:"skill" doc:"The name of its skill."`
	Command   string `json:"command" doc:"The command that does the same again."`
	Continued bool   `json:"continued" doc:"An earlier process began the run."`
	Followed  bool   `json:"followed" doc:"Another process executes the run."`
}

// RunStartedOf is a run that begins, or continues.
func RunStartedOf(r engine.Run) RunStartedJSON {
	return RunStartedJSON{headOf("run_started"), r.ID, r.Skill, r.Command, r.Continued, r.Followed}
}

// AskedJSON is a question that a person has to answer.
type AskedJSON struct {
	EventHead
	Run     string        `json:"run" doc:"The id of the run."`
	Node    string        `json:"node" doc:"The approve step; empty before the first write."`
	Message string        `json:"message" doc:"What the step asks."`
	Show    any           `json:"show" doc:"What the step shows."`
	Plan    plan.Forecast `json:"plan" doc:"What is about to be written."`
}

// AskedOf is what a run asks.
func AskedOf(run string, q engine.Question) AskedJSON {
	return AskedJSON{headOf("question"), run, q.Node, q.Message, q.Show, q.Forecast}
}

// RunEndedJSON is the last line of a run.
type RunEndedJSON struct {
	EventHead
	Run    string     `json:"run" doc:"The id of the run."`
	Result ResultJSON `json:"result" doc:"What --output json prints."`
}

// RunEndedOf is how a run ended; its type is run_ and the state.
func RunEndedOf(r ResultJSON) RunEndedJSON {
	return RunEndedJSON{headOf("run_" + r.State), r.Run, r}
}

// RefusedJSON is the only line of a command that came to nothing.
type RefusedJSON struct {
	EventHead
	Error RefusalError `json:"error" doc:"Why it came to nothing."`
}

// RefusalError is why a command came to nothing.
type RefusalError struct {
	*types.Error
	Diagnostics diag.List `json:"diagnostics,omitempty" doc:"What is wrong with the skill, the inputs or the configuration."`
}
