package runtime

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// State says how this process left the run.
type State = journal.State

// The states.
const (
	Done        = journal.StateDone
	Failed      = journal.StateFailed
	Parked      = journal.StateParked
	Interrupted = journal.StateInterrupted
	Cancelled   = journal.StateCancelled
	Rejected    = journal.StateRejected
	Refused     = journal.StateRefused
)

// Reasons for parking.
const (
	ForConfirm = "confirm"
	ForApprove = "approve"
	ForLock    = "lock"
	ForAwait   = "await"
	ForUnknown = "unknown_outcome"
	ForRepeat  = protocol.ForRepeat // before a write which is done, and which no one can look for
)

// Outcome is where this process left the run.
type Outcome struct {
	State   State
	Reason  string // of Parked; of Cancelled and Rejected a person's words
	By      string // of Cancelled and Rejected: who said so
	Outputs map[string]any
	Missing []string // outputs that read a step which has not run
	Failure *machine.Failure
	Steps   []StepReport
	Effects []Effect
}

// StepReport is what became of a node, and when. State is also "pending" for one
// that the run has not come to.
type StepReport struct {
	ID     string         `json:"id"`
	Path   string         `json:"path"`
	Name   string         `json:"name"`
	Step   string         `json:"step,omitempty"`
	State  string         `json:"state"`
	Result map[string]any `json:"result,omitempty"`
	Error  *types.Error   `json:"error,omitempty"`
	Began  time.Time      `json:"-"` // by the journal; zero in the report of a process
	Ended  time.Time      `json:"-"` // zero when it has not
	Waits  string         `json:"-"` // why the run is parked at it, as the Reason of an [Outcome]
}

// IsReversible reports whether what a node does by a step can be taken back: the step
// knows how, or the node says it.
func IsReversible(s step.Step, n *program.Node) bool {
	return s.CanUndo() || n != nil && n.Undo != nil
}

// Effect is a write and what the run did about it: created it, brought it up to
// date (updated), found that another run had made it (adopted), or was told by a
// person (resolved).
type Effect struct {
	ID      string       `json:"id"`
	Path    string       `json:"path"`
	Step    string       `json:"step"`
	Service string       `json:"service,omitempty"`
	Object  string       `json:"object,omitempty"`
	Verb    string       `json:"verb,omitempty"`
	Key     string       `json:"key"`
	Outcome string       `json:"outcome"`         // created, updated, adopted or resolved
	Found   string       `json:"found,omitempty"` // when this process sent nothing for it: in the world, or the run's own journal
	Result  types.Values `json:"result,omitempty"`
	// Reversible is set when `skillrun undo` of this run can take it back.
	Reversible bool `json:"reversible,omitempty"`
}

// EffectOf is the effect of a write that a record tells of; n is its node.
func EffectOf(c *step.Catalogue, n *program.Node, rec journal.Record, result types.Values) Effect {
	e := Effect{ID: rec.Path, Path: rec.Path, Step: rec.Step, Key: rec.Key, Result: result}
	var own bool
	e.Outcome, e.Found, own = DescribeOutcome(rec.Outcome)
	if s, ok := c.Lookup(rec.Step); ok {
		e.Service, e.Object, e.Verb, e.Reversible = s.Touch.Service, s.Touch.Object, s.Touch.Verb, own && IsReversible(s, n)
	}
	return e
}
