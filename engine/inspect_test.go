package engine_test

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// ticking is a clock that advances when steps say that they took time.
type ticking struct{ now time.Time }

// Now returns its time.
func (c *ticking) Now() time.Time { return c.now }

// Sleep does not.
func (c *ticking) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// slow are steps that take time: a look one second, a creation two.
func (c *ticking) slow() *step.Catalogue {
	look := func(context.Context, in) (out, error) {
		c.now = c.now.Add(time.Second)
		return out{Key: "found"}, nil
	}
	create := func(context.Context, in) (out, error) {
		c.now = c.now.Add(2 * time.Second)
		return out{Key: "T-1"}, nil
	}
	return step.NewCatalogue([]step.Step{step.Read("look", "Look.", look), step.Write("create", "Create.", create)})
}

// inspected runs a skill and looks at the run.
func inspected(t *testing.T, e *engine.Engine, text string, o engine.Options) engine.Inspection {
	t.Helper()
	skill, diags := e.Check("release.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if _, diags, err := e.Start(t.Context(), bound(t, skill, binding(1)), o); err != nil || diags.HasErrors() {
		t.Fatal(err, diags)
	}
	return newest(t, e)
}

func newest(t *testing.T, e *engine.Engine) engine.Inspection {
	t.Helper()
	runs, err := e.Runs()
	if err != nil || len(runs) == 0 {
		t.Fatal(runs, err)
	}
	x, err := e.Inspect(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// told is what tests compare of an inspection.
func told(x engine.Inspection) (steps, effects, history []string) {
	for _, s := range x.Steps {
		line := s.ID + " " + s.State
		if !s.Ended.IsZero() {
			line += " " + s.Ended.Sub(s.Began).String()
		}
		steps = append(steps, line)
	}
	for _, e := range x.Effects {
		effects = append(effects, e.ID+" "+e.Outcome)
	}
	for _, m := range x.History {
		history = append(history, m.What+m.Reason)
	}
	return steps, effects, history
}

// ticked is an engine with these steps, or slow ones.
func ticked(t *testing.T, cat *step.Catalogue) *engine.Engine {
	c := &ticking{time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)}
	if cat == nil {
		cat = c.slow()
	}
	return engine.New(engine.Setup{
		Catalogue: cat, State: filepath.Join(t.TempDir(), "state", "site"), Random: rand.Reader, Version: "test", Clock: c,
	})
}

// TestInspect: a run without consent tells what it waits for; with it, what it
// did and how long that took.
func TestInspect(t *testing.T) {
	t.Parallel()
	e := ticked(t, nil)
	no := engine.Options{Consent: engine.Asked}
	x := inspected(t, e, release, no)
	steps, effects, history := told(x)
	if d := cmp.Diff([]string{"one done 1s", "two done 1s", "first waiting", "second pending"}, steps); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"started", "parkedconfirm"}, history); d != "" || effects != nil {
		t.Error(d, effects)
	}
	w := x.Waiting
	if w == nil || w.Reason != engine.ForConfirm || w.ID != "first" || w.Step != "create" || w.Since.IsZero() || x.Missing[0] != "key" {
		t.Errorf("waits for %+v, missing %v", w, x.Missing)
	}

	yes := engine.Options{Confirm: func(context.Context, engine.Run, engine.Question) (engine.Answer, error) { return engine.Yes, nil }}
	if _, err := e.Resume(t.Context(), x.ID, yes); err != nil {
		t.Fatal(err)
	}
	x = newest(t, e)
	steps, effects, history = told(x)
	if d := cmp.Diff([]string{"one done 1s", "two done 1s", "first done 2s", "second done 2s"}, steps); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"first created", "second created"}, effects); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"started", "parkedconfirm", "restarted", "approved", "done"}, stripped(history)); d != "" {
		t.Error(d)
	}
	if x.Waiting != nil || x.Outputs["key"] != "T-1" || x.Inputs["n"] != 1 {
		t.Errorf("%+v", x)
	}
}

// stripped is a history without the reason of a restart, which says the same.
func stripped(history []string) []string {
	for i, h := range history {
		if h == "restartedrestart" {
			history[i] = "restarted"
		}
	}
	return history
}

const awaiting = `name: release
inputs:
  n: {type: integer, required: true}
steps:
  - {id: skipped, if: inputs.n > 1, uses: look, with: {title: x}}
  - id: wait
    name: Wait for ${{ inputs.n }}
    await: {uses: look, with: {title: "t${{ inputs.n }}"}, until: result.key == "there", every: 1s, timeout: 1h}
  - {id: after, name: "Say ${{ steps.wait.key }}", set: {x: 1}}
`

// TestInspectAwait: what is polled, since when, until when, and what it said.
func TestInspectAwait(t *testing.T) {
	t.Parallel()
	x := inspected(t, ticked(t, tracker{}.steps()), awaiting, engine.Options{Consent: engine.NotNeeded})
	w := x.Waiting
	if w == nil {
		t.Fatal("it waits for nothing")
	}
	if w.Deadline.Sub(w.Since) != time.Hour {
		t.Errorf("since %s until %s", w.Since, w.Deadline)
	}
	got := *w
	got.Since, got.Deadline = time.Time{}, time.Time{}
	want := engine.Waiting{
		Reason: engine.ForAwait, ID: "wait", Path: "wait", Name: "Wait for 1", Step: "look", Until: `result.key == "there"`,
		Asks: types.Values{"title": "t1"}, Answer: types.Values{"key": "found"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	steps, _, _ := told(x)
	if d := cmp.Diff([]string{"skipped skipped 0s", "wait waiting", "after pending"}, steps); d != "" {
		t.Error(d)
	}
}

// TestInspectUnknown: a write whose outcome is unknown is told as
// one, and one that surely did not happen is not told.
func TestInspectUnknown(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code types.Code
		want []string
	}{
		{types.UnknownOutcome, []string{"make unknown"}},
		{types.Forbidden, nil},
	} {
		make := func(context.Context, in) (out, error) { return out{}, types.Errorf(test.code, "no") }
		cat := step.NewCatalogue([]step.Step{step.Write("create", "Create.", make)})
		x := inspected(t, ticked(t, cat), "name: release\ninputs:\n  n: {type: integer}\nsteps:\n  - {id: make, uses: create, with: {title: a}}\n", engine.Options{Consent: engine.NotNeeded})
		if _, effects, _ := told(x); !cmp.Equal(test.want, effects) {
			t.Errorf("%s: %s", test.code, cmp.Diff(test.want, effects))
		}
		if x.Error == nil || x.Error.Code != test.code {
			t.Errorf("%s: stopped by %v", test.code, x.Error)
		}
	}
}

// TestRunsNewestFirst: runs of one second are told apart.
func TestRunsNewestFirst(t *testing.T) {
	t.Parallel()
	e := ticked(t, tracker{}.steps())
	skill, _ := e.Check("release.yaml", []byte(awaiting))
	var want []string
	for i := range 12 {
		b := binding(1)
		b.Now = b.Now.Add(time.Duration(i) * time.Millisecond)
		r, _, err := e.Start(t.Context(), bound(t, skill, b), engine.Options{Consent: engine.NotNeeded})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{r.ID}, want...)
	}
	runs, err := e.Runs()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range runs {
		got = append(got, r.ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestNothingRunsInARunThatWasLeft: a step that waits for a person, or whose
// process was stopped, does not run, and what waits says for what. The group
// around it is under way.
func TestNothingRunsInARunThatWasLeft(t *testing.T) {
	t.Parallel()
	const head = "name: release\ninputs:\n  n: {type: integer, required: true}\nsteps:\n"
	for name, c := range map[string]struct{ text, want string }{
		"consent":     {head + "  - {id: g, steps: [{id: first, uses: create, with: {title: a}}]}\n", "g running, first waiting confirm"},
		"side":        {head + "  - {id: g, parallel: true, steps: [{id: a, uses: create, with: {title: a}}, {id: b, uses: create, with: {title: b}}]}\n", "g running, a waiting confirm, b waiting confirm"},
		"approve":     {head + "  - {id: ok, approve: \"Is it right?\"}\n", "ok waiting approve"},
		"interrupted": {head + "  - {id: g, steps: [{id: first, uses: look, with: {title: a}}]}\n", "g running, first interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			cat := step.NewCatalogue([]step.Step{
				step.Read("look", "Look.", func(ctx context.Context, _ in) (out, error) { stop(); return out{}, ctx.Err() }),
				step.Write("create", "Create.", func(context.Context, in) (out, error) { return out{}, nil }),
			})
			e := ticked(t, cat)
			skill, diags := e.Check("release.yaml", []byte(c.text))
			if diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			report, _, err := e.Start(ctx, bound(t, skill, binding(1)), engine.Options{Consent: engine.Asked})
			if err != nil {
				t.Fatal(err)
			}
			var got, reported []string
			for _, s := range newest(t, e).Steps {
				got = append(got, strings.TrimSpace(s.ID+" "+s.State+" "+s.Waits))
			}
			for _, s := range report.Steps {
				reported = append(reported, s.ID+" "+s.State)
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
				t.Error(d)
			}
			if want := regexp.MustCompile(` (confirm|approve)\b`).ReplaceAllString(c.want, ""); strings.Join(reported, ", ") != want {
				t.Errorf("the run itself reports %v, want %s", reported, want)
			}
		})
	}
}
