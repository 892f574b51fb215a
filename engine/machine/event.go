package machine

import (
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// EventKind says what happened to an action.
type EventKind string

// The kinds of events.
const (
	// Done: the action was performed; Output holds its result. The one of an
	// Ask is {by, at}: who agreed, and when.
	Done EventKind = "done"
	// Failed: the action surely did not do its work; Error says why.
	Failed EventKind = "failed"
	// Woken: the time an await had to wait is over.
	Woken EventKind = "woken"
	// Retried: a person asked for a failed run to go on; the node that failed
	// is tried again.
	Retried EventKind = "retried"
)

// Event is something that happened to the action at Path. Events are the only
// way in which the outside reaches a machine, and folding the same events over
// the same program always gives the same state.
type Event struct {
	Kind   EventKind    `json:"kind"`
	Path   string       `json:"path"`
	At     time.Time    `json:"at"`
	Output types.Values `json:"output,omitempty"`
	Error  *types.Error `json:"error,omitempty"`
	// Unknown stands in a plan for a result that is not known; Output is then
	// empty.
	Unknown bool `json:"unknown,omitempty"`
}

// ActionKind says what a runtime is asked to do.
type ActionKind string

// The kinds of actions.
const (
	// Call: perform the step with Input.
	Call ActionKind = "call"
	// Wait: nothing to do before At; then apply Woken.
	Wait ActionKind = "wait"
	// Ask: have a person agree to Input, {message, show}; show is left out when
	// there is nothing to show. Whoever does not agree ends the run instead.
	Ask ActionKind = "ask"
)

// Action is what a runtime must do next.
type Action struct {
	Kind   ActionKind
	Path   string // structural: stable across replays and edits elsewhere
	Node   string // the id of the node
	Name   string // what people call it
	Step   string // the step type, "" of an Ask
	Effect string // read, local or write; "" of an Ask
	Poll   bool   // the call belongs to an await
	Input  types.Values
	// Unknown names the members of Input that a plan cannot know yet; it is
	// empty outside of a plan.
	Unknown []string
	// Undecided is set in a plan when the node's condition is unknown.
	Undecided bool
	At        time.Time // of Wait
}
