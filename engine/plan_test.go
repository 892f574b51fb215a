package engine_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// moving is a world whose read says what the test wants, or fails.
type moving struct {
	tracker
	says  string
	fails bool
}

func (m *moving) engine(t *testing.T) *engine.Engine {
	look := func(context.Context, in) (out, error) {
		if m.fails {
			return out{}, types.Errorf(types.Network, "no route")
		}
		return out{Key: m.says}, nil
	}
	create, _ := m.steps().Lookup("create")
	return engine.New(engine.Setup{
		Catalogue: step.NewCatalogue([]step.Step{step.Read("look", "Look.", look), create}),
		State:     filepath.Join(t.TempDir(), "state", "site"), Clock: stopped{}, Random: rand.Reader, Version: "test",
	})
}

const following = `name: following
identity: [inputs.n]
inputs:
  n: {type: integer, required: true}
steps:
  - {id: seen, uses: look, with: {title: a}}
  - {id: first, uses: create, with: {title: "${{ steps.seen.key }}"}}
`

func (m *moving) plan(t *testing.T, e *engine.Engine) (*engine.Skill, plan.Plan) {
	t.Helper()
	skill, diags := e.Check("following.yaml", []byte(following))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	p, err := e.Plan(t.Context(), bound(t, skill, binding(1)), engine.Options{})
	if err != nil || p.Failure != nil {
		t.Fatal(err, p.Failure)
	}
	return skill, p
}

// TestRefusedPlanIsResumed: a refused plan ends its run. The refusal is of no
// step, and nothing resumes the run: not a resume that needs no consent, nor
// an approval.
func TestRefusedPlanIsResumed(t *testing.T) {
	t.Parallel()
	m := &moving{tracker: tracker{}, says: "a"}
	e := m.engine(t)
	skill, p := m.plan(t, e)
	m.says = "b"
	r, err := e.Apply(t.Context(), p, engine.Options{Consent: engine.NotNeeded})
	if err != nil || r.State != engine.Refused || r.Failure.Path != "" || r.Failure.Node != "" || !strings.Contains(r.Failure.Error.Error(), "plan again") {
		t.Fatalf("%v %s %+v", err, r.State, r.Failure)
	}
	for _, s := range r.Steps {
		if s.State == "failed" {
			t.Errorf("%s is said to have failed", s.Path)
		}
	}
	for name, do := range map[string]func() error{
		"resume": func() error { _, err := e.Resume(t.Context(), r.ID, engine.Options{Consent: engine.Given}); return err },
		"asking": func() error { _, err := e.PendingQuestion(t.Context(), r.ID, engine.Options{}); return err },
		"approve": func() error {
			return e.Approve(engine.PendingQuestion{Run: r.Run, Question: engine.Question{Forecast: p.Forecast}})
		},
		"cancel": func() error { return e.Cancel(t.Context(), r.ID, "", engine.Options{}) },
		"apply":  func() error { _, err := e.Apply(t.Context(), p, engine.Options{Consent: engine.Given}); return err },
	} {
		if err := do(); types.CodeOf(err) != types.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(m.tracker) != 0 {
		t.Fatalf("it wrote %v", m.tracker)
	}
	if r, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.Given}); err != nil || r.State != engine.Done || len(m.tracker) != 1 {
		t.Errorf("the command: %v %+v", err, r.Outcome)
	}
}

// TestAppliedPlanHolds: a run that was begun with a plan is held to it by
// whatever continues with it, when it stopped before its first write; until a
// person approves something else.
func TestAppliedPlanHolds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		says    string
		approve bool
		want    engine.Outcome
	}{
		"as it was": {"a", false, engine.Outcome{State: engine.Done}},
		"moved":     {"b", false, engine.Outcome{State: engine.Refused}},
		"approved":  {"b", true, engine.Outcome{State: engine.Done}},
	} {
		m := &moving{tracker: tracker{}, says: "a"}
		e := m.engine(t)
		_, p := m.plan(t, e)
		m.fails = true
		r, err := e.Apply(t.Context(), p, engine.Options{Consent: engine.NotNeeded})
		if err != nil || r.State != engine.Failed {
			t.Fatalf("%v %+v", err, r.Outcome)
		}
		m.fails, m.says = false, tt.says
		if tt.approve {
			a, err := e.PendingQuestion(t.Context(), r.ID, engine.Options{})
			if err == nil {
				err = e.Approve(a)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		r, err = e.Resume(t.Context(), r.ID, engine.Options{Consent: engine.NotNeeded})
		if err != nil || r.State != tt.want.State || (len(m.tracker) == 1) != (tt.want.State == engine.Done) {
			t.Errorf("%s: %v %s %+v, wrote %v", name, err, r.State, r.Failure, m.tracker)
		}
	}
}

// TestPlanAppliedToAnotherRun: a run that was there before is not ended by the
// refusal of a plan that was applied to it, nor held to that plan later.
func TestPlanAppliedToAnotherRun(t *testing.T) {
	t.Parallel()
	m := &moving{tracker: tracker{}, says: "a"}
	e := m.engine(t)
	skill, p := m.plan(t, e)
	m.says = "b"
	first, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{})
	if err != nil || first.State != engine.Parked {
		t.Fatalf("%v %+v", err, first.Outcome)
	}
	r, err := e.Apply(t.Context(), p, engine.Options{Consent: engine.NotNeeded})
	if err != nil || r.ID != first.ID || r.State != engine.Parked || r.Failure == nil || len(m.tracker) != 0 {
		t.Fatalf("%v %s %+v, wrote %v", err, r.State, r.Failure, m.tracker)
	}
	r, err = e.Resume(t.Context(), first.ID, engine.Options{Consent: engine.Given})
	if err != nil || r.State != engine.Done || len(m.tracker) != 1 {
		t.Errorf("%v %s %+v, wrote %v", err, r.State, r.Failure, m.tracker)
	}
}

// TestPlanUnderAnotherID: a plan that was applied is not applied once more by giving
// it another id, whatever its seal says.
func TestPlanUnderAnotherID(t *testing.T) {
	t.Parallel()
	m := &moving{tracker: tracker{}, says: "a"}
	e := m.engine(t)
	skill, _ := e.Check("following.yaml", []byte(strings.Replace(following, "identity: [inputs.n]\n", "", 1)))
	p, err := e.Plan(t.Context(), bound(t, skill, binding(1)), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := e.Apply(t.Context(), p, engine.Options{}); err != nil || r.State != engine.Done {
		t.Fatalf("%v %+v", err, r)
	}
	again := p
	again.Run.ID = p.Run.ID[:len(p.Run.ID)-6] + "zzzzzz"
	again.Run.Work = step.Hash(16, "run", "following", again.Run.ID)
	read, err := engine.ReadPlan(types.Encode(again.Sealed()))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := e.Apply(t.Context(), read, engine.Options{}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), p.Run.ID) || len(m.tracker) != 1 {
		t.Errorf("%v %+v, wrote %v", err, r, m.tracker)
	}
}

const asking = `name: asking
identity: [inputs.n]
inputs:
  n: {type: integer, required: true}
steps:
  - {id: first, uses: create, with: {title: a}}
  - {id: ok, approve: "Go on?"}
  - {id: seen, uses: look, with: {title: b}}
`

// TestApproveStepAsksAPerson: what answers for a whole run (a flag, a plan that is
// applied, a forecast that writes nothing or fails) does not answer an approve step.
func TestApproveStepAsksAPerson(t *testing.T) {
	t.Parallel()
	apply := func(e *engine.Engine, s *engine.Skill, o engine.Options) (engine.Report, error) {
		p, err := e.Plan(t.Context(), bound(t, s, binding(1)), engine.Options{})
		if err != nil {
			return engine.Report{}, err
		}
		return e.Apply(t.Context(), p, o)
	}
	for name, tt := range map[string]struct {
		run   func(e *engine.Engine, s *engine.Skill, o engine.Options) (engine.Report, error)
		fails bool
	}{
		"--yes": {run: func(e *engine.Engine, s *engine.Skill, o engine.Options) (engine.Report, error) {
			r, _, err := e.Start(t.Context(), bound(t, s, binding(1)), o)
			return r, err
		}},
		"a failure behind it": {fails: true, run: func(e *engine.Engine, s *engine.Skill, o engine.Options) (engine.Report, error) {
			r, _, err := e.Start(t.Context(), bound(t, s, binding(1)), o)
			return r, err
		}},
		"an applied plan": {run: apply},
		"a run that was begun with a plan": {run: func(e *engine.Engine, s *engine.Skill, o engine.Options) (engine.Report, error) {
			r, err := apply(e, s, engine.Options{})
			if err != nil || r.State != engine.Parked || r.Reason != engine.ForApprove {
				t.Errorf("it is to wait: %v %+v", err, r.Outcome)
			}
			return e.Resume(t.Context(), r.ID, o)
		}},
	} {
		m := &moving{tracker: tracker{}, says: "a", fails: tt.fails}
		e := m.engine(t)
		skill, diags := e.Check("asking.yaml", []byte(asking))
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		var asked []string
		r, err := tt.run(e, skill, engine.Options{Consent: engine.Given, Confirm: func(_ context.Context, _ engine.Run, q engine.Question) (engine.Answer, error) {
			asked = append(asked, q.Node)
			m.fails = false
			return engine.Yes, nil
		}})
		if err != nil || r.State != engine.Done || strings.Join(asked, " ") != "ok" {
			t.Errorf("%s: asked %q, %v %+v", name, asked, err, r.Outcome)
		}
	}
}
