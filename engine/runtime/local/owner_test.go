package local_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// kill runs until the send, and dies in it: the write is out, and not written down.
func (m *mending) kill(t *testing.T) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	m.dies, m.answer = kill, []error{types.Errorf(types.UnknownOutcome, "cut")}
	if o, err := rt.Run(ctx, m.o); err != nil || o.State != runtime.Interrupted {
		t.Fatalf("%s %v", o.State, err)
	}
	m.dies = nil
}

// TestWhoseItIs: an undo takes back what its run made, also what an earlier process
// of it made and what was found after a lost answer. What another run made is left
// to that run, unless a person wants it all the same.
func TestWhoseItIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, outcome, maker string
		before               func(*mending, *testing.T)
		own                  bool
		why                  string
	}{
		{"made here", "created ", "", nil, true, ""},
		{"made by an earlier process", "created journal", "", func(m *mending, t *testing.T) { m.run(t) }, true, ""},
		{"its answer was lost", "created world", "", (*mending).kill, true, ""},
		{"found by its first look", "adopted world", "", func(m *mending, _ *testing.T) { m.seed("x") }, false, "another run of the same work made it; to undo it too: skillrun undo run --adopted"},
		{"found, and it is known whose it is", "adopted world", "other", func(m *mending, _ *testing.T) { m.seed("x") }, false, "run other made it; to undo it: skillrun undo other"},
		{"found after a kill before the first look", "created world", "other", func(m *mending, t *testing.T) {
			m.seed("x")
			m.announced(t)
		}, false, "run other made it; to undo it: skillrun undo other"},
	} {
		m := newMending(made)
		m.o.Header.ID = "run"
		if tt.maker != "" {
			m.o.MadeBy = func(string) string { return tt.maker }
		}
		if tt.before != nil {
			tt.before(m, t)
		}
		o := m.run(t)
		if d := cmp.Diff([]string{tt.outcome}, outcomes(o)); o.State != runtime.Done || d != "" || m.sends > 1 || o.Effects[0].Reversible != (tt.own || tt.outcome != "adopted world") {
			t.Errorf("%s: %s, %d sends, %v", tt.name, o.State, m.sends, o.Effects)
		}
		list, err := rt.Reversals(t.Context(), m.o)
		if err != nil || len(list) != 1 || list[0].Can() != tt.own || list[0].Adopted == tt.own || !tt.own && !strings.Contains(list[0].Why, tt.why) {
			t.Errorf("%s: %+v %v", tt.name, list, err)
		}
		m.o.Adopted = true
		if state, err := m.undo(t.Context(), t); state != journal.StateUndone || err != nil || len(m.undone) != 1 {
			t.Errorf("%s, wanted all the same: %s %v %v", tt.name, state, err, m.undone)
		}
	}
}

// announced leaves what a process leaves that died before its first look.
func (m *mending) announced(t *testing.T) {
	t.Helper()
	rec := journal.Record{Kind: journal.Intent, At: began, Path: "w", Step: "make", Effect: string(step.Writes),
		Key: step.Key{Work: "work", Path: step.Hash(10, "w")}.String(), Input: []byte(`{"title":"x"}`)}
	if err := m.j.Append(rec, true); err != nil {
		t.Fatal(err)
	}
}

// TestMaker: a run has made what it sent, until it takes it back.
func TestMaker(t *testing.T) {
	t.Parallel()
	m := three(t)
	if got := runtime.OwnedKeys(m.j.Records(), false); len(got) != 3 {
		t.Error(got)
	}
	if _, err := m.undo(t.Context(), t); err != nil {
		t.Fatal(err)
	}
	if got := runtime.OwnedKeys(m.j.Records(), true); len(got) != 0 {
		t.Error(got)
	}
	killed := newMending(made)
	killed.kill(t)
	killed.run(t)
	if sure, unsure := runtime.OwnedKeys(killed.j.Records(), false), runtime.OwnedKeys(killed.j.Records(), true); len(sure) != 0 || len(unsure) != 1 {
		t.Error(sure, unsure)
	}
}
