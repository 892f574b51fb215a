// Package local performs runs on this machine: a loop that does what the
// machine asks for, and writes down what came of it before it goes on.
//
// # The loop
//
// Replay the journal's events into a machine. Then, until the machine asks for
// nothing: perform its actions, append what came of each, apply it. Reads are
// simply performed. Local steps change the run's own workspace; a process that
// takes a run up again rebuilds the workspace first by repeating the recorded
// ones, only when something left to do needs it. Writes go by the protocol of the
// package of that name.
//
// # Side by side
//
// Actions that stand beside each other are performed side by side, each by a
// worker (crew.go). One lock, the baton, guards the run: whoever works on it
// holds it, and hands it on ([runner.free]) for as long as a step is performed,
// time passes or a person is asked. So the journal and the machine have one
// writer, and the order of the records is the order in which things happened.
//
// # Parking
//
// A run that waits for time or for a person holds no process. Without
// [Options.Wait] an await whose condition does not hold yet parks the run;
// resuming polls at once. Of an await's polls the journal holds the first (its
// time-out counts from there) and the last.
package local

import (
	"context"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Runtime performs runs in this process. It is [runtime.Runtime].
type Runtime struct{}

// runner is one process's work on one run.
type runner struct {
	runtime.Options
	crew
	*runtime.History
	reads     []plan.Read
	approvals []approval
	stale     error // why what an earlier process left in the workspaces is still there
	rebuilt   bool
	rebuilds  bool // a worker is at it
	exclusive bool
	anew      bool // nothing was done in this run yet, or nothing that counts
	replaying bool
	fresh     map[string]bool // paths that the machine stood at where the journal ended
	endedHere bool            // this process was told to end it
	reports   runtime.Reports
	last      *journal.Record // how this process leaves the run
	out       runtime.Outcome
	err       error // of the journal: nothing more may be sent
}

// Run performs the run until it ends, parks, fails or is interrupted. The
// error is the runtime's own (the journal cannot be written, or is not of this
// program); what goes wrong in the skill stands in the Outcome.
func (Runtime) Run(ctx context.Context, o runtime.Options) (runtime.Outcome, error) {
	r := newRunner(o)
	defer r.baton.Unlock()
	r.clear(ctx)
	if err := r.replay(); err != nil {
		return r.outcome(), err
	}
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	defer r.listen(ctx, cut)()
	r.begin(ctx)
	r.loop(ctx)
	r.leave()
	r.out.Steps = r.reports.All
	runtime.AtRest(r.out.State, r.out.Steps)
	return r.outcome(), r.err
}

// outcome is where this process leaves the run.
func (r *runner) outcome() runtime.Outcome {
	r.out.Effects = r.Effects
	return r.out
}

// newRunner returns a runner whose baton the caller holds.
func newRunner(o runtime.Options) *runner {
	r := &runner{
		Options: o, crew: newCrew(), fresh: map[string]bool{}, exclusive: o.Exclusive == nil,
	}
	start := o.Start
	start.Observe = r.observe
	r.History = runtime.NewHistory(o.Program, start, o.Catalogue)
	r.Consented = o.Decide == nil
	r.baton.Lock()
	return r
}

// do performs a read or a local step.
func (r *runner) do(w *worker) {
	a := w.action
	if !r.mayLook(w) {
		return
	}
	rec := recordOf(a)
	var out []byte
	s, err := r.step(a.Step)
	if err == nil {
		err = r.ready(w.ctx, s, a.Input)
	}
	if err == nil {
		out, err = r.call(w.call, s, rec)
	}
	_, live := r.Machine.Live(a.Path)
	switch {
	case w.ctx.Err() != nil || !live: // what was done is done again, or nothing needs it
	case err == nil:
		r.done(rec, a, out, false)
	case r.late(w):
	case w.call.Err() != nil:
		r.drop(a)
	default:
		r.failed(rec, a, err)
	}
}

func (r *runner) step(name string) (step.Step, error) {
	s, ok := r.Catalogue.Lookup(name)
	if !ok {
		return s, types.Errorf(types.Internal, "this skillrun has no step %s", name)
	}
	return s, nil
}

// call performs a step; a panic in it becomes an error.
func (r *runner) call(ctx context.Context, s step.Step, rec journal.Record) (out []byte, err error) {
	defer recovered(s.Name, &err)
	c := r.callOf(s, rec)
	defer r.free()()
	return s.Do(step.WithCall(ctx, c), rec.Input)
}

func recovered(name string, err *error) {
	if p := recover(); p != nil {
		*err = types.Errorf(types.Internal, "step %s panicked: %v", name, p).WithHint("this is a bug: please report it")
	}
}

// recordOf is the record that an action begins with.
func recordOf(a machine.Action) journal.Record {
	return journal.Record{
		Kind: journal.Event, Path: a.Path, Identity: a.Identity, Step: a.Step, Effect: a.Effect, Input: types.Encode(a.Input),
	}
}

// callOf is the call of the action that a record is of.
func (r *runner) callOf(s step.Step, rec journal.Record) step.Call {
	path := rec.Path
	return step.Call{
		Run: r.Header.ID, Path: path, Key: r.key(rec), Digest: s.Digest(rec.Input),
		StartedAt: r.Header.StartedAt, Workspaces: r.Workspaces, Programs: r.Programs, Sleep: r.Clock.Sleep,
		Made: madeIn(r.Effects), Results: resultsIn(r.Effects),
		Tell: func(text string) {
			r.emit(runtime.Event{Type: "notice", ID: path, Path: path, Step: s.Name, Text: text})
		},
	}
}

func (r *runner) key(rec journal.Record) step.Key {
	return step.KeyOf(r.work(), rec.Path, rec.Identity)
}

// work is the part of a key that all effects of a piece of work share, whatever
// run makes them.
func (r *runner) work() string { return r.Header.Work }
