package local_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// three is a run that has written first, second and third.
func three(t *testing.T) *mending {
	t.Helper()
	titled := func(id string) program.Node { return node(id, "make", "write", types.Values{"title": id}) }
	m := newMending(titled("first"), titled("second"), titled("third"))
	m.stuck = map[string]error{}
	if o := m.run(t); o.State != runtime.Done {
		t.Fatal(o.State)
	}
	return m
}

// undo undoes what the list says, and returns the state of the run then.
func (m *mending) undo(ctx context.Context, t *testing.T) (journal.State, error) {
	t.Helper()
	list, err := rt.Reversals(ctx, m.o)
	if err == nil {
		err = rt.Undo(ctx, m.o, list)
	}
	return journal.Summarize(m.j.Records()).State, err
}

// TestUndoLooksFirst: every effect is looked at before the first is reversed, and
// all that stands in the way is told, of several effects too.
func TestUndoLooksFirst(t *testing.T) {
	t.Parallel()
	m := three(t)
	m.stuck["first"] = types.Errorf(types.Conflict, "merged")
	m.stuck["third"] = types.Errorf(types.Forbidden, "not yours")
	before := len(m.j.Records())
	list, err := rt.Reversals(t.Context(), m.o)
	if err != nil {
		t.Fatal(err)
	}
	var says []string
	for _, x := range list {
		why := ""
		if x.Stuck != nil {
			why = " " + string(x.Stuck.Code)
		}
		says = append(says, x.Path+why)
	}
	if d := cmp.Diff([]string{"third forbidden", "second", "first conflict"}, says); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"first", "second", "third"}, m.looked); d != "" || len(m.undone) > 0 || len(m.j.Records()) != before {
		t.Errorf("%s, undone %v, %d records", d, m.undone, len(m.j.Records())-before)
	}
}

// TestPartlyUndone: what can be undone is, when a person wants that; the run is
// partly undone then, and undo continues from there.
func TestPartlyUndone(t *testing.T) {
	t.Parallel()
	m := three(t)
	m.stuck["second"] = types.Errorf(types.Conflict, "merged")
	for range 2 {
		state, err := m.undo(t.Context(), t)
		if state != journal.StatePartlyUndone || types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "second (close T-1 (second)): merged") {
			t.Errorf("%s %v", state, err)
		}
		if d := cmp.Diff([]string{"third T-1", "first T-1"}, m.undone); d != "" {
			t.Error(d)
		}
	}
	delete(m.stuck, "second")
	for range 2 {
		if state, err := m.undo(t.Context(), t); state != journal.StateUndone || err != nil {
			t.Errorf("%s %v", state, err)
		}
	}
	if d := cmp.Diff([]string{"third T-1", "first T-1", "second T-1"}, m.undone); d != "" {
		t.Error(d)
	}
}

// TestDoneStaysDone: a run of which surely nothing was reversed is what it was;
// where that is not sure, it is partly undone.
func TestDoneStaysDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		code types.Code
		want journal.State
	}{
		{types.Conflict, journal.StateDone}, {types.Forbidden, journal.StateDone}, {types.Auth, journal.StateDone},
		{types.Network, journal.StatePartlyUndone}, {types.UnknownOutcome, journal.StatePartlyUndone}, {types.Internal, journal.StatePartlyUndone},
	} {
		m := three(t)
		m.stops = types.Errorf(tt.code, "no")
		if state, err := m.undo(t.Context(), t); state != tt.want || types.CodeOf(err) != tt.code {
			t.Errorf("%s: %s %v", tt.code, state, err)
		}
		m.stuck["first"], m.stuck["second"], m.stuck["third"] = types.Errorf(types.Conflict, "1"), types.Errorf(types.Conflict, "2"), types.Errorf(types.Conflict, "3")
		if state, err := m.undo(t.Context(), t); state != tt.want || types.CodeOf(err) != types.Conflict {
			t.Errorf("%s, all stuck: %s %v", tt.code, state, err)
		}
	}
}

// TestUndoCutAnywhere: an undo that is killed after any of its records is partly
// undone, continues, and reverses each effect; a run is undone then.
func TestUndoCutAnywhere(t *testing.T) {
	t.Parallel()
	whole := three(t)
	done := len(whole.j.Records())
	if state, err := whole.undo(t.Context(), t); state != journal.StateUndone || err != nil {
		t.Fatalf("%s %v", state, err)
	}
	records := whole.j.Records()
	for cut := done + 1; cut < len(records); cut++ {
		m := three(t)
		for _, r := range records[done:cut] {
			if err := m.j.Append(r, true); err != nil {
				t.Fatal(err)
			}
		}
		if state := journal.Summarize(m.j.Records()).State; state != journal.StatePartlyUndone {
			t.Errorf("cut after %d: %s", cut-done, state)
		}
		if state, err := m.undo(t.Context(), t); state != journal.StateUndone || err != nil {
			t.Errorf("cut after %d: %s %v", cut-done, state, err)
		}
		before := 0
		for _, r := range records[done:cut] {
			if r.Kind == journal.Undone {
				before++
			}
		}
		if len(m.undone) != 3-before {
			t.Errorf("cut after %d: undid %v, want the last %d", cut-done, m.undone, 3-before)
		}
	}
}

// TestUndoOfWhatBeganAnew: an effect that a group found again when it began again is
// one effect.
func TestUndoOfWhatBeganAnew(t *testing.T) {
	t.Parallel()
	g := program.Node{ID: "g", Kind: program.Group,
		Steps:  []program.Node{made, {ID: "ok", Kind: program.Assert, Cond: `steps.seen.state == "open"`, Message: "not yet"}},
		Always: []program.Node{node("z", "look", "read", types.Values{"title": "z"})},
	}
	m := newMending(node("seen", "look", "read", types.Values{"title": "s"}), g)
	m.state = "closed"
	if o := m.run(t); o.State != runtime.Failed {
		t.Fatal(o.State)
	}
	m.run(t)
	list, err := rt.Reversals(t.Context(), m.o)
	if err != nil || len(list) != 1 || list[0].Adopted || !list[0].Can() {
		t.Fatalf("%+v %v", list, err)
	}
	if state, err := m.undo(t.Context(), t); state != journal.StateUndone || err != nil || len(m.undone) != 1 {
		t.Errorf("%s %v, undid %v", state, err, m.undone)
	}
}
