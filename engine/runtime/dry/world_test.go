package dry_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestFound: what is there already is taken over, so that what follows is known
// too; what stands in the way ends the plan as it would end the run.
func TestFound(t *testing.T) {
	t.Parallel()
	made := out{Key: "A-1", Title: "old"}
	cases := []struct {
		name    string
		step    string
		title   string
		found   *step.Found[out]
		outcome string
		next    string // the title of the write after it
		asked   bool   // whether the world is asked about the next one
		code    types.Code
	}{
		{name: "here", step: "make", found: found(step.Exists("A-1", made)), outcome: plan.Adopt, next: "after A-1", asked: true},
		{name: "brought up to date", step: "keep", found: found(step.Drifted("A-1", made, "title old")), outcome: plan.Update, next: "after A-1", asked: true},
		{name: "absent", step: "make", outcome: plan.Create, next: "after (known after first)"},
		{name: "differs", step: "make", found: found(step.Drifted("A-1", made, "title old")), code: types.Conflict},
		{name: "over", step: "make", found: found(step.Ended[out]("A-1", "A-1 was closed by ada", "reopen it")), code: types.Conflict},
		{name: "cannot tell", step: "make", found: found(step.Inconclusive[out]("two have the label")), code: types.Conflict},
		{name: "no answer", step: "make", title: "bad", code: types.Network},
		{name: "refused", step: "make", title: "refused", code: types.BadInput},
		{name: "no such step", step: "gone", code: types.Internal},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, there: map[string]step.Found[out]{}}
			if c.title == "" {
				c.title = "x"
			}
			if c.found != nil {
				w.there[c.title] = *c.found
			}
			first := titled("first", c.step, c.title)
			first.Effect = "write"
			f := w.forecast(w.options(first, titled("next", "make", "after ${{ steps.first.key }}")))
			if c.code != "" {
				if f.Failure == nil || f.Failure.Error.Code != c.code || f.Failure.Error.Hint == "" || f.Failure.Node != "first" || len(f.Writes) != 0 {
					t.Errorf("failure %+v, writes %+v", f.Failure, f.Writes)
				}
				return
			}
			if f.Failure != nil || len(f.Writes) != 2 || f.Writes[0].Outcome != c.outcome {
				t.Fatalf("failure %+v, writes %+v", f.Failure, f.Writes)
			}
			if got := f.Writes[1].Fields[0].Value; got != c.next {
				t.Errorf("the next one is %q, not %q", got, c.next)
			}
			if asked := len(w.seen) == 2; asked != c.asked {
				t.Errorf("asked: %v", w.seen)
			}
			if c.outcome == plan.Update && (f.Writes[0].Ref != "A-1" || f.Writes[0].Why != "title old" || f.Writes[0].Title != "make x") {
				t.Errorf("the update is %+v", f.Writes[0])
			}
		})
	}
}

func found(f step.Found[out]) *step.Found[out] { return &f }

// TestQuestions: an await is asked once; when what it waits for is so already,
// the walk continues with the answer.
func TestQuestions(t *testing.T) {
	t.Parallel()
	wait := func(id, title, until, failIf string) program.Node {
		return program.Node{ID: id, Kind: program.Await, Step: "look", Effect: "read", With: types.Values{"title": title}, Until: until, FailIf: failIf, Every: "1s", Timeout: "1s"}
	}
	w := &world{t: t}
	f := w.forecast(w.options(
		program.Node{ID: "ok", Kind: program.Approve, Name: "Agree", Message: "write ${{ inputs.n }}?", Show: types.Dynamic{V: []any{"${{ inputs.n }}"}}},
		wait("so", "a", "result.key == 'k-a'", ""),
		wait("not_yet", "b", "result.key == 'other'", ""),
		titled("first", "make", "${{ steps.so.key }} ${{ steps.not_yet.key }} ${{ steps.ok.by }}"),
		wait("perhaps", "d", "result.key == 'k-d'", "result.key == steps.first.key"), // fails only for what is known
		wait("over", "c", "false", "result.key == 'k-c'"),
	))
	if diff := cmp.Diff([]string{"look a", "look b", "look d", "look c"}, w.seen); diff != "" {
		t.Errorf("what was asked: %s", diff)
	}
	want := []plan.Question{
		{Kind: plan.Approve, Path: "ok", Node: "ok", Name: "Agree", Message: "write 7?", Show: "[7]"},
		{Kind: plan.Await, Path: "not_yet", Node: "not_yet", Name: "not_yet", Step: "look", Fields: []plan.Field{{Name: "title", Value: "b"}}, Until: "result.key == 'other'"},
	}
	if diff := cmp.Diff(want, f.Questions); diff != "" {
		t.Error(diff)
	}
	if got := f.Writes[0].Fields[0].Value; got != "k-a (known after not_yet) (known after ok)" {
		t.Errorf("the write says %s", got)
	}
	if f.Failure == nil || f.Failure.Node != "over" || f.Failure.Error.Code != types.Conflict || len(f.Reads) != 0 {
		t.Errorf("failure %+v, reads %+v", f.Failure, f.Reads)
	}
}

// TestFailures: what would end the run ends the plan, in the skill's words and
// with its place.
func TestFailures(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	bad := titled("seen", "look", "bad")
	bad.Errors = map[types.Code]string{types.NotFound: "build it first"}
	bad.At.File, bad.At.Start.Line = "x.yaml", 3
	f := w.forecast(w.options(bad, titled("first", "make", "a")))
	if f.Failure == nil || f.Failure.Error.Message != "build it first" || f.Failure.Place.File != "x.yaml" || f.Failure.Place.Line != 3 || len(f.Writes) > 0 {
		t.Errorf("failure %+v", f.Failure)
	}
	for _, n := range []program.Node{titled("x", "look", "bug"), node("x", "edit", "", types.Values{"title": "bug"}), {ID: "x", Kind: program.Uses, Step: "gone", Effect: "read"}} {
		if f := w.forecast(w.options(n)); f.Failure == nil || f.Failure.Error.Code != types.Internal || f.Failure.Error.Hint == "" {
			t.Errorf("%s: failure %+v", n.Step, f.Failure)
		}
	}
	refused := node("x", "commit", "", types.Values{"workspace": "w", "title": "refused", "text": "${{ steps.first.key }}"})
	if f := w.forecast(w.options(titled("first", "make", "a"), refused)); f.Failure == nil || f.Failure.Node != "x" {
		t.Errorf("failure %+v", f.Failure)
	}
	o := w.options(titled("seen", "look", "q"))
	o.Program.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ int(steps.seen.key) }}"}}}
	if f := w.forecast(o); f.Failure == nil || f.Failure.Path != "outputs/o" {
		t.Errorf("failure %+v", f.Failure)
	}
}

// TestOwnErrors: a walk that cannot be made says so.
func TestOwnErrors(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cases := map[types.Code]func(*dry.Options){
		types.NotFound: func(o *dry.Options) {
			o.Before = []dry.Repeat{{Path: "e", Step: "edit", Input: []byte(`{"title":"bad"}`)}}
		},
		types.Internal: func(o *dry.Options) { o.Before = []dry.Repeat{{Path: "e", Step: "gone"}} },
	}
	for code, change := range cases {
		o := w.options(titled("seen", "look", "q"))
		change(&o)
		if _, err := dry.Forecast(t.Context(), o); types.CodeOf(err) != code || types.AsError(err).Hint == "" {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := dry.Forecast(ctx, w.options(titled("seen", "look", "q"))); types.CodeOf(err) != types.Cancelled {
		t.Errorf("interrupted: %v", err)
	}
	o := w.options(titled("seen", "look", "q"))
	o.Snapshot = []byte("no")
	if _, err := dry.Forecast(t.Context(), o); err == nil {
		t.Error("a broken snapshot was taken")
	}
}

// TestWorkspace: after a local step that was left out, nothing more is done in
// its workspace; other workspaces are not touched by that.
func TestWorkspace(t *testing.T) {
	t.Parallel()
	in := func(workspace, title string) types.Values {
		return types.Values{"workspace": workspace, "title": title}
	}
	w := &world{t: t}
	var notes []string
	o := w.options(
		titled("first", "make", "a"),
		node("one", "edit", "", in("w", "one")),
		node("two", "edit", "", in("w", "${{ steps.first.key }}")),
		node("three", "commit", "", in("w", "three")),
		node("beside", "edit", "", in("v", "beside")),
		node("push", "make", "", in("w", "push")),
		node("last", "edit", "", in("${{ steps.first.key }}", "last")),
		node("none", "edit", "", in("v", "none")),
	)
	o.Observe = func(n machine.Note) { notes = append(notes, string(n.Kind)+" "+n.Node) }
	f := w.forecast(o)
	if diff := cmp.Diff([]string{"find a", "look one", "look beside"}, w.seen); diff != "" {
		t.Errorf("what was done: %s", diff)
	}
	if diff := cmp.Diff([]string{"started one", "done one", "started beside", "done beside"}, notes); diff != "" {
		t.Errorf("what was shown: %s", diff)
	}
	local := func(id, step string, l plan.Local) plan.Local {
		l.Path, l.Node, l.Name, l.Step = id, id, id, step
		return l
	}
	want := []plan.Local{
		local("one", "edit", plan.Local{}),
		local("two", "edit", plan.Local{Foreseen: true, Fields: []plan.Field{{Name: "title", Value: "(known after first)"}}}),
		local("three", "commit", plan.Local{Foreseen: true, Title: "make three", Fields: []plan.Field{{Name: "title", Value: "three"}}, Diff: "+three\n"}),
		local("beside", "edit", plan.Local{}),
	}
	if diff := cmp.Diff(want, f.Writes[1].Local); diff != "" {
		t.Error(diff)
	}
	if len(f.Local) != 2 || !f.Local[1].Foreseen {
		t.Errorf("at the end: %+v", f.Local)
	}
}

// TestHost: a write goes where its remote is, when it tells one.
func TestHost(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"https://git.example.com:8443/a/b.git": "git.example.com:8443",
		"ssh://git@git.example.com/a/b.git":    "git.example.com",
		"git@git.example.com:a/b.git":          "git.example.com",
		"/srv/git/b.git":                       "tracker.example.com",
		"":                                     "tracker.example.com",
	} {
		w := &world{t: t}
		f := w.forecast(w.options(node("x", "make", "", types.Values{"title": "x", "text": "remote " + remote})))
		if got := f.Writes[0].Host; got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

// TestUsed: a plan knows which members of a result the rest of the skill reads;
// a result that is read as a whole counts as a whole.
func TestUsed(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	some := titled("some", "look", "a")
	some.Name = "Look at ${{ inputs.n }}"
	set := program.Node{ID: "set", Kind: program.Set, Values: []program.Binding{{Name: "all", Value: types.Dynamic{V: map[string]any{"x": []any{"${{ steps.whole }}"}}}}}}
	ask := program.Node{ID: "ask", Kind: program.Approve, Message: "m", Show: types.Dynamic{V: "${{ steps.shown.title }}"}}
	check := program.Node{ID: "check", Kind: program.Assert, Cond: "steps.some.key == 'k-a' && steps.some.title == 'a'", Message: "${{ steps.some.key }}"}
	wait := program.Node{ID: "wait", Kind: program.Await, Step: "look", Effect: "read", With: types.Values{"title": "g"}, Until: "steps.until.key == 'k-e'", FailIf: "steps.failing.title != 'f'", Every: "1s", Timeout: "1s"}
	f := w.forecast(w.options(some, titled("none", "look", "b"), titled("whole", "look", "c"), titled("shown", "look", "d"),
		titled("until", "look", "e"), titled("failing", "look", "f"), check, set, ask, wait))
	got := map[string][]string{}
	for _, r := range f.Reads {
		got[r.Node] = r.Used
	}
	want := map[string][]string{"some": {"key", "title"}, "none": {}, "whole": nil, "shown": {"title"}, "until": {"key"}, "failing": {"title"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestTell passes on why a step waits, with its path.
func TestTell(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	o := w.options(titled("seen", "slow", "q"))
	o.Catalogue = step.NewCatalogue([]step.Step{step.Read("slow", "Look.", func(ctx context.Context, _ in) (out, error) {
		step.CallOf(ctx).Tell("busy")
		return out{}, nil
	})})
	o.Program.Steps[0].Effect = "read"
	var told string
	o.Tell = func(path, text string) { told = path + " " + text }
	w.forecast(o)
	if told != "seen busy" {
		t.Errorf("told %q", told)
	}
}

// TestUpdateKnowsMore: what only the action could tell is known of what is there,
// also inside of it.
func TestUpdateKnowsMore(t *testing.T) {
	t.Parallel()
	type deep struct {
		Link struct {
			ID  string `json:"id" doc:"ID."`
			URL string `json:"url" doc:"URL."`
		} `json:"link" doc:"Link."`
		Version string `json:"version" doc:"Version."`
	}
	var there, soon deep
	there.Link.ID, there.Link.URL, soon.Link.URL = "7", "old", "new"
	preview := func(context.Context, in, step.UnknownPaths) (step.Prediction[deep], error) {
		return step.Prediction[deep]{Out: soon, Unknown: step.UnknownPaths{"link.id", "gone.id"}}, nil
	}
	find := func(context.Context, step.Key, in) (step.Found[deep], error) {
		return step.Drifted("7", there, "url"), nil
	}
	do := func(context.Context, in) (deep, error) { panic("it was written") }
	bring := func(context.Context, step.Key, in, deep) (deep, error) { panic("it was updated") }
	w := &world{t: t}
	first := titled("first", "link", "x")
	first.Effect = "write"
	o := w.options(first)
	o.Catalogue = step.NewCatalogue([]step.Step{step.Write("link", "Link.", do, step.Find(find), step.Preview(preview), step.Update(bring))})
	o.Program.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ steps.first.link.id }} ${{ steps.first.link.url }}"}}}
	if got := w.forecast(o).Outputs["o"]; got != "7 new" {
		t.Errorf("the output is %v", got)
	}
}

// TestAwaitGetsNoAnswer: an await that a run would continue with is shown as one that
// waits; any other failure of its read stops the plan.
func TestAwaitGetsNoAnswer(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]types.Code{"busy": "", "bad": types.NotFound} {
		w := &world{t: t}
		f := w.forecast(w.options(program.Node{ID: "a", Kind: program.Await, Step: "look", Effect: "read", With: types.Values{"title": title}, Until: "result.key == 'x'", Every: "1s"}))
		var got types.Code
		if f.Failure != nil {
			got = f.Failure.Error.Code
		}
		if waits := len(f.Questions) == 1; got != want || waits != (want == "") {
			t.Errorf("%s: %q, %+v", title, got, f.Questions)
		}
	}
}
