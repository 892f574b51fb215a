package dry_test

import (
	"context"
	"strings"
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
	Workspace string   `json:"workspace,omitempty" doc:"Workspace." workspace:"true"`
	Title     string   `json:"title" doc:"Title."`
	Text      string   `json:"text,omitempty" doc:"Text."`
	Tags      []string `json:"tags,omitempty" doc:"Tags."`
	Service   string   `json:"service,omitempty" doc:"Service."`
}

type out struct {
	Key    string `json:"key" doc:"Key."`
	Title  string `json:"title" doc:"Title."`
	Remote string `json:"remote,omitempty" doc:"Remote."`
}

// world is what the steps of a test see and do.
type world struct {
	t     *testing.T
	there map[string]step.Found[out] // by title; absent when it is not in it
	seen  []string                   // what was done: "look q", "find x"
}

func (w *world) did(verb string, i in) { w.seen = append(w.seen, strings.TrimSpace(verb+" "+i.Title)) }

// look is a read, and with a workspace a local step.
func (w *world) look(_ context.Context, i in) (out, error) {
	w.did("look", i)
	switch i.Title {
	case "bad":
		return out{}, types.Errorf(types.NotFound, "there is no %s", i.Title).WithHint("make one")
	case "busy":
		return out{}, types.Errorf(types.Unavailable, "503 Service Unavailable")
	case "bug":
		panic("boom")
	}
	return out{Key: "k-" + i.Title, Title: i.Title}, nil
}

func (w *world) never(_ context.Context, i in) (out, error) {
	w.t.Errorf("%s was written", i.Title)
	return out{}, nil
}

func (w *world) find(ctx context.Context, key step.Key, i in) (step.Found[out], error) {
	w.did("find", i)
	if c := step.CallOf(ctx); c.Key != key || c.Digest == "" || c.Run != "r" || key.Work != "work" {
		w.t.Errorf("call %+v of key %s", c, key)
	}
	if i.Title == "bad" {
		return step.Found[out]{}, types.Errorf(types.Network, "no answer").WithHint("try again")
	}
	if f, ok := w.there[i.Title]; ok {
		return f, nil
	}
	return step.Absent[out](), nil
}

// preview shows the title, and the text as far as it is known.
func (w *world) preview(ctx context.Context, i in, unknown step.UnknownPaths) (step.Prediction[out], error) {
	if i.Title == "refused" {
		return step.Prediction[out]{}, types.Errorf(types.BadInput, "no such title").WithHint("give another one")
	}
	p := step.Prediction[out]{Change: step.Change{Title: "make " + i.Title, Diff: "+" + i.Title + "\n"}, Out: out{Title: i.Title}, Unknown: step.UnknownPaths{"key"}}
	if unknown.Has("title") {
		p.Change.Title, p.Unknown = "make something", step.UnknownPaths{"key", "title"}
	} else {
		p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: "title", Value: i.Title})
	}
	if i.Text == "where" {
		p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: "text", Value: step.CallOf(ctx).Workspaces + "/file"})
	}
	p.Out.Remote, _ = strings.CutPrefix(i.Text, "remote ")
	return p, nil
}

func (w *world) catalogue() *step.Catalogue {
	bring := step.Update(func(context.Context, step.Key, in, out) (out, error) { panic("an update was sent") })
	undo := step.Undo(step.Undoing[in, out]{Describe: func(in, out) string { return "" }})
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", w.look).Touches("wiki", "page", "read"),
		step.Read("view", "Look.", w.look).Touches("tracker", "issue", "view"),
		step.Local("edit", "Edit.", w.look),
		step.Local("commit", "Commit.", w.look, step.Preview(w.preview)),
		step.Write("make", "Make.", w.never, step.Preview(w.preview), step.Find(w.find)).Touches("tracker", "issue", "create"),
		step.Write("keep", "Make.", w.never, step.Preview(w.preview), step.Find(w.find), bring, undo).Touches("tracker", "note", "write"),
		step.Write("plain", "Make.", w.never),
	})
}

var effects = map[string]string{"look": "read", "view": "read", "edit": "local", "commit": "local", "make": "write", "keep": "write", "plain": "write"}

func node(id, name, cond string, with types.Values) program.Node {
	return program.Node{ID: id, Kind: program.Uses, Step: name, Effect: effects[name], If: cond, With: with}
}

func titled(id, name, title string) program.Node {
	return node(id, name, "", types.Values{"title": title})
}

var start = machine.Start{Run: "r", StartedAt: time.Unix(0, 0)}

func (w *world) options(nodes ...program.Node) dry.Options {
	return dry.Options{
		Program:   &program.Program{Inputs: types.Values{"n": 7}, Steps: nodes},
		Start:     start,
		Catalogue: w.catalogue(), Run: "r", Work: "work", Workspaces: w.t.TempDir(),
		Hosts: func(service string) string { return service + ".example.com" },
	}
}

func (w *world) forecast(o dry.Options) plan.Forecast {
	w.t.Helper()
	f, err := dry.Forecast(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// TestForecast walks to the end: what can be read is read, what is known of the
// writes stands there, and what is not says after which step it will be.
func TestForecast(t *testing.T) {
	t.Parallel()
	w := &world{t: t}
	o := w.options(
		titled("seen", "look", "q"),
		node("first", "make", "", types.Values{"title": "release ${{ inputs.n }} ${{ steps.seen.key }}", "tags": []any{}}),
		titled("later", "look", "${{ steps.first.key }}"),
		titled("second", "make", "after ${{ steps.first.key }}"),
		titled("third", "plain", "${{ steps.first.title }}"),
		node("fourth", "keep", "", types.Values{"title": "x", "text": "see ${{ steps.second.key }}", "service": "other"}),
		node("fifth", "make", "", types.Values{"title": "x", "text": "remote https://git.example.com/a/b.git"}),
	)
	o.Program.Outputs = []program.Output{
		{Name: "seen", Value: types.Dynamic{V: "${{ steps.seen.key }}"}},
		{Name: "made", Value: types.Dynamic{V: "${{ steps.first.key }}"}},
	}
	got := w.forecast(o)
	if diff := cmp.Diff([]string{"look q", "find release 7 k-q"}, w.seen); diff != "" {
		t.Errorf("what was asked: %s", diff)
	}
	write := func(id, name string, w plan.Write) plan.Write {
		w.Path, w.Node, w.Name, w.Step, w.Outcome = id, id, id, name, plan.Create
		if name != "plain" {
			w.Service = "tracker"
		}
		return w
	}
	want := plan.Forecast{
		Reads: []plan.Read{
			{Path: "seen", Node: "seen", Name: "seen", Step: "look", Output: types.Values{"key": "k-q", "title": "q"}, Used: []string{"key"}},
			{Path: "later", Node: "later", Name: "later", Step: "look", After: "first", Used: []string{}},
		},
		Writes: []plan.Write{
			write("first", "make", plan.Write{Object: "issue", Verb: "create", Host: "tracker.example.com",
				Title: "make release 7 k-q", Fields: []plan.Field{{Name: "title", Value: "release 7 k-q"}}, Diff: "+release 7 k-q\n"}),
			write("second", "make", plan.Write{Object: "issue", Verb: "create", Host: "tracker.example.com",
				Title: "make something", Fields: []plan.Field{{Name: "title", Value: "after (known after first)"}}, Diff: "+\n"}),
			write("third", "plain", plan.Write{Title: "plain", Fields: []plan.Field{{Name: "title", Value: "release 7 k-q"}}}),
			write("fourth", "keep", plan.Write{Object: "note", Verb: "write", Host: "other.example.com", Reversible: true,
				Title: "make x", Fields: []plan.Field{{Name: "title", Value: "x"}, {Name: "text", Value: "see (known after second)"}}, Diff: "+x\n"}),
			write("fifth", "make", plan.Write{Object: "issue", Verb: "create", Host: "git.example.com",
				Title: "make x", Fields: []plan.Field{{Name: "title", Value: "x"}}, Diff: "+x\n"}),
		},
		Manifest: []plan.ManifestEntry{
			{Service: "tracker", Host: "tracker.example.com", Object: "issue", Verb: "create", Times: 2},
			{Times: 1},
			{Service: "tracker", Host: "other.example.com", Object: "note", Verb: "write", Reversible: true, Times: 1},
			{Service: "tracker", Host: "git.example.com", Object: "issue", Verb: "create", Times: 1},
		},
		Outputs: types.Values{"seen": "k-q"}, Missing: []string{"made"},
	}
	want.Digest = plan.DigestOf(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOneDigest: a walk from the start and one from just before the first write
// show the same, wherever they do their work.
func TestOneDigest(t *testing.T) {
	t.Parallel()
	nodes := []program.Node{
		titled("seen", "look", "q"),
		node("edited", "edit", "", types.Values{"workspace": "w", "title": "e"}),
		node("first", "make", "", types.Values{"title": "a", "text": "where"}),
		node("committed", "commit", "", types.Values{"workspace": "w", "title": "${{ steps.first.key }}: b"}),
		titled("second", "make", "c"),
	}
	w := &world{t: t}
	whole := w.forecast(w.options(nodes...))

	o := w.options(nodes...)
	m := machine.New(o.Program, start)
	for _, path := range []string{"seen", "edited"} {
		m.Next()
		if err := m.Apply(machine.Event{Kind: machine.Done, Path: path, Output: types.Values{"key": "k", "title": "t"}}); err != nil {
			t.Fatal(err)
		}
	}
	o.Snapshot = m.Snapshot()
	o.Before = []dry.Repeat{{Path: "edited", Step: "edit", Input: []byte(`{"workspace":"w","title":"again"}`)}}
	w.seen = nil
	rest := w.forecast(o)
	if rest.Digest != whole.Digest || rest.Digest == "" {
		t.Errorf("%s, %s from the start: %s", rest.Digest, whole.Digest, cmp.Diff(whole.Writes, rest.Writes))
	}
	if diff := cmp.Diff([]string{"look again", "find a"}, w.seen); diff != "" {
		t.Errorf("what was asked: %s", diff)
	}
	if got := rest.Writes[0].Fields[1].Value; got != "(workspace)/file" {
		t.Errorf("the folder of the walk is shown: %s", got)
	}
	if a := m.Next(); len(a) != 1 || a[0].Path != "first" {
		t.Errorf("the machine itself was moved: %+v", a)
	}
	nodes[3].With["title"] = "${{ steps.first.key }}: other"
	if other := w.forecast(w.options(nodes...)); other.Digest == whole.Digest {
		t.Error("another message has the same digest")
	}
}
