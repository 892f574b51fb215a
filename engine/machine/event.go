package machine

import (
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// EventKind says what happened to an action, or to the run.
type EventKind string

// The kinds of events.
const (
	// Done: the action was performed; Output holds its result. The one of an
	// Ask is {by, at}: who agreed, and when.
	Done EventKind = "done"
	// Failed: the action surely did not do its work, unless it is Unsettled;
	// Error says why.
	Failed EventKind = "failed"
	// Unanswered: the read of an await got no answer, for the reason in Error; the
	// await continues. [Machine.FailureAt] says when that is so.
	Unanswered EventKind = "unanswered"
	// Woken: the time an await, or the next attempt, had to wait is over.
	Woken EventKind = "woken"
	// TimedOut: the node at Path, which is the Bounds of an action, has used up
	// its time.
	TimedOut EventKind = "timed_out"
	// Dropped: an action that is Stopping was not begun, or was given up without
	// an effect.
	Dropped EventKind = "dropped"
	// Stopped: a person ends the run; Error says who. What is in flight ends, and the always of groups is run. Path is empty.
	Stopped EventKind = "stopped"
	// Resumed: a process is at the run again. The time without one does not
	// count for time-outs. Path is empty.
	Resumed EventKind = "resumed"
	// Retried: a person asked for a failed run to continue; what failed is tried
	// again. Path is that of the failure.
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
	// Unsettled is set of a write that failed and may have happened all the same.
	Unsettled bool `json:"unsettled,omitempty"`
	// Unknown stands in a plan for a result that is not known; Output is then
	// empty. After is the id of the node that has to have happened for it, when
	// that is another one than the action's own.
	Unknown bool   `json:"unknown,omitempty"`
	After   string `json:"after,omitempty"`
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

// Action is what a runtime must do next. Actions that stand beside each other
// may be performed side by side.
type Action struct {
	Kind   ActionKind    `json:"kind"`
	Path   string        `json:"path"`   // structural: stable across replays and edits elsewhere
	Node   string        `json:"node"`   // the id of the node
	Name   string        `json:"name"`   // what people call it
	Step   string        `json:"step"`   // the step type, "" of an Ask
	Effect string        `json:"effect"` // read, local or write; "" of an Ask
	Poll   bool          `json:"poll"`   // it belongs to an await
	Retry  bool          `json:"retry"`  // of Wait: the next attempt follows
	Input  types.Values  `json:"input"`
	Def    *program.Node `json:"-"`
	// Identity is that of the called skills the action stands in, outermost
	// first: for each that names one the SHA-256 of its values as JSON,
	// hexadecimal. Beside Path it is part of what makes the action's effect this
	// one and no other.
	Identity []string `json:"identity,omitempty"`
	// Unknown names the members of Input that a plan cannot know yet; it is
	// empty outside of a plan.
	Unknown []string `json:"unknown"`
	// Undecided is set in a plan when it is unknown whether the run comes here.
	Undecided bool      `json:"undecided"`
	At        time.Time `json:"at"` // of Wait
	// Deadline is when the time of the node at path Bounds is up: apply TimedOut
	// to that one then. Zero is no deadline.
	Deadline time.Time `json:"-"`
	Bounds   string    `json:"-"`
	// Stopping is set when nothing needs the action any more: it need not be
	// begun, and may be given up when that has no effect. The machine waits for
	// its end all the same, or for Dropped.
	Stopping bool `json:"-"`
}

// NoteKind says what the machine did with a node.
type NoteKind string

// Note tells a surface what happened to a node. It has no part in what happens
// next.
type Note struct {
	Kind     NoteKind
	Path     string
	Node     string
	Name     string // the node's name for people, or its id
	NodeKind program.Kind
	Step     string
	Effect   string
	Result   map[string]any
	Error    *types.Error // of failed, retrying, continued, stopped and rescued
	Attempt  int          // of retrying: which one failed,
	Attempts int          // and how many there may be
	Items    int          // of a loop that starts
	Next     time.Time    // of waiting: when its read is due again; of retrying: when its pause ends, zero when no attempt comes of it
	Item     bool         // it is, or stands in, an item of a loop
	Def      *program.Node
}

// The kinds of notes.
const (
	Started      NoteKind = "started"
	Finished     NoteKind = "done"
	Skipped      NoteKind = "skipped"
	Set          NoteKind = "set"
	Asserted     NoteKind = "asserted"
	Undecided    NoteKind = "undecided" // in a plan only
	StillWaiting NoteKind = "waiting"
	Retrying     NoteKind = "retrying"  // an attempt failed, and another follows
	Continued    NoteKind = "continued" // it failed, and the skill continues without it
	Rescued      NoteKind = "rescued"   // its steps failed, and its rescue did well
	Returned     NoteKind = "returned"  // it ended the skill, well
	GivenUp      NoteKind = "stopped"   // it was begun, and nothing needs it any more
	FailedNote   NoteKind = "failed"
)
