package engine_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
)

type in struct {
	Title string `json:"title" doc:"Title."`
}

type out struct {
	Key string `json:"key" doc:"Key."`
}

// tracker is a world of one kind of thing.
type tracker map[string]string

func (tr tracker) steps() *step.Catalogue {
	create := func(ctx context.Context, i in) (out, error) {
		tr[step.CallOf(ctx).Key.String()] = i.Title
		return out{Key: "T-1"}, nil
	}
	find := func(_ context.Context, key step.Key, _ in) (step.Found[out], error) {
		if _, there := tr[key.String()]; there {
			return step.Exists("T-1", out{Key: "T-1"}), nil
		}
		return step.Absent[out](), nil
	}
	preview := func(_ context.Context, i in, _ step.UnknownPaths) (step.Prediction[out], error) {
		return step.Prediction[out]{Change: step.Change{Title: "create " + i.Title}, Unknown: step.UnknownPaths{"key"}}, nil
	}
	look := func(context.Context, in) (out, error) { return out{Key: "found"}, nil }
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", look).Touches("tracker", "thing", "view"),
		step.Write("create", "Create.", create, step.Find(find), step.Preview(preview)).Touches("tracker", "thing", "create"),
	})
}

type stopped struct{}

// Now returns a fixed time.
func (stopped) Now() time.Time { return time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC) }

// Sleep does not.
func (stopped) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

const release = `name: release
identity: [inputs.n]
inputs:
  n: {type: integer, required: true}
steps:
  - {id: one, uses: look, with: {title: a}}
  - {id: two, uses: look, with: {title: "${{ steps.one.key }}"}}
  - {id: first, uses: create, with: {title: "release ${{ inputs.n }}"}}
  - {id: second, uses: create, with: {title: "after ${{ steps.first.key }}"}}
outputs:
  key: ${{ steps.second.key }}
`

func newEngine(t testing.TB, tr tracker, disk journal.Options) *engine.Engine {
	return engine.New(engine.Setup{
		Catalogue: tr.steps(), State: filepath.Join(t.TempDir(), "state", "site"), Clock: stopped{}, Random: rand.Reader, Version: "test", Disk: disk,
	})
}

func binding(n int) engine.Binding {
	return engine.Binding{Inputs: map[string]any{"n": n}, Now: stopped{}.Now(), Zone: time.UTC}
}

// bound is a skill with what it is run with.
func bound(t testing.TB, s *engine.Skill, b engine.Binding) *engine.Bound {
	t.Helper()
	out, diags := s.Bind(b)
	if out == nil {
		t.Fatal(diags.Err())
	}
	return out
}

// TestGates counts what a run costs on the disk: a run with two reads and two
// writes.
func TestGates(t *testing.T) {
	t.Parallel()
	syncs := 0
	e := newEngine(t, tracker{}, journal.Options{Sync: func(f *os.File) error { syncs++; return f.Sync() }})
	skill, diags := e.Check("release.yaml", []byte(release))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	report, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.NotNeeded})
	if err != nil || report.State != engine.Done {
		t.Fatalf("%v %+v", err, report)
	}
	runs, err := e.Runs()
	if err != nil || len(runs) != 1 {
		t.Fatalf("%v %v", runs, err)
	}
	const records = 8 // header, two reads, two intents and their results, finished
	if runs[0].Records != records {
		t.Errorf("%d records, want %d", runs[0].Records, records)
	}
	const gate = 14 // header, two intents, two results and the end, each; the folders that were made, and run.json
	if syncs > gate {
		t.Errorf("%d fsyncs, the gate is %d", syncs, gate)
	}
}

// TestStart: the same work again is adopted; work that parked is taken up.
func TestStart(t *testing.T) {
	t.Parallel()
	tr := tracker{}
	e := newEngine(t, tr, journal.Options{})
	skill, _ := e.Check("release.yaml", []byte(release))
	var asked []plan.Write
	o := engine.Options{Confirm: func(_ context.Context, _ engine.Run, q engine.Question) (engine.Answer, error) {
		asked = q.Forecast.Writes
		return engine.Unanswered, nil
	}}
	parked, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), o)
	if err != nil || parked.State != engine.Parked || parked.Reason != engine.ForConfirm || len(tr) != 0 {
		t.Fatalf("%v %+v, world %v", err, parked.Outcome, tr)
	}
	if len(asked) != 2 || asked[0].Title != "create release 1" || asked[1].Fields[0].Value != "after (known after first)" {
		t.Errorf("asked %+v", asked)
	}
	again, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.NotNeeded})
	if err != nil || again.ID != parked.ID || !again.Continued || again.State != engine.Done || len(tr) != 2 {
		t.Errorf("%v %+v, world %v", err, again, tr)
	}
	third, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), engine.Options{Consent: engine.NotNeeded})
	if err != nil || third.ID == parked.ID || third.Effects[0].Outcome != "adopted" || len(tr) != 2 {
		t.Errorf("%v %+v, world %v", err, third, tr)
	}
	other, _, err := e.Start(t.Context(), bound(t, skill, binding(2)), engine.Options{Consent: engine.NotNeeded})
	if err != nil || other.Effects[0].Outcome != "created" || len(tr) != 4 {
		t.Errorf("other work: %v %+v, world %v", err, other, tr)
	}
}

// TestOtherInputs: an unfinished run of the same work is not taken up when
// something else is asked for.
func TestOtherInputs(t *testing.T) {
	t.Parallel()
	e := newEngine(t, tracker{}, journal.Options{})
	text := strings.Replace(release, "inputs:\n", "inputs:\n  loud: {type: boolean, default: false}\n", 1)
	skill, diags := e.Check("release.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	no := engine.Options{}
	parked, _, err := e.Start(t.Context(), bound(t, skill, binding(1)), no)
	if err != nil || parked.State != engine.Parked {
		t.Fatal(err, parked.State)
	}
	loud := binding(1)
	loud.Inputs["loud"] = true
	_, diags, err = e.Start(t.Context(), bound(t, skill, loud), no)
	if err != nil || len(diags) != 1 || diags[0].Code != "other-inputs" || !strings.Contains(diags[0].Message, parked.ID) {
		t.Errorf("%v %v", err, diags)
	}
}

// TestResumeUnknown: a run that is not there is said to be so.
func TestResumeUnknown(t *testing.T) {
	t.Parallel()
	e := newEngine(t, tracker{}, journal.Options{})
	for _, id := range []string{"20260101-000000-aaaaaa", "../x", ""} {
		if _, err := e.Resume(t.Context(), id, engine.Options{Consent: engine.NotNeeded}); err == nil {
			t.Errorf("%q was resumed", id)
		}
		if _, _, err := e.Skill(id); err == nil {
			t.Errorf("%q has a skill", id)
		}
	}
}

// TestCheckCalls: a called skill is asked for by its name and the file that
// calls it.
func TestCheckCalls(t *testing.T) {
	t.Parallel()
	asked := ""
	e := engine.New(engine.Setup{Catalogue: step.NewCatalogue(nil), Skills: func(beside, name string) (string, []byte, error) {
		asked = beside + " " + name
		return name + ".yaml", []byte("name: other\nsteps:\n  - {id: a, set: {x: 1}}\noutputs:\n  x: ${{ steps.a.x }}\n"), nil
	}})
	skill, diags := e.Check("a/caller.yaml", []byte("name: caller\nsteps:\n  - {id: o, uses: \"skill:other\"}\noutputs:\n  y: ${{ steps.o.x + 1 }}\n"))
	if len(diags) > 0 || asked != "a/caller.yaml other" || skill.Steps[0].Call.Skill != "other" {
		t.Errorf("asked for %q, %v", asked, diags)
	}
}

// TestCalledIdentity: what a called skill writes is told apart by the caller's
// identity, its place and its own identity: of another n it is other work, of
// the same n it is adopted, also foreseen, also when an unfinished run continues.
func TestCalledIdentity(t *testing.T) {
	t.Parallel()
	tr := tracker{}
	e := engine.New(engine.Setup{
		Catalogue: tr.steps(), State: filepath.Join(t.TempDir(), "site"), Clock: stopped{}, Random: rand.Reader, Version: "test",
		Skills: func(string, string) (string, []byte, error) { return "release.yaml", []byte(release), nil },
	})
	text := `name: weekly
identity: ["'one week'"]
inputs:
  n: {type: integer, required: true}
steps:
  - {id: a, uses: "skill:release", with: {n: "${{ inputs.n }}"}}
  - {id: b, uses: "skill:release", with: {n: "${{ inputs.n }}"}}
`
	skill, diags := e.Check("weekly.yaml", []byte(text))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	for _, tt := range []struct {
		n, there int
		outcome  string
	}{{1, 4, "created"}, {1, 4, "adopted"}, {2, 8, "created"}, {1, 8, "adopted"}} {
		p, err := e.Plan(t.Context(), bound(t, skill, binding(tt.n)), engine.Options{})
		if foreseen := map[string]string{"created": plan.Create, "adopted": plan.Adopt}[tt.outcome]; err != nil || p.Forecast.Writes[0].Outcome != foreseen {
			t.Errorf("%d: %v, foreseen %+v", tt.n, err, p.Forecast.Writes)
		}
		parked, _, err := e.Start(t.Context(), bound(t, skill, binding(tt.n)), engine.Options{Confirm: func(context.Context, engine.Run, engine.Question) (engine.Answer, error) {
			return engine.Unanswered, nil
		}})
		if tt.outcome == "created" && (err != nil || parked.State != engine.Parked) {
			t.Fatalf("%v %+v", err, parked)
		}
		report, _, err := e.Start(t.Context(), bound(t, skill, binding(tt.n)), engine.Options{Consent: engine.NotNeeded})
		if err != nil || report.State != engine.Done || len(tr) != tt.there {
			t.Fatalf("%d: %v %+v, world %v", tt.n, err, report, tr)
		}
		for _, x := range report.Effects {
			if x.Outcome != tt.outcome || tr[x.Key] == "" {
				t.Errorf("%d: %s was %s, key %s", tt.n, x.Path, x.Outcome, x.Key)
			}
		}
	}
}

func ExampleEngine_Check() {
	e := engine.New(engine.Setup{Catalogue: tracker{}.steps()})
	_, diags := e.Check("hello.yaml", []byte("name: hello\nsteps:\n  - {id: a, uses: lok}\n"))
	fmt.Println(diags.Err())
	// Output: hello.yaml:3:19: error: no step type is named "lok" [unknown-step] (did you mean look?)
}
