package machine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLongLoop: an item costs the same at the end as at the beginning, and
// leaves nothing behind.
func TestLongLoop(t *testing.T) {
	t.Parallel()
	n := with(group("l", set("s", "${{ item * 2 }}"), uses("u", types.Values{"x": "${{ steps.s.v }}"})), func(n *program.Node) {
		n.ForEach, n.MaxParallel, n.Drop = "1..2000", 4, []string{"l"}
	})
	m := machine.New(prog(n), start)
	for i := range 2000 {
		actions := m.Next()
		m.Notes()
		if want := min(4, 2000-i); len(actions) != want {
			t.Fatalf("after %d items %d are out, want %d", i, len(actions), want)
		}
		apply(t, m, done(actions[0].Path, types.Values{"x": 1}))
		if i == 1000 && len(m.Snapshot()) > 40_000 {
			t.Errorf("in the middle of the loop the machine is %d bytes", len(m.Snapshot()))
		}
	}
	if len(m.Next()) != 0 || m.State() != machine.Ended {
		t.Error(m.State(), m.Failure())
	}
}

// TestStrayEvents: what does not belong to where the machine stands is refused,
// and changes nothing.
func TestStrayEvents(t *testing.T) {
	t.Parallel()
	n := with(uses("a", nil), func(n *program.Node) { n.Retry = &program.Retry{Attempts: 2, Delay: "5s"} })
	m := machine.New(prog(n, uses("b", nil)), start)
	next(t, m)
	for _, e := range []machine.Event{
		{Kind: machine.Done, Path: "b"}, {Kind: machine.Dropped, Path: "a"}, {Kind: machine.TimedOut, Path: "a"},
		{Kind: machine.Retried, Path: "a"}, {Kind: "odd", Path: "a"}, {Kind: machine.Woken, Path: "x"},
	} {
		if err := m.Apply(e); types.CodeOf(err) != types.Internal {
			t.Errorf("%s at %s: %v", e.Kind, e.Path, err)
		}
	}
	apply(t, m, machine.Event{Kind: machine.Failed, Path: "a", Error: types.Errorf(types.Network, "x"), At: start.StartedAt})
	if err := m.Apply(done("a", nil)); err == nil || errors.Is(err, nil) {
		t.Error("a result while it waits for the next attempt")
	}
	if a := next(t, m); a.Kind != machine.Wait || !a.Retry {
		t.Errorf("%+v", a)
	}
}

// TestEndlessComputing: loops in loops that do nothing come to an end, and no
// on_item_error takes that on.
func TestEndlessComputing(t *testing.T) {
	t.Parallel()
	inner := with(set("s", "${{ item }}"), func(n *program.Node) { n.ForEach, n.Drop = "1..50000", []string{"s"} })
	loop := with(group("l", inner), func(n *program.Node) {
		n.ForEach, n.As, n.OnItemError, n.Drop = "1..50000", "i", true, []string{"l"}
	})
	outer := with(group("g", loop), func(n *program.Node) { n.Always = []program.Node{uses("c", nil)} })
	m := machine.New(prog(outer), machine.Start{Run: "r", StartedAt: start.StartedAt, Observe: func(machine.Note) {}})
	a := next(t, m)
	if !strings.HasSuffix(a.Path, "/c") {
		t.Errorf("it is at %s", a.Path)
	}
	apply(t, m, done(a.Path, nil))
	if f := m.Failure(); f == nil || f.Error.Code != types.BadInput || !strings.Contains(f.Error.Message, "computed without doing anything") {
		t.Errorf("%+v", m.Failure())
	}
}
