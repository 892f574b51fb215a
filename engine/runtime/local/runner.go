package local

import (
	"time"

	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
)

// runner is one process's work on one run.
type runner struct {
	runtime.Options
	pool
	*runtime.History
	reads     []plan.Read
	approvals []approval
	stale     error // why what an earlier process left in the workspaces is still there
	rebuilt   bool
	rebuilds  bool // a worker is at it
	exclusive bool
	vault     *step.Vault
	anew      bool // nothing was done in this run yet, or nothing that counts
	replaying bool
	polls     map[string][]journal.Record // by the path of the await: the poll under way
	fresh     map[string]bool             // paths that the machine stood at where the journal ended
	endedHere bool                        // this process was told to end it
	reports   runtime.Reports
	last      *journal.Record // how this process leaves the run
	out       runtime.Outcome
	err       error // of the journal: nothing more may be sent
}

func (r *runner) outcome() runtime.Outcome {
	r.out.Effects = r.Effects
	return r.out
}

// newRunner returns a runner whose mutex the caller holds.
func newRunner(o runtime.Options) *runner {
	r := &runner{
		Options: o, pool: newPool(), fresh: map[string]bool{}, polls: map[string][]journal.Record{}, exclusive: o.Exclusive == nil,
	}
	r.vault = &step.Vault{Again: r.again}
	start := o.Start
	start.Observe = r.observe
	r.History = runtime.NewHistory(o.Program, start, o.Catalogue)
	r.Consented = o.Decide == nil
	r.mu.Lock()
	return r
}

type approval struct {
	path, plan, by string
	at             time.Time
	kept           bool // it stands in the journal
	nothing        bool // there is nothing to agree to
}

// of reports whether it was said to a plan.
func (yes approval) of(path, digest string) bool {
	return yes.path == path && yes.plan == digest && digest != ""
}

func approved(given []approval, path, digest string) (approval, bool) {
	for _, yes := range given {
		if yes.of(path, digest) {
			return yes, true
		}
	}
	return approval{}, false
}

// isFinal reports whether the run does not continue after it was told to stop.
func isFinal(x *runtime.Ending) bool { return x.State != runtime.Interrupted }

// Runtime performs runs in this process. It is [runtime.Runtime].
type Runtime struct{}
