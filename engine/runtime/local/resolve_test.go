package local_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// mending is a bench whose writes can be read back and undone.
type mending struct {
	*bench
	cut    bool // nothing can be looked up
	undone []string
	stops  error            // of the next undo
	stuck  map[string]error // why the undo of a title would be refused
	looked []string
}

func newMending(nodes ...program.Node) *mending {
	m := &mending{bench: newBench(nodes...)}
	resolve := func(_ context.Context, ref string, i in) (out, error) {
		if ref != "T-1" {
			return out{}, types.Errorf(types.NotFound, "there is no %s", ref)
		}
		return out{Key: ref, State: "open"}, nil
	}
	undo := func(_ context.Context, key step.Key, i in, o out) error {
		if m.stops != nil {
			err := m.stops
			m.stops = nil
			return err
		}
		m.undone = append(m.undone, i.Title+" "+o.Key)
		delete(m.issues, key.String())
		return nil
	}
	lookUndo := func(_ context.Context, _ step.Key, i in, _ out) error {
		m.looked = append(m.looked, i.Title)
		return m.stuck[i.Title]
	}
	say := func(i in, o out) string { return "close " + o.Key + " (" + i.Title + ")" }
	find := func(ctx context.Context, key step.Key, i in) (step.Found[out], error) {
		if m.cut {
			return step.Found[out]{}, types.Errorf(types.Network, "no route")
		}
		return m.find(ctx, key, i)
	}
	look := func(context.Context, in) (out, error) { return out{Key: "T-1", State: m.state}, nil }
	m.o.Catalogue = step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", look),
		step.Write("make", "Make.", m.make, step.Find(find), step.Resolve("the key of an issue, T-1", resolve),
			step.Undo(step.Undoing[in, out]{Describe: say, Check: lookUndo, Do: undo})),
		step.Write("blind", "Make without a way to look.", m.bench.make),
	})
	return m
}

// unknown lets the run stop because no one can tell.
func (m *mending) unknown(t *testing.T) {
	t.Helper()
	m.answer = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}
	m.dies = func() { m.blind = true }
	o := m.run(t)
	if o.State != runtime.Parked || o.Reason != runtime.ForUnknown || !strings.Contains(o.Failure.Error.Hint, "skillrun resolve "+m.o.Header.ID+" w ") {
		t.Fatalf("%s %s %+v", o.State, o.Reason, o.Failure)
	}
	m.dies = nil
}

func (m *mending) resolve(ref string, notDone bool) (runtime.Effect, error) {
	return rt.Resolve(context.Background(), m.o, runtime.Resolution{Path: "w", Ref: ref, NotDone: notDone, By: "ada"})
}

var made = node("w", "make", "write", types.Values{"title": "x"})

// TestResolveFound: what a person found is read back, and is the result.
func TestResolveFound(t *testing.T) {
	t.Parallel()
	m := newMending(made, node("after", "make", "write", types.Values{"title": "${{ steps.w.key }}"}))
	m.unknown(t)
	if _, err := m.resolve("T-9", false); types.CodeOf(err) != types.NotFound {
		t.Errorf("something else was found: %v", err)
	}
	e, err := m.resolve("T-1", false)
	if err != nil || e.Outcome != "resolved" || e.Result["key"] != "T-1" {
		t.Fatalf("%+v %v", e, err)
	}
	m.blind = false
	if o := m.run(t); o.State != runtime.Done || m.sends != 2 || m.issues["work-"+step.Hash(10, "after")] != "T-1" {
		t.Errorf("%s, %d sends, %v", o.State, m.sends, m.issues)
	}
	if _, err := m.resolve("T-1", false); types.CodeOf(err) != types.BadInput {
		t.Errorf("resolved twice: %v", err)
	}
}

// TestResolveFoundAfterCleanUp: what a person found is the result also when the
// run has cleaned up since, and begins the group around the step again; unless
// the step is to do something else now.
func TestResolveFoundAfterCleanUp(t *testing.T) {
	t.Parallel()
	for _, other := range []bool{false, true} {
		g := program.Node{ID: "g", Kind: program.Group,
			Steps:  []program.Node{node("look", "look", "read", types.Values{"title": "x"}), node("w", "make", "write", types.Values{"title": "${{ steps.look.state }}"})},
			Always: []program.Node{node("after", "look", "read", types.Values{"title": "y"})},
		}
		m := newMending(g)
		m.answer = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}
		m.dies = func() { m.cut = true }
		if o := m.run(t); o.State != runtime.Failed || !o.Failure.Unsettled {
			t.Fatalf("%s %s %+v", o.State, o.Reason, o.Failure)
		}
		e, err := rt.Resolve(t.Context(), m.o, runtime.Resolution{Path: "g/w", Ref: "T-1", By: "ada"})
		if err != nil || e.Outcome != "resolved" || e.Result["key"] != "T-1" {
			t.Fatalf("%+v %v", e, err)
		}
		if _, err := rt.Resolve(t.Context(), m.o, runtime.Resolution{Path: "g/w", Ref: "T-1", By: "ada"}); types.CodeOf(err) != types.BadInput {
			t.Errorf("resolved twice: %v", err)
		}
		if other {
			m.state = "closed"
			for range 2 {
				if o := m.run(t); o.State != runtime.Failed || o.Failure.Error.Code != types.Conflict || m.sends != 1 {
					t.Errorf("other arguments: %s %+v, %d sends", o.State, o.Failure, m.sends)
				}
			}
			continue
		}
		o := m.run(t)
		if o.State != runtime.Done || m.sends != 1 || len(o.Effects) != 1 || o.Effects[0].Outcome != "resolved" || o.Effects[0].Result["key"] != "T-1" {
			t.Errorf("%s %+v, %d sends, %+v", o.State, o.Failure, m.sends, o.Effects)
		}
	}
}

// TestResolveNotDone: a person's word counts, unless it can be seen that it
// happened.
func TestResolveNotDone(t *testing.T) {
	t.Parallel()
	m := newMending(made)
	m.unknown(t)
	if _, err := rt.Reversals(t.Context(), m.o); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "it is unknown whether step w happened") {
		t.Errorf("to undo: %v", err)
	}
	m.blind = false
	if _, err := m.resolve("", true); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "step w did happen: T-1 is there") {
		t.Errorf("it is there: %v", err)
	}
	m.blind = true
	clear(m.issues)
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	m.blind = false
	if o := m.run(t); o.State != runtime.Done || m.sends != 2 || len(m.issues) != 1 {
		t.Errorf("%s, %d sends, %v", o.State, m.sends, m.issues)
	}
}

// TestResolveBeforeASend: a write that was not sent because the lookup failed has
// failed, and a resume looks again. A person's word gets past it, and holds for
// one send.
func TestResolveBeforeASend(t *testing.T) {
	t.Parallel()
	broken := func() *mending {
		m := newMending(made)
		find := func(ctx context.Context, key step.Key, i in) (step.Found[out], error) {
			switch {
			case !m.cut:
				return m.find(ctx, key, i)
			case step.CallOf(ctx).AfterUnknown:
				return step.Inconclusive[out]("the look is broken"), nil
			}
			return step.Found[out]{}, types.Errorf(types.Unavailable, "the look is broken")
		}
		resolve := func(_ context.Context, ref string, i in) (out, error) { return out{Key: ref, State: "open"}, nil }
		m.o.Catalogue = step.NewCatalogue([]step.Step{step.Write("make", "Make.", m.make, step.Find(find), step.Resolve("a key", resolve))})
		m.cut = true
		for range 2 {
			if o := m.run(t); o.State != runtime.Failed || o.Failure.Error.Code != types.Unavailable || m.sends != 0 {
				t.Fatalf("%s %+v, %d sends", o.State, o.Failure, m.sends)
			}
		}
		return m
	}
	m := broken()
	m.cut = false
	if o := m.run(t); o.State != runtime.Done || m.sends != 1 {
		t.Errorf("a resume that can look: %s, %d sends", o.State, m.sends)
	}
	m = broken()
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	m.answer = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}
	if o := m.run(t); o.Reason != runtime.ForUnknown || m.sends != 1 {
		t.Errorf("a word holds for one send: %s %+v, %d sends", o.State, o.Failure, m.sends)
	}
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	if o := m.run(t); o.State != runtime.Done || m.sends != 2 {
		t.Errorf("not done: %s %+v, %d sends", o.State, o.Failure, m.sends)
	}
	m = broken()
	if _, err := m.resolve("T-9", false); err != nil {
		t.Fatal(err)
	}
	if o := m.run(t); o.State != runtime.Done || m.sends != 0 || o.Effects[0].Result["key"] != "T-9" {
		t.Errorf("found: %s %+v, %d sends", o.State, o.Failure, m.sends)
	}
}

// TestCannotTellBeforeASend: what was not sent is not unknown. The write fails, a
// resume looks again, and a person's word gets past it.
func TestCannotTellBeforeASend(t *testing.T) {
	t.Parallel()
	broken := func() *mending {
		m := newMending(made)
		m.blind = true
		for range 2 {
			o := m.run(t)
			want := "cannot tell whether make is done already, so nothing was sent: search for "
			if o.State != runtime.Failed || o.Failure.Unsettled || m.sends != 0 || o.Failure.Error.Code != types.Conflict || !strings.HasPrefix(o.Failure.Error.Message, want) {
				t.Fatalf("%s %+v, %d sends", o.State, o.Failure, m.sends)
			}
			if hint := o.Failure.Error.Hint; !strings.Contains(hint, "looks again") || !strings.Contains(hint, "skillrun resolve "+m.o.Header.ID+" w --found REF, or --not-done") {
				t.Error(hint)
			}
		}
		return m
	}
	m := broken()
	m.blind = false
	if o := m.run(t); o.State != runtime.Done || m.sends != 1 {
		t.Errorf("a resume that can tell: %s, %d sends", o.State, m.sends)
	}
	m = broken()
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	if o := m.run(t); o.State != runtime.Done || m.sends != 1 {
		t.Errorf("a person's word: %s, %d sends", o.State, m.sends)
	}
}

// TestResolvePastAFailingLook: that no one can look does not stand in the way of
// a person's word. It is recorded as their word alone, and holds for one send.
func TestResolvePastAFailingLook(t *testing.T) {
	t.Parallel()
	m := newMending(made)
	m.unknown(t)
	m.cut = true
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	records := m.j.Records()
	last := records[len(records)-1]
	if last.Kind != journal.Resolved || last.By != "ada" || last.Error == nil || last.Error.Code != types.Network || last.Error.Message != "it could not be looked for: no route" {
		t.Errorf("%+v", last)
	}
	m.answer = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}
	if o := m.run(t); o.State != runtime.Failed || !o.Failure.Unsettled || m.sends != 2 {
		t.Errorf("a word holds for one send: %s %+v, %d sends", o.State, o.Failure, m.sends)
	}
	if _, err := m.resolve("", true); err != nil {
		t.Fatal(err)
	}
	if o := m.run(t); o.State != runtime.Done || m.sends != 3 {
		t.Errorf("not done: %s %+v, %d sends", o.State, o.Failure, m.sends)
	}
}

// TestResolveBlind: what cannot be read back can only be said not to be done.
func TestResolveBlind(t *testing.T) {
	t.Parallel()
	m := newMending(node("w", "blind", "write", types.Values{"title": "x"}))
	m.answer = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}
	o := m.run(t)
	if want := "look for it, and if it certainly did not happen: skillrun resolve " + m.o.Header.ID + " w --not-done"; o.Reason != runtime.ForUnknown || o.Failure.Error.Hint != want {
		t.Fatalf("%s %s %+v", o.State, o.Reason, o.Failure)
	}
	if _, err := m.resolve("T-1", false); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "cannot be read back") {
		t.Error(err)
	}
	if _, err := m.resolve("", true); err != nil {
		t.Error(err)
	}
	if o := m.run(t); o.State != runtime.Done || m.sends != 2 {
		t.Errorf("%s, %d sends", o.State, m.sends)
	}
}

// TestUndo reverses the latest first, is told what it does before, continues
// after it was stopped, and does nothing twice.
func TestUndo(t *testing.T) {
	t.Parallel()
	m := newMending(node("a", "make", "write", types.Values{"title": "first"}), node("b", "blind", "write", types.Values{"title": "n"}),
		node("c", "make", "write", types.Values{"title": "second"}))
	if o := m.run(t); o.State != runtime.Done {
		t.Fatal(o.State)
	}
	m.o.User = "ada"
	list := func() []runtime.Reversal {
		t.Helper()
		got, err := rt.Reversals(t.Context(), m.o)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	var says []string
	for _, x := range list() {
		says = append(says, x.Path+": "+x.Description+x.Why)
	}
	if diff := cmp.Diff([]string{"c: close T-1 (second)", "b: blind cannot be undone from here", "a: close T-1 (first)"}, says); diff != "" {
		t.Error(diff)
	}
	m.stops = types.Errorf(types.Conflict, "others went on with it")
	err := rt.Undo(t.Context(), m.o, list())
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "c (close T-1 (second)): others went on with it") {
		t.Error(err)
	}
	m.stops = errors.New("oh")
	if err := rt.Undo(t.Context(), m.o, list()); types.CodeOf(err) != types.Internal {
		t.Error(err)
	}
	if err := rt.Undo(t.Context(), m.o, list()); err != nil {
		t.Fatal(err)
	}
	if err := rt.Undo(t.Context(), m.o, list()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"second T-1", "first T-1"}, m.undone); diff != "" {
		t.Error(diff)
	}
	last := m.j.Records()[len(m.j.Records())-1]
	if last.Kind != journal.Finished || last.State != string(journal.StateUndone) || last.By != "ada" {
		t.Errorf("%+v", last)
	}
}
