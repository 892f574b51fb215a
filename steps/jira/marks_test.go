package jira_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// unlabelled files an issue with no labels of its own.
const unlabelled = `{"project":"AAP","summary":"2025-01-15 Release","description":"what is new"}`

func noLabels(o *jiratest.Options) {
	o.Projects = slices.Clone(o.Projects)
	o.Projects[0].NoLabels = true
}

func noProperties(o *jiratest.Options) { o.DropsProperties = true }

// told gathers what people are told.
func (w *world) told() *[]string {
	var lines []string
	w.call.Tell = func(text string) { lines = append(lines, text) }
	return &lines
}

// losing carries out the writes and drops the answer of each that is a yes.
func losing() http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if r.Method == http.MethodPost && err == nil && resp.StatusCode/100 == 2 {
			_ = resp.Body.Close()
			return nil, errors.New("connection reset by peer")
		}
		return resp, err
	})
}

// TestAScreenWithoutLabels files an issue all the same, once, and finds it by
// its property: at once, behind many others, and after a lost answer.
func TestAScreenWithoutLabels(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, noLabels)
		told := w.told()
		made := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", unlabelled))
		view := w.srv.Issues()[1]
		if made.Key != "AAP-101" || !made.Created || len(view.Labels) > 0 || view.Properties["skillrun"] == nil || view.Description != "what is new" {
			t.Fatalf("got %+v, %+v", made, view)
		}
		if len(*told) != 1 || !strings.Contains((*told)[0], "AAP has no labels on its create screen") {
			t.Errorf("told %q", *told)
		}
		for n := range 60 { // beyond what is probed by number
			mine := w.call
			w.call.Key = step.Key{Work: "others", Path: fmt.Sprint("n", n)}
			must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", unlabelled))
			w.call = mine
		}
		for _, after := range []bool{false, true} { // the journal is lost, or the answer was
			w.call.AfterUnknown = after
			found := w.found("jira_create_issue", unlabelled)
			if after && (found.State != step.StateExists || found.Ref != "AAP-101") {
				t.Errorf("after a lost answer: %+v", found)
			}
			again := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", unlabelled))
			if again.Key != "AAP-101" || again.Created {
				t.Errorf("filed again: %+v", again)
			}
		}
		if n := len(w.srv.Issues()); n != 62 {
			t.Errorf("%d issues, want 62", n)
		}
		if err := w.srv.Transition("AAP-101", "Done"); err != nil {
			t.Fatal(err)
		}
		_, err := do[jira.CreateOut](w, "jira_create_issue", unlabelled)
		w.wantCode("jira_create_issue", err, types.Conflict, "it cannot be created without a label: AAP-101 is Done since", "reopen AAP-101")
	})
}

// TestAScreenWithoutLabelsAndALostAnswer: the issue is there, and is adopted.
func TestAScreenWithoutLabelsAndALostAnswer(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, losing(), on, noLabels, lag(100))
		_, err := do[jira.CreateOut](w, "jira_create_issue", unlabelled)
		w.wantCode("jira_create_issue", err, types.UnknownOutcome, "the answer was lost")
		w.call.AfterUnknown = true
		if got := w.found("jira_create_issue", unlabelled); got.State != step.StateExists || got.Ref != "AAP-101" || len(w.srv.Issues()) != 2 {
			t.Errorf("got %+v, issues %+v", got, w.srv.Issues())
		}
		w.call.Key.Path = "path2"
		if got := w.found("jira_create_issue", unlabelled); got.State != step.StateAbsent {
			t.Errorf("another piece of work: %+v", got)
		}
	})
}

// TestLabelsOfTheSkillStayItsOwn: where the skill gives labels and the screen
// has none, that is for its author to know.
func TestLabelsOfTheSkillStayItsOwn(t *testing.T) {
	t.Parallel()
	w := start(t, nil, noLabels)
	_, err := do[jira.CreateOut](w, "jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.BadInput, "400 Bad Request: labels: Field 'labels' cannot be set")
	if w.posts() != 1 || len(w.srv.Issues()) != 1 {
		t.Errorf("%d posts", w.posts())
	}
}

// TestASiteThatKeepsNoProperty: the label alone marks the issue. A clone is told
// from it by who filed it, and by what it says.
func TestASiteThatKeepsNoProperty(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		for _, rt := range []http.RoundTripper{nil, losing()} {
			w := start(t, rt, on, noProperties)
			told := w.told()
			made, err := do[jira.CreateOut](w, "jira_create_issue", release)
			if rt == nil && (err != nil || made.Key != "AAP-101" || len(*told) != 1 || !strings.Contains((*told)[0], "the label skr-work1-path1 alone marks AAP-101")) {
				t.Fatalf("got %+v, %v, told %q", made, err, *told)
			}
			w.call.AfterUnknown = rt != nil
			w.wantHere("AAP-101")
			w.srv.SetIndexLag(1 << 40) // by number then
			w.wantHere("AAP-101")
			w.srv.SetIndexLag(0)
			w.srv.File("AAP", "2025-01-15 Release", ourLabel)
			w.wantFound(step.StateInconclusive, "", "AAP-102, AAP-101 has the label", "")
			if err := w.srv.Delete("AAP-101"); err != nil {
				t.Fatal(err)
			}
			w.wantFound(step.StateInconclusive, "", "AAP-102 has the label "+ourLabel+" but was not filed by skillrun", "")
		}
	})
}

// TestASiteThatKeepsNoMark: a yes that names what was sent is believed, and
// after a lost answer a person is asked before anything is filed twice.
func TestASiteThatKeepsNoMark(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on, noProperties, noLabels)
		told := w.told()
		made := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", unlabelled))
		if made.Key != "AAP-101" || len(*told) != 2 || !strings.Contains((*told)[1], "this Jira keeps no marker") {
			t.Errorf("got %+v, told %q", made, *told)
		}
		w = start(t, losing(), on, noProperties, noLabels)
		_, err := do[jira.CreateOut](w, "jira_create_issue", unlabelled)
		w.wantCode("jira_create_issue", err, types.UnknownOutcome, "the answer was lost")
		w.call.AfterUnknown = true
		for _, lag := range []bool{true, false} {
			if !lag {
				w.srv.Reindex()
			}
			got := w.found("jira_create_issue", unlabelled)
			if got.State != step.StateInconclusive || !strings.Contains(got.Why, "AAP-101 looks like it, but this Jira keeps no marker") {
				t.Errorf("got %+v", got)
			}
		}
		if got := w.found("jira_create_issue", `{"project":"AAP","summary":"another"}`); got.State != step.StateAbsent {
			t.Errorf("another issue: %+v", got)
		}
	})
}

// TestACommentWhosePropertyIsNotKept is not posted a second time unasked.
func TestACommentWhosePropertyIsNotKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		const in = `{"issue":"AAP-100","body":"deployed to production"}`
		w := start(t, losing(), on, noProperties)
		_, err := do[jira.CommentOut](w, "jira_add_comment", in)
		w.wantCode("jira_add_comment", err, types.UnknownOutcome, "the answer was lost")
		w.call.AfterUnknown = true
		got := w.found("jira_add_comment", in)
		if got.State != step.StateInconclusive || !strings.Contains(got.Why, "says the same, but this Jira keeps no marker") {
			t.Errorf("got %+v", got)
		}
		if got := w.found("jira_add_comment", `{"issue":"AAP-100","body":"another"}`); got.State != step.StateAbsent {
			t.Errorf("another comment: %+v", got)
		}
	})
}

// TestALinkWhoseGlobalIDIsNotKept is not made a second time unasked.
func TestALinkWhoseGlobalIDIsNotKept(t *testing.T) {
	t.Parallel()
	const in = `{"issue":"AAP-100","url":"https://example.com/1","title":"t"}`
	w := start(t, rewriting(`"globalId":"skillrun:`, `"relationship":"x`))
	told := w.told()
	out := must[jira.LinkOut](t)(do[jira.LinkOut](w, "jira_add_link", in))
	if out.ID == 0 || len(*told) != 1 || !strings.Contains((*told)[0], "does not keep the global id") {
		t.Errorf("got %+v, told %q", out, *told)
	}
	w.call.AfterUnknown = true
	if got := w.found("jira_add_link", in); got.State != step.StateInconclusive || !strings.Contains(got.Why, "leads there, but has no global id") {
		t.Errorf("got %+v", got)
	}
}

// TestAnIssueTypeById: names are translated, ids are not; what stands under
// fields is sent as it is.
func TestAnIssueTypeById(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		for in, want := range map[string]string{
			`{"project":"AAP","summary":"s","type":"10002"}`:                                        "Story",
			`{"project":"AAP","summary":"s","fields":{"issuetype":{"id":"10003"}}}`:                 "Bug",
			`{"project":"AAP","summary":"s","type":"Task","fields":{"issuetype":{"name":"Story"}}}`: "Story",
		} {
			w := start(t, nil, on)
			made := must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", in))
			if diff := cmp.Diff(want, w.srv.Issues()[1].Type); diff != "" {
				t.Errorf("%s: %s", in, diff)
			}
			w.call.Digest = "another"
			if got := w.found("jira_create_issue", in); got.Why != made.Key+" was filed with other arguments than now" {
				t.Errorf("%s: %+v", in, got)
			}
		}
		w := start(t, nil, on)
		_, err := do[jira.CreateOut](w, "jira_create_issue", `{"project":"AAP","summary":"s","fields":{"colour":"red"}}`)
		w.wantCode("jira_create_issue", err, types.BadInput, "400 Bad Request: colour: Field 'colour' cannot be set")
		must[jira.CreateOut](t)(do[jira.CreateOut](w, "jira_create_issue", `{"project":"AAP","summary":"s","fields":{"components":[{"name":"backend"}]}}`))
	})
}
