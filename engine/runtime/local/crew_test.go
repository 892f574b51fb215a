package local_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// shop is a world that many steps work on at once.
type shop struct {
	mu    sync.Mutex
	made  map[string]int // path of a write -> how often it took effect
	calls map[string]int // path -> how often it was performed
	fail  map[string][]types.Code
	at    func(path string) // called in each step, before it does its work
	lost  map[string]string // path -> when the answer of an out is lost: before or after it took effect
	dark  []string          // paths of which nobody can tell whether they took effect
}

type thing struct {
	Name string `json:"name,omitempty" doc:"Name."`
	Dir  string `json:"dir,omitempty" doc:"The workspace to work in." workspace:"true"`
}

func newShop() *shop {
	return &shop{made: map[string]int{}, calls: map[string]int{}, fail: map[string][]types.Code{"g/r/r1": {types.Conflict, types.Conflict, types.Conflict, types.Conflict}}}
}

// begin counts a call; its error is what was asked for.
func (s *shop) begin(ctx context.Context) (string, error) {
	path := step.CallOf(ctx).Path
	if s.at != nil {
		s.at(path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.calls[path]
	s.calls[path]++
	if path == "g/w" && !slices.Contains(s.effects(), "g/w/before.1/login") {
		return path, types.Errorf(types.Auth, "not logged in")
	}
	if codes := s.fail[path]; n < len(codes) {
		return path, types.Errorf(codes[n], "%s failed", path)
	}
	if err := ctx.Err(); err != nil {
		return path, types.Errorf(types.Cancelled, "cut: %w", err)
	}
	return path, nil
}

func (s *shop) look(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	return thing{Name: path}, err
}

func (s *shop) put(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err != nil {
		return thing{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made[step.CallOf(ctx).Key.String()+" "+path]++
	return thing{Name: path}, nil
}

func (s *shop) there(ctx context.Context, key step.Key, _ thing) (step.Found[thing], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := step.CallOf(ctx).Path
	if s.made[key.String()+" "+path] == 0 {
		return step.Absent[thing](), nil
	}
	return step.Here(path, thing{Name: path}), nil
}

func (s *shop) nap(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err == nil {
		err = step.CallOf(ctx).Sleep(ctx, 100*time.Millisecond)
	}
	return thing{Name: path}, err
}

// hang answers when it is cut.
func (s *shop) hang(ctx context.Context, _ thing) (thing, error) {
	path, err := s.begin(ctx)
	if err != nil {
		return thing{}, err
	}
	<-ctx.Done()
	return thing{Name: path}, types.Errorf(types.Network, "cut: %w", ctx.Err())
}

// lose does its work and answers when it is cut.
func (s *shop) lose(ctx context.Context, t thing) (thing, error) {
	if _, err := s.put(ctx, t); err != nil {
		return thing{}, err
	}
	<-ctx.Done()
	return thing{}, types.Errorf(types.UnknownOutcome, "no answer: %w", ctx.Err())
}

// never sends nothing, and answers when it is cut.
func (s *shop) never(ctx context.Context, _ thing) (thing, error) {
	<-ctx.Done()
	return thing{}, types.Errorf(types.UnknownOutcome, "no answer: %w", ctx.Err())
}

func (s *shop) steps() []step.Step {
	return []step.Step{
		step.Read("look", "Look.", s.look).Reaching(step.Nowhere), step.Read("file", "Look into a file.", s.look).Reaching(step.Nowhere), step.Local("edit", "Edit.", s.look), step.Read("nap", "Nap.", s.nap).Reaching(step.Nowhere), step.Read("hang", "Hang.", s.hang),
		step.Write("put", "Put.", s.put, step.Find(s.there)), step.Write("lose", "Lose.", s.lose, step.Find(s.there)),
		step.Write("never", "Never.", s.never, step.Find(s.there)), s.goods(),
	}
}

// twice lists what took effect more than once.
func (s *shop) twice() []string {
	var out []string
	for _, k := range types.SortedKeys(s.made) {
		if s.made[k] > 1 {
			out = append(out, k)
		}
	}
	return out
}

// wall is the clock on the wall; in a bubble of synctest it is turned by hand.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

func (wall) Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *shop) options(j journal.Journal, nodes ...program.Node) local.Options {
	h := journal.RunHeader{ID: "20260115-100000-aaaaaa", Work: "work", StartedAt: time.Now(), Zone: "UTC",
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language}, Program: []byte("{}")}
	if len(j.Records()) == 0 {
		if err := j.Append(journal.Record{Kind: journal.Header, Run: &h}, true); err != nil {
			panic(err)
		}
	} else {
		h = *j.Records()[0].Run
	}
	p := &program.Program{Skill: "t", Inputs: types.Values{}, Config: types.Values{}, Steps: nodes}
	p.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ steps.z.name }}"}}}
	return local.Options{
		Program: p, Header: h, Start: machine.Start{Run: h.ID, StartedAt: h.StartedAt}, Catalogue: step.NewCatalogue(s.steps()),
		Journal: j, Clock: wall{}, Wait: true,
	}
}

func run(t *testing.T, ctx context.Context, o local.Options) local.Outcome {
	t.Helper()
	out, err := local.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func act(id, name string) program.Node {
	effect := "read"
	switch name {
	case "put", "lose", "never", "out":
		effect = "write"
	case "edit":
		effect = "local"
	}
	return program.Node{ID: id, Kind: program.Uses, Step: name, Effect: effect}
}

func groupOf(id string, steps ...program.Node) program.Node {
	return program.Node{ID: id, Kind: program.Group, Steps: steps}
}

// everything is a skill of all constructs, each with writes.
func everything(parallel int) []program.Node {
	loop := groupOf("l", act("lput", "put"), act("llook", "look"))
	loop.ForEach, loop.MaxParallel, loop.Always = `["x", "y", "z"]`, parallel, []program.Node{act("la", "put")}
	side := groupOf("p", act("p1", "look"), groupOf("h", act("p2", "put"), act("p3", "edit")))
	side.Parallel, side.MaxParallel, side.Always = true, parallel, []program.Node{act("pa", "put")}
	cured := act("w", "put")
	cured.Retry = &program.Retry{Attempts: 2, Delay: "1s", Before: []program.Node{act("login", "put")}}
	saved := groupOf("r", act("r1", "put"))
	saved.Rescue, saved.Always = []program.Node{act("r2", "put")}, []program.Node{act("ra", "put")}
	all := groupOf("g", side, loop, cured, saved)
	all.Always = []program.Node{act("ga", "put"), act("gb", "look")}
	return []program.Node{act("a", "look"), all, act("z", "look")}
}

// effects of [everything]: each once.
var effects = []string{
	"g/ga", "g/l[x]/la", "g/l[x]/lput", "g/l[y]/la", "g/l[y]/lput", "g/l[z]/la", "g/l[z]/lput",
	"g/p/h/p2", "g/p/pa", "g/r/r2", "g/r/ra", "g/w", "g/w/before.1/login",
}

func (s *shop) effects() []string {
	var out []string
	for k := range s.made {
		_, path, _ := strings.Cut(k, " ")
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// TestHundredWaits: what waits side by side waits together.
func TestHundredWaits(t *testing.T) {
	t.Parallel()
	naps := make([]program.Node, 100)
	for i := range naps {
		naps[i] = act(fmt.Sprintf("n%d", i), "nap")
	}
	g := groupOf("g", naps...)
	g.Parallel = true
	took := func(t *testing.T) time.Duration {
		s, began := newShop(), time.Now()
		if o := run(t, t.Context(), s.options(journal.NewMemory(), g, act("z", "look"))); o.State != local.Done || len(s.calls) != 101 {
			t.Errorf("%s after %d calls", o.State, len(s.calls))
		}
		return time.Since(began)
	}
	t.Run("by hand", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if d := took(t); d != 100*time.Millisecond {
				t.Errorf("100 waits of 100ms took %s", d)
			}
		})
	})
	t.Run("on the wall", func(t *testing.T) {
		best, limit := time.Hour, 150*time.Millisecond
		if raceDetector {
			limit = time.Second
		}
		for range 40 { // a busy machine is slow, now and then
			if best = min(best, took(t)); best < limit {
				break
			}
		}
		if best >= limit {
			t.Errorf("100 waits of 100ms took %s", best)
		}
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
				if o := run(t, t.Context(), s.options(whole, everything(parallel)...)); o.State != local.Done || o.Outputs["o"] != "z" {
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
					if diff := cmp.Diff(effects, s.effects()); o.State != local.Done || diff != "" || len(s.twice()) > 0 {
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
						if o.State == local.Interrupted {
							continue
						}
						if o.State != local.Done {
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
// does; taken up again, the run comes to its end.
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
						if diff := cmp.Diff(effects, s.effects()); o.State != local.Done || diff != "" || len(s.twice()) > 0 {
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
	if out.State != local.Interrupted && (out.State != local.Done || n < 18) {
		t.Fatalf("stopped in call %d: %s %+v\n%v", n, out.State, out.Failure, s.calls)
	}
	if ctx.Err() == nil {
		return before
	}
	o = s.options(j, everything(parallel)...)
	o.End = &local.Ending{State: local.Cancelled, By: "ada"}
	s.at = nil
	if out = run(t, t.Context(), o); out.State != local.Cancelled {
		t.Fatalf("ended after a kill: %s %+v", out.State, out.Failure)
	}
	return before
}

// TestTimeOuts: what is out is cut at its deadline; a write that was sent is
// looked for.
func TestTimeOuts(t *testing.T) {
	t.Parallel()
	timed := func(n program.Node, limit string) program.Node { n.Timeout = limit; return n }
	saved := timed(groupOf("g", act("a", "look"), act("b", "hang"), act("c", "look")), "10s")
	saved.Rescue = []program.Node{act("r", "look")}
	loop := timed(groupOf("l", act("b", "nap")), "3s")
	loop.ForEach = "1..100"
	for name, tt := range map[string]struct {
		nodes []program.Node
		state local.State
		fails string
		after time.Duration
		made  int
	}{
		"a read":                        {[]program.Node{timed(act("a", "hang"), "5s")}, local.Failed, "a timeout", 5 * time.Second, 0},
		"a group":                       {[]program.Node{timed(groupOf("g", act("a", "hang")), "5s")}, local.Failed, "g timeout", 5 * time.Second, 0},
		"a group is rescued":            {[]program.Node{saved, act("z", "look")}, local.Done, "", 10 * time.Second, 0},
		"the inner one is sooner":       {[]program.Node{timed(groupOf("g", timed(act("a", "hang"), "5s")), "7s")}, local.Failed, "g/a timeout", 5 * time.Second, 0},
		"the outer one is sooner":       {[]program.Node{timed(groupOf("g", timed(act("a", "hang"), "7s")), "5s")}, local.Failed, "g timeout", 5 * time.Second, 0},
		"a write that happened":         {[]program.Node{timed(act("w", "lose"), "5s"), act("z", "look")}, local.Done, "", 5 * time.Second, 1},
		"a write that did not":          {[]program.Node{timed(act("w", "never"), "5s")}, local.Failed, "w timeout", 5 * time.Second, 0},
		"a write in a group":            {[]program.Node{timed(groupOf("g", act("w", "never")), "5s")}, local.Failed, "g timeout", 5 * time.Second, 0},
		"each item has its own time":    {[]program.Node{loop, act("z", "look")}, local.Done, "", 10 * time.Second, 0},
		"all items together":            {[]program.Node{timed(groupOf("g", loop), "2s")}, local.Failed, "g timeout", 2 * time.Second, 0},
		"the pause before an attempt":   {[]program.Node{timed(groupOf("g", retrying(act("n", "look"), "1h")), "9s")}, local.Failed, "g timeout", 9 * time.Second, 0},
		"an attempt's pause of its own": {[]program.Node{timed(retrying(act("n", "look"), "1h"), "9s")}, local.Failed, "n timeout", 9 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, began := newShop(), time.Now()
				s.fail["g/n"], s.fail["n"] = []types.Code{types.Network}, []types.Code{types.Network}
				o := run(t, t.Context(), s.options(journal.NewMemory(), tt.nodes...))
				fails := ""
				if o.Failure != nil {
					fails = o.Failure.Path + " " + string(o.Failure.Error.Code)
				}
				if o.State != tt.state || fails != tt.fails || time.Since(began) != tt.after || len(s.made) != tt.made {
					t.Errorf("%s %q after %s, %d made; want %s %q after %s, %d made", o.State, fails, time.Since(began), len(s.made), tt.state, tt.fails, tt.after, tt.made)
				}
			})
		})
	}
}

func retrying(n program.Node, delay string) program.Node {
	n.Retry = &program.Retry{Attempts: 3, Delay: delay}
	return n
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
		if o.State != local.Done || len(o.Steps) != local.MaxReports+3 || states["continued"] != 1 {
			t.Errorf("%s, %d reports %v", o.State, len(o.Steps), states)
		}
	})
}
