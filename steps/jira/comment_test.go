package jira_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

const remark = `{"issue":"AAP-100","body":"MR: https://x/7\n{code}[~jo]"}`

func TestAddComment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		if err := w.srv.Comment("AAP-100", "of a person"); err != nil {
			t.Fatal(err)
		}
		if got := w.found("jira_add_comment", remark); got.State != step.StateAbsent {
			t.Fatalf("before: %+v", got)
		}
		got, err := do[jira.CommentOut](w, "jira_add_comment", remark)
		if err != nil {
			t.Fatal(err)
		}
		want := jira.CommentOut{ID: "10003", Issue: "AAP-100", URL: w.url + "/browse/AAP-100?focusedCommentId=10003"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"of a person", "MR: https://x/7\n{code}[~jo]"}, w.srv.Issues()[0].Comments); diff != "" {
			t.Error("the text is not as it was given:", diff)
		}
		here := w.found("jira_add_comment", remark)
		if here.State != step.StateExists || here.Ref != "AAP-100#10003" || string(here.Out) != string(types.Encode(want)) {
			t.Errorf("after: %+v", here)
		}
		w.call.Digest = "digest2"
		if got := w.found("jira_add_comment", remark); got.State != step.StateDrifted || got.Why != "comment 10003 of AAP-100 was posted with another text" {
			t.Errorf("other arguments: %+v", got)
		}
		w.call.Key.Path = "path2"
		if got := w.found("jira_add_comment", remark); got.State != step.StateAbsent {
			t.Errorf("another step: %+v", got)
		}
	})
}

func TestACommentThatAPersonDeleted(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	if _, err := do[jira.CommentOut](w, "jira_add_comment", `{"issue":"AAP-100","body":"b"}`); err != nil {
		t.Fatal(err)
	}
	if err := w.srv.Uncomment("AAP-100", "b"); err != nil {
		t.Fatal(err)
	}
	if got := w.found("jira_add_comment", `{"issue":"AAP-100","body":"b"}`); got.State != step.StateAbsent {
		t.Errorf("got %+v", got)
	}
}

func TestACommentWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(r)
			if r.Method == http.MethodPost && err == nil {
				_ = resp.Body.Close()
				return nil, errors.New("connection reset by peer")
			}
			return resp, err
		}), on)
		_, err := do[jira.CommentOut](w, "jira_add_comment", remark)
		w.wantCode("jira_add_comment", err, types.UnknownOutcome, "comment on AAP-100: the request was sent and the answer was lost")
		if got := w.found("jira_add_comment", remark); got.State != step.StateExists || w.posts() != 1 {
			t.Errorf("%d posts, %+v", w.posts(), got)
		}
	})
}

// TestACommentIsFoundBehindMany is on the third page, and among those of a Jira
// that does not write properties out.
func TestACommentIsFoundBehindMany(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		for n := range 150 {
			if err := w.srv.Comment("AAP-100", fmt.Sprint("comment ", n)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := do[jira.CommentOut](w, "jira_add_comment", remark); err != nil {
			t.Fatal(err)
		}
		if got := w.found("jira_add_comment", remark); got.State != step.StateExists {
			t.Errorf("got %+v", got)
		}
		w.service.Transport = withoutExpand(w.service.Transport)
		w.connect(w.service)
		if got := w.found("jira_add_comment", remark); got.State != step.StateExists {
			t.Errorf("without properties: %+v", got)
		}
		for n := range 60 {
			if err := w.srv.Comment("AAP-100", fmt.Sprint("later ", n)); err != nil {
				t.Fatal(err)
			}
		}
		w.call.Key.Path = "path2"
		got := w.found("jira_add_comment", remark)
		if got.State != step.StateInconclusive || !strings.Contains(got.Why, "check AAP-100 for the comment") {
			t.Errorf("more than are asked for: %+v", got)
		}
	})
}

// withoutExpand is a Jira that does not know expand=properties.
func withoutExpand(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		q := r.URL.Query()
		q.Del("expand")
		r.URL.RawQuery = q.Encode()
		return next.RoundTrip(r)
	})
}

func TestTwoCommentsOfOurs(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	for range 2 {
		if _, err := do[jira.CommentOut](w, "jira_add_comment", remark); err != nil {
			t.Fatal(err)
		}
	}
	got := w.found("jira_add_comment", remark)
	if got.State != step.StateInconclusive || got.Why != "comments 10002, 10003 of AAP-100 all belong to this work; delete all but one" {
		t.Errorf("got %+v", got)
	}
}

func TestCommentsThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in     string
		change func(*jiratest.Options)
		code   types.Code
		says   string
	}{
		"empty":    {`{"issue":"AAP-100","body":" "}`, nil, types.BadInput, "the body of the comment is empty (give it a text"},
		"no issue": {`{"issue":"AAP-9","body":"b"}`, nil, types.NotFound, "comment on AAP-9: 404 Not Found: Issue does not exist"},
		"long":     {`{"issue":"AAP-100","body":"` + strings.Repeat("x", 32768) + `"}`, nil, types.BadInput, "comment: The entered text is too long"},
		"no right": {`{"issue":"AAP-100","body":"b"}`, denied("ADD_COMMENTS"), types.BadInput, "you do not have the permission to comment on this issue"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change == nil {
				tc.change = func(*jiratest.Options) {}
			}
			w := start(t, nil, tc.change)
			_, err := do[jira.CommentOut](w, "jira_add_comment", tc.in)
			w.wantCode("jira_add_comment", err, tc.code, tc.says)
		})
	}
	w := start(t, nil)
	_, err := w.find("jira_add_comment", `{"issue":"AAP-9","body":"b"}`)
	w.wantCode("jira_add_comment", err, types.NotFound, "read the comments of AAP-9: 404")
	_, err = w.find("jira_add_comment", `{"issue":"AAP-9","body":""}`)
	w.wantCode("jira_add_comment", err, types.BadInput, "the body of the comment is empty")
	w.call = step.Call{}
	_, err = do[jira.CommentOut](w, "jira_add_comment", remark)
	w.wantCode("jira_add_comment", err, types.Internal, "the call has no key")
}

// denied takes permissions in AAP away from the account.
func denied(permissions ...string) func(*jiratest.Options) {
	return func(o *jiratest.Options) { o.Projects[0].Denied = permissions }
}

func TestHowACommentEnds(t *testing.T) {
	t.Parallel()
	property := func(status int, body string) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/properties/") {
				return answering("GET", status, nil, body).RoundTrip(r)
			}
			return http.DefaultTransport.RoundTrip(r)
		})
	}
	tests := map[string]struct {
		rt   http.RoundTripper
		code types.Code
		says string
	}{
		"500":        {answering("POST", 500, nil, ""), types.UnknownOutcome, "comment on AAP-100: 500"},
		"429":        {answering("POST", 429, nil, ""), types.RateLimited, "comment on AAP-100: 429"},
		"names none": {answering("POST", 201, nil, "{}"), types.UnknownOutcome, "jira reports success but names no comment"},
		"odd":        {answering("POST", 201, nil, `{"id":"../7"}`), types.UnknownOutcome, "jira reports success but names no comment"},
		"another":    {answering("POST", 201, nil, `{"id":"10001"}`), types.UnknownOutcome, "comment on AAP-100: jira reports success but names comment 10001, which is not what was sent"},
		"another's":  {property(200, `{"key":"skillrun","value":{"key":"w-p","digest":"d"}}`), types.UnknownOutcome, "names comment 10002, which is not what was sent"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.CommentOut](w, "jira_add_comment", remark)
			w.wantCode("jira_add_comment", err, tc.code, tc.says)
		})
	}
	// A yes is a yes, whatever is seen afterwards: nothing is posted again.
	for status, told := range map[int]string{
		404: "comment 10002 was posted, but this Jira keeps no marker: without the journal of this run it would not be found again",
		403: "",
	} {
		w := start(t, property(status, ""))
		heard := ""
		w.call.Tell = func(text string) { heard += text }
		out, err := do[jira.CommentOut](w, "jira_add_comment", remark)
		if err != nil || out.ID != "10002" || heard != told {
			t.Errorf("%d: %+v, %v; heard %q, want %q", status, out, err, heard, told)
		}
	}
	w := start(t, answering("GET", 200, nil, `{"comments":[]}`))
	_, err := w.find("jira_add_comment", remark)
	w.wantCode("jira_add_comment", err, types.Unavailable, "read the comments of AAP-100: the answer has no list of comments")
	w = start(t, answering("GET", 200, nil, `{}`))
	_, err = w.find("jira_add_comment", remark)
	w.wantCode("jira_add_comment", err, types.Unavailable, "read the comments of AAP-100: the answer has no list of comments")
	w = start(t, answering("GET", 200, nil, `{"comments":[{"id":"1","properties":[]}],"total":100000}`))
	if got := w.found("jira_add_comment", remark); got.State != step.StateInconclusive {
		t.Errorf("comments without end: %+v", got)
	}
}

func TestPreviewComment(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	got, err := w.steps["jira_add_comment"].Preview(w.ctx(), json.RawMessage(`{"issue":"","body":""}`), step.UnknownPaths{"issue", "body"})
	if err != nil {
		t.Fatal(err)
	}
	want := step.Change{Title: "comment on an issue"}
	if diff := cmp.Diff(want, got.Change); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(step.UnknownPaths{"id", "url", "issue"}, got.Unknown); diff != "" {
		t.Error(diff)
	}
	got, err = w.steps["jira_add_comment"].Preview(w.ctx(), json.RawMessage(remark), nil)
	if err != nil || got.Change.Title != "comment on AAP-100" || len(got.Unknown) != 2 || len(w.srv.Requests()) != 0 {
		t.Errorf("got %+v, %v after %v", got, err, w.srv.Requests())
	}
	_, err = w.steps["jira_add_comment"].Preview(w.ctx(), json.RawMessage(`{"issue":"AAP-1","body":""}`), nil)
	w.wantCode("jira_add_comment", err, types.BadInput, "the body of the comment is empty")
}
