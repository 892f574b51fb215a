package local_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRandomPrograms: programs drawn from a seed are killed and stopped in
// calls drawn from it too, several times; taken up until they are through, they
// have done what one does that is left alone, and nothing twice.
func TestRandomPrograms(t *testing.T) {
	t.Parallel()
	programs := map[string]uint64{"": 30, "ci": 150, "full": 5000}[os.Getenv("SKILLRUN_SWEEP")]
	synctest.Test(t, func(t *testing.T) {
		for seed := range programs {
			d := draw{r: rand.New(rand.NewPCG(seed, 2)), fails: map[string]bool{}}
			nodes := append(d.sequence("", 3, true), act("z", "look"))
			whole := d.shop()
			if o := run(t, t.Context(), whole.options(journal.NewMemory(), nodes...)); o.State != runtime.Done {
				t.Fatalf("seed %d: %s %+v", seed, o.State, o.Failure)
			}
			d.foreseen(t, seed, nodes, whole.effects())
			s, j := d.shop(), journal.NewMemory()
			var how []string
			for try := 0; ; try++ {
				o := d.disturb(t, s, j, nodes, try < 4, &how)
				if o.State == runtime.Interrupted {
					continue
				}
				if diff := cmp.Diff(whole.effects(), s.effects()); o.State != runtime.Done || diff != "" || len(s.twice()) > 0 {
					t.Fatalf("seed %d, %v: %s %+v, twice %v\n%s", seed, how, o.State, o.Failure, s.twice(), diff)
				}
				break
			}
		}
	})
}

// foreseen checks what a plan announces against what a run did: all of that, and
// no more but what failed when it was tried.
func (d *draw) foreseen(t *testing.T, seed uint64, nodes []program.Node, did []string) {
	t.Helper()
	s := d.shop()
	o := s.options(journal.NewMemory(), nodes...)
	f, err := dry.Forecast(t.Context(), dry.Options{
		Program: o.Program, Start: o.Start, Catalogue: o.Catalogue, Run: o.Header.ID, Work: o.Header.Work, Workspaces: t.TempDir(), Sleep: wall{}.Sleep,
	})
	if err != nil || f.Failure != nil || len(s.made) > 0 {
		t.Fatalf("seed %d: planned %v %+v, and made %v", seed, err, f.Failure, s.made)
	}
	var said []string
	for _, w := range f.Writes {
		if !d.fails[w.Path] {
			said = append(said, w.Path)
		}
	}
	slices.Sort(said)
	if diff := cmp.Diff(did, said, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("seed %d: done, and announced:\n%s", seed, diff)
	}
}

// disturb is one process at the run, which is killed or stopped in one of its
// calls.
func (d *draw) disturb(t *testing.T, s *shop, j *journal.Memory, nodes []program.Node, strike bool, how *[]string) runtime.Outcome {
	o := s.options(j, nodes...)
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	interrupt := make(chan struct{})
	o.Interrupt = interrupt
	calls, at, gently := 0, d.r.IntN(20), d.r.IntN(3) == 0
	s.at = func(path string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if calls++; !strike || calls != at {
			return
		}
		*how = append(*how, fmt.Sprint(map[bool]string{true: "stopped", false: "killed"}[gently], " in ", path))
		if gently {
			close(interrupt)
		} else {
			kill()
		}
	}
	return run(t, ctx, o)
}

// draw makes programs of which a part fails, always and in a place that takes it
// on.
type draw struct {
	r     *rand.Rand
	n     int
	fails map[string]bool // paths
}

func (d *draw) shop() *shop {
	s := newShop()
	for path := range d.fails {
		for range 100 {
			s.fail[path] = append(s.fail[path], types.Conflict)
		}
	}
	return s
}

func (d *draw) sequence(path string, depth int, may bool) []program.Node {
	var out []program.Node
	for range 1 + d.r.IntN(3) {
		out = append(out, d.node(path, depth, may))
	}
	return out
}

// await draws one that repeats a few reads until they were done a few times.
func (d *draw) await(id string) program.Node {
	around := groupOf("g", act("a", "look"), act("b", "nap"), act("c", "count"))
	around.Parallel, around.MaxParallel = d.r.IntN(2) == 0, d.r.IntN(3)
	return program.Node{
		ID: id, Kind: program.Await, Every: "10s", Until: fmt.Sprintf("len(result.n) > %d", d.r.IntN(4)),
		Call: &program.Call{Skill: id, StepType: true, Inputs: types.ObjectOf(), Steps: []program.Node{act("first", "look"), around, act("last", "look")},
			Outputs: []program.Output{{Name: "n", Value: types.Dynamic{V: "${{ steps.c.name }}"}}}},
	}
}

// node draws a node that stands at a path; may says that it may be of more than
// one.
func (d *draw) node(path string, depth int, may bool) program.Node {
	d.n++
	id := fmt.Sprint("n", d.n)
	at := id
	if path != "" {
		at = path + "/" + id
	}
	if d.r.IntN(12) == 0 {
		return d.await(id)
	}
	if depth == 0 || d.r.IntN(3) == 0 {
		n := act(id, []string{"look", "put", "put", "edit", "nap"}[d.r.IntN(5)])
		if d.r.IntN(8) == 0 {
			d.fails[at] = true
			n.OnError = true
		}
		if d.r.IntN(8) == 0 && may {
			n.ForEach, n.MaxParallel = `["x", "y", "z"]`, d.r.IntN(4)
		}
		return n
	}
	n := groupOf(id)
	looped := d.r.IntN(4) == 0 && may
	switch kind := d.r.IntN(6); {
	case kind == 0:
		n = program.Node{ID: id, Kind: program.Skill, Call: &program.Call{Skill: id, Inputs: types.ObjectOf(), Steps: d.sequence(at, depth-1, may && !looped)}}
	case looped:
		n.ForEach, n.MaxParallel = `["x", "y", "z"]`, d.r.IntN(4)
		n.Steps = d.sequence(at, depth-1, false)
	case kind == 1:
		n.Steps = append(d.sequence(at, depth-1, may), act(id+"fails", "look"))
		d.fails[at+"/"+id+"fails"] = true
		n.Rescue = d.sequence(at, depth-1, may)
	default:
		n.Parallel, n.MaxParallel = d.r.IntN(2) == 0, d.r.IntN(3)
		n.Steps = d.sequence(at, depth-1, may)
	}
	if n.Kind == program.Group && d.r.IntN(2) == 0 {
		n.Always = d.sequence(at, depth-1, may)
	}
	return n
}
