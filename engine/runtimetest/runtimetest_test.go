package runtimetest_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/runtimetest"
)

// broken names the mutant whose process this is.
const broken = "RUNTIMETEST_BROKEN"

// TestLocal: the runtime of this machine conforms.
func TestLocal(t *testing.T) {
	t.Parallel()
	runtimetest.Test(t, func() runtime.Runtime {
		if m, ok := mutants[os.Getenv(broken)]; ok {
			return mutant{spoil: m.spoil, turned: m.turned}
		}
		return local.Runtime{}
	})
}

// mutants are the ways in which a runtime can be wrong, each with a test that has
// to see it.
var mutants = map[string]struct {
	spoil  func(*runtime.Options)
	turned bool // undoes in the wrong order
	seen   string
}{
	"asks nobody":                     {spoil: func(o *runtime.Options) { o.Decide = nil }, seen: "consent/parks"},
	"takes any approval":              {spoil: anyApproval, seen: "consent/of_another_plan"},
	"shows no reads":                  {spoil: func(o *runtime.Options) { o.KeepReads = false }, seen: "consent/shows_the_reads"},
	"reads what it will write":        {spoil: func(o *runtime.Options) { o.Withhold = nil }, seen: "consent/withheld_reads"},
	"always waits":                    {spoil: func(o *runtime.Options) { o.Wait = true }, seen: "await/parks"},
	"never waits":                     {spoil: func(o *runtime.Options) { o.Wait = false }, seen: "await/polls"},
	"cannot be ended":                 {spoil: func(o *runtime.Options) { o.End = nil }, seen: "cancel/cleans_up"},
	"reads no inbox":                  {spoil: func(o *runtime.Options) { o.Inbox = nil }, seen: "inbox/cancel"},
	"is not interrupted":              {spoil: func(o *runtime.Options) { o.Interrupt = nil }, seen: "interrupt/cleans_up"},
	"takes no lock":                   {spoil: func(o *runtime.Options) { o.Exclusive = nil }, seen: "lock/parks"},
	"tells nobody":                    {spoil: func(o *runtime.Options) { o.Observe = nil }, seen: "tells"},
	"trusts a look that comes early":  {spoil: func(o *runtime.Options) { o.Settle = 0 }, seen: "late"},
	"has keys of its own":             {spoil: func(o *runtime.Options) { o.Header.Work = o.Header.ID }, seen: "adopts"},
	"takes back what others made":     {spoil: func(o *runtime.Options) { o.Adopted = true }, seen: "undo/another's"},
	"undoes the first first":          {turned: true, seen: "undo"},
	"announces nothing":               {spoil: journals(func(j *tampered, r journal.Record) bool { return r.Kind != journal.Intent }), seen: "announces"},
	"announces without a sync":        {spoil: func(o *runtime.Options) { o.Journal = &tampered{Journal: o.Journal, unsynced: true} }, seen: "announces"},
	"announces when it has sent":      {spoil: func(o *runtime.Options) { o.Journal = &tampered{Journal: o.Journal, late: true} }, seen: "announces"},
	"forgets what was done":           {spoil: func(o *runtime.Options) { o.Journal = &tampered{Journal: o.Journal, short: true} }, seen: "done_stays_done"},
	"goes on though a journal failed": {spoil: func(o *runtime.Options) { o.Journal = &tampered{Journal: o.Journal, deaf: true} }, seen: "journal_fails"},
	"cleans nothing up":               {spoil: nodes(func(n *program.Node) { n.Always = nil }), seen: "always/whole"},
	"rescues nothing":                 {spoil: nodes(func(n *program.Node) { n.Rescue = nil }), seen: "rescue/whole"},
	"tries once":                      {spoil: nodes(func(n *program.Node) { n.Retry = nil }), seen: "retry/whole"},
	"has all the time":                {spoil: nodes(func(n *program.Node) { n.Timeout = "" }), seen: "await_times_out/whole"},
	"does one thing at a time":        {spoil: nodes(func(n *program.Node) { n.Parallel = false }), seen: "side_by_side"},
	"does everything at once":         {spoil: nodes(func(n *program.Node) { n.MaxParallel = 0 }), seen: "side_by_side/bounded"},
	"makes no workspace again":        {spoil: journals(func(_ *tampered, r journal.Record) bool { return r.Effect != "local" }), seen: "workspace_is_made_again"},
}

// TestMutants: each is seen by the test that is there for it.
func TestMutants(t *testing.T) {
	t.Parallel()
	if os.Getenv(broken) != "" {
		t.Skip("this is a mutant")
	}
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var parts []string
			for part := range strings.SplitSeq("TestLocal/"+m.seen, "/") {
				parts = append(parts, "^"+part+"$")
			}
			c := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+strings.Join(parts, "/"), "-test.timeout=20s")
			c.Env = append(os.Environ(), broken+"="+name)
			out, err := c.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestLocal/"+m.seen) && !strings.Contains(string(out), "deadlock") {
				t.Errorf("%s does not see it: %v\n%s", m.seen, err, out)
			}
		})
	}
}

// mutant is the runtime of this machine, spoilt.
type mutant struct {
	local.Runtime
	spoil  func(*runtime.Options)
	turned bool
}

func (m mutant) spoilt(o runtime.Options) runtime.Options {
	if m.spoil != nil {
		m.spoil(&o)
	}
	return o
}

func (m mutant) Run(ctx context.Context, o runtime.Options) (runtime.Outcome, error) {
	return m.Runtime.Run(ctx, m.spoilt(o))
}

func (m mutant) Reversals(ctx context.Context, o runtime.Options) ([]runtime.Reversal, error) {
	return m.Runtime.Reversals(ctx, m.spoilt(o))
}

func (m mutant) Undo(ctx context.Context, o runtime.Options, list []runtime.Reversal) error {
	if m.turned {
		list = slices.Clone(list)
		slices.Reverse(list)
	}
	return m.Runtime.Undo(ctx, m.spoilt(o), list)
}

func anyApproval(o *runtime.Options) {
	decide := o.Decide
	o.Decide = func(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
		if q.Others {
			return runtime.Decision{Yes: true, Plan: "plan"}, nil
		}
		return decide(ctx, q)
	}
}

// nodes spoils each node of a program.
func nodes(spoil func(*program.Node)) func(*runtime.Options) {
	var all func(list []program.Node) []program.Node
	all = func(list []program.Node) []program.Node {
		list = slices.Clone(list)
		for i := range list {
			list[i].Steps = all(list[i].Steps)
			spoil(&list[i])
		}
		return list
	}
	return func(o *runtime.Options) {
		p := *o.Program
		p.Steps = all(p.Steps)
		o.Program = &p
	}
}

// journals spoils what is written down: only what keep says is.
func journals(keep func(*tampered, journal.Record) bool) func(*runtime.Options) {
	return func(o *runtime.Options) { o.Journal = &tampered{Journal: o.Journal, keep: keep} }
}

// tampered is a journal that does not keep what it is given.
type tampered struct {
	journal.Journal
	keep     func(*tampered, journal.Record) bool
	unsynced bool
	late     bool
	short    bool
	deaf     bool
	held     *journal.Record
}

func (j *tampered) Append(r journal.Record, sync bool) error {
	if j.keep != nil && !j.keep(j, r) {
		return nil
	}
	if j.late && r.Kind == journal.Intent {
		j.held = &r
		return nil
	}
	if held := j.held; held != nil {
		j.held = nil
		if err := j.Journal.Append(*held, true); err != nil {
			return err
		}
	}
	if err := j.Journal.Append(r, sync && !j.unsynced); err != nil && !j.deaf {
		return err
	}
	return nil
}

func (j *tampered) Records() []journal.Record {
	all := j.Journal.Records()
	if j.short {
		return slices.DeleteFunc(all, func(r journal.Record) bool { return r.Event != nil && r.Event.Kind == machine.Done })
	}
	return all
}
