package runtime

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// EventVersion is the version of [Event]'s JSON.
const EventVersion = 1

// EventType says what an [Event] reports.
type EventType string

// The types of events.
const (
	EventStepStarted EventType = "step_started"
	EventStepDone    EventType = "step_done"
	EventStepSkipped EventType = "step_skipped"
	EventStepFailed  EventType = "step_failed"
	EventStepRetry   EventType = "step_retry"
	EventStepStopped EventType = "step_stopped"
	EventWaiting     EventType = "waiting"
	EventEffect      EventType = "effect"
	EventNotice      EventType = "notice"
)

// Event tells a surface what happens while it happens.
//
// Groups, loops, each item of a loop and called skills have events of their
// own, around those of the steps inside of them.
type Event struct {
	Version int            `json:"version"`
	Type    EventType      `json:"type"`
	At      time.Time      `json:"at"`
	Run     string         `json:"run"`
	ID      string         `json:"id,omitempty"`
	Path    string         `json:"path,omitempty"`
	Name    string         `json:"name,omitempty"`
	Step    string         `json:"step,omitempty"`
	Kind    string         `json:"kind,omitempty"` // of the node: uses, steps, skill, ...
	Result  map[string]any `json:"result,omitempty"`
	// Error is why a step failed or was stopped. On a step_done it is what the
	// group was rescued from.
	Error *types.Error `json:"error,omitempty"`
	// Attempt counts from 1; on a step_retry it is the one that failed. Attempts
	// is how many there may be.
	Attempt  int `json:"attempt,omitempty"`
	Attempts int `json:"attempts,omitempty"`
	Items    int `json:"items,omitempty"` // on a loop's step_started: how many
	// Handled is set on a step_failed that does not fail what stands around it.
	Handled bool    `json:"handled,omitempty"`
	Effect  *Effect `json:"effect,omitempty"`
	Text    string  `json:"text,omitempty"` // of a notice: why the step waits
	// Next is when a step that waits is asked again, or the next attempt of a
	// step_retry begins. Of what waits it is zero when this process does not stay
	// for it, or another one asks: that one writes down no answer that says the
	// same, so no one else knows when it asks. Every is then how often it does.
	Next  time.Time `json:"next,omitzero"`
	Every string    `json:"every,omitempty"`
	// Replayed is set for what an earlier process did.
	Replayed bool `json:"replayed,omitempty"`
}

var eventTypes = map[machine.NoteKind]EventType{
	machine.Started: EventStepStarted, machine.Finished: EventStepDone, machine.Set: EventStepDone, machine.Asserted: EventStepDone,
	machine.Rescued: EventStepDone, machine.Returned: EventStepDone, machine.Skipped: EventStepSkipped, machine.FailedNote: EventStepFailed,
	machine.Continued: EventStepFailed, machine.Retrying: EventStepRetry, machine.GivenUp: EventStepStopped, machine.StillWaiting: EventWaiting,
}

// RecordOf is the record that an action begins with.
func RecordOf(a machine.Action) journal.Record {
	return journal.Record{
		Kind: journal.Event, Path: a.Path, Identity: a.Identity, Step: a.Step, Effect: a.Effect, Input: types.Encode(a.Input),
	}
}

// Recovered makes an error of a panic in a step. It is deferred.
func Recovered(step string, err *error) {
	if p := recover(); p != nil {
		*err = types.Errorf(types.Internal, "step %s panicked: %v", step, p).WithHint("this is a bug: please report it")
	}
}

// EventOf is a machine's note as surfaces see it.
func EventOf(n machine.Note, run string, at time.Time, replayed bool) Event {
	e := Event{
		Version: EventVersion, Type: eventTypes[n.Kind], At: at, Run: run, ID: n.Node, Path: n.Path, Name: n.Name, Step: n.Step,
		Kind: string(n.NodeKind), Attempt: n.Attempt, Attempts: n.Attempts, Items: n.Items, Handled: n.Kind == machine.Continued,
		Result: n.Result, Error: n.Error, Replayed: replayed,
	}
	if n.Kind == machine.Retrying && !n.Next.IsZero() {
		e.Next = n.Next.UTC()
	}
	return e
}
