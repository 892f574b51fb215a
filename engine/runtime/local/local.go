// Package local performs runs on this machine: a loop that does what the
// machine asks for, and writes down what came of it before it continues.
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
// worker (pool.go). One mutex guards the run: whoever works on it
// holds it, and unlocks it ([runner.free]) for as long as a step is performed,
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

	"github.com/skillrun/skillrun/engine/runtime"
)

// Run is of [runtime.Runtime].
func (Runtime) Run(ctx context.Context, o runtime.Options) (runtime.Outcome, error) {
	r := newRunner(o)
	defer r.mu.Unlock()
	r.cleanWorkspaces(ctx)
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
	runtime.MarkIdle(r.out.State, r.out.Steps)
	return r.outcome(), r.err
}
