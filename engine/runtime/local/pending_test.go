package local_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A run dies while several of its writes are out, after a step beside them has
// failed: each of them may have happened, and nothing needs them any more.

// stranded is such a run.
type stranded struct {
	shape   string // parallel, loop, skill or always
	pending int    // writes that are out
	last    bool   // the step that fails stands behind them, else before
	lost    string // answers: before, after, or both by turns
	locked  bool   // the run is of a concurrency group
	asked   bool   // a person is asked for consent
}

func (x stranded) String() string {
	return fmt.Sprintf("%s of %d, fails last: %t, answers lost %s, locked: %t, asked: %t", x.shape, x.pending, x.last, x.lost, x.locked, x.asked)
}

// eachStranded visits all of them; without the full sweep of those that hold a lock
// one with each place of the step that fails.
func eachStranded(visit func(stranded)) {
	full := os.Getenv("SKILLRUN_SWEEP") == "full"
	for _, shape := range []string{"parallel", "loop", "skill", "always"} {
		for pending := 2; pending <= 5; pending++ {
			for _, lost := range []string{"before", "after", "both"} {
				for bits := range 8 {
					x := stranded{shape, pending, bits&1 != 0, lost, bits&2 != 0, bits&4 != 0}
					if full || x.locked && x.asked == x.last {
						visit(x)
					}
				}
			}
		}
	}
}

// path of the i-th write; -1 is the step that fails.
func (x stranded) path(i int) string {
	id := "bad"
	if i >= 0 {
		id = fmt.Sprint("w", i)
	}
	switch x.shape {
	case "loop":
		return "g[" + id + "]"
	case "skill":
		return "s/g/" + id
	}
	return "g/" + id
}

func (x stranded) nodes() []program.Node {
	bad := act("bad", "out")
	var list []program.Node
	for i := range x.pending {
		list = append(list, act(fmt.Sprint("w", i), "out"))
	}
	if x.last {
		list = append(list, bad)
	} else {
		list = append([]program.Node{bad}, list...)
	}
	g := groupOf("g", list...)
	g.Parallel = true
	switch x.shape {
	case "loop":
		ids := make([]string, len(list))
		for i, n := range list {
			ids[i] = `"` + n.ID + `"`
		}
		g = act("g", "out")
		g.ForEach, g.MaxParallel = "["+strings.Join(ids, ", ")+"]", len(list)
	case "skill":
		g = program.Node{ID: "s", Kind: program.Skill, Call: &program.Call{Skill: "s", Inputs: types.ObjectOf(), Steps: []program.Node{g}}}
	case "always":
		g.Always = []program.Node{act("clean", "look")}
	}
	return []program.Node{g, act("z", "look")}
}

// happened are the paths of the writes that took effect though their answer was
// lost.
func (x stranded) happened() []string {
	var out []string
	for i := range x.pending {
		if x.lost == "after" || x.lost == "both" && i%2 == 0 {
			out = append(out, x.path(i))
		}
	}
	return out
}

func (x stranded) options(s *shop, j journal.Journal) runtime.Options {
	o := s.options(j, x.nodes()...)
	o.User = "ada"
	if x.locked {
		o.Exclusive = func(context.Context) (*types.Error, error) { return nil, nil }
	}
	if x.asked {
		o.Decide = func(context.Context, runtime.Question) (runtime.Decision, error) {
			return runtime.Decision{Yes: true, By: "ada"}, nil
		}
	}
	return o
}

// strand returns the world and the journal that the dead process left.
func (x stranded) strand(t *testing.T) (*shop, *journal.Memory) {
	t.Helper()
	s, j := newShop(), journal.NewMemory()
	s.fail[x.path(-1)] = []types.Code{types.NotFound}
	s.lost = map[string]string{}
	for i := range x.pending {
		s.lost[x.path(i)] = "before"
	}
	for _, path := range x.happened() {
		s.lost[path] = "after"
	}
	s.at = func(path string) {
		if path == x.path(-1) {
			time.Sleep(time.Second) // all others are out by then
		}
	}
	ctx, kill := context.WithTimeout(t.Context(), 3*time.Second)
	defer kill()
	if out := run(t, ctx, x.options(s, j)); out.State != runtime.Interrupted {
		t.Fatalf("%s: %s %+v", x, out.State, out.Failure)
	}
	if got := journal.Summarize(j.Records()).Pending; len(got) != x.pending {
		t.Fatalf("%s: pending are %v", x, got)
	}
	s.at, s.lost = nil, nil
	return s, j
}

// holds says what is wrong with what stands in the journal and in the world.
func (x stranded) holds(t *testing.T, s *shop, j *journal.Memory, made []string) {
	t.Helper()
	if got := journal.Summarize(j.Records()).Pending; len(got) > 0 {
		t.Errorf("%s: still pending: %v", x, got)
	}
	if diff := cmp.Diff(made, s.effects(), cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare)); diff != "" || len(s.twice()) > 0 {
		t.Errorf("%s: twice %v\n%s", x, s.twice(), diff)
	}
}

// TestResumeLivelocks: taken up, such a run looks for each write, writes down
// what it found, and has failed; taken up again, it ends. It can be
// cancelled and undone where it stands, too.
func TestResumeLivelocks(t *testing.T) {
	t.Parallel()
	for how, check := range map[string]func(*testing.T, stranded, *shop, *journal.Memory){
		"resume": resumed, "cancel": cancelled, "undo": undoneAsItStands,
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			eachStranded(func(x stranded) {
				synctest.Test(t, func(t *testing.T) {
					s, j := x.strand(t)
					check(t, x, s, j)
				})
			})
		})
	}
}

func resumed(t *testing.T, x stranded, s *shop, j *journal.Memory) {
	out := run(t, t.Context(), x.options(s, j))
	if out.State != runtime.Failed || out.Failure.Path != x.path(-1) || out.Failure.Unsettled || len(out.Effects) != len(x.happened()) {
		t.Fatalf("%s: %s %+v %+v", x, out.State, out.Failure, out.Effects)
	}
	x.holds(t, s, j, x.happened())
	var all []string
	for i := -1; i < x.pending; i++ {
		all = append(all, x.path(i))
	}
	if out = run(t, t.Context(), x.options(s, j)); out.State != runtime.Done {
		t.Fatalf("%s: taken up again: %s %+v", x, out.State, out.Failure)
	}
	x.holds(t, s, j, all)
}

func cancelled(t *testing.T, x stranded, s *shop, j *journal.Memory) {
	o := x.options(s, j)
	o.End = &runtime.Ending{State: runtime.Cancelled, By: "ada"}
	if out := run(t, t.Context(), o); out.State != runtime.Cancelled {
		t.Fatalf("%s: %s %+v", x, out.State, out.Failure)
	}
	x.holds(t, s, j, x.happened())
	undo(t, x, s, j)
}

func undoneAsItStands(t *testing.T, x stranded, s *shop, j *journal.Memory) { undo(t, x, s, j) }

// undo takes back what happened, and nothing else.
func undo(t *testing.T, x stranded, s *shop, j *journal.Memory) {
	t.Helper()
	list, err := rt.Reversals(t.Context(), x.options(s, j))
	var can []string
	for _, r := range list {
		if r.Can() {
			can = append(can, r.Path)
		}
	}
	if diff := cmp.Diff(x.happened(), can, cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare)); err != nil || diff != "" {
		t.Fatalf("%s: %v\n%s", x, err, diff)
	}
	if err := rt.Undo(t.Context(), x.options(s, j), list); err != nil {
		t.Fatal(err)
	}
	x.holds(t, s, j, nil)
}

// TestPendingThatCannotBeTold: where no one can tell of a write, the others are
// looked for all the same. A person's word about each lets the run fail as it
// did, be cancelled, and be undone.
func TestPendingThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"resume", "cancel"} {
		for _, shape := range []string{"parallel", "loop", "skill", "always"} {
			t.Run(first+" "+shape, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					untold(t, first, stranded{shape: shape, pending: 4, last: true, lost: "after", locked: true})
				})
			})
		}
	}
}

func untold(t *testing.T, first string, x stranded) {
	s, j := x.strand(t)
	dark := []string{x.path(0), x.path(2)}
	s.dark = dark
	o, want := x.options(s, j), runtime.Parked
	if first == "cancel" {
		o.End = &runtime.Ending{State: runtime.Cancelled, By: "ada"}
		if x.shape != "always" { // what cleans up would build on what is unknown
			want = runtime.Cancelled
		}
	}
	out := run(t, t.Context(), o)
	if got := journal.Summarize(j.Records()).Pending; out.State != want || cmp.Diff(dark, got, cmpopts.SortSlices(strings.Compare)) != "" {
		t.Fatalf("%s %s %+v, pending %v", out.State, out.Reason, out.Failure, got)
	}
	if _, err := rt.Reversals(t.Context(), x.options(s, j)); types.CodeOf(err) != types.Conflict || !strings.Contains(types.AsError(err).Hint, "skillrun resolve") {
		t.Errorf("to undo: %v", err)
	}
	if _, err := rt.Resolve(t.Context(), x.options(s, j), runtime.Resolution{Path: dark[0], Ref: dark[0], By: "ada"}); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	for k := range s.made {
		if strings.HasSuffix(k, " "+dark[1]) {
			delete(s.made, k)
		}
	}
	s.mu.Unlock()
	if _, err := rt.Resolve(t.Context(), x.options(s, j), runtime.Resolution{Path: dark[1], NotDone: true, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	s.dark = nil
	if want == runtime.Cancelled {
		if last := j.Records()[len(j.Records())-1]; last.State != string(runtime.Cancelled) {
			t.Errorf("the run is not over any more: %+v", last)
		}
	} else if out := run(t, t.Context(), x.options(s, j)); out.State != runtime.Failed && first == "resume" || out.Failure != nil && out.Failure.Path != x.path(-1) {
		t.Errorf("%s %+v", out.State, out.Failure)
	}
	list, err := rt.Reversals(t.Context(), x.options(s, j))
	if err != nil || len(slices.DeleteFunc(list, func(r runtime.Reversal) bool { return !r.Can() })) != 3 {
		t.Errorf("to undo: %+v %v", list, err)
	}
}

// TestSpinEndsLoudly: an action that ends without an event, and would be begun
// again though nothing has happened, is a bug; the run says which it is.
func TestSpinEndsLoudly(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][]program.Node{
		"alone":        {act("w", "put")},
		"side by side": {func() program.Node { g := groupOf("g", act("w", "put"), act("v", "put")); g.Parallel = true; return g }()},
		"a question":   {approve},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, j := newShop(), journal.NewMemory()
			o := s.options(j, nodes...)
			o.Clock, o.Decide = sleepless{}, asking("p1", nil)
			_, err := rt.Run(t.Context(), o)
			if types.CodeOf(err) != types.Internal || !strings.Contains(err.Error(), "ran without a result") || !strings.Contains(err.Error(), "step "+map[bool]string{true: "ok", false: ""}[name == "a question"]) {
				t.Errorf("%v", err)
			}
		})
	}
}

// sleepless is a clock that lets no time pass.
type sleepless struct{ wall }

func (sleepless) Sleep(context.Context, time.Duration) error { return context.Canceled }

// out is a write whose answer may be lost.
func (s *shop) out(ctx context.Context, t thing) (thing, error) {
	path := step.CallOf(ctx).Path
	lost := s.lost[path]
	if lost == "" {
		return s.put(ctx, t)
	}
	if lost == "after" {
		if _, err := s.put(ctx, t); err != nil {
			return thing{}, err
		}
	}
	<-ctx.Done()
	return thing{}, types.Errorf(types.UnknownOutcome, "no answer: %w", ctx.Err())
}

// seen looks for what out made, where it can.
func (s *shop) seen(ctx context.Context, key step.Key, t thing) (step.Found[thing], error) {
	if path := step.CallOf(ctx).Path; slices.Contains(s.dark, path) {
		return step.Inconclusive[thing]("look for " + path), nil
	}
	return s.there(ctx, key, t)
}

func (s *shop) goods() step.Step {
	resolve := func(_ context.Context, ref string, _ thing) (thing, error) { return thing{Name: ref}, nil }
	undo := func(ctx context.Context, key step.Key, _, _ thing) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.made, key.String()+" "+step.CallOf(ctx).Path)
		return nil
	}
	say := func(_, o thing) string { return "take back " + o.Name }
	return step.Write("out", "Out.", s.out, step.Find(s.seen), step.Resolve("a path", resolve), step.Undo(step.Undoing[thing, thing]{Describe: say, Do: undo}))
}
