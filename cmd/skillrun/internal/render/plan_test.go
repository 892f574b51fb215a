package render_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden checks text against testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

const diff = `--- a/deploy.yml
+++ b/deploy.yml
@@ -1,3 +1,3 @@
 name: x
-ref: 2fdd383
+ref: 6eed4fe
` + " \n"

// forecast has one of everything, with text that tries to steer the terminal.
func forecast() plan.Forecast {
	f := plan.Forecast{
		Reads: []plan.Read{
			{Name: "Verify image", Output: types.Values{"tag": "x", "digest": "sha256:793f289f"}, Used: []string{"digest"}},
			{Name: "Read the file\x1b[2J", Output: types.Values{"text": "a\nb", "commit": "7c00f62", "state": "unused"}, Used: []string{"text", "commit"}},
			{Name: "Look for others", Output: types.Values{"merge_requests": []any{}, "looked_at": 0}, Used: []string{"looked_at"}},
			{Name: "Nothing\n1. to tell", Output: types.Values{"list": []any{}}},
			{Name: "Large", OutputDigest: "abc"},
		},
		Questions: []plan.Question{
			{Kind: plan.Approve, After: 4, Path: "ok", Node: "ok", Name: "Agree", Message: "Release\nthis?", Show: `["a"]`},
			{Kind: plan.Await, After: 4, Name: "Await the team", Step: "gitlab_mr_view", Until: "result.approved", Fields: []plan.Field{{Name: "iid", Value: "(known after mr)"}}},
			{Kind: plan.Check, After: 4, Name: "Still open", Until: "steps.mr.state == 'opened'"},
		},
		Writes: []plan.Write{
			{Name: "Find the epic", Service: "jira", Outcome: plan.Adopt, Ref: "AAP-7"},
			{Name: "Create issue", Service: "jira", Host: "jira.example.com", Object: "issue", Verb: "create", Outcome: plan.Create, Reversible: true, Title: "file a Story",
				Fields: []plan.Field{{Name: "summary", Value: "Release\x1b]0;x\a"}, {Name: "description", Value: "one\n\ntwo\n"}}},
			{Name: "Push branch", Service: "git", Host: "git.example.com", Object: "branch", Verb: "push", Outcome: plan.Create, Title: "push branch b\nand more",
				Fields: []plan.Field{{Name: "branch", Value: "b"}}, Diff: diff,
				Local: []plan.Local{{Name: "Checkout"}, {Name: "Edit"},
					{Name: "Commit", Foreseen: true, Title: "commit 1 file", Fields: []plan.Field{{Name: "message", Value: "(known after jira) - release"}}, Undecided: true, If: "steps.a.b"}}},
			{Name: "Link", Service: "jira", Host: "jira.example.com", Object: "remote link", Verb: "create", Outcome: plan.Update, Ref: "AAP-7", Why: "the title is old", Undecided: true},
		},
		Local: []plan.Local{{Name: "Tidy up"}}, Digest: "0123456789abcdef",
	}
	f.Manifest = plan.ManifestOf(f.Writes)
	return f
}

// TestPlan is the page that people decide by.
func TestPlan(t *testing.T) {
	t.Parallel()
	var plain, colour, question, first, empty bytes.Buffer
	p := plan.Plan{Forecast: forecast()}
	render.Plan(&plain, p, false)
	golden(t, "plan.golden", plain.String())
	render.Plan(&colour, p, true)
	golden(t, "plan-colour.golden", colour.String())
	if strings.ContainsAny(plain.String(), "\x1b\a") {
		t.Error("a text from outside reaches the terminal")
	}

	render.Question(&question, engine.Question{Node: "ok", Message: "Release\nthis?", Show: map[string]any{"n": 1}, Forecast: p.Forecast}, false)
	golden(t, "question.golden", question.String())
	render.Question(&first, engine.Question{Forecast: plan.Forecast{Writes: p.Writes[1:2]}}, false)
	if !strings.HasPrefix(first.String(), "\none write is about to happen:\n\n1. Create issue\n") {
		t.Errorf("before the first write: %s", first.String())
	}

	render.Plan(&empty, plan.Plan{Forecast: plan.Forecast{Digest: "d"}}, false)
	if diff := cmp.Diff("\nnothing to write\n\ndigest: d\n", empty.String()); diff != "" {
		t.Error(diff)
	}
}

// TestStopped: a plan that stops counts nothing, and shows the place.
func TestStopped(t *testing.T) {
	t.Parallel()
	f := plan.Failure{Node: "image", Place: plan.Place{File: "x.yaml", Line: 2, Col: 3, EndLine: 2, EndCol: 12},
		Error: types.Errorf(types.NotFound, "build it first").WithHint("see CI").With("cause", "no such tag\x1b")}
	p := plan.Plan{Forecast: plan.Forecast{Reads: forecast().Reads[:1], Failure: &f}}
	var out bytes.Buffer
	render.Plan(&out, p, false)
	render.Stopped(&out, &f, render.Sources{"x.yaml": []byte("steps:\n- id: image\n")}, render.Look{})
	want := `read  Verify image: digest sha256:793f289f

error: image: build it first [not_found]
  see CI
  because: no such tag␛
  at x.yaml:2:3
  2 | - id: image
    |   ^^^^^^^^^
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestPlanOfALoop tells the writes of items and groups by their paths, what is
// done for each item of a list that is not known yet once, and of many reads
// those of the first items.
func TestPlanOfALoop(t *testing.T) {
	t.Parallel()
	var f plan.Forecast
	for i := range 30 {
		path := fmt.Sprintf("review[%d]/look", i)
		f.Reads = append(f.Reads, plan.Read{Path: path, Node: "look", Name: "Look at the pipeline", Output: types.Values{"status": "success"}})
	}
	edit := plan.Local{Name: "Edit", Path: "edit[a]", Node: "edit"}
	f.Writes = []plan.Write{
		{Path: "g/ticket", Node: "ticket", Name: "File a ticket", Service: "jira", Outcome: plan.Create},
		{Path: "review[7]/merge", Node: "merge", Name: "Merge !7", Service: "gitlab", Outcome: plan.Create, Local: []plan.Local{{Name: "Checkout"}, edit, edit}},
		{Path: "tell[*]", Node: "tell", Name: "Tell the owner", Service: "slack", Outcome: plan.Create, Undecided: true},
		{Path: "g/close[*]/note", Node: "note", Name: "Leave a note", Service: "jira", Outcome: plan.Create, Undecided: true, If: "item.open"},
		{Path: "last", Node: "last", Name: "Last", Service: "jira", Outcome: plan.Create, Undecided: true, If: "steps.g.x"},
	}
	f.Local = []plan.Local{{Name: "Commit", Path: "tidy[*]/commit", Node: "commit", Foreseen: true, Undecided: true, Title: "commit 1 file"}}
	f.Questions = []plan.Question{{Kind: plan.Approve, After: 4, Path: "review[7]/ok", Node: "ok", Name: "Agree", Message: "Merge !7?"}}
	var out bytes.Buffer
	render.Plan(&out, plan.Plan{Forecast: f}, false)
	golden(t, "plan-loop.golden", out.String())
}

// TestStoppedInAnItem names the item.
func TestStoppedInAnItem(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	render.Stopped(&out, &plan.Failure{Node: "look", Path: "review[7]/look", Error: types.Errorf(types.NotFound, "no pipeline")}, nil, render.Look{})
	if diff := cmp.Diff("\nerror: review[7]/look: no pipeline [not_found]\n", out.String()); diff != "" {
		t.Error(diff)
	}
}
