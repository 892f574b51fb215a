package dry_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type in struct {
	Title string   `json:"title" doc:"Title."`
	Tags  []string `json:"tags,omitempty" doc:"Tags."`
}

type out struct {
	Key   string `json:"key" doc:"Key."`
	Title string `json:"title" doc:"Title."`
}

// catalogue has writes that must never be performed here.
func catalogue(t *testing.T) *step.Catalogue {
	never := func(context.Context, in) (out, error) {
		t.Error("a step was performed")
		return out{}, nil
	}
	preview := func(_ context.Context, i in, unknown step.UnknownPaths) (step.Prediction[out], error) {
		title := "make " + i.Title
		if unknown.Has("title") {
			title = "make something"
		}
		return step.Prediction[out]{Change: step.Change{Title: title, Diff: "+x\n"}, Out: out{Title: i.Title}, Unknown: step.UnknownPaths{"key"}}, nil
	}
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", never),
		step.Write("make", "Make.", never, step.Preview(preview)).Touching("tracker", "issue", "create"),
		step.Write("plain", "Make.", never),
	})
}

// TestWrites walks to the end: what is known stands there, what is not says
// after which step it will be.
func TestWrites(t *testing.T) {
	t.Parallel()
	node := func(id, name, effect, cond string, with types.Values) program.Node {
		return program.Node{ID: id, Kind: program.Uses, Step: name, Effect: effect, If: cond, With: with}
	}
	p := &program.Program{Inputs: types.Values{"n": 7}, Steps: []program.Node{
		node("seen", "look", "read", "", types.Values{"title": "q"}),
		node("first", "make", "write", "", types.Values{"title": "release ${{ inputs.n }}", "tags": []any{}}),
		node("later", "look", "read", "", types.Values{"title": "${{ steps.first.key }}"}),
		node("second", "make", "write", "steps.later.key == 'x'", types.Values{"title": "after ${{ steps.first.key }}"}),
		node("third", "plain", "write", "", types.Values{"title": "${{ steps.first.title }}"}),
		{ID: "wait", Kind: program.Await, Step: "look", Effect: "read", With: types.Values{"title": "w"}, Until: "result.key == 'x'", Every: "1s"},
	}}
	start := machine.Start{Run: "r", StartedAt: time.Unix(0, 0)}
	m := machine.New(p, start)
	m.Next()
	if err := m.Apply(machine.Event{Kind: machine.Done, Path: "seen", Output: types.Values{"key": "k", "title": "t"}}); err != nil {
		t.Fatal(err)
	}
	m.Next()
	got, err := dry.Writes(t.Context(), catalogue(t), p, start, m.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	want := []plan.Write{
		{Path: "first", Node: "first", Name: "first", Step: "make", Service: "tracker", Object: "issue", Verb: "create",
			Title: "make release 7", Fields: []plan.Field{{Name: "title", Value: "release 7"}}, Diff: "+x\n"},
		{Path: "second", Node: "second", Name: "second", Step: "make", Service: "tracker", Object: "issue", Verb: "create",
			Title: "make something", Fields: []plan.Field{{Name: "title", Value: "after (known after first)"}}, Diff: "+x\n", Undecided: true},
		{Path: "third", Node: "third", Name: "third", Step: "plain", Title: "plain", Fields: []plan.Field{{Name: "title", Value: "release 7"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if a := m.Next(); len(a) != 1 || a[0].Path != "first" {
		t.Errorf("the machine itself was moved: %+v", a)
	}
}
