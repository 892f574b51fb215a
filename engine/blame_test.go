package engine_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// blame is a run whose last step fails while what is to be agreed to is computed.
// Nothing that stands around the first write has anything to do with that.
const blame = `name: blame
steps:
  - id: g
    steps:
      - {id: first, uses: create, on_error: continue, with: {title: a}}
      - {id: second, uses: create, with: {title: b}}
    rescue:
      - {id: mends, uses: look, with: {title: c}}
  - id: last
    parallel: true
    steps:
      - id: each
        for_each: '["x", "y"]'
        steps:
          - {id: bad, uses: broken, with: {title: "${{ item }}"}}
`

// TestTheWrongStepIsBlamed: what fails later fails the run before its first
// write, with its own step and place, in the outcome, the events and the listing.
func TestTheWrongStepIsBlamed(t *testing.T) {
	t.Parallel()
	tr, broken := tracker{}, true
	e := newEngine(t, tr, journal.Options{})
	look := func(context.Context, in) (out, error) {
		if broken {
			return out{}, types.Errorf(types.NotFound, "there is no such thing")
		}
		return out{Key: "k"}, nil
	}
	create, _ := tr.steps().Lookup("create")
	see, _ := tr.steps().Lookup("look")
	e.Catalogue = step.NewCatalogue([]step.Step{create, see, step.Read("broken", "Look.", look).Reaches(step.Nowhere).Errors(types.NotFound)})
	skill, diags := e.Check("blame.yaml", []byte(blame))
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	var failed []string
	o := engine.Options{
		Confirm: func(context.Context, engine.Run, engine.Question) (engine.Answer, error) { return engine.Yes, nil },
		Observe: func(x engine.Event) {
			if x.Type == engine.EventStepFailed {
				failed = append(failed, x.Path)
			}
		},
	}
	r, _, err := e.Start(t.Context(), bound(t, skill, engine.Binding{Now: stopped{}.Now(), Zone: time.UTC}), o)
	if err != nil || r.State != engine.Failed || len(tr) != 0 {
		t.Fatalf("%v %+v, world %v", err, r.Outcome, tr)
	}
	const path, line = "last/each[x]/bad", 15
	if f := r.Failure; f.Path != path || f.Node != "bad" || f.At.Start.Line != line || f.Error.Code != types.NotFound {
		t.Errorf("%+v", f)
	}
	if !slices.Equal(failed, []string{path}) {
		t.Errorf("failed: %v", failed)
	}
	list, err := e.Runs()
	if err != nil || len(list) != 1 {
		t.Fatal(err)
	}
	x, err := e.Inspect(list[0])
	if err != nil || x.State != journal.StateFailed || x.Failure == nil || x.Failure.Path != path || x.Failure.At.Start.Line != line {
		t.Errorf("%v %+v %+v", err, x.Summary, x.Failure)
	}
	for _, s := range x.Steps {
		if (s.State == "failed") != (s.Path == path) {
			t.Errorf("%s is %s", s.Path, s.State)
		}
	}
	broken = false
	if r, err = e.Resume(t.Context(), r.ID, o); err != nil || r.State != engine.Done || len(tr) != 2 {
		t.Errorf("%v %+v, world %v", err, r.Outcome, tr)
	}
}

// TestPlaceOfAPath: the node of a path is found in groups, loops, called skills
// and remedies.
func TestPlaceOfAPath(t *testing.T) {
	t.Parallel()
	cured := program.Node{ID: "w", Retry: &program.Retry{Before: []program.Node{{ID: "login"}}}}
	nodes := []program.Node{{ID: "g", Always: []program.Node{{ID: "s", Call: &program.Call{Steps: []program.Node{cured}}}}}}
	for path, want := range map[string]string{
		"g": "g", "g[a%2Fb]/s": "s", "g/s/w": "w", "g/s/w/before.2/login": "login", "g/x": "", "x": "", "g/s/w/login": "", "": "",
	} {
		got := ""
		if n := program.At(nodes, path); n != nil {
			got = n.ID
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
