package machine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

var start = machine.Start{Run: "r", StartedAt: time.Date(2026, 1, 15, 23, 30, 0, 0, time.UTC)}

func prog(nodes ...program.Node) *program.Program {
	return &program.Program{Skill: "t", Inputs: types.Values{"on": true, "off": false, "n": 3}, Steps: nodes}
}

func uses(id string, with types.Values) program.Node {
	return program.Node{ID: id, Kind: program.Uses, Step: "look", Effect: "read", With: with}
}

func done(path string, out types.Values) machine.Event {
	return machine.Event{Kind: machine.Done, Path: path, Output: out, At: start.StartedAt}
}

// next returns the one action the machine asks for.
func next(t *testing.T, m *machine.Machine) machine.Action {
	t.Helper()
	actions := m.Next()
	if len(actions) != 1 {
		t.Fatalf("got %d actions, want 1 (state %s, failure %+v)", len(actions), m.State(), m.Failure())
	}
	return actions[0]
}

func apply(t *testing.T, m *machine.Machine, e machine.Event) {
	t.Helper()
	if err := m.Apply(e); err != nil {
		t.Fatal(err)
	}
}

func TestSequence(t *testing.T) {
	t.Parallel()
	p := prog(
		uses("a", types.Values{"x": "${{ inputs.n }}"}),
		program.Node{ID: "b", Kind: program.Set, Values: []program.Binding{{Name: "v", Value: types.Dynamic{V: "got ${{ steps.a.y }}"}}}},
		program.Node{ID: "skipped", Kind: program.Uses, Step: "look", If: "inputs.off"},
		uses("c", types.Values{"x": "${{ steps.b.v }}", "absent": "${{ steps.skipped?.z }}"}),
	)
	p.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ steps.c.y }}"}}}
	m := machine.New(p, start)
	a := next(t, m)
	if diff := cmp.Diff(types.Values{"x": 3}, a.Input); diff != "" {
		t.Error(diff)
	}
	if got := m.Result(); cmp.Diff([]string{"o"}, got.Missing) != "" {
		t.Errorf("before the end, missing outputs are %v", got.Missing)
	}
	apply(t, m, done("a", types.Values{"y": "one"}))
	a = next(t, m)
	if diff := cmp.Diff(types.Values{"x": "got one"}, a.Input); diff != "" {
		t.Error(diff)
	}
	apply(t, m, done("c", types.Values{"y": "two"}))
	if m.Next() != nil || m.State() != machine.Ended {
		t.Errorf("state %s, want done", m.State())
	}
	if got := m.Result().Outputs["o"]; got != "two" {
		t.Errorf("output %v", got)
	}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	n := uses("a", nil)
	n.Errors = map[types.Code]string{types.NotFound: "no ${{ inputs.n }}: ${{ error.message }}"}
	m := machine.New(prog(n), start)
	next(t, m)
	apply(t, m, machine.Event{Kind: machine.Failed, Path: "a", Error: types.Errorf(types.NotFound, "gone")})
	if m.State() != machine.Broken || m.Next() != nil {
		t.Fatalf("state %s", m.State())
	}
	if got := m.Failure().Error.Message; got != "no 3: gone" {
		t.Errorf("message %q", got)
	}
	apply(t, m, machine.Event{Kind: machine.Retried, Path: "a"})
	if a := next(t, m); a.Path != "a" {
		t.Errorf("after the retry the machine stands at %s", a.Path)
	}
}

func TestAssertAndFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		node program.Node
		code types.Code
		msg  string
	}{
		{program.Node{ID: "x", Kind: program.Assert, Cond: "inputs.off", Message: "n is ${{ inputs.n }}", Code: types.Conflict}, types.Conflict, "n is 3"},
		{program.Node{ID: "x", Kind: program.Fail, Message: "stop"}, types.BadInput, "stop"},
		{program.Node{ID: "x", Kind: program.Assert, Cond: "inputs.n / 0 > 1", Message: "m"}, types.BadInput, ""},
	} {
		m := machine.New(prog(tt.node), start)
		m.Next()
		if tt.msg == "" {
			continue // expr decides; only that nothing panics
		}
		f := m.Failure()
		if f == nil || f.Error.Code != tt.code || f.Error.Message != tt.msg {
			t.Errorf("%s: failure %+v", tt.node.Kind, f)
		}
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	n := program.Node{ID: "w", Kind: program.Await, Step: "look", Effect: "read",
		Until: "result.state == 'open'", FailIf: "result.state == 'closed'", Message: "it is ${{ result.state }}", Every: "30s", Timeout: "1m"}
	poll := func(m *machine.Machine, state string, after time.Duration) {
		t.Helper()
		apply(t, m, machine.Event{Kind: machine.Done, Path: "w", Output: types.Values{"state": state}, At: start.StartedAt.Add(after)})
	}
	m := machine.New(prog(n), start)
	next(t, m)
	poll(m, "draft", 0)
	if a := next(t, m); a.Kind != machine.Wait || !a.At.Equal(start.StartedAt.Add(30*time.Second)) || m.State() != machine.Waiting {
		t.Fatalf("after the first poll: %+v, state %s", a, m.State())
	}
	apply(t, m, machine.Event{Kind: machine.Woken, Path: "w"})
	if a := next(t, m); a.Kind != machine.Call {
		t.Fatalf("woken, the machine asks for %s", a.Kind)
	}
	closed := clone(t, m, prog(n))
	poll(closed, "closed", 40*time.Second)
	if f := closed.Failure(); f == nil || f.Error.Code != types.Conflict || f.Error.Message != "it is closed" {
		t.Errorf("closed: %+v", f)
	}
	late := clone(t, m, prog(n))
	poll(late, "draft", 2*time.Minute)
	if f := late.Failure(); f == nil || f.Error.Code != types.Timeout {
		t.Errorf("late: %+v", f)
	}
	poll(m, "open", 40*time.Second)
	if m.State() != machine.Ended {
		t.Errorf("state %s", m.State())
	}
}

// TestApprove: a question is asked once all before it is done, nothing behind it
// begins without the answer, and the answer is its result.
func TestApprove(t *testing.T) {
	t.Parallel()
	n := program.Node{ID: "ok", Kind: program.Approve, Name: "Agree to ${{ inputs.n }}", Message: "Write ${{ steps.a.y }}?",
		Show: types.Dynamic{V: map[string]any{"n": "${{ inputs.n }}", "list": []any{"${{ steps.a.y }}"}}}}
	p := prog(uses("a", nil), n, uses("b", types.Values{"by": "${{ steps.ok.by }}", "at": "${{ steps.ok.at }}"}))
	m := machine.New(p, start)
	next(t, m)
	apply(t, m, done("a", types.Values{"y": "one"}))
	asked := next(t, m)
	want := machine.Action{Kind: machine.Ask, Path: "ok", Node: "ok", Name: "Agree to 3", Def: &p.Steps[1],
		Input: types.Values{"message": "Write one?", "show": map[string]any{"n": 3, "list": []any{"one"}}}}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Fatal(diff)
	}
	if m.State() != machine.Waiting {
		t.Errorf("while it asks the machine is %s", m.State())
	}
	if notes := m.Notes(); notes[len(notes)-1].Kind != machine.Started || notes[len(notes)-1].Node != "ok" {
		t.Errorf("notes %+v", notes)
	}
	if err := m.Apply(machine.Event{Kind: machine.Woken, Path: "ok"}); types.CodeOf(err) != types.Internal {
		t.Errorf("woken while it asks: %v", err)
	}
	m = clone(t, m, p)
	if diff := cmp.Diff(want, next(t, m)); diff != "" || m.State() != machine.Waiting {
		t.Fatalf("restored, state %s: %s", m.State(), diff)
	}
	refused := clone(t, m, p)
	apply(t, refused, machine.Event{Kind: machine.Failed, Path: "ok", Error: types.Errorf(types.Cancelled, "no")})
	if refused.State() != machine.Broken || refused.Next() != nil {
		t.Errorf("refused, state %s", refused.State())
	}
	apply(t, refused, machine.Event{Kind: machine.Retried, Path: "ok"})
	if diff := cmp.Diff(want, next(t, refused)); diff != "" {
		t.Errorf("after the retry: %s", diff)
	}
	apply(t, m, done("ok", types.Values{"by": "ada", "at": "2026-01-15T10:00:00Z"}))
	if diff := cmp.Diff(types.Values{"by": "ada", "at": "2026-01-15T10:00:00Z"}, next(t, m).Input); diff != "" {
		t.Error(diff)
	}
}

// TestApproveWithoutMuch: what is absent is not shown, a condition skips the
// question, and a question that cannot be put into words fails the run.
func TestApproveWithoutMuch(t *testing.T) {
	t.Parallel()
	absent := program.Node{ID: "no", Kind: program.Uses, Step: "look", If: "inputs.off"}
	bare := program.Node{ID: "x", Kind: program.Approve, Message: "go?", Show: types.Dynamic{V: "${{ steps.no?.y }}"}}
	m := machine.New(prog(absent, bare), start)
	if diff := cmp.Diff(types.Values{"message": "go?"}, next(t, m).Input); diff != "" {
		t.Error(diff)
	}
	skipped := bare
	skipped.If = "inputs.off"
	if m := machine.New(prog(absent, skipped), start); m.Next() != nil || m.State() != machine.Ended {
		t.Errorf("skipped: state %s", m.State())
	}
	for _, broken := range []program.Node{
		{ID: "x", Kind: program.Approve, Message: "${{ [1][inputs.n] }}"},
		{ID: "x", Kind: program.Approve, Message: "go?", Show: types.Dynamic{V: []any{"${{ [1][inputs.n] }}"}}},
	} {
		if m := machine.New(prog(broken), start); m.Next() != nil || m.State() != machine.Broken {
			t.Errorf("state %s", m.State())
		}
	}
}

// clone goes through Snapshot and Restore.
func clone(t *testing.T, m *machine.Machine, p *program.Program) *machine.Machine {
	t.Helper()
	c, err := machine.Restore(p, start, m.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSnapshotAnywhere takes the machine apart and puts it together after each
// event; it must ask for the same as one that was left alone.
func TestSnapshotAnywhere(t *testing.T) {
	t.Parallel()
	p := prog(
		uses("a", nil),
		program.Node{ID: "s", Kind: program.Set, Values: []program.Binding{{Name: "big", Value: types.Dynamic{V: "${{ steps.a.n }}"}}}},
		program.Node{ID: "no", Kind: program.Uses, Step: "look", If: "inputs.off", Drop: []string{"a"}},
		uses("b", types.Values{"n": "${{ steps.s.big }}", "none": "${{ steps.no?.x }}"}),
		uses("c", types.Values{"n": "${{ steps.b.n }}"}),
	)
	straight, cut := machine.New(p, start), machine.New(p, start)
	for i, path := range []string{"a", "b", "c"} {
		cut = clone(t, cut, p)
		want, got := next(t, straight), next(t, cut)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("action %d: %s", i, diff)
		}
		e := done(path, types.Values{"n": 1<<53 + 1})
		apply(t, straight, e)
		apply(t, cut, e)
	}
	if straight.Next() != nil || cut.Next() != nil || cut.State() != machine.Ended {
		t.Errorf("states %s and %s", straight.State(), cut.State())
	}
}

func TestForeignEvents(t *testing.T) {
	t.Parallel()
	m := machine.New(prog(uses("a", nil)), start)
	for _, e := range []machine.Event{
		{Kind: machine.Done, Path: "b"}, {Kind: "odd", Path: "a"}, {Kind: machine.Retried, Path: "a"},
	} {
		if err := m.Apply(e); types.CodeOf(err) != types.Internal {
			t.Errorf("%s at %s: %v", e.Kind, e.Path, err)
		}
	}
}

// TestPlan feeds unknown results: what reads them is unknown, what does not is
// as it will be.
func TestPlan(t *testing.T) {
	t.Parallel()
	p := prog(
		uses("a", nil),
		program.Node{ID: "cond", Kind: program.Uses, Step: "look", Effect: "write", If: "steps.a.ok", With: types.Values{
			"title": "release ${{ steps.a.key }}", "n": "${{ inputs.n }}", "key": "${{ steps.a.key }}"}},
	)
	m := machine.New(p, start)
	next(t, m)
	apply(t, m, machine.Event{Kind: machine.Done, Path: "a", Unknown: true})
	a := next(t, m)
	if !a.Undecided {
		t.Error("a condition on an unknown is not marked undecided")
	}
	if diff := cmp.Diff([]string{"key", "title"}, a.Unknown); diff != "" {
		t.Error(diff)
	}
	if got := types.Show(a.Input["title"]); got != "release (known after a)" {
		t.Errorf("title %q", got)
	}
}

// TestPlanApprove: in a plan a question shows what is not known yet as such, and
// so is who will agree.
func TestPlanApprove(t *testing.T) {
	t.Parallel()
	p := prog(
		uses("a", nil),
		program.Node{ID: "ok", Kind: program.Approve, If: "steps.a.ok", Message: "Go on with ${{ steps.a.key }}?", Show: types.Dynamic{V: "${{ steps.a.key }}"}},
		uses("b", types.Values{"by": "${{ steps.ok?.by }}"}),
	)
	m := machine.New(p, start)
	next(t, m)
	apply(t, m, machine.Event{Kind: machine.Done, Path: "a", Unknown: true})
	a := next(t, m)
	if diff := cmp.Diff([]string{"message", "show"}, a.Unknown); diff != "" || !a.Undecided || a.Kind != machine.Ask {
		t.Errorf("%s, undecided %v: %s", a.Kind, a.Undecided, diff)
	}
	if got := types.Show(a.Input["message"]); got != "Go on with (known after a)?" {
		t.Errorf("message %q", got)
	}
	apply(t, m, machine.Event{Kind: machine.Done, Path: "ok", Unknown: true})
	if got := types.Show(next(t, m).Input["by"]); got != "(known after ok)" {
		t.Errorf("by %q", got)
	}
}

// TestResultsAreData: what came from outside and looks like an expression stays
// as it is, however often it is handed on.
func TestResultsAreData(t *testing.T) {
	t.Parallel()
	const hostile = "${{ inputs.n }} %{{ if true }}x%{{ end }}"
	m := machine.New(prog(
		uses("a", types.Values{"x": 1}),
		program.Node{ID: "s", Kind: program.Set, Values: []program.Binding{{Name: "v", Value: types.Dynamic{V: "${{ steps.a.y }}"}}}},
		uses("b", types.Values{"whole": "${{ steps.s.v }}", "part": "got: ${{ steps.s.v }}"}),
	), start)
	next(t, m)
	apply(t, m, done("a", types.Values{"y": hostile}))
	want := types.Values{"whole": hostile, "part": "got: " + hostile}
	if diff := cmp.Diff(want, next(t, m).Input); diff != "" {
		t.Error(diff)
	}
}
