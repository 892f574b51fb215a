package jira_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

const mr = `{"issue":"AAP-100","url":"https://gitlab.example.com/a/-/merge_requests/7","title":"!7 Release","summary":"s","relationship":"merge request"}`

const ourLink = "skillrun:work1-path1"

func TestAddLink(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, change func(*jiratest.Options)) {
		w := start(t, nil, change)
		if got := w.found("jira_add_link", mr); got.State != step.StateAbsent {
			t.Fatalf("before: %+v", got)
		}
		got, err := do[jira.LinkOut](w, "jira_add_link", mr)
		if err != nil {
			t.Fatal(err)
		}
		want := jira.LinkOut{ID: 10002, Issue: "AAP-100", URL: "https://gitlab.example.com/a/-/merge_requests/7", GlobalID: ourLink}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		links := []jiratest.LinkView{{GlobalID: ourLink, URL: want.URL, Title: "!7 Release"}}
		if diff := cmp.Diff(links, w.srv.Issues()[0].RemoteLinks); diff != "" {
			t.Error(diff)
		}
		here := w.found("jira_add_link", strings.Replace(mr, `"s"`, `"other words"`, 1))
		if here.State != step.StateExists || here.Ref != "AAP-100" || string(here.Out) != string(types.Encode(want)) {
			t.Errorf("after: %+v", here)
		}
	})
}

func TestAddLinkTwiceMakesOne(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		for range 2 {
			if _, err := do[jira.LinkOut](w, "jira_add_link", mr); err != nil {
				t.Fatal(err)
			}
		}
		if got := w.srv.Issues()[0].RemoteLinks; len(got) != 1 {
			t.Errorf("links: %v", got)
		}
	})
}

func TestALinkThatLeadsElsewhere(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		if _, err := do[jira.LinkOut](w, "jira_add_link", mr); err != nil {
			t.Fatal(err)
		}
		got := w.found("jira_add_link", strings.Replace(mr, "/7", "/8", 1))
		want := "the link of AAP-100 leads to https://gitlab.example.com/a/-/merge_requests/7, not to https://gitlab.example.com/a/-/merge_requests/8"
		if got.State != step.StateDrifted || got.Why != want || !strings.Contains(string(got.Out), "/7") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLinksThatAreRefusedBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, says string }{
		"script":    {`{"issue":"AAP-100","url":"javascript:alert(1)","title":"t"}`, `"javascript:alert(1)" is not an http or https url`},
		"no host":   {`{"issue":"AAP-100","url":"https:///x","title":"t"}`, `"https:///x" is not an http or https url`},
		"no title":  {`{"issue":"AAP-100","url":"https://x","title":""}`, "the title is empty"},
		"two lines": {`{"issue":"AAP-100","url":"https://x","title":"a\nb"}`, "the title is not one line"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil)
			_, err := do[jira.LinkOut](w, "jira_add_link", tc.in)
			w.wantCode("jira_add_link", err, types.BadInput, tc.says)
			_, err = w.find("jira_add_link", tc.in)
			w.wantCode("jira_add_link", err, types.BadInput, tc.says)
			_, err = w.steps["jira_add_link"].Preview(w.ctx(), json.RawMessage(tc.in), nil)
			w.wantCode("jira_add_link", err, types.BadInput, tc.says)
			if got := w.srv.Requests(); len(got) != 0 {
				t.Errorf("sent %v", got)
			}
		})
	}
}

func TestLinkOnAnIssueThatIsMissing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		missing := strings.Replace(mr, "AAP-100", "AAP-9", 1)
		_, err := w.find("jira_add_link", missing)
		w.wantCode("jira_add_link", err, types.NotFound, "read AAP-9: 404 Not Found: Issue does not exist")
		_, err = do[jira.LinkOut](w, "jira_add_link", missing)
		w.wantCode("jira_add_link", err, types.NotFound, "link AAP-9: 404 Not Found: Issue does not exist")
	})
}

func TestLinkWithoutAKeyIsABug(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	w.call = step.Call{}
	_, err := do[jira.LinkOut](w, "jira_add_link", mr)
	w.wantCode("jira_add_link", err, types.Internal, "the call has no key")
}

func TestHowALinkEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rt   http.RoundTripper
		code types.Code
		says string
	}{
		"500":        {answering("POST", 500, nil, ""), types.UnknownOutcome, "link AAP-100: 500"},
		"login page": {answering("POST", 200, nil, "<html>"), types.UnknownOutcome, "the answer is not Jira's"},
		"names none": {answering("POST", 201, nil, "{}"), types.UnknownOutcome, "jira reports success but names no link"},
		"another":    {answering("POST", 201, nil, `{"id":7}`), types.UnknownOutcome, "link AAP-100: jira reports link 7, which cannot be read: read the links of AAP-100: 404"},
		"other page": {answering("GET", 200, nil, `{"id":10002,"globalId":"`+ourLink+`","object":{"url":"https://x"}}`), types.UnknownOutcome, "jira reports success but names link 10002, which is not what was sent"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.LinkOut](w, "jira_add_link", mr)
			w.wantCode("jira_add_link", err, tc.code, tc.says)
		})
	}
	w := start(t, answering("GET", 200, nil, `{"globalId":"another","object":{"url":"https://x"}}`))
	_, err := w.find("jira_add_link", mr)
	w.wantCode("jira_add_link", err, types.Unavailable, "read the links of AAP-100: the answer is not the link that was asked for")
}

func TestPreviewLink(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	s := w.steps["jira_add_link"]
	got, err := s.Preview(w.ctx(), json.RawMessage(`{"issue":"","url":"","title":"t"}`), step.UnknownPaths{"issue", "url"})
	if err != nil {
		t.Fatal(err)
	}
	want := step.Change{Title: "link an issue to a page", Fields: []step.FieldChange{{Name: "title", Value: "t"}}}
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(step.UnknownPaths{"id", "issue", "url"}, got.Unknown); diff != "" {
		t.Error(diff)
	}
	got, err = s.Preview(w.ctx(), json.RawMessage(mr), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out jira.LinkOut
	if err := json.Unmarshal(got.Out, &out); err != nil || out.Issue != "AAP-100" || out.GlobalID != ourLink || len(got.Unknown) != 1 {
		t.Errorf("got %s, unknown %v", got.Out, got.Unknown)
	}
	got, err = s.Preview(t.Context(), json.RawMessage(mr), nil)
	if diff := cmp.Diff(step.UnknownPaths{"id", "global_id"}, got.Unknown); diff != "" || err != nil {
		t.Errorf("outside of a run: %v %s", err, diff)
	}
}
