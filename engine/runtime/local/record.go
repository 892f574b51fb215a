package local

import (
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
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
	return r.tell(e)
}

// tell lets the machine fold an event.
func (r *runner) tell(e machine.Event) error {
	r.told++
	return r.Machine.Apply(e)
}

// event writes down what happened to an action beside its end.
func (r *runner) event(kind machine.EventKind, path string) {
	if r.err == nil {
		r.err = r.apply(journal.Record{Kind: journal.Event, Path: path}, machine.Event{Kind: kind, Path: path}, false)
	}
}

// done records a result. Of an await's polls only the first and the last are
// written down: the machine tells which it is.
func (r *runner) done(rec journal.Record, a machine.Action, out []byte, sync bool) {
	if r.err != nil {
		return
	}
	e := machine.Event{Kind: machine.Done, Path: a.Path}
	if err := json.Unmarshal(out, &e.Output); err != nil {
		r.failed(rec, a, types.Errorf(types.Internal, "result of %s does not decode: %w", a.Step, err))
		return
	}
	if !sync && types.Deep(map[string]any(e.Output)) {
		r.failed(rec, a, types.Errorf(types.BadInput, "the result of %s is nested deeper than %d", a.Step, types.MaxDepth))
		return
	}
	e.At = r.Clock.Now().UTC()
	if a.Poll && r.Machine.StillWaits(e) {
		r.err = r.tell(e)
		return
	}
	rec.Event = &e
	if r.err = r.append(rec, sync); r.err != nil {
		return
	}
	delete(r.Intents, a.Path)
	r.noted(rec, a)
	if sync {
		r.Did(rec.Key, e)
		r.effect(rec, "", e.Output)
	}
	r.err = r.tell(e)
}

// noted keeps what a walk from here on needs to know of a step.
func (r *runner) noted(rec journal.Record, a machine.Action) {
	switch {
	case a.Effect == string(step.Reads) && !a.Poll && r.KeepReads && !r.Consented:
		r.reads = append(r.reads, plan.Read{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Output: rec.Event.Output})
	}
	r.Keep(rec)
}

func (r *runner) failed(rec journal.Record, a machine.Action, err error) {
	rec.Event = nil
	if r.err != nil {
		return
	}
	e := machine.Event{Kind: machine.Failed, Path: a.Path, Error: types.AsError(err)}
	if a.Poll {
		e = r.Machine.FailureAt(a.Path, e.Error)
		if e.At = r.Clock.Now().UTC(); e.Kind == machine.Unanswered && r.Machine.StillWaits(e) {
			r.err = r.tell(e)
			return
		}
	}
	open := rec.Outcome == protocol.Unknown
	e.Unsettled = open
	r.Unseen[a.Path] = rec.Outcome == protocol.Unseen
	r.err = r.apply(rec, e, rec.Key != "")
	rec.Event = &e
	r.Keep(rec)
	if !open {
		delete(r.Intents, a.Path)
	}
}

// effect notes a write that is done, and tells of it unless it was found in the
// run's own journal.
func (r *runner) effect(rec journal.Record, found string, out types.Values) runtime.Effect {
	e := runtime.EffectOf(r.Catalogue, rec, out)
	if found != "" {
		e.Found = found
	}
	r.Effects = append(r.Effects, e)
	if found == "" {
		r.emit(runtime.Event{Type: "effect", Effect: &e})
	}
	return e
}

// park lets go of the run: it goes on when a person or time says so. plan is
// the digest of what a person is asked to agree to.
func (r *runner) park(at, reason, plan string, err *types.Error) {
	if !r.going() {
		return
	}
	if x := r.Ending; x != nil && forGood(x) && !r.Machine.Cleans() {
		r.end(*x) // what nobody can tell does not keep a run from its end
		return
	}
	r.out.State, r.out.Reason = runtime.Parked, reason
	if err != nil {
		r.out.Failure = &machine.Failure{Path: at, Node: at, Error: err}
	}
	r.last = &journal.Record{Kind: journal.Parked, Reason: reason, Path: at, Plan: plan, Error: err}
}

// finish ends a run that has nothing left to do. One that an earlier process
// was told to stop has cleaned up now, and goes on.
func (r *runner) finish() {
	f := r.Machine.Failure()
	if s := r.Machine.State(); s != machine.Ended && s != machine.Broken {
		r.err = types.Errorf(types.Internal, "the run is %s at %q and asks for nothing", s, r.Machine.Current()).WithHint("this is a bug: please report it")
		return
	}
	if x := r.Ending; x != nil && f != nil && (f.Stopped || f.Unsettled && forGood(x)) {
		switch {
		case forGood(x):
			r.end(*x)
		case r.endedHere:
			r.out.State = runtime.Interrupted
		default:
			r.err = r.retry()
		}
		return
	}
	r.last = &journal.Record{Kind: journal.Finished}
	r.out.State, r.out.Failure = runtime.Done, f
	if f != nil {
		r.out.State = runtime.Failed
	}
}

// end says that a person ended the run.
func (r *runner) end(x runtime.Ending) {
	r.out.State, r.out.By, r.out.Reason = x.State, x.By, x.Words
	r.last = &journal.Record{Kind: journal.Finished, State: string(x.State), By: x.By, Reason: x.Words}
}

// refuse ends the run before its first write: what was agreed to is not what it
// would do.
func (r *runner) refuse(why *types.Error) {
	r.out.State, r.out.Failure = runtime.Refused, &machine.Failure{Error: why}
	r.last = &journal.Record{Kind: journal.Finished, State: string(runtime.Refused), Error: why}
}

// leave writes down how this process leaves the run, when nothing is at work
// any more.
func (r *runner) leave() {
	if r.err != nil || r.out.State == "" {
		return
	}
	r.result()
	rec := r.last
	if rec == nil {
		return
	}
	if rec.Kind == journal.Finished && rec.State == "" {
		rec.State = string(r.out.State)
		if r.out.State == runtime.Failed {
			rec.Error = r.out.Failure.Error
		}
	}
	r.err = r.append(*rec, true)
}

// result evaluates the outputs. A run whose outputs cannot be computed has not
// done what it promised: it fails.
func (r *runner) result() {
	res := r.Machine.Result()
	r.out.Outputs, r.out.Missing = res.Outputs, res.Missing
	if res.Problem != nil && r.out.State == runtime.Done {
		r.out.State, r.out.Failure = runtime.Failed, res.Problem
	}
}
