// Package machine is the interpreter: it folds a program and the history of
// what happened into what must be done next. It is pure: no clock, no file, no
// goroutine, no random number; time, results and decisions reach it as events.
//
// # The walk
//
// A program is a tree of nodes. An [activation] is one performance of a node, and has
// a stage: it waits for an action, its steps are at work, its rescue, its always,
// or it is over. A [frame] is a walk through one sequence of nodes, and belongs
// to the activation whose sequence that is; it holds the activation of the node it stands
// at. So what is at work is a tree of activations and frames, as deep as the skill is
// nested and as wide as things run side by side; what is over leaves nothing
// behind but its result.
//
// [Machine.Next] moves every activation as far as it goes without the outside
// (conditions, set, assert, fail and return are computed on the way) and returns
// the actions that all of them wait for. [Machine.Apply] gives the activation at the
// event's path what it waited for. A runtime is a short loop: perform what Next
// says, in any order or side by side, and apply what came of it. Nothing is
// called back: who has begun an activation looks whether it is over.
//
// # Paths
//
// An action is addressed by a structural path: the ids of the nodes above it,
// joined by "/". It does not change when steps are added elsewhere, nor
// between the run and its resume. An item of a loop is loop[KEY], where the key
// is the item's and not its index; the remedy before the next attempt of a node is
// node/before.N.
//
// # Names
//
// Results stand in maps that expressions see as `steps`. Groups share the map of
// the place they stand in. Each item of a loop over a group, each called skill
// and each remedy has its own, so that what is inside is not seen outside and is
// forgotten at its end. A result that nothing will read any more is dropped (the
// checker says which, [program.Node.Drop]).
//
// # Failure
//
// What failed is carried from an activation to the one around it: a retry makes
// another attempt of it, on_error passes over it, a rescue sees to it, an always
// runs after it. Beside a step that failed nothing new begins; what is in flight
// ends, since no one can take back a request that was sent. Ending
// the run ([Stopped]) and running out of time ([TimedOut]) go the same way. The
// write that may have happened although it failed is the one failure that no
// rescue and no on_error takes on.
//
// A failed machine keeps the tree it failed with, so that a person can have it
// continue ([Retried]) just where it stood. Where something was cleaned up since,
// it continues at the beginning of what the cleaning up belongs to.
//
// # Time and people
//
// A node that waits for more than the result of a call says so by the kind of
// its action. An await turns its Call into a Wait until the next poll is due,
// and Woken into the Call again; so does a retry. An approve asks a person
// ([Ask]) and waits for the Done that names who agreed and when. A time-out is
// a deadline on every action that it bounds; the runtime, which has the clock,
// says when it is over. Time in which no process is at the run does not count
// ([Resumed]), but for await: there the world is waited for.
//
// # Cost
//
// Applying an event touches what is at work, not what is over, so an event costs
// the same at the first and at the hundred-thousandth item. Parsed expressions
// are kept by their text.
//
// # Plans
//
// A plan runs the same machine: the outputs of steps that are not performed are
// [types.Unknown], and so is every expression that reads them. A condition
// that is unknown is undecided: its node is activated once and its action marked.
// A loop over what is unknown has one item, which is unknown too.
package machine

import (
	"cmp"
	"time"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Program is what a person types to call the program, without any flag.
const Program = "skillrun"

// State says how far a machine is.
type State string

// The states.
const (
	Running State = "running"
	Waiting State = "waiting" // only the passing of time, or a person, moves it on
	Ended   State = "done"
	Broken  State = "failed"
)

// New returns a machine at the program's first node.
func New(p *program.Program, s Start) *Machine {
	m := newMachine(p, s)
	markPending(m.names.steps, p.Steps)
	m.root = m.rootActivation()
	m.startTimeout(m.root)
	m.root.open(body, m.root.sequence(steps, p.Steps, m.names))
	return m
}

// newMachine returns a machine that is nowhere yet.
func newMachine(p *program.Program, s Start) *Machine {
	m := &Machine{
		prog: p, start: s, exprs: map[string]*expr.Expr{}, texts: map[string]*expr.Text{}, live: map[string]*activation{}, now: s.StartedAt,
	}
	if m.start.Zone == nil {
		m.start.Zone = time.UTC
	}
	own := map[string]any{}
	secrets := map[string]any{}
	for _, name := range p.Secrets {
		secrets[name] = types.SecretNamed(types.SitePrefix + name)
	}
	m.names = &names{own: true, skill: true, steps: own, vars: map[string]any{
		"inputs": map[string]any(p.Inputs), "config": map[string]any(p.Config), "secrets": secrets, "steps": own,
		"run": map[string]any{"id": s.Run, "again": p.Again, "key": p.Key(s.Run), "started_at": s.StartedAt.In(m.start.Zone).Format(time.RFC3339), "program": cmp.Or(s.Invocation, Program)},
	}}
	return m
}

// rootActivation is the activation of the skill as a whole, as if its steps were a group.
func (m *Machine) rootActivation() *activation {
	return &activation{node: &program.Node{Kind: program.Group, Steps: m.prog.Steps, Timeout: m.prog.Timeout}, names: m.names}
}

// State says whether the machine waits for the outside, has ended or failed.
func (m *Machine) State() State {
	switch {
	case m.root.Fail != nil:
		return Broken
	case m.root.Stage == ended:
		return Ended
	case len(m.live) == 0:
		return Running
	}
	for _, a := range m.live {
		if a.Action.Kind == Call {
			return Running
		}
	}
	return Waiting
}

// Failure returns why the run failed, nil when it did not.
func (m *Machine) Failure() *Failure { return m.root.Fail }

// Current returns the path of the first node that the machine waits at, or
// that it failed at; "" at the end.
func (m *Machine) Current() string {
	if f := m.root.Fail; f != nil {
		return f.Path
	}
	a := m.root
	for {
		var first *activation
		a.each(func(inner *activation) {
			if first == nil && inner.Stage != ended {
				first = inner
			}
		})
		if first == nil {
			return a.Path
		}
		a = first
	}
}

// Names are what an expression reads that stands behind the last step of the skill, by
// their names. They must not be changed.
func (m *Machine) Names() map[string]any { return m.names.vars }

// Result is where a run stands.
type Result struct {
	State   State
	Outputs map[string]any
	// Missing names the outputs that read a step which has not run.
	Missing []string
	// Problem is why an output cannot be computed, nil when all can.
	Problem *Failure
	Failure *Failure
}

// Result evaluates the outputs that can be evaluated. It may be asked at any
// time; people see it when a run ends or parks.
func (m *Machine) Result() Result {
	r := Result{State: m.State(), Outputs: map[string]any{}, Failure: m.root.Fail}
	for _, o := range m.prog.Outputs {
		v, err := m.output(m.root, m.names, o)
		if err != nil {
			r.Problem = &Failure{Path: "outputs/" + o.Name, Node: o.Name, At: o.At, Error: err}
			continue
		}
		if len(unknownPaths("", v)) > 0 {
			r.Missing = append(r.Missing, o.Name)
			continue
		}
		r.Outputs[o.Name] = v
	}
	return r
}
