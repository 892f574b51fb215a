package engine

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Recording is what a run was given, and what the world and people answered.
type Recording struct {
	Program *program.Program
	Now     time.Time // of its start
	Zone    string
	Command string     // how the program was called, run.program
	Answers []Answered // in the order in which they came
}

// Answered is a call of a step, or a question, with what came of it.
type Answered struct {
	Path   string
	Write  bool
	Input  types.Values
	Output types.Values
	Error  *types.Error // nil when it did well
}

// Recorded reads what the steps of a run answered. Answers of an await that left it
// waiting, beyond the first one, are in no journal.
func (e *Engine) Recorded(id string) (Recording, error) {
	records, p, start, err := e.load(id)
	if err != nil {
		return Recording{}, err
	}
	out := Recording{Program: p, Now: start.StartedAt, Zone: records[0].Run.Zone, Command: start.Invocation}
	for _, r := range records {
		if r.Kind == journal.Resumed && r.Reason == journal.Restart {
			out.Answers = nil // it began again
		}
		if r.Event == nil {
			continue
		}
		switch r.Event.Kind {
		case machine.Done, machine.Failed, machine.Unanswered:
			a := Answered{Path: r.Path, Write: r.Effect == string(step.Writes), Output: r.Event.Output, Error: r.Event.Error}
			if v, err := types.Decode(r.Input); err == nil {
				a.Input, _ = v.(map[string]any)
			}
			out.Answers = append(out.Answers, a)
		}
	}
	return out, nil
}
