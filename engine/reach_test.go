package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// placed is an engine whose tracker is where *at says.
func placed(t *testing.T, tr tracker, at *string) *engine.Engine {
	e := newEngine(t, tr, journal.Options{})
	e.Services = func(name string) string { return name + " at " + *at }
	return e
}

// touching is the release, with its steps in a service.
func touching(t *testing.T, e *engine.Engine, text string) *engine.Skill {
	t.Helper()
	s, diags := e.Check("release.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return s
}

// TestBoundReach: a run that continues where its services lead elsewhere is refused,
// whatever it waits for and however it is resumed, until a person agrees to
// just that.
func TestBoundReach(t *testing.T) {
	t.Parallel()
	asking := strings.Replace(release, "  - {id: second", "  - {id: ask, approve: ok}\n  - {id: second", 1)
	for name, text := range map[string]string{"before the first write": release, "after it": asking} {
		tr, at := tracker{}, "good.example.com"
		e := placed(t, tr, &at)
		skill := touching(t, e, text)
		first := engine.Options{}
		if text == asking {
			first.Consent = engine.Given
		}
		parked, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), first)
		if err != nil || parked.State != engine.Parked {
			t.Fatal(name, err, parked.State)
		}
		made := len(tr)
		at = "evil.example.com"
		given := engine.Options{Consent: engine.Given}
		ways := map[string]func(engine.Options) error{
			"resume": func(o engine.Options) error { _, err := e.Resume(t.Context(), parked.ID, o); return err },
			"start": func(o engine.Options) error {
				_, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), o)
				return err
			},
			"approve": func(o engine.Options) error { _, err := e.PendingQuestion(t.Context(), parked.ID, o); return err },
			"undo": func(o engine.Options) error {
				_, err := e.Undo(t.Context(), parked.ID, false, func([]engine.Reversal) (bool, error) { return false, nil }, o)
				return err
			},
		}
		for way, goOn := range ways {
			err := goOn(given)
			if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "\n  - tracker: tracker at good.example.com") ||
				!strings.Contains(err.Error(), "\n  + tracker: tracker at evil.example.com") || len(tr) != made {
				t.Errorf("%s, %s: %v, world %v", name, way, err, tr)
			}
			wrong := given
			wrong.AcceptedReach = "0000000000000000"
			wrong.ConfirmReach = func(context.Context, engine.ReachChange) bool { return true }
			if err := goOn(wrong); err == nil {
				t.Errorf("%s, %s: another digest was taken", name, way)
			}
		}
		var c engine.ReachChange
		given.ConfirmReach = func(_ context.Context, change engine.ReachChange) bool { c = change; return false }
		if err := ways["resume"](given); err == nil || c.Digest == "" {
			t.Errorf("%s: %v %+v", name, err, c)
		}
		if err := ways["undo"](engine.Options{AcceptedReach: c.Digest}); err != nil {
			t.Errorf("%s: undo although somebody agreed: %v", name, err)
		}
		if err := ways["resume"](engine.Options{Consent: engine.Given, AcceptedReach: c.Digest}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		at = "good.example.com"
		if text == asking { // it parked again, and is bound to what was agreed to last
			if err := ways["resume"](engine.Options{Consent: engine.Given}); types.CodeOf(err) != types.Conflict {
				t.Errorf("%s: back again: %v", name, err)
			}
		}
	}
}

// TestReachOfAPlan: a plan is applied only where it reaches what it reached.
func TestReachOfAPlan(t *testing.T) {
	t.Parallel()
	tr, at := tracker{}, "good.example.com"
	e := placed(t, tr, &at)
	p, err := e.Plan(t.Context(), bound(t, touching(t, e, release), binding(1)), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at = "evil.example.com"
	if _, err := e.Apply(t.Context(), p, engine.Options{}); types.CodeOf(err) != types.Conflict || len(tr) > 0 {
		t.Errorf("%v, world %v", err, tr)
	}
	at = "good.example.com"
	silent := p
	silent.Run.Reach = nil
	if _, err := e.Apply(t.Context(), silent, engine.Options{}); types.CodeOf(err) != types.Conflict || len(tr) > 0 {
		t.Errorf("a plan that does not say it: %v, world %v", err, tr)
	}
	if r, err := e.Apply(t.Context(), p, engine.Options{}); err != nil || r.State != engine.Done {
		t.Errorf("%v %+v", err, r)
	}
}

// TestReachOfNothingSeen: a run that no one has seen or allowed anything of is as
// good as a new one: a host that was mistyped is put right without a word.
func TestReachOfNothingSeen(t *testing.T) {
	t.Parallel()
	tr, at := tracker{}, "tpyo.example.com"
	e := placed(t, tr, &at)
	failing := strings.Replace(release, "  - {id: two", "  - {id: no, assert: \"inputs.n > 5\", message: not yet}\n  - {id: two", 1)
	failed, _, err := e.Start(t.Context(), bound(t, touching(t, e, failing), binding(1)), engine.Options{Consent: engine.Given})
	if err != nil || failed.State != engine.Failed {
		t.Fatal(err, failed.State)
	}
	at = "typo.example.com"
	if r, err := e.Resume(t.Context(), failed.ID, engine.Options{Consent: engine.Given}); err != nil || r.State != engine.Failed {
		t.Error(err, r.State)
	}
}

// TestReachOfALock: a run is bound to where the lock of its group is.
func TestReachOfALock(t *testing.T) {
	t.Parallel()
	o, lock := newOffice(t), &shared{at: "good"}
	e := o.engine(lock)
	skill, _ := e.Check("release.yaml", []byte(strings.Replace(grouped, "  - {id: first", "  - {id: ask, approve: ok}\n  - {id: first", 1)))
	parked, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{})
	if err != nil || parked.State != engine.Parked {
		t.Fatal(err, parked.State)
	}
	lock.at = "evil"
	if _, err := e.Resume(t.Context(), parked.ID, engine.Options{}); types.CodeOf(err) != types.Conflict || lock.taken > 1 {
		t.Errorf("%v, taken %d times", err, lock.taken)
	}
}

// TestReachOfAnUndo: who agreed to another reach when they undid a run, or began to,
// is not asked for it once more.
func TestReachOfAnUndo(t *testing.T) {
	t.Parallel()
	at, fails := "good.example.com", true
	undo := step.Undo(step.Undoing[in, out]{
		Describe: func(in, out) string { return "take it back" },
		Do: func(context.Context, step.Key, in, out) error {
			if fails {
				return types.Errorf(types.Network, "no route")
			}
			return nil
		},
	})
	create := func(context.Context, in) (out, error) { return out{}, nil }
	find := func(context.Context, step.Key, in) (step.Found[out], error) { return step.Absent[out](), nil }
	e := placed(t, tracker{}, &at)
	e.Catalogue = step.NewCatalogue([]step.Step{step.Write("create", "Create.", create, step.Find(find), undo).Touches("tracker", "x", "make")})
	skill := touching(t, e, "name: release\nidentity: [inputs.n]\ninputs: {n: {type: integer}}\nsteps:\n  - {id: one, uses: create, with: {title: a}}\n")
	done, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.Given})
	if err != nil || done.State != engine.Done {
		t.Fatal(err, done.State)
	}
	at = "moved.example.com"
	yes := func([]engine.Reversal) (bool, error) { return true, nil }
	agree := func(context.Context, engine.ReachChange) bool { return true }
	if _, err := e.Undo(t.Context(), done.ID, false, yes, engine.Options{ConfirmReach: agree}); types.CodeOf(err) != types.Network {
		t.Fatal(err)
	}
	fails = false
	if ok, err := e.Undo(t.Context(), done.ID, false, yes, engine.Options{}); err != nil || !ok {
		t.Error(ok, err)
	}
}

// TestReachOfBeginningAnew: whoever begins again agrees to where the run that ends
// cleans up, too.
func TestReachOfBeginningAnew(t *testing.T) {
	t.Parallel()
	tr, at := tracker{}, "good.example.com"
	e := placed(t, tr, &at)
	skill := touching(t, e, "name: release\nidentity: [inputs.n]\ninputs: {n: {type: integer}}\nsteps:\n"+
		"  - {id: g, steps: [{id: one, uses: create, with: {title: a}}, {id: ask, approve: ok}], always: [{id: clean, uses: create, with: {title: b}}]}\n")
	parked, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.Given})
	if err != nil || parked.State != engine.Parked {
		t.Fatal(err, parked.State)
	}
	at = "moved.example.com"
	var c engine.ReachChange
	anew := engine.Options{Consent: engine.Given, Restart: true, ConfirmReach: func(_ context.Context, change engine.ReachChange) bool { c = change; return false }}
	if _, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), anew); types.CodeOf(err) != types.Conflict || len(tr) != 1 {
		t.Error(err, tr)
	}
	anew.AcceptedReach = c.Digest
	if r, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), anew); err != nil || r.ID == parked.ID || len(tr) != 2 {
		t.Error(err, r.State, tr)
	}
}
