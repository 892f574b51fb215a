package local

import (
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// failEarly fails the run for what would stop it. The step that was about to be
// performed has not failed: nothing is cleaned up, passed over or rescued for it.
func (r *runner) failEarly(f *machine.Failure) {
	if f.Path != "" {
		r.observe(machine.Note{Kind: machine.FailedNote, Path: f.Path, Node: f.Node, Name: f.Node, Error: f.Error})
	}
	r.out.State, r.out.Failure = runtime.Failed, f
	r.last = &journal.Record{Kind: journal.Finished, Path: f.Path}
}

// park releases the run: it continues when a person or time says so. plan is
// the digest of what a person is asked to agree to.
func (r *runner) park(at, reason, plan string, err *types.Error) {
	if !r.running() {
		return
	}
	if x := r.Ending; x != nil && isFinal(x) && !r.Machine.HasCleanup() {
		r.end(*x) // what no one can tell does not keep a run from its end
		return
	}
	r.out.State, r.out.Reason = runtime.Parked, reason
	if err != nil {
		r.out.Failure = &machine.Failure{Path: at, Node: at, Error: err}
	}
	r.last = &journal.Record{Kind: journal.Parked, Reason: reason, Path: at, Plan: plan, Error: err}
}

// finish ends a run that has nothing left to do. One that an earlier process
// was told to stop has cleaned up now, and continues.
func (r *runner) finish() {
	f := r.Machine.Failure()
	if s := r.Machine.State(); s != machine.Ended && s != machine.Broken {
		r.err = types.Errorf(types.Internal, "the run is %s at %q and asks for nothing", s, r.Machine.Current()).WithHint("this is a bug: please report it")
		return
	}
	if x := r.Ending; x != nil && f != nil && (f.Stopped || f.Unsettled && isFinal(x)) {
		switch {
		case isFinal(x):
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

func (r *runner) end(x runtime.Ending) {
	r.out.State, r.out.By, r.out.Reason = x.State, x.By, x.Words
	r.last = &journal.Record{Kind: journal.Finished, State: string(x.State), By: x.By, Reason: x.Words}
}

// refuse ends the run before its first write, since it would do something else.
func (r *runner) refuse(why *types.Error) {
	r.out.State, r.out.Failure = runtime.Refused, &machine.Failure{Error: why}
	r.last = &journal.Record{Kind: journal.Finished, State: string(runtime.Refused), Error: why}
}

// leave writes down how this process leaves the run.
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

// result evaluates the outputs. A run whose outputs cannot be computed fails.
func (r *runner) result() {
	res := r.Machine.Result()
	r.out.Outputs, r.out.Missing = res.Outputs, res.Missing
	if res.Problem != nil && r.out.State == runtime.Done {
		r.out.State, r.out.Failure = runtime.Failed, res.Problem
	}
}
