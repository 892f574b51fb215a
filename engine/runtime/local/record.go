package local

import (
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// append writes a record with the time.
func (r *runner) append(rec journal.Record, sync bool) error {
	rec.At = r.Clock.Now().UTC()
	return r.Journal.Append(rec, sync)
}

// apply writes an event down, and then lets the machine fold it.
func (r *runner) apply(rec journal.Record, e machine.Event, sync bool) error {
	e.At = r.Clock.Now().UTC()
	rec.Event = &e
	if err := r.append(rec, sync); err != nil {
		return err
	}
	r.m.Next()
	return r.m.Apply(e)
}

// done records a result. Of an await's polls only the first and the last are
// written down: the machine tells which it is.
func (r *runner) done(rec journal.Record, a machine.Action, out []byte, sync bool) {
	e := machine.Event{Kind: machine.Done, Path: a.Path}
	if err := json.Unmarshal(out, &e.Output); err != nil {
		r.failed(rec, a, types.Errorf(types.Internal, "result of %s does not decode: %w", a.Step, err))
		return
	}
	e.At = r.Clock.Now().UTC()
	if a.Poll && r.m.StillWaits(e) {
		r.err = r.m.Apply(e)
		return
	}
	rec.Event = &e
	if r.err = r.apply(rec, e, sync); r.err != nil {
		return
	}
	delete(r.intents, a.Path)
	r.noted(rec, a)
	if sync {
		r.effect(a.Path, a.Step, rec.Key, rec.Outcome, "", e.Output)
	}
}

// noted keeps what a walk from here on needs to know of a step.
func (r *runner) noted(rec journal.Record, a machine.Action) {
	switch {
	case a.Effect == string(step.Reads) && !a.Poll:
		r.reads = append(r.reads, plan.Read{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Output: rec.Event.Output})
	case a.Effect == string(step.Locals):
		r.locals = append(r.locals, rec)
	}
}

func (r *runner) failed(rec journal.Record, a machine.Action, err error) {
	rec.Event = nil
	r.err = r.apply(rec, machine.Event{Kind: machine.Failed, Path: a.Path, Error: types.AsError(err)}, rec.Key != "")
	if rec.Outcome != outcomeUnknown {
		delete(r.intents, a.Path)
	}
}

func (r *runner) effect(path, name, key, outcome, found string, out types.Values) {
	e := Effect{ID: path, Path: path, Step: name, Key: key, Outcome: outcome, Found: found, Result: out}
	if outcome == "adopted" && found == "" {
		e.Found = "world"
	}
	if s, ok := r.Catalogue.Lookup(name); ok {
		e.Service, e.Object, e.Verb, e.Reversible = s.Touch.Service, s.Touch.Object, s.Touch.Verb, s.CanUndo()
	}
	r.out.Effects = append(r.out.Effects, e)
	if found == "" {
		r.emit(Event{Type: "effect", Effect: &e})
	}
}

// park lets go of the run: it goes on when a person or time says so. plan is
// the digest of what a person is asked to agree to.
func (r *runner) park(reason, plan string, err *types.Error) {
	r.out.State, r.out.Reason = Parked, reason
	if err != nil {
		r.out.Failure = &machine.Failure{Path: r.m.Current(), Node: r.m.Current(), Error: err}
	}
	r.result()
	r.err = r.append(journal.Record{Kind: journal.Parked, Reason: reason, Path: r.m.Current(), Plan: plan, Error: err}, true)
}

// finish records the end.
func (r *runner) finish() {
	rec := journal.Record{Kind: journal.Finished, State: string(Done)}
	r.out.State = Done
	if f := r.m.Failure(); f != nil {
		r.out.State, r.out.Failure = Failed, f
	}
	r.result()
	if r.out.State == Failed && r.out.Failure != nil {
		rec.State, rec.Error = string(Failed), r.out.Failure.Error
	}
	r.err = r.append(rec, true)
}

// end records that a person ended the run.
func (r *runner) end(state State, by, words string) {
	r.out.State, r.out.By, r.out.Reason = state, by, words
	r.result()
	r.err = r.append(journal.Record{Kind: journal.Finished, State: string(state), By: by, Reason: words}, true)
}

// result evaluates the outputs. A run whose outputs cannot be computed has not
// done what it promised: it fails.
func (r *runner) result() {
	res := r.m.Result()
	r.out.Outputs, r.out.Missing = res.Outputs, res.Missing
	if res.Problem != nil && r.out.State == Done {
		r.out.State, r.out.Failure = Failed, res.Problem
	}
}
