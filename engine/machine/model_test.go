package machine_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestModel checks the machine against a model of the language that is as plain
// as can be: calls that call each other, with one worker that always does the
// first thing there is to do. The programs are drawn from a seed; steps fail by
// a hash of their path and attempt, and the run is stopped somewhere on the way.
// Taken up again when nothing fails any more, the run ends.
func TestModel(t *testing.T) {
	t.Parallel()
	programs := map[string]uint64{"": 40, "ci": 120, "full": 3000}[os.Getenv("SKILLRUN_SWEEP")]
	for seed := range programs {
		g := generator{r: rand.New(rand.NewPCG(seed, 1))}
		p := prog(g.sequence(2+int(seed%3), allowed{back: true})...)
		o := model{seed: seed, stopAt: -1, tries: map[string]int{}}
		if seed%3 == 0 {
			o.stopAt = g.r.IntN(12)
		}
		want := o.group(program.Node{Kind: program.Group, Steps: p.Steps}, "", false).fail

		m, tries, got, stopped := machine.New(p, start), map[string]int{}, []string(nil), false
		for range 2000 {
			actions := m.Next()
			if len(actions) == 0 {
				break
			}
			m = clone(t, m, p)
			if again := m.Next(); cmp.Diff(actions, again) != "" {
				t.Fatalf("seed %d: put up again it asks for something else:\n%s", seed, cmp.Diff(actions, again))
			}
			if len(got) == o.stopAt && !stopped {
				stopped = true
				apply(t, m, machine.Event{Kind: machine.Stopped, Error: types.Errorf(types.Cancelled, "stopped")})
				continue
			}
			a := actions[0]
			e := machine.Event{Kind: machine.Done, Path: a.Path, Output: types.Values{"y": 1}}
			if a.Stopping {
				e.Kind = machine.Dropped
				apply(t, m, e)
				continue
			}
			code := fate(seed, a.Path, tries[a.Path], a.Effect == "write")
			tries[a.Path]++
			if code == "" {
				got = append(got, a.Path)
			} else {
				got = append(got, a.Path+"!")
				e.Kind, e.Error, e.Unsettled = machine.Failed, types.Errorf(code, "failed"), code == types.UnknownOutcome
			}
			apply(t, m, e)
		}
		if diff := cmp.Diff(o.done, got); diff != "" {
			t.Errorf("seed %d, stopped at %d: performed (-want +got):\n%s\n%s", seed, o.stopAt, fmt.Sprint(o.done, got), drawn(p.Steps))
		}
		f := m.Failure()
		if (f == nil) != (want == nil) || f != nil && (f.Stopped != want.stopped || f.Unsettled != want.unsettled || !f.Stopped && f.Path != want.path) {
			t.Errorf("seed %d, stopped at %d: failure %+v, want %+v\n%v\n%s", seed, o.stopAt, f, want, got, drawn(p.Steps))
		}
		if f == nil {
			continue
		}
		w := newWorld()
		apply(t, m, machine.Event{Kind: machine.Retried, Path: f.Path})
		if m = finish(t, m, p, w); m.State() != machine.Ended {
			t.Errorf("seed %d, taken up after %+v: %s %+v, performed %v\n%s", seed, f, m.State(), m.Failure(), w.done, drawn(p.Steps))
		}
	}
}

// fate is how an attempt ends: "" is well.
func fate(seed uint64, path string, attempt int, write bool) types.Code {
	h := fnv.New32a()
	fmt.Fprint(h, seed, path, attempt)
	switch n := h.Sum32() % 40; {
	case n == 0 && write:
		return types.UnknownOutcome
	case n < 8:
		return types.Conflict
	}
	return ""
}

// model performs programs.
type model struct {
	seed    uint64
	stopAt  int // how much is performed before the run is stopped
	stopped bool
	done    []string
	tries   map[string]int
}

type failed struct {
	path               string
	unsettled, stopped bool
}

type result struct {
	fail     *failed
	returned bool
}

// worse is the failure that a group or a loop ends with.
func worse(a, b *failed) *failed {
	if a == nil || b != nil && (b.unsettled && !a.unsettled || a.stopped && !b.stopped && !a.unsettled) {
		return b
	}
	return a
}

// ends reports whether the stop has come to a place. It does not come to what
// cleans up, which is safe.
func (o *model) ends(safe bool) bool { return o.stopped && !safe }

func (o *model) visit(n program.Node, path string, safe, item bool) result {
	if n.If != "" {
		return result{}
	}
	if n.ForEach != "" && !item {
		return o.loop(n, path, safe)
	}
	for try := 1; ; try++ {
		r := o.once(n, path, safe)
		f := r.fail
		if f == nil {
			return r
		}
		if n.Retry != nil && try < n.Retry.Attempts && !f.stopped && !o.ends(safe) && (!f.unsettled || f.path == path) {
			f = o.sequence(n.Retry.Before, fmt.Sprint(path, "/before.", try), safe).fail
			if f == nil && o.ends(safe) {
				f = &failed{path: path, stopped: true}
			}
			if f == nil {
				continue
			}
		}
		if (n.OnError || item && n.OnItemError) && !f.stopped && !f.unsettled {
			return result{}
		}
		return result{fail: f}
	}
}

func (o *model) once(n program.Node, path string, safe bool) result {
	switch n.Kind {
	case program.Return:
		return result{returned: true}
	case program.Group:
		return o.group(n, path, safe)
	case program.Skill:
		return result{fail: o.sequence(n.Call.Steps, path, safe).fail}
	}
	o.now()
	if o.ends(safe) {
		return result{fail: &failed{path: path, stopped: true}}
	}
	code := fate(o.seed, path, o.tries[path], n.Effect == "write")
	o.tries[path]++
	if code == "" {
		o.done = append(o.done, path)
		return result{}
	}
	o.done = append(o.done, path+"!")
	return result{fail: &failed{path: path, unsettled: code == types.UnknownOutcome}}
}

// now stops the run when it is time.
func (o *model) now() { o.stopped = o.stopped || len(o.done) == o.stopAt }

func (o *model) sequence(nodes []program.Node, path string, safe bool) result {
	for _, n := range nodes {
		if o.ends(safe) {
			return result{fail: &failed{path: path, stopped: true}}
		}
		r := o.visit(n, inside(path, n.ID), safe, false)
		if r.fail != nil && o.ends(safe) && !r.fail.unsettled {
			r.fail = &failed{path: path, stopped: true}
		}
		if r.fail != nil || r.returned {
			return r
		}
	}
	return result{}
}

func inside(path, id string) string { return strings.TrimPrefix(path+"/"+id, "/") }

// room is how many of n run side by side.
func room(most, n, absent int) int {
	if most == 0 {
		most = absent
	}
	return min(most, n)
}

func (o *model) group(n program.Node, path string, safe bool) result {
	var r result
	if n.Parallel {
		most := room(n.MaxParallel, len(n.Steps), len(n.Steps))
		if n.ForEach != "" {
			most = len(n.Steps)
		}
		r = o.abreast(len(n.Steps), most, safe, func(i int) *failed {
			return o.visit(n.Steps[i], inside(path, n.Steps[i].ID), safe, false).fail
		}, func(i int) *failed { return o.abort(n.Steps[i], inside(path, n.Steps[i].ID), false) })
		if r.fail != nil && o.ends(safe) && !r.fail.unsettled {
			r.fail = &failed{path: path, stopped: true}
		}
	} else {
		r = o.sequence(n.Steps, path, safe)
	}
	if r.fail != nil && len(n.Rescue) > 0 && !r.fail.unsettled && !r.fail.stopped && !o.ends(safe) {
		r = o.sequence(n.Rescue, path, safe)
	}
	return o.clean(n, path, r)
}

func (o *model) clean(n program.Node, path string, r result) result {
	f := o.sequence(n.Always, path, true).fail
	switch {
	case f != nil && r.fail != nil:
		r.fail.unsettled = r.fail.unsettled || f.unsettled
	case f != nil:
		r.fail = f
	}
	if r.fail != nil {
		r.returned = false
	}
	return r
}

func (o *model) loop(n program.Node, path string, safe bool) result {
	keys := []string{"[p]", "[q]", "[r]"}
	if n.BreakIf != "" {
		keys = keys[:2]
	}
	return o.abreast(len(keys), room(n.MaxParallel, len(keys), 1), safe, func(i int) *failed {
		return o.visit(n, path+keys[i], safe, true).fail
	}, func(i int) *failed { return o.abort(n, path+keys[i], true) })
}

// abreast performs n things of which `most` have begun at any time. Those that
// have begun beside one that failed are aborted.
func (o *model) abreast(n, most int, safe bool, perform, abort func(int) *failed) result {
	for i := range n {
		f := perform(i)
		if f == nil && !o.ends(safe) {
			continue
		}
		if f == nil && i+1 < n {
			f = &failed{stopped: true}
		}
		for j := i + 1; j < min(i+most, n); j++ {
			f = worse(f, abort(j))
		}
		return result{fail: f}
	}
	return result{}
}

// abort ends what has begun, and has done nothing yet.
func (o *model) abort(n program.Node, path string, item bool) *failed {
	f := &failed{path: path, stopped: true}
	switch {
	case n.Kind == program.Uses && (n.ForEach == "" || item):
		o.now()
	case n.ForEach != "" && !item:
		for _, key := range []string{"[p]", "[q]", "[r]"}[:room(n.MaxParallel, 3, 1)] {
			f = worse(f, o.abort(n, path+key, true))
		}
	case n.Kind == program.Skill:
		f = worse(f, o.abort(n.Call.Steps[0], inside(path, n.Call.Steps[0].ID), false))
	case n.Kind == program.Group:
		begun := n.Steps[:1]
		if n.Parallel && n.ForEach != "" {
			begun = n.Steps
		} else if n.Parallel {
			begun = n.Steps[:room(n.MaxParallel, len(n.Steps), len(n.Steps))]
		}
		for _, s := range begun {
			f = worse(f, o.abort(s, inside(path, s.ID), false))
		}
		f = o.clean(n, path, result{fail: f}).fail
	}
	return f
}
