package machine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestControl: what is performed, in which order, and what comes of it.
func TestControl(t *testing.T) {
	t.Parallel()
	a, b, c, d := uses("a", nil), uses("b", nil), uses("c", nil), uses("d", nil)
	rescued := with(group("g", a, b), func(n *program.Node) {
		n.Rescue = []program.Node{uses("r", types.Values{"m": "${{ error.code }} of ${{ error.step }}"})}
	})
	cleaned := with(group("g", a, b), func(n *program.Node) { n.Always = []program.Node{c} })
	retried := with(a, func(n *program.Node) {
		n.Retry = &program.Retry{Attempts: 3, Delay: "10s", Backoff: 2, On: []types.Code{types.Unavailable, types.Auth},
			Before: []program.Node{uses("login", types.Values{"why": "${{ error.code }}"})}}
	})
	loop := with(uses("l", types.Values{"x": "${{ item }}"}), func(n *program.Node) { n.ForEach = `["p", "q", "r"]` })
	called := program.Node{ID: "s", Kind: program.Skill, With: types.Values{"who": "${{ inputs.n }}"}, Call: &program.Call{
		Skill: "other", Steps: []program.Node{uses("in", types.Values{"x": "${{ inputs.who }} ${{ inputs.how }}"})},
		Defaults: types.Values{"how": "${{ config.way }}"}, Config: types.Values{"way": "well"},
		Inputs:  types.ObjectOf(types.Field{Name: "who", Type: types.OfKind(types.Integer)}, types.Field{Name: "how", Type: types.OfKind(types.String)}),
		Outputs: out("${{ steps.in.x }}"),
	}}
	outer := program.Node{ID: "o", Kind: program.Skill, Call: &program.Call{Skill: "outer", Steps: []program.Node{with(called, func(n *program.Node) {
		n.With = types.Values{"who": 3}
	})}}}
	back := func(cond string) program.Node {
		return program.Node{ID: "back", Kind: program.Return, If: cond, Values: []program.Binding{{Name: "o", Value: types.Dynamic{V: "early"}}}}
	}
	for name, tt := range map[string]struct {
		nodes   []program.Node
		outputs string
		fail    []string
		pick    func(int) int
		want    string // what was performed
		out     any    // the output
		failed  string // path and code
	}{
		"a group is its steps":                  {nodes: []program.Node{group("g", a, b), c}, outputs: "${{ steps.b.y }}", want: "g/a g/b c", out: "g/b"},
		"a skipped group skips its steps":       {nodes: []program.Node{with(group("g", a, b), func(n *program.Node) { n.If = "inputs.off" }), c}, outputs: `${{ steps.b?.y ?? "none" }}`, want: "c", out: "none"},
		"side by side":                          {nodes: []program.Node{with(group("g", a, b, c), func(n *program.Node) { n.Parallel = true }), d}, pick: last, want: "g/c g/b g/a d"},
		"two side by side":                      {nodes: []program.Node{with(group("g", a, b, c), func(n *program.Node) { n.Parallel, n.MaxParallel = true, 2 })}, pick: last, want: "g/b g/c g/a"},
		"beside a failure nothing begins":       {nodes: []program.Node{with(group("g", group("h", a, b), c), func(n *program.Node) { n.Parallel = true }), d}, fail: []string{"g/c=invalid"}, pick: last, want: "g/c!", failed: "g/c invalid"},
		"rescue":                                {nodes: []program.Node{rescued, c}, outputs: `${{ steps.r?.m ?? "none" }}`, fail: []string{"g/a=auth"}, want: "g/a! g/r c", out: "auth of a"},
		"rescue of what is called":              {nodes: []program.Node{with(rescued, func(n *program.Node) { n.Steps = []program.Node{outer} })}, outputs: `${{ steps.r?.m ?? "none" }}`, fail: []string{"g/o/s/in=auth"}, want: "g/o/s/in! g/r", out: "auth of o"},
		"rescue that is not needed":             {nodes: []program.Node{rescued, c}, outputs: `${{ steps.r?.m ?? "none" }}`, want: "g/a g/b c", out: "none"},
		"rescue that fails":                     {nodes: []program.Node{rescued, c}, fail: []string{"g/a=auth", "g/r=network"}, want: "g/a! g/r!", failed: "g/r network"},
		"what may have happened is no rescue's": {nodes: []program.Node{rescued}, fail: []string{"g/b=unknown_outcome"}, want: "g/a g/b!", failed: "g/b unknown_outcome"},
		"always":                                {nodes: []program.Node{cleaned, d}, outputs: "${{ steps.c.y }}", want: "g/a g/b g/c d", out: "g/c"},
		"always after a failure":                {nodes: []program.Node{cleaned, d}, fail: []string{"g/a=conflict"}, want: "g/a! g/c", failed: "g/a conflict"},
		"always that fails":                     {nodes: []program.Node{cleaned, d}, fail: []string{"g/c=conflict"}, want: "g/a g/b g/c!", failed: "g/c conflict"},
		"the first failure is the failure":      {nodes: []program.Node{cleaned, d}, fail: []string{"g/a=auth", "g/c=conflict"}, want: "g/a! g/c!", failed: "g/a auth"},
		"retry with a remedy":                   {nodes: []program.Node{retried, b}, outputs: "${{ steps.a.y }}", fail: []string{"a=auth unavailable"}, want: "a! a/before.1/login a! a/before.2/login a b", out: "a"},
		"retry is used up":                      {nodes: []program.Node{retried}, fail: []string{"a=auth auth auth"}, want: "a! a/before.1/login a! a/before.2/login a!", failed: "a auth"},
		"no retry on other codes":               {nodes: []program.Node{retried}, fail: []string{"a=conflict"}, want: "a!", failed: "a conflict"},
		"a remedy that fails":                   {nodes: []program.Node{retried}, fail: []string{"a=auth", "a/before.1/login=network"}, want: "a! a/before.1/login!", failed: "a/before.1/login network"},
		"on_error":                              {nodes: []program.Node{with(a, func(n *program.Node) { n.OnError = true }), b}, outputs: `${{ steps.a?.y ?? "none" }}`, fail: []string{"a=conflict"}, want: "a! b", out: "none"},
		"on_error of a group keeps what ran":    {nodes: []program.Node{with(group("g", a, b), func(n *program.Node) { n.OnError = true }), c}, outputs: `${{ (steps.a?.y ?? "none") + " " + (steps.b?.y ?? "none") }}`, fail: []string{"g/b=conflict"}, want: "g/a g/b! c", out: "g/a none"},
		"loop":                                  {nodes: []program.Node{loop}, outputs: `${{ join(map(steps.l, .x), " ") }}`, want: "l[p] l[q] l[r]", out: "p q r"},
		"loop, side by side":                    {nodes: []program.Node{with(loop, func(n *program.Node) { n.MaxParallel = 2 })}, outputs: `${{ join(map(steps.l, .x), " ") }}`, pick: last, want: "l[q] l[r] l[p]", out: "p q r"},
		"loop that stops":                       {nodes: []program.Node{loop}, fail: []string{"l[q]=conflict"}, want: "l[p] l[q]!", failed: "l[q] conflict"},
		"loop that goes on":                     {nodes: []program.Node{with(loop, func(n *program.Node) { n.OnItemError = true })}, outputs: `${{ join(map(steps.l, # == nil ? "-" : #.x), " ") }}`, fail: []string{"l[q]=conflict"}, want: "l[p] l[q]! l[r]", out: "p - r"},
		"the condition is asked for each item":  {nodes: []program.Node{with(loop, func(n *program.Node) { n.If = `item != "q"` })}, want: "l[p] l[r]"},
		"loop over nothing":                     {nodes: []program.Node{with(loop, func(n *program.Node) { n.ForEach = "[]" })}, outputs: "${{ len(steps.l) }}", want: "", out: 0},
		"loop that breaks":                      {nodes: []program.Node{with(loop, func(n *program.Node) { n.BreakIf = `result.x == "q"` })}, outputs: `${{ join(map(steps.l, .x), " ") }}`, want: "l[p] l[q]", out: "p q"},
		"loop that breaks in the end":           {nodes: []program.Node{with(loop, func(n *program.Node) { n.BreakIf = `item == "r"` })}, outputs: "${{ len(steps.l) }}", want: "l[p] l[q] l[r]", out: 3},
		"break_if is asked of what was skipped": {nodes: []program.Node{with(loop, func(n *program.Node) { n.If, n.BreakIf = `item != "q"`, "result == nil" })}, outputs: "${{ len(steps.l) }}", want: "l[p]", out: 2},
		"break_if is asked of what failed":      {nodes: []program.Node{with(loop, func(n *program.Node) { n.OnItemError, n.BreakIf = true, "result == nil" })}, outputs: "${{ len(steps.l) }}", fail: []string{"l[q]=conflict"}, want: "l[p] l[q]!", out: 2},
		"break_if is not asked of a failure":    {nodes: []program.Node{with(loop, func(n *program.Node) { n.BreakIf = "true" })}, fail: []string{"l[p]=conflict"}, want: "l[p]!", failed: "l[p] conflict"},
		"break_if that fails":                   {nodes: []program.Node{with(loop, func(n *program.Node) { n.BreakIf = `[1][len(item)] > 1` })}, want: "l[p]", failed: "l invalid"},
		"loop of a group that breaks": {nodes: []program.Node{with(group("l", uses("in", types.Values{"x": "${{ item }}"}), set("s", "${{ steps.in.x * 2 }}")), func(n *program.Node) {
			n.ForEach, n.BreakIf = "[1, 2, 3]", "result.s.v + result.in.x > 5"
		})}, outputs: "${{ sum(map(steps.l, .s.v)) }}", want: "l[1]/in l[2]/in", out: 6},
		"loop with keys": {nodes: []program.Node{with(group("l", uses("in", types.Values{"x": "${{ m.id }}"}), set("s", "${{ steps.in.x * 2 }}")), func(n *program.Node) {
			n.ForEach, n.As, n.Key = `[{id: 7, name: "x/y"}, {id: 8, name: "z"}]`, "m", "m.name"
		})}, outputs: `${{ sum(map(steps.l, .s.v)) }}`, want: "l[x%2Fy]/in l[z]/in", out: 30},
		"two items of one key":          {nodes: []program.Node{with(loop, func(n *program.Node) { n.ForEach = `["p", "q", "p"]` })}, want: "", failed: "l invalid"},
		"a called skill":                {nodes: []program.Node{called, b}, outputs: "${{ steps.s.o }}", want: "s/in b", out: "3 well"},
		"a called skill that fails":     {nodes: []program.Node{called, b}, fail: []string{"s/in=auth"}, want: "s/in!", failed: "s/in auth"},
		"return":                        {nodes: []program.Node{a, back("inputs.on"), b}, outputs: "${{ steps.b.y }}", want: "a", out: "early"},
		"no return":                     {nodes: []program.Node{a, back("inputs.off"), b}, outputs: "${{ steps.b.y }}", want: "a b", out: "b"},
		"return from a group cleans up": {nodes: []program.Node{with(group("g", a, back("inputs.on"), b), func(n *program.Node) { n.Always = []program.Node{uses("c", types.Values{"b": "${{ steps.b?.y }}"})} }), d}, outputs: "x", want: "g/a g/c", out: "early"},
		"nested always run from the inside out": {nodes: []program.Node{with(group("g", with(group("h", a), func(n *program.Node) { n.Always = []program.Node{b} })), func(n *program.Node) { n.Always = []program.Node{c} })},
			fail: []string{"g/h/a=auth"}, want: "g/h/a! g/h/b g/c", failed: "g/h/a auth"},
		"retry of a group begins it anew": {nodes: []program.Node{with(group("g", a, b), func(n *program.Node) { n.Retry = &program.Retry{Attempts: 2} })}, outputs: "${{ steps.b.y }}", fail: []string{"g/b=conflict"}, want: "g/a g/b! g/a g/b", out: "g/b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := prog(tt.nodes...)
			if tt.outputs != "" {
				p.Outputs = out(tt.outputs)
			}
			w := newWorld(tt.fail...)
			pick := tt.pick
			if pick == nil {
				pick = first
			}
			m := drive(t, p, w, pick)
			if got := strings.Join(w.done, " "); got != tt.want {
				t.Errorf("performed %s\nwant      %s", got, tt.want)
			}
			failed := ""
			if f := m.Failure(); f != nil {
				failed = f.Path + " " + string(f.Error.Code)
			}
			if failed != tt.failed {
				t.Errorf("failure %q, want %q", failed, tt.failed)
			}
			if r := m.Result(); tt.outputs != "" && tt.failed == "" && (r.Problem != nil || cmp.Diff(tt.out, r.Outputs["o"]) != "") {
				t.Errorf("output %v, want %v (missing %v, problem %+v)", r.Outputs["o"], tt.out, r.Missing, r.Problem)
			}
		})
	}
}

// constructs is a program that holds everything, for tests that stop it
// everywhere.
func constructs() *program.Program {
	cured := with(write("w"), func(n *program.Node) {
		n.Retry = &program.Retry{Attempts: 2, Delay: "1s", Before: []program.Node{uses("login", nil)}}
	})
	return prog(
		uses("a", nil),
		with(group("g",
			with(group("p", uses("p1", nil), group("h", write("p2"), uses("p3", nil))), func(n *program.Node) {
				n.Parallel = true
				n.Always = []program.Node{uses("pa", nil)}
			}),
			with(group("l", write("put"), uses("look", nil)), func(n *program.Node) {
				n.ForEach, n.MaxParallel, n.Always = `["x", "y", "z"]`, 2, []program.Node{uses("la", nil)}
			}),
			cured,
			with(group("r", uses("r1", nil)), func(n *program.Node) {
				n.Rescue = []program.Node{uses("r2", nil)}
				n.Always = []program.Node{uses("ra", nil)}
			}),
		), func(n *program.Node) { n.Always = []program.Node{uses("ga", nil), uses("gb", nil)} }),
		uses("z", nil),
	)
}

// alwaysOf are the activations that clean up after what was begun.
func alwaysOf(done []string) map[string][]string {
	return map[string][]string{
		"g/p/pa":    {"g/p/"},
		"g/l[x]/la": {"g/l[x]/"}, "g/l[y]/la": {"g/l[y]/"}, "g/l[z]/la": {"g/l[z]/"},
		"g/r/ra": {"g/r/"},
		"g/ga":   {"g/"}, "g/gb": {"g/"},
	}
}

// TestStoppedEverywhere: a run that is stopped after each event, and while each
// action is out, runs the always of all that was begun, once, and nothing else
// that is new; taken up again it comes to the end.
func TestStoppedEverywhere(t *testing.T) {
	t.Parallel()
	p := constructs()
	fail := []string{"g/w=auth", "g/r/r1=conflict"}
	whole := newWorld(fail...)
	drive(t, p, whole, first)
	if len(whole.done) < 20 {
		t.Fatalf("it performs only %v", whole.done)
	}
	for stopAt := range len(whole.done) {
		for _, pick := range []func(int) int{first, last} {
			w := newWorld(fail...)
			m := machine.New(p, start)
			for len(w.done) < stopAt {
				actions := m.Next()
				apply(t, m, w.event(actions[pick(len(actions))]))
			}
			before := slices.Clone(w.done)
			out := m.Next() // these are out while it is stopped
			begun := slices.Clone(before)
			for _, a := range out {
				begun = append(begun, a.Path)
			}
			stop := machine.Event{Kind: machine.Stopped, Error: types.Errorf(types.Cancelled, "stopped by ada"), At: w.now}
			apply(t, m, stop)
			m = finish(t, m, p, w)
			if m.State() != machine.Broken || m.Failure().Error.Code != types.Cancelled {
				t.Fatalf("stopped after %v: %s %+v", before, m.State(), m.Failure())
			}
			cleaned(t, before, begun, w.done)
			if t.Failed() {
				return
			}
			apply(t, m, machine.Event{Kind: machine.Retried, Path: m.Failure().Path, At: w.now})
			m = finish(t, m, p, w)
			if m.State() != machine.Ended || w.done[len(w.done)-1] != "z" {
				t.Fatalf("stopped after %v and taken up again: %s %+v\n%v", before, m.State(), m.Failure(), w.done)
			}
		}
	}
}

// finish performs what is left.
func finish(t *testing.T, m *machine.Machine, p *program.Program, w *world) *machine.Machine {
	t.Helper()
	for range 10_000 {
		m = clone(t, m, p)
		actions := m.Next()
		if len(actions) == 0 {
			return m
		}
		apply(t, m, w.event(actions[0]))
	}
	t.Fatal("it does not end")
	return nil
}

// cleaned checks what was performed after a stop against what was begun before.
func cleaned(t *testing.T, before, begun, done []string) {
	t.Helper()
	after := done[len(before):]
	count := map[string]int{}
	for _, path := range done {
		count[path]++
	}
	for path, inside := range alwaysOf(done) {
		entered := slices.ContainsFunc(begun, func(s string) bool { return strings.HasPrefix(s, inside[0]) })
		want := 0
		if entered {
			want = 1
		}
		if count[path] != want {
			t.Errorf("stopped after %v with %v out: %s was performed %d times, want %d; after the stop: %v", before, begun[len(before):], path, count[path], want, after)
		}
	}
	for _, path := range after {
		if _, isAlways := alwaysOf(done)[path]; !isAlways && !slices.Contains(begun, strings.TrimSuffix(path, "!")) {
			t.Errorf("stopped after %v: %s was begun", before, path)
		}
	}
}

// TestTimedOut: when the time of a node is up, its always runs and its rescue
// takes on what the time-out is.
func TestTimedOut(t *testing.T) {
	t.Parallel()
	g := with(group("g", uses("a", nil), uses("b", nil)), func(n *program.Node) {
		n.Timeout = "10s"
		n.Rescue = []program.Node{uses("r", types.Values{"m": "${{ error.code }}: ${{ error.message }}"})}
		n.Always = []program.Node{uses("c", nil)}
	})
	p := prog(g, uses("d", nil))
	m := machine.New(p, start)
	a := next(t, m)
	if want := start.StartedAt.Add(10 * time.Second); !a.Deadline.Equal(want) || a.Bounds != "g" {
		t.Fatalf("deadline %s of %q, want %s of g", a.Deadline, a.Bounds, want)
	}
	apply(t, m, machine.Event{Kind: machine.Resumed, At: start.StartedAt.Add(time.Hour)})
	if a = next(t, m); !a.Deadline.Equal(start.StartedAt.Add(time.Hour + 10*time.Second)) {
		t.Errorf("the hour in which nobody was at it counts: %s", a.Deadline)
	}
	apply(t, m, machine.Event{Kind: machine.TimedOut, Path: "g", At: a.Deadline})
	if a = next(t, m); !a.Stopping || a.Path != "g/a" {
		t.Fatalf("%+v", a)
	}
	apply(t, m, machine.Event{Kind: machine.Dropped, Path: "g/a", At: a.Deadline})
	r := next(t, m)
	if r.Path != "g/r" || r.Input["m"] != "timeout: g took longer than 10s" || !r.Deadline.IsZero() {
		t.Fatalf("%+v", r)
	}
	w := newWorld()
	w.done = []string{}
	m = finish(t, m, p, w)
	if got := fmt.Sprint(w.done); got != "[g/r g/c d]" || m.State() != machine.Ended {
		t.Errorf("%s %s", got, m.State())
	}
}

// TestBackoff: delays grow, stay under their bound, follow the service when it
// asks for more, and are the same at each replay.
func TestBackoff(t *testing.T) {
	t.Parallel()
	n := with(uses("a", nil), func(n *program.Node) {
		n.Retry = &program.Retry{Attempts: 9, Delay: "10s", Backoff: 3, MaxDelay: "2m"}
	})
	delays := func(details map[string]any) []time.Duration {
		m := machine.New(prog(n), start)
		now, out := start.StartedAt, []time.Duration(nil)
		for range 6 {
			next(t, m)
			err := types.Errorf(types.RateLimited, "slow down")
			err.Details = details
			apply(t, m, machine.Event{Kind: machine.Failed, Path: "a", Error: err, At: now})
			a := next(t, m)
			out = append(out, a.At.Sub(now))
			now = a.At
			apply(t, m, machine.Event{Kind: machine.Woken, Path: "a", At: now})
		}
		return out
	}
	got := delays(nil)
	for i, base := range []time.Duration{10, 30, 90, 270, 810, 2430} {
		low, high := min(base*time.Second*3/4, 2*time.Minute), min(base*time.Second*5/4, 2*time.Minute)
		if got[i] < low || got[i] > high {
			t.Errorf("delay %d is %s, want %s to %s", i, got[i], low, high)
		}
	}
	if diff := cmp.Diff(got, delays(nil)); diff != "" {
		t.Error(diff)
	}
	if asked := delays(map[string]any{"retry_after": "300"}); asked[0] != 5*time.Minute {
		t.Errorf("the service asked for 5m, got %s", asked[0])
	}
}

// TestBackoffSpreads: many runs that failed at once do not come back at once, but
// over half of the delay, nor does a run wait as much longer each time.
func TestBackoffSpreads(t *testing.T) {
	t.Parallel()
	n := with(uses("a", nil), func(n *program.Node) { n.Retry = &program.Retry{Attempts: 3, Delay: "100s"} })
	waits, same := [2][]time.Duration{}, 0
	for run := range 200 {
		begin := start
		begin.Run = fmt.Sprint("run-", run)
		m, now := machine.New(prog(n), begin), start.StartedAt
		for i := range waits {
			next(t, m)
			apply(t, m, machine.Event{Kind: machine.Failed, Path: "a", Error: types.Errorf(types.Unavailable, "down"), At: now})
			until := next(t, m).At
			waits[i] = append(waits[i], until.Sub(now))
			now = until
			apply(t, m, machine.Event{Kind: machine.Woken, Path: "a", At: now})
		}
		if waits[0][run] == waits[1][run] {
			same++
		}
	}
	if same > 10 {
		t.Errorf("%d of 200 runs wait the same twice", same)
	}
	for i := range waits {
		slices.Sort(waits[i])
		if low, high := waits[i][0], waits[i][199]; low > 80*time.Second || high < 120*time.Second || len(slices.Compact(waits[i])) < 190 {
			t.Errorf("after attempt %d, 200 runs wait %s to %s", i+1, low, high)
		}
	}
}

// TestBreakIfThatFailsStaysSo: the item before it is done, and what comes behind it
// has not begun, also when the run is taken up again.
func TestBreakIfThatFailsStaysSo(t *testing.T) {
	t.Parallel()
	p := prog(with(uses("l", nil), func(n *program.Node) { n.ForEach, n.BreakIf = `["p", "q"]`, "1 / 0 > 1" }))
	w := newWorld()
	m := drive(t, p, w, first)
	for range 2 {
		f := m.Failure()
		if f == nil || f.Path != "l" || f.Error.Code != types.BadInput {
			t.Fatalf("failure %+v", f)
		}
		apply(t, m, machine.Event{Kind: machine.Retried, Path: "l"})
		m = clone(t, m, p)
	}
	if diff := cmp.Diff([]string{"l[p]"}, w.done); diff != "" || len(m.Next()) > 0 {
		t.Error(diff, m.Next())
	}
}
