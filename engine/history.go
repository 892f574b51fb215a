package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// historyBuilder folds a journal for people, with what the machine releases.
type historyBuilder struct {
	cat   *step.Catalogue
	prog  *program.Program
	start machine.Start

	m       *machine.Machine
	steps   runtime.Reports
	effects []Effect
	history []Moment
	now     time.Time        // of the record that is folded
	parked  string           // the path at which the run was parked last
	stopped *machine.Failure // what the run ended for, when the machine did not fail
	polls   map[string]pollAnswers
}

// pollAnswers is what an await has heard.
type pollAnswers struct {
	first time.Time
	last  types.Values
}

// begin puts the fold at the program's start; the history stays.
func (f *historyBuilder) begin() {
	start := f.start
	start.Observe = f.note
	f.m, f.polls = machine.New(f.prog, start), map[string]pollAnswers{}
	f.steps, f.effects, f.stopped = runtime.Reports{}, nil, nil
}

func (f *historyBuilder) add(r journal.Record) error {
	f.now = r.At
	f.moment(r)
	switch r.Kind {
	case journal.Header:
		f.m.Next()
	case journal.Resumed:
		f.stopped = nil
		if r.Reason == journal.Restart {
			f.begin()
		}
		return runtime.Fold(f.m, r)
	case journal.Resolved:
		if r.Ref == "" {
			f.withdraw(r.Path)
		}
	case journal.Undone:
		f.undone(r.Path)
	case journal.Parked:
		f.parked = r.Path
	case journal.Finished:
		f.ended(r)
	case journal.Intent:
		f.effect(r, "unknown", nil)
	case journal.Event:
		return f.event(r)
	}
	return nil
}

// happened is what a record says of its run as a whole, and who did it; "" for nothing.
func happened(r journal.Record) (what, by string) {
	switch {
	case r.Kind == journal.Header:
		return string(ActionStarted), r.Run.User
	case r.Kind == journal.Finished:
		return r.State, r.By
	case r.Kind == journal.Resumed && r.Reason == journal.Restart:
		return "restarted", r.By
	case r.Kind == journal.Intent || r.Kind == journal.Event:
		return "", ""
	}
	return string(r.Kind), r.By
}

// ended notes what a run failed for that did not fail at a step it was at: what
// would have stopped it later, or an output.
func (f *historyBuilder) ended(r journal.Record) {
	if r.State != string(Failed) || r.Error == nil || f.m.Failure() != nil {
		return
	}
	f.stopped = &machine.Failure{Path: r.Path, Node: r.Path, Error: r.Error}
	if n := program.At(f.prog.Steps, r.Path); n != nil {
		f.stopped.Node, f.stopped.At = n.ID, n.At
		f.note(machine.Note{Kind: machine.FailedNote, Path: r.Path, Node: n.ID, Name: cmp.Or(n.Name, n.ID), Step: n.Step, Error: r.Error})
	}
}

// failure is why the run failed, nil when it did not.
func (f *historyBuilder) failure() *machine.Failure {
	if f.stopped != nil {
		return f.stopped
	}
	return f.m.Failure()
}

func (f *historyBuilder) moment(r journal.Record) {
	what, by := happened(r)
	if what == "" {
		return
	}
	if what == "restarted" && len(f.history) > 0 && f.history[len(f.history)-1].What == "resumed" {
		f.history = f.history[:len(f.history)-1] // the same process, told twice
	}
	m := Moment{At: r.At, What: what, Path: r.Path, By: by, Plan: r.Plan, Reason: r.Reason, Error: r.Error}
	if m.By != "" {
		m.Known = KnownByMachine
	}
	f.history = append(f.history, m)
}

// event folds what happened to a step. A step began when the record before it
// was written: the machine itself takes no time.
func (f *historyBuilder) event(r journal.Record) error {
	if err := runtime.Fold(f.m, r); err != nil {
		return err
	}
	switch r.Event.Kind {
	case machine.Unanswered:
		if heard := f.polls[r.Path]; heard.first.IsZero() {
			f.polls[r.Path] = pollAnswers{first: r.Event.At}
		}
	case machine.Done:
		heard := f.polls[r.Path]
		if heard.first.IsZero() {
			heard.first = r.Event.At
		}
		heard.last = r.Event.Output
		f.polls[r.Path] = heard
		if yes, ok := agreement(f.cat, r); ok {
			f.history = append(f.history, yes)
		}
		if r.Effect == string(step.Writes) {
			f.effect(r, r.Outcome, r.Event.Output)
		}
	case machine.Failed:
		if r.Outcome != "unknown" {
			f.withdraw(r.Path)
		}
	case machine.Dropped, machine.TimedOut:
		f.withdraw(r.Path)
	}
	return nil
}

// withdraw forgets a write that was announced and did not happen.
func (f *historyBuilder) withdraw(path string) {
	f.effects = slices.DeleteFunc(f.effects, func(e Effect) bool { return e.Path == path && e.Outcome == "unknown" })
}

// effect notes how a write ended, as far as it is known.
func (f *historyBuilder) effect(r journal.Record, outcome string, result types.Values) {
	r.Outcome = outcome
	e := runtime.EffectOf(f.cat, program.At(f.prog.Steps, r.Path), r, result)
	i := slices.IndexFunc(f.effects, func(o Effect) bool { return o.Path == r.Path })
	if i < 0 {
		f.effects = append(f.effects, e)
		return
	}
	f.effects[i] = e
}

func (f *historyBuilder) undone(path string) {
	for i := range f.effects {
		if f.effects[i].Path == path {
			f.effects[i].Outcome = "undone"
		}
	}
}

func (f *historyBuilder) note(n machine.Note) { f.steps.Add(n, f.now) }

// all are the steps that the run came to, and those that it has not come to.
func (f *historyBuilder) all() []StepReport {
	out := slices.Clone(f.steps.All)
	var pending func(nodes []program.Node, prefix string)
	pending = func(nodes []program.Node, prefix string) {
		for i := range nodes {
			n := &nodes[i]
			path := prefix + n.ID
			if !f.steps.Has(path) {
				out = append(out, StepReport{ID: n.ID, Path: path, Name: cmp.Or(n.Name, n.ID), Step: n.Step, State: "pending"})
			} else if n.ForEach == "" {
				pending(n.Steps, path+"/")
			}
		}
	}
	pending(f.prog.Steps, "")
	return out
}

func (f *historyBuilder) waiting(s Summary) *Waiting {
	if s.State != journal.StateParked {
		return nil
	}
	actions := f.m.Next()
	w := &Waiting{Reason: s.Reason, ID: f.m.Current(), Since: f.parkedAt()}
	w.Name = w.ID
	if len(actions) == 0 {
		return w
	}
	a := actions[max(0, slices.IndexFunc(actions, func(a machine.Action) bool { return a.Path == f.parked }))]
	w.ID, w.Path, w.Name, w.Step = a.Node, a.Path, a.Name, a.Step
	if s.Reason == ForApprove {
		w.Asks = a.Input
	}
	if s.Reason != ForAwait {
		return w
	}
	w.Asks, w.Answer = a.Input, f.polls[a.Path].last
	if first := f.polls[a.Path].first; !first.IsZero() {
		w.Since = first
	}
	f.await(w, a.Def)
	return w
}

func (f *historyBuilder) parkedAt() time.Time {
	for _, m := range slices.Backward(f.history) {
		if m.What == "parked" {
			return m.At
		}
	}
	return f.now
}

// await adds what only the program says.
func (f *historyBuilder) await(w *Waiting, n *program.Node) {
	w.Until = n.Until
	if limit, err := types.ParseDuration(n.Timeout); err == nil && limit > 0 && n.Kind == program.Await {
		w.Deadline = w.Since.Add(limit)
	}
}

// Moment is something that happened to a run as a whole.
type Moment struct {
	At     time.Time    `json:"at"`
	What   string       `json:"what"`           // started, resumed, restarted, approved, parked, resolved, undoing, undone, exported, imported, or how it ended
	Path   string       `json:"path,omitempty"` // of the step it is about
	By     string       `json:"by,omitempty"`
	Known  string       `json:"known_by,omitempty"` // how it is known who that is, as in a [Action]
	Plan   string       `json:"plan,omitempty"`     // the digest of what was shown
	Reason string       `json:"reason,omitempty"`   // of parked; of an end a person's words
	Error  *types.Error `json:"error,omitempty"`
}

// Waiting is what a parked run waits for.
type Waiting struct {
	Reason   string       `json:"reason"` // confirm, approve, await, lock or unknown_outcome
	ID       string       `json:"id"`     // of the step it stands at
	Path     string       `json:"path,omitempty"`
	Name     string       `json:"name"`
	Step     string       `json:"step,omitempty"`
	Until    string       `json:"until,omitempty"`   // of an await: the condition
	Asks     types.Values `json:"asks,omitempty"`    // of an await: the arguments of the read; of approve: message and show
	Answer   types.Values `json:"answer,omitempty"`  // of an await: the last one that was written down
	Since    time.Time    `json:"since"`             // of an await: its first answer; else when it parked
	Deadline time.Time    `json:"deadline,omitzero"` // of an await with a time-out
}
