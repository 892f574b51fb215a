// Package machine is the interpreter: it folds a program and the history of
// what happened into what must be done next. It is pure: no clock, no file, no
// goroutine, no random number; time, results and decisions reach it as events.
//
// # The walk
//
// A program is a tree of nodes. The machine walks it with frames: a [frame] is
// a sequence of nodes, a position in it and, when the node there waits for the
// outside, what it waits for. [Machine.Next] moves every frame as far as it
// goes without the outside (conditions, set, assert, fail are computed on the
// way) and returns the actions that all frames together wait for.
// [Machine.Apply] gives the frame at the event's path what it waited for. A
// runtime is a short loop: perform what Next says, apply what came of it.
//
// # Paths
//
// An action is addressed by a structural path: the ids of the nodes above it,
// joined by "/". It does not change when steps are added elsewhere, nor
// between the run and its resume. The segment of a loop's iteration is
// the item's key, not its index.
//
// # Time and people
//
// A node that waits for more than the result of a call says so by the kind of
// its action. An await turns its Call into a Wait until the next poll is due,
// and Woken into the Call again. An approve asks a person ([Ask]) and waits for
// the Done that names who agreed and when; that is its result. Where the answer
// comes from, and that it belongs to what was shown, is the runtime's business:
// the machine only knows that nothing behind the question has begun.
//
// # What comes later, and where
//
// The walk is written so that control flow is more kinds of frames, not
// another interpreter:
//
//   - A group is a node with child nodes: advance pushes a frame whose path
//     is longer by the group's id; the parent's position waits for it. With
//     parallel: the group has one frame a child, and Next already gathers the
//     actions of all frames.
//   - rescue and always are further frames of the same group, pushed when the
//     first one ends; the failure is carried by the frame instead of ending
//     the machine, which is what fail does at the root.
//   - for_each is a group whose frames are made from a list, one a key, at most
//     max_parallel of them live; a frame has its own variables (item, error).
//   - retry is state of the wait of one node (attempt, due time): a Failed
//     event turns it into a Wait action, and Woken into the next Call.
//
// # Cost
//
// Applying an event touches one frame; parsed expressions are kept by their
// text; results that no later expression reads are dropped (the checker says
// which, [program.Node.Drop]). So an event costs the same at the first and at
// the hundred-thousandth node.
//
// # Plans
//
// A plan runs the same machine: the outputs of steps that are not performed are
// [types.Unknown], and so is every expression that reads them. A condition
// that is unknown is undecided: its node is visited once and its action marked.
package machine

import (
	"maps"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Start is what a machine must know about the run beside the program.
type Start struct {
	Run       string         // the run's id
	StartedAt time.Time      // now() and today() for the whole run
	Zone      *time.Location // of today(); nil is UTC
}

// State says how far a machine is.
type State string

// The states.
const (
	Running State = "running"
	Waiting State = "waiting" // only the passing of time, or a person, moves it on
	Ended   State = "done"
	Broken  State = "failed"
)

// Machine is one run of a program. Make it with [New] or [Restore].
type Machine struct {
	prog  *program.Program
	start Start
	exprs *cache
	vars  map[string]any // inputs, config, run, steps: what expressions see
	steps map[string]any // vars["steps"]: unknown until run, nil when skipped
	root  *frame
	fail  *Failure
	notes []Note
}

// frame is a walk through one sequence of nodes.
type frame struct {
	Prefix string   `json:"prefix,omitempty"` // path of the group it belongs to, "" at the root
	At     int      `json:"at"`               // the node to run next, or that waits
	Wait   *pending `json:"wait,omitempty"`   // what the node at At waits for
}

// pending is what a node waits for: the result of a call, a time, or a person.
type pending struct {
	Action Action    `json:"action"`
	Since  time.Time `json:"since,omitzero"` // an await's first answer
}

// Failure is why a run ended without doing its work.
type Failure struct {
	Path  string       `json:"path"`
	Node  string       `json:"node"`
	At    diag.Range   `json:"at"` // where the node stands in the skill
	Error *types.Error `json:"error"`
}

// New returns a machine at the program's first node.
func New(p *program.Program, s Start) *Machine {
	m := &Machine{prog: p, start: s, exprs: newCache(), steps: map[string]any{}, root: &frame{}}
	if m.start.Zone == nil {
		m.start.Zone = time.UTC
	}
	for _, n := range p.Steps {
		m.steps[n.ID] = types.Unknown{After: n.ID}
	}
	m.vars = map[string]any{
		"inputs": map[string]any(p.Inputs), "config": map[string]any(p.Config), "steps": m.steps,
		"run": map[string]any{"id": s.Run, "again": p.Again, "started_at": s.StartedAt.In(m.start.Zone).Format(time.RFC3339)},
	}
	return m
}

func (m *Machine) env(extra map[string]any) expr.Env {
	vars := m.vars
	if len(extra) > 0 {
		vars = maps.Clone(m.vars)
		maps.Copy(vars, extra)
	}
	return expr.Env{Vars: vars, Now: m.start.StartedAt, Zone: m.start.Zone}
}

// State says whether the machine waits for the outside, has ended or failed.
func (m *Machine) State() State {
	switch {
	case m.fail != nil:
		return Broken
	case m.root.At >= len(m.prog.Steps):
		return Ended
	case m.root.Wait != nil && m.root.Wait.Action.Kind != Call:
		return Waiting
	}
	return Running
}

// Failure returns why the run failed, nil when it did not.
func (m *Machine) Failure() *Failure { return m.fail }

// Current returns the path of the node the machine stands at, "" at the end.
func (m *Machine) Current() string {
	if m.root.At >= len(m.prog.Steps) {
		return ""
	}
	return m.path(m.root)
}

func (m *Machine) path(f *frame) string {
	id := m.prog.Steps[f.At].ID
	if f.Prefix == "" {
		return id
	}
	return f.Prefix + "/" + id
}
