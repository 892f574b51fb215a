package machine_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRoomIsKept: never more steps of a parallel group are out than there is
// room for.
func TestRoomIsKept(t *testing.T) {
	t.Parallel()
	g := group("g", uses("a", nil), uses("b", nil), uses("c", nil), uses("d", nil), uses("e", nil), uses("f", nil))
	g.Parallel, g.MaxParallel = true, 2
	for _, pick := range []func(int) int{first, last} {
		m, w := machine.New(prog(g, uses("z", nil)), start), newWorld()
		for {
			actions := m.Next()
			if len(actions) == 0 {
				break
			}
			if len(actions) > 2 {
				t.Fatalf("after %v %d are out", w.done, len(actions))
			}
			apply(t, m, w.event(actions[pick(len(actions))]))
		}
		if len(w.done) != 7 {
			t.Errorf("performed %v", w.done)
		}
	}
}

// TestTwinsStayRefused: a loop whose items have one key is refused as often as
// a person takes the run up.
func TestTwinsStayRefused(t *testing.T) {
	t.Parallel()
	l := with(write("l"), func(n *program.Node) { n.ForEach = `["p", "q", "p"]` })
	m, w := machine.New(prog(uses("a", nil), l), start), newWorld()
	m = finish(t, m, prog(uses("a", nil), l), w)
	for range 2 {
		f := m.Failure()
		if f == nil || f.Path != "l" || len(w.done) != 1 {
			t.Fatalf("%+v after %v", f, w.done)
		}
		apply(t, m, machine.Event{Kind: machine.Retried, Path: f.Path})
		m = finish(t, m, prog(uses("a", nil), l), w)
	}
}

// TestCalledDefaultsInside: what an argument leaves out inside has its default.
func TestCalledDefaultsInside(t *testing.T) {
	t.Parallel()
	member := types.Field{Name: "loud", Type: types.OfKind(types.Boolean), Default: true}
	p := prog(program.Node{ID: "s", Kind: program.Skill, With: types.Values{"o": map[string]any{}}, Call: &program.Call{
		Skill: "other", Inputs: types.ObjectOf(types.Field{Name: "o", Type: types.ObjectOf(member)}), Steps: []program.Node{uses("in", types.Values{"x": "${{ inputs.o.loud }}"})},
	}})
	if a := next(t, machine.New(p, start)); a.Input["x"] != true {
		t.Errorf("%+v", a.Input)
	}
}

// TestSkillRetried: what an attempt of a called skill did not come to is there
// after one that did.
func TestSkillRetried(t *testing.T) {
	t.Parallel()
	s := program.Node{ID: "s", Kind: program.Skill, Retry: &program.Retry{Attempts: 2}, Call: &program.Call{
		Skill: "other", Inputs: types.ObjectOf(), Steps: []program.Node{uses("in", nil), uses("behind", nil)}, Outputs: out("${{ steps.in.y }} ${{ steps.behind.y }}"),
	}}
	p := prog(s)
	p.Outputs = out("${{ steps.s.o }}")
	m := drive(t, p, newWorld("s/in=conflict"), first)
	if r := m.Result(); r.Outputs["o"] != "s/in s/behind" {
		t.Errorf("%+v", r)
	}
}

// TestFailedReturn: a return whose cleaning up failed did not happen.
func TestFailedReturn(t *testing.T) {
	t.Parallel()
	back := program.Node{ID: "back", Kind: program.Return, If: `steps.a.n == 1`, Values: []program.Binding{{Name: "o", Value: types.Dynamic{V: "early"}}}}
	g := group("g", uses("a", nil), back, uses("b", nil))
	g.Always = []program.Node{uses("c", nil)}
	outer := group("h", g)
	outer.Rescue = []program.Node{uses("r", nil)}
	retried := with(g, func(n *program.Node) { n.Retry = &program.Retry{Attempts: 2} })
	goesOn := with(g, func(n *program.Node) { n.OnError = true })
	for name, tt := range map[string]struct {
		node program.Node
		want string
	}{
		"rescued":  {outer, "h/g/a h/g/c! h/r z"},
		"retried":  {retried, "g/a g/c! g/a g/b g/c z"},
		"on_error": {goesOn, "g/a g/c! z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := prog(tt.node, uses("z", nil))
			p.Outputs = out("late")
			m, w := machine.New(p, start), newWorld("g/c=conflict", "h/g/c=conflict")
			for n := 1; len(m.Next()) > 0; n++ {
				a := m.Next()[0]
				e := w.event(a)
				if a.Node == "a" {
					e.Output["n"] = n
				}
				apply(t, m, e)
				m = clone(t, m, p)
			}
			if got := strings.Join(w.done, " "); got != tt.want || m.Result().Outputs["o"] != "late" {
				t.Errorf("performed %s, want %s; output %v", got, tt.want, m.Result().Outputs)
			}
		})
	}
}

// TestUnsettledIsNotPassed: behind a write that may have happened only that
// write is tried again; no attempt of what stands around it begins again.
func TestUnsettledIsNotPassed(t *testing.T) {
	t.Parallel()
	tries := &program.Retry{Attempts: 2}
	g := with(group("g", uses("a", nil), write("w")), func(n *program.Node) { n.Retry = tries })
	s := program.Node{ID: "s", Kind: program.Skill, Retry: tries, Call: &program.Call{Skill: "other", Inputs: types.ObjectOf(), Steps: []program.Node{uses("a", nil), write("w")}}}
	w := with(write("w"), func(n *program.Node) { n.Retry = tries })
	for name, tt := range map[string]struct {
		node program.Node
		fail string
		want string
	}{
		"of a group":          {g, "g/w", "g/a g/w!"},
		"of a called skill":   {s, "s/w", "s/a s/w!"},
		"of the write itself": {w, "w", "w! w z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(tt.fail + "=unknown_outcome")
			drive(t, prog(tt.node, uses("z", nil)), w, first)
			if diff := cmp.Diff(tt.want, strings.Join(w.done, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnsettledBeside: a write that may have happened counts for more than what
// failed beside it, before and after: no rescue passes over it.
func TestUnsettledBeside(t *testing.T) {
	t.Parallel()
	beside := with(group("g", uses("a", nil), write("w"), uses("b", nil)), func(n *program.Node) { n.Parallel, n.OnError = true, true })
	loop := with(write("l"), func(n *program.Node) { n.ForEach, n.MaxParallel = `["a", "w", "b"]`, 3 })
	for _, node := range []program.Node{beside, group("o", loop)} {
		node.Rescue = []program.Node{uses("r", nil)}
		m := machine.New(prog(node), start)
		for _, a := range m.Next() {
			e := machine.Event{Kind: machine.Failed, Path: a.Path, Error: types.Errorf(types.Conflict, "x")}
			if strings.Contains(a.Path, "w") {
				e.Error, e.Unsettled = types.Errorf(types.UnknownOutcome, "x"), true
			}
			apply(t, m, e)
		}
		if f := m.Failure(); f == nil || !f.Unsettled || !strings.Contains(f.Path, "w") {
			t.Errorf("%+v, and then %+v", f, m.Next())
		}
	}
}

// TestIdentity: an action carries the identity of the called skills around it,
// also in a restored machine, in a group, and in a remedy.
func TestIdentity(t *testing.T) {
	t.Parallel()
	called := func(id string, identity []string, nodes ...program.Node) program.Node {
		return program.Node{ID: id, Kind: program.Skill, With: types.Values{"n": "${{ inputs.n }}"}, Call: &program.Call{
			Skill: id, Inputs: types.ObjectOf(), Identity: identity, Config: types.Values{"c": "x"}, Steps: nodes,
		}}
	}
	cured := with(uses("f", nil), func(n *program.Node) {
		n.Retry = &program.Retry{Attempts: 2, Before: []program.Node{uses("login", nil)}}
	})
	inner := called("inner", []string{"inputs.n", "config.c"}, group("g", uses("a", nil), cured))
	p := prog(uses("z", nil), called("outer", []string{"inputs.n"}, called("plain", nil, inner), uses("b", nil)))
	got := map[string][]string{}
	m, w := machine.New(p, start), newWorld("outer/plain/inner/g/f=conflict")
	for len(m.Next()) > 0 {
		a := m.Next()[0]
		got[a.Path] = a.Identity
		apply(t, m, w.event(a))
		m = clone(t, m, p)
	}
	hash := func(values string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(values))) }
	both := []string{hash("[3]"), hash(`[3,"x"]`)}
	if diff := cmp.Diff(map[string][]string{
		"z": nil, "outer/b": {hash("[3]")}, "outer/plain/inner/g/a": both, "outer/plain/inner/g/f": both, "outer/plain/inner/g/f/before.1/login": both,
	}, got); diff != "" {
		t.Error(diff)
	}
}
