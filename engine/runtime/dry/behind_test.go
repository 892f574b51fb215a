package dry_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func group(id string, steps ...program.Node) program.Node {
	return program.Node{ID: id, Kind: program.Group, Steps: steps}
}

func beside(id string, steps ...program.Node) program.Node {
	g := group(id, steps...)
	g.Parallel = true
	return g
}

func each(n program.Node, parallel int) program.Node {
	n.ForEach, n.Key, n.MaxParallel = "[1, 2]", "item", parallel
	return n
}

func called(id string, steps ...program.Node) program.Node {
	return program.Node{ID: id, Kind: program.Skill, Call: &program.Call{Skill: id, Inputs: types.ObjectOf(), Steps: steps}}
}

// TestReadBehindAWrite: a read that could see what a write before it changes is
// known after that write; with a proof that it cannot, it is done.
func TestReadBehindAWrite(t *testing.T) {
	t.Parallel()
	a, view := titled("a", "make", "a"), titled("v", "view", "v")
	with := func(n program.Node, change func(*program.Node)) program.Node {
		n.With = types.Values{"title": n.With["title"]}
		change(&n)
		return n
	}
	elsewhere := with(a, func(n *program.Node) { n.With["service"] = "other" })
	skipped := with(a, func(n *program.Node) { n.If = "false" })
	maybe := []program.Node{titled("first", "keep", "f"), with(a, func(n *program.Node) { n.If, n.With["service"] = "steps.first.key == 'x'", "other" })}
	there := view
	there.With = types.Values{"title": "v", "service": "other"}
	cured := titled("v", "view", "bad")
	cured.Retry = &program.Retry{Attempts: 2, Before: []program.Node{a}}
	inLoop := each(group("loop", view, a), 0)
	cases := map[string]struct {
		nodes []program.Node
		later []string // "path after step"
		done  []string // paths
	}{
		"the same service":                       {nodes: []program.Node{a, view}, later: []string{"v after a"}},
		"another instance":                       {nodes: []program.Node{elsewhere, view}, done: []string{"v"}},
		"another kind":                           {nodes: []program.Node{a, titled("v", "look", "v")}, done: []string{"v"}},
		"a write that touches nobody knows what": {nodes: []program.Node{titled("p", "plain", "p"), view}, later: []string{"v after p"}},
		"before it":                              {nodes: []program.Node{view, a}, done: []string{"v"}},
		"skipped":                                {nodes: []program.Node{skipped, view}, done: []string{"v"}},
		"there already":                          {nodes: []program.Node{titled("h", "make", "here"), view}, done: []string{"v"}},
		"perhaps":                                {nodes: append(maybe, there), later: []string{"v after a"}},
		"the last of several":                    {nodes: []program.Node{a, titled("b", "make", "b"), view}, later: []string{"v after b"}},
		"in another branch before it":            {nodes: []program.Node{beside("g", a, view)}, later: []string{"g/v after a"}},
		"in another branch behind it":            {nodes: []program.Node{beside("g", view, a)}, later: []string{"g/v after a"}},
		"in a branch of another service":         {nodes: []program.Node{beside("g", elsewhere, view)}, done: []string{"g/v"}},
		"in the round before":                    {nodes: []program.Node{inLoop}, later: []string{"loop[2]/v after a"}, done: []string{"loop[1]/v"}},
		"in another round at the same time":      {nodes: []program.Node{each(group("loop", view, a), 2)}, later: []string{"loop[1]/v after a", "loop[2]/v after a"}},
		"in a called skill":                      {nodes: []program.Node{called("c", a), view}, later: []string{"v after a"}},
		"read in a called skill":                 {nodes: []program.Node{a, called("c", view)}, later: []string{"c/v after a"}},
		"in a group":                             {nodes: []program.Node{group("g", a), group("h", view)}, later: []string{"h/v after a"}},
		"in what comes before another try":       {nodes: []program.Node{cured}, later: []string{"v after a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, there: map[string]step.Found[out]{"here": step.Exists("A-1", out{Key: "A-1"})}}
			f := w.forecast(w.options(c.nodes...))
			var later, done []string
			for _, r := range f.Reads {
				if r.After == "" {
					done = append(done, r.Path)
				} else {
					later = append(later, r.Path+" after "+r.After)
				}
			}
			if f.Failure != nil || !slices.Equal(later, c.later) || !slices.Equal(done, c.done) {
				t.Errorf("later %q, done %q, failure %+v", later, done, f.Failure)
			}
		})
	}
}

// TestUnknownBehindAWrite: all that depends on such a read is known after the
// write too: arguments, conditions, asserts, awaits and outputs.
func TestUnknownBehindAWrite(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	o := w.options(
		titled("a", "make", "a"),
		titled("v", "view", "bad"), // would fail in a world without a
		program.Node{ID: "same", Kind: program.Assert, Cond: "steps.v.key == 'k'", Message: "it is ${{ steps.v.key }}"},
		node("next", "make", "steps.v.key == 'k'", types.Values{"title": "is ${{ steps.v.title }}"}),
		program.Node{ID: "wait", Kind: program.Await, Step: "view", Effect: "read", With: types.Values{"title": "bad"}, Until: "result.key == 'x'", Every: "1s"},
	)
	o.Program.Outputs = []program.Output{{Name: "key", Value: types.Dynamic{V: "${{ steps.v.key }}"}}}
	f := w.forecast(o)
	if f.Failure != nil || len(w.seen) != 1 || !slices.Equal(f.Missing, []string{"key"}) {
		t.Fatalf("failure %+v, seen %v, missing %v", f.Failure, w.seen, f.Missing)
	}
	want := []plan.Question{
		{Kind: plan.Check, Path: "same", Node: "same", Name: "same", Until: "steps.v.key == 'k'", After: 1},
		{Kind: plan.Await, Path: "wait", Node: "wait", Name: "wait", Step: "view", Until: "result.key == 'x'", Fields: []plan.Field{{Name: "title", Value: "bad"}}, After: 2},
	}
	if diff := cmp.Diff(want, f.Questions); diff != "" {
		t.Error(diff)
	}
	if x := f.Writes[1]; !x.Undecided || x.Fields[0].Value != "is (known after a)" {
		t.Errorf("the next one is %+v", x)
	}
}

// TestWorkspaceReadBehindAnEdit: a read of a workspace in which a step was left
// out would not find what the run finds.
func TestWorkspaceReadBehindAnEdit(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	o := w.options(
		titled("a", "make", "a"),
		node("edited", "edit", "", types.Values{"workspace": "w", "title": "${{ steps.a.key }}"}),
		node("read", "file", "", types.Values{"workspace": "w", "title": "r"}),
		node("other", "file", "", types.Values{"workspace": "v", "title": "o"}),
	)
	o.Program.Steps[2].Effect, o.Program.Steps[3].Effect = "read", "read"
	o.Catalogue = step.NewCatalogue([]step.Step{
		step.Read("file", "Look.", w.look), step.Local("edit", "Edit.", w.look),
		step.Write("make", "Make.", w.never, step.Preview(w.preview)).Touches("tracker", "issue", "create"),
	})
	f := w.forecast(o)
	if diff := cmp.Diff([]string{"look o"}, w.seen); diff != "" || f.Reads[0].After != "a" {
		t.Errorf("%s, reads %+v", diff, f.Reads)
	}
}

// TestPreviewBehindAnEdit: a preview is told that an edit of the files in its
// workspace was left out; a step that leaves them as they are, such as one that
// names a branch, does not count.
func TestPreviewBehindAnEdit(t *testing.T) {
	t.Parallel()
	inside := func(part string) func(context.Context, step.Use) step.Reach {
		return func(_ context.Context, u step.Use) step.Reach {
			ws := u.Places(step.Workspace, "workspace")
			return step.Reach{Sees: ws, Changes: []step.Place{{Kind: step.Workspace, Name: ws[0].Name + part}}}
		}
	}
	for left, want := range map[string]bool{"edit": true, "branch": false, "other": false} {
		t.Run(left, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t}
			told := false
			preview := func(ctx context.Context, _ in, _ step.UnknownPaths) (step.Prediction[out], error) {
				told = step.CallOf(ctx).Unprepared
				return step.Prediction[out]{}, nil
			}
			in := "w"
			if left == "other" {
				in = "v"
			}
			o := w.options(
				titled("a", "make", "a"),
				node("left", left, "", types.Values{"workspace": in, "title": "${{ steps.a.key }}"}),
				node("c", "commit", "", types.Values{"workspace": "w", "title": "${{ steps.a.key }}"}),
			)
			o.Program.Steps[1].Effect = "local"
			o.Catalogue = step.NewCatalogue([]step.Step{
				step.Local("edit", "Edit.", w.look).Reaches(inside("")), step.Local("other", "Edit.", w.look).Reaches(inside("")),
				step.Local("branch", "Name.", w.look).Reaches(inside("#branch")), step.Local("commit", "Commit.", w.look, step.Preview(preview)),
				step.Write("make", "Make.", w.never, step.Preview(w.preview)).Touches("tracker", "issue", "create"),
			})
			if f := w.forecast(o); f.Failure != nil || told != want {
				t.Errorf("told %v, want %v; failure %+v", told, want, f.Failure)
			}
		})
	}
}

// TestRefusedBehindAWrite: what speaks against a write in a world in which the
// one before it has not happened is no reason to stop; a mistake in its own
// arguments is. What is not there yet may come, and what is there stays.
func TestRefusedBehindAWrite(t *testing.T) {
	t.Parallel()
	tracker := []step.Place{{Kind: "tracker", Service: "tracker"}}
	w := &world{t: t}
	refuse := func(_ context.Context, i in, _ step.UnknownPaths) (step.Prediction[out], error) {
		return step.Prediction[out]{}, types.Errorf(types.Code(i.Title), "no")
	}
	catalogue := step.NewCatalogue([]step.Step{
		step.Write("make", "Make.", w.never, step.Preview(w.preview)).Touches("tracker", "issue", "create"),
		step.Write("refuse", "Make.", w.never, step.Preview(refuse)).Touches("tracker", "issue", "create"),
		step.Read("commit", "Look.", w.look).Reaches(func(context.Context, step.Use) step.Reach { return step.Reach{Settled: tracker} }),
	})
	for code, stops := range map[string]bool{"not_found": false, "conflict": false, "invalid": true} {
		o := w.options(titled("a", "make", "a"), node("r", "refuse", "", types.Values{"title": code}))
		o.Program.Steps[1].Effect, o.Catalogue = "write", catalogue
		f := w.forecast(o)
		if (f.Failure != nil) != stops || !stops && f.Writes[1].Fields[0].Value != code {
			t.Errorf("%s: failure %+v, writes %+v", code, f.Failure, f.Writes)
		}
		o = w.options(o.Program.Steps[1])
		o.Catalogue = catalogue
		if f := w.forecast(o); f.Failure == nil {
			t.Errorf("%s passes without a write before it", code)
		}
	}
	o := w.options(titled("a", "make", "a"), titled("is", "commit", "c"), titled("comes", "commit", "bad"))
	o.Program.Steps[1].Effect, o.Program.Steps[2].Effect, o.Catalogue = "read", "read", catalogue
	f := w.forecast(o)
	if f.Failure != nil || f.Reads[0].Output == nil || f.Reads[1].After != "a" {
		t.Errorf("failure %+v, reads %+v", f.Failure, f.Reads)
	}
	o = w.options(titled("never", "commit", "bad"))
	o.Program.Steps[0].Effect, o.Catalogue = "read", catalogue
	if f := w.forecast(o); f.Failure == nil {
		t.Error("what nobody will make is waited for")
	}
}

// TestFailingWriteIsShown: a write that fails while the run continues stands in
// the plan with its error, and counts for nothing; one that stops the run is the
// plan's failure.
func TestFailingWriteIsShown(t *testing.T) {
	t.Parallel()
	bad, next := titled("bad", "make", "refused"), titled("next", "make", "next")
	passed := bad
	passed.OnError, passed.Errors = true, map[types.Code]string{types.BadInput: "in words: ${{ error.message }}"}
	tried := passed
	tried.Retry = &program.Retry{Attempts: 3, On: []types.Code{types.BadInput}}
	rescued := group("g", bad)
	rescued.Rescue = []program.Node{titled("instead", "make", "instead")}
	round := each(bad, 0)
	round.OnItemError = true
	around := called("c", bad)
	around.OnError = true
	conflict, over := titled("bad", "make", "over"), titled("bad", "make", "unsure")
	conflict.OnError, over.OnError = true, true
	cases := map[string]struct {
		node program.Node
		fail []string // paths
	}{
		"on_error":          {passed, []string{"bad"}},
		"tried again":       {tried, []string{"bad"}},
		"rescued":           {rescued, []string{"g/bad"}},
		"on_item_error":     {round, []string{"bad[1]", "bad[2]"}},
		"in a called skill": {around, []string{"c/bad"}},
		"ended by somebody": {conflict, []string{"bad"}},
		"nobody knows":      {over, []string{"bad"}},
		"stops the run":     {bad, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, there: map[string]step.Found[out]{
				"over": step.Ended[out]("A-1", "closed", "reopen it"), "unsure": step.Inconclusive[out]("look"),
			}}
			f := w.forecast(w.options(c.node, next))
			var fail []string
			for _, x := range f.Writes {
				if x.Outcome == plan.Fail {
					fail = append(fail, x.Path)
					if x.Error == nil || len(x.Fields) == 0 {
						t.Errorf("it is shown as %+v", x)
					}
				}
			}
			if !slices.Equal(fail, c.fail) || (f.Failure != nil) != (c.fail == nil) {
				t.Errorf("failing %q, failure %+v", fail, f.Failure)
			}
			if f.Failure == nil && (len(f.Manifest) != 1 || f.Manifest[0].Times != len(f.Writes)-len(fail)) {
				t.Errorf("the manifest counts %+v", f.Manifest)
			}
			if name == "on_error" && f.Writes[0].Error.Message != "in words: no such title" {
				t.Errorf("the error is %v", f.Writes[0].Error)
			}
		})
	}
}
