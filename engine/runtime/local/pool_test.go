package local_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestHundredWaits: what waits side by side waits together. On a clock turned by
// hand all of it takes as long as one; on the wall's, of which a busy machine
// takes what it likes, none of the hundred continues before the last has begun.
func TestHundredWaits(t *testing.T) {
	t.Parallel()
	naps := make([]program.Node, 100)
	for i := range naps {
		naps[i] = act(fmt.Sprintf("n%d", i), "nap")
	}
	g := groupOf("g", naps...)
	g.Parallel = true
	waits := func(t *testing.T, ctx context.Context, s *shop) {
		if o := run(t, ctx, s.options(journal.NewMemory(), g, act("z", "look"))); o.State != runtime.Done || len(s.calls) != 101 {
			t.Errorf("%s after %d calls", o.State, len(s.calls))
		}
	}
	t.Run("by hand", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			waits(t, t.Context(), newShop())
			if d := time.Since(began); d != 100*time.Millisecond {
				t.Errorf("100 waits of 100ms took %s", d)
			}
		})
	})
	t.Run("on the wall", func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		s, all := newShop(), make(chan struct{})
		var begun atomic.Int32
		s.at = func(path string) {
			if path == "z" {
				return
			}
			if begun.Add(1) == 100 {
				close(all)
			}
			select {
			case <-all:
			case <-ctx.Done():
			}
		}
		waits(t, ctx, s)
	})
}

// TestEverythingCutAnywhere: the journal is cut after each record, and the run
// resumed: it comes to the same end, and nothing has happened twice.
func TestEverythingCutAnywhere(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				whole := journal.NewMemory()
				s := newShop()
				if o := run(t, t.Context(), s.options(whole, everything(parallel)...)); o.State != runtime.Done || o.Outputs["o"] != "z" {
					t.Fatalf("%s %v %+v", o.State, o.Outputs, o.Failure)
				}
				if diff := cmp.Diff(effects, s.effects()); diff != "" {
					t.Fatal(diff)
				}
				records := whole.Records()
				for n := 1; n < len(records); n++ {
					s := newShop()
					j := journal.NewMemory()
					for _, r := range records[:n] {
						if err := j.Append(r, true); err != nil {
							t.Fatal(err)
						}
						s.recall(r)
					}
					o := run(t, t.Context(), s.options(j, everything(parallel)...))
					if diff := cmp.Diff(effects, s.effects()); o.State != runtime.Done || diff != "" || len(s.twice()) > 0 {
						t.Fatalf("cut after record %d (%s %s): %s %+v, twice %v\n%s", n, records[n-1].Kind, records[n-1].Path, o.State, o.Failure, s.twice(), diff)
					}
				}
			})
		})
	}
}

// recall puts the shop where it was when a record was written.
func (s *shop) recall(r journal.Record) {
	if r.Event == nil || r.Step == "" {
		return
	}
	s.calls[r.Path]++
	if r.Effect == string(step.Writes) && r.Event.Kind == machine.Done {
		s.made[r.Key+" "+r.Path]++
	}
}

// TestKilledInEveryCall: the process dies in the middle of each call, before and
// after its work, and again while it is resumed.
func TestKilledInEveryCall(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		t.Run(fmt.Sprint(parallel), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for n := 1; ; n++ {
					s, j, kills := newShop(), journal.NewMemory(), 0
					for try := 0; ; try++ {
						ctx, kill := context.WithCancel(t.Context())
						calls := 0
						s.at = func(string) {
							s.mu.Lock()
							defer s.mu.Unlock()
							if calls++; calls == n && try < 2 {
								kills++
								kill()
							}
						}
						o := run(t, ctx, s.options(j, everything(parallel)...))
						kill()
						if o.State == runtime.Interrupted {
							continue
						}
						if o.State != runtime.Done {
							t.Fatalf("killed in call %d: %s %+v", n, o.State, o.Failure)
						}
						break
					}
					if diff := cmp.Diff(effects, s.effects()); diff != "" || len(s.twice()) > 0 {
						t.Fatalf("killed in call %d: twice %v\n%s", n, s.twice(), diff)
					}
					if kills == 0 {
						if n < 15 {
							t.Errorf("only %d calls", n)
						}
						return
					}
				}
			})
		})
	}
}

// TestInterruptCleansUp: a person stops the run in the middle of each call. All
// that was begun is cleaned up, once, also when the process is killed while it
// does; taken up again, the run ends.
func TestInterruptCleansUp(t *testing.T) {
	t.Parallel()
	begun := map[string]string{"g/p/pa": "g/p/", "g/l[x]/la": "g/l[x]/", "g/l[y]/la": "g/l[y]/", "g/l[z]/la": "g/l[z]/", "g/r/ra": "g/r/", "g/ga": "g/"}
	for _, killed := range []bool{false, true} {
		for _, parallel := range []int{1, 8} {
			t.Run(fmt.Sprint("killed ", killed, " parallel ", parallel), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					for n := 1; n <= 20; n++ {
						s, j := newShop(), journal.NewMemory()
						before := s.interruptAt(t, j, n, parallel, killed)
						for path, inside := range begun {
							entered := slices.ContainsFunc(before, func(p string) bool { return strings.HasPrefix(p, inside) })
							if got := slices.Contains(s.effects(), path); entered != got {
								t.Fatalf("stopped in call %d after %v: %s done %v, want %v", n, before, path, got, entered)
							}
						}
						s.at = nil
						o := run(t, t.Context(), s.options(j, everything(parallel)...))
						if diff := cmp.Diff(effects, s.effects()); o.State != runtime.Done || diff != "" || len(s.twice()) > 0 {
							t.Fatalf("stopped in call %d and taken up again: %s %+v, twice %v\n%s", n, o.State, o.Failure, s.twice(), diff)
						}
					}
				})
			})
		}
	}
}

// interruptAt stops a run in its nth call, and returns the paths that were
// begun by then. When it is killed too, that is in the next write, and an other
// process takes it up until everything is cleaned up.
func (s *shop) interruptAt(t *testing.T, j *journal.Memory, n, parallel int, killed bool) []string {
	t.Helper()
	o := s.options(j, everything(parallel)...)
	interrupt := make(chan struct{})
	o.Interrupt = interrupt
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	calls, later := 0, 0
	var before []string
	var stopped time.Time
	s.at = func(path string) {
		s.mu.Lock()
		calls++
		if calls == n {
			stopped = time.Now()
			close(interrupt)
		}
		if calls <= n || time.Now().Equal(stopped) { // what is out side by side is out
			before = append(before, path)
		} else if later++; killed && later == 1 {
			kill()
		}
		s.mu.Unlock()
		if time.Now().Equal(stopped) {
			time.Sleep(time.Millisecond) // in a bubble: until all others wait
		}
	}
	out := run(t, ctx, o)
	if calls < n {
		return before // it was through
	}
	if out.State != runtime.Interrupted && (out.State != runtime.Done || n < 18) {
		t.Fatalf("stopped in call %d: %s %+v\n%v", n, out.State, out.Failure, s.calls)
	}
	if ctx.Err() == nil {
		return before
	}
	o = s.options(j, everything(parallel)...)
	o.End = &runtime.Ending{State: runtime.Cancelled, By: "ada"}
	s.at = nil
	if out = run(t, t.Context(), o); out.State != runtime.Cancelled {
		t.Fatalf("ended after a kill: %s %+v", out.State, out.Failure)
	}
	return before
}

// TestReportsAreBounded: of a long loop the first items are reported, and what
// failed.
func TestReportsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		s.fail["l[1500]"] = []types.Code{types.NotFound}
		n := act("l", "look")
		n.ForEach, n.OnItemError, n.Drop = "1..2000", true, []string{"l"}
		o := run(t, t.Context(), s.options(journal.NewMemory(), n, act("z", "look")))
		states := map[string]int{}
		for _, r := range o.Steps {
			states[r.State]++
		}
		if o.State != runtime.Done || len(o.Steps) != runtime.MaxReports+3 || states["continued"] != 1 {
			t.Errorf("%s, %d reports %v", o.State, len(o.Steps), states)
		}
	})
}
