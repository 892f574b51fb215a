package engine

import (
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// folding folds a journal for people: it keeps the times and results that the
// machine lets go of.
type folding struct {
	cat   *step.Catalogue
	prog  *program.Program
	start machine.Start

	m       *machine.Machine
	steps   []StepRecord
	effects []Effect
	history []Moment
	last    time.Time // of the record before
	heard   map[string]answer
}

// answer is what an await has heard.
type answer struct {
	first time.Time
	last  types.Values
}

// begin puts the fold at the program's start. What happened to the run as a
// whole stays.
func (f *folding) begin() {
	f.m, f.heard = machine.New(f.prog, f.start), map[string]answer{}
	f.steps, f.effects = nil, nil
}

func (f *folding) add(r journal.Record) error {
	var err error
	switch r.Kind {
	case journal.Header:
		f.moment(r, "started")
	case journal.Resumed:
		if r.Reason == journal.Restart {
			f.begin()
			f.moment(r, "restarted")
			break
		}
		f.moment(r, "resumed")
	case journal.Approved:
		f.moment(r, "approved")
	case journal.Resolved:
		f.moment(r, "resolved")
	case journal.Undoing:
		f.moment(r, "undoing")
	case journal.Undone:
		f.moment(r, "undone")
		f.undone(r.Path)
	case journal.Parked:
		f.moment(r, "parked")
	case journal.Finished:
		f.moment(r, r.State)
	case journal.Intent:
		f.effect(r, "unknown", nil)
	case journal.Event:
		err = f.event(r)
	}
	f.last = r.At
	return err
}

// end lets the machine go on to where it waits for the outside.
func (f *folding) end() {
	f.m.Next()
	f.notes(f.last)
}

func (f *folding) moment(r journal.Record, what string) {
	if what == "restarted" && len(f.history) > 0 && f.history[len(f.history)-1].What == "resumed" {
		f.history = f.history[:len(f.history)-1] // the same process, told twice
	}
	f.history = append(f.history, Moment{At: r.At, What: what, Path: r.Path, By: r.By, Plan: r.Plan, Reason: r.Reason, Error: r.Error})
}

// event folds what happened to a step. A step began when the record before it
// was written: the machine itself takes no time.
func (f *folding) event(r journal.Record) error {
	f.m.Next()
	f.notes(f.last)
	if err := f.m.Apply(*r.Event); err != nil {
		return types.Errorf(types.Conflict, "record %d of the journal does not belong to its program: %w", r.Seq, err).
			WithHint("the journal was changed, or another skillrun wrote it: look with that one")
	}
	f.notes(r.At)
	switch r.Event.Kind {
	case machine.Done:
		heard := f.heard[r.Path]
		if heard.first.IsZero() {
			heard.first = r.Event.At
		}
		heard.last = r.Event.Output
		f.heard[r.Path] = heard
		if r.Effect == string(step.Writes) {
			f.effect(r, r.Outcome, r.Event.Output)
		}
	case machine.Failed:
		if r.Effect == string(step.Writes) && r.Outcome != "unknown" {
			f.effects = slices.DeleteFunc(f.effects, func(e Effect) bool { return e.Path == r.Path })
		}
	}
	return nil
}

// effect notes how a write ended, as far as it is known.
func (f *folding) effect(r journal.Record, outcome string, result types.Values) {
	e := Effect{ID: r.Path, Path: r.Path, Step: r.Step, Key: r.Key, Outcome: outcome, Result: result}
	if s, ok := f.cat.Lookup(r.Step); ok {
		e.Service, e.Object, e.Verb, e.Reversible = s.Touch.Service, s.Touch.Object, s.Touch.Verb, s.CanUndo()
	}
	i := slices.IndexFunc(f.effects, func(o Effect) bool { return o.Path == r.Path })
	if i < 0 {
		f.effects = append(f.effects, e)
		return
	}
	f.effects[i] = e
}

// undone notes that an effect was taken back.
func (f *folding) undone(path string) {
	for i := range f.effects {
		if f.effects[i].Path == path {
			f.effects[i].Outcome = "undone"
		}
	}
}

// notes turns what the machine tells into the report of steps.
func (f *folding) notes(at time.Time) {
	for _, n := range f.m.Notes() {
		i := slices.IndexFunc(f.steps, func(s StepRecord) bool { return s.Path == n.Path })
		if i < 0 {
			i = len(f.steps)
			f.steps = append(f.steps, StepRecord{StepReport: StepReport{ID: n.Node, Path: n.Path, Name: n.Name, Step: n.Step}, Began: at})
		}
		s := &f.steps[i]
		s.State, s.Result, s.Error = noteState(n.Kind), n.Result, n.Error
		if n.Kind == machine.Started {
			s.Began, s.Ended = at, time.Time{}
		} else if n.Kind != machine.StillWaiting {
			s.Ended = at
		}
	}
}

func noteState(k machine.NoteKind) string {
	switch k {
	case machine.Started:
		return "running"
	case machine.Set, machine.Asserted:
		return "done"
	}
	return string(k)
}

// all are the steps that the run came to, and those it has not come to.
func (f *folding) all() []StepRecord {
	out := slices.Clone(f.steps)
	for _, n := range f.prog.Steps {
		if slices.ContainsFunc(out, func(s StepRecord) bool { return s.ID == n.ID }) {
			continue
		}
		name := n.Name
		if name == "" {
			name = n.ID
		}
		out = append(out, StepRecord{StepReport: StepReport{ID: n.ID, Path: n.ID, Name: name, Step: n.Step, State: "pending"}})
	}
	return out
}

// waiting is what the run waits for where its journal ends.
func (f *folding) waiting(s Summary) *Waiting {
	if s.State != journal.StateParked {
		return nil
	}
	actions := f.m.Next()
	w := &Waiting{Reason: s.Reason, ID: f.m.Current(), Since: f.parkedAt()}
	w.Name = w.ID
	if len(actions) == 0 {
		return w
	}
	a := actions[0]
	w.ID, w.Name, w.Step = a.Node, a.Name, a.Step
	if s.Reason == ForApprove {
		w.Asks = a.Input
	}
	if s.Reason != ForAwait {
		return w
	}
	w.Asks, w.Answer = a.Input, f.heard[a.Path].last
	if first := f.heard[a.Path].first; !first.IsZero() {
		w.Since = first
	}
	f.await(w)
	return w
}

// parkedAt is when the run was parked last.
func (f *folding) parkedAt() time.Time {
	for _, m := range slices.Backward(f.history) {
		if m.What == "parked" {
			return m.At
		}
	}
	return f.last
}

// await adds what only the program says.
func (f *folding) await(w *Waiting) {
	i := slices.IndexFunc(f.prog.Steps, func(n program.Node) bool { return n.ID == w.ID })
	if i < 0 {
		return
	}
	w.Until = f.prog.Steps[i].Until
	if limit, err := types.ParseDuration(f.prog.Steps[i].Timeout); err == nil && limit > 0 {
		w.Deadline = w.Since.Add(limit)
	}
}
