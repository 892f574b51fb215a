package jira_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := filed(t, on)
		got, err := do[jira.SearchOut](w, "jira_search", `{"jql":"project = AAP ORDER BY key"}`)
		if err != nil {
			t.Fatal(err)
		}
		two := 2
		row := jira.FoundIssue{Key: "AAP-100", Summary: "an older issue", Status: "To Do", StatusCategory: "new", Type: "Task",
			Labels: []string{}, Updated: "2025-01-15T10:00:00Z", URL: w.url + "/browse/AAP-100"}
		ours := row
		ours.Key, ours.Summary, ours.Type, ours.URL = "AAP-101", "2025-01-15 Release", "Story", w.url+"/browse/AAP-101"
		ours.Labels = []string{"release", "skr-work1-path1"}
		if diff := cmp.Diff(jira.SearchOut{Issues: []jira.FoundIssue{row, ours}, Total: &two}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestSearchTurnsPages asks for more issues than Jira gives at once, and for
// fewer than there are.
func TestSearchTurnsPages(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		w := start(t, nil, on)
		for n := range 249 {
			w.srv.File("AAP", fmt.Sprint("issue ", n))
		}
		for limit, want := range map[int]struct {
			keys, pages int
			more        bool
		}{250: {250, 3, false}, 1000: {250, 3, false}, 249: {249, 3, true}, 100: {100, 1, true}} {
			before := len(w.srv.Requests())
			got, err := do[jira.SearchOut](w, "jira_search", fmt.Sprintf(`{"jql":"project = AAP ORDER BY key","limit":%d}`, limit))
			if err != nil {
				t.Fatal(err)
			}
			pages := len(w.srv.Requests()) - before
			if len(got.Issues) != want.keys || got.Truncated != want.more || pages != want.pages {
				t.Errorf("limit %d: %d issues of %d pages, truncated %t", limit, len(got.Issues), pages, got.Truncated)
			}
			if last := got.Issues[want.keys-1].Key; last != fmt.Sprintf("AAP-%d", 99+want.keys) {
				t.Errorf("limit %d ends with %s", limit, last)
			}
			if got.Total == nil && !want.more || got.Total != nil && *got.Total != 250 {
				t.Errorf("limit %d: total %v", limit, got.Total)
			}
		}
	})
}

// TestAnIssueThatChangesBetweenPages is on both of them.
func TestAnIssueThatChangesBetweenPages(t *testing.T) {
	t.Parallel()
	page := func(key, token string) string {
		return `{"issues":[{"id":"1","key":"` + key + `","fields":{"status":{"statusCategory":{"key":"new"}},"updated":"2025-01-15T10:00:00.000+0000"}}],"nextPageToken":"` + token + `"}`
	}
	pages := []string{page("AAP-1", "a"), page("AAP-1", "b"), page("AAP-2", "")}
	w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		body := pages[0]
		pages = pages[1:]
		return answering("GET", 200, nil, body).RoundTrip(r)
	}))
	got, err := do[jira.SearchOut](w, "jira_search", `{"jql":"x"}`)
	if err != nil || len(got.Issues) != 2 || got.Issues[1].Key != "AAP-2" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSearchesThatFail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4001)
	tests := map[string]struct {
		jql  string
		rt   http.RoundTripper
		code types.Code
		says []string
	}{
		"empty":    {" ", nil, types.BadInput, []string{"the jql is empty", "give a query"}},
		"long":     {long, nil, types.BadInput, []string{"the jql has 4001 bytes, more than 4000"}},
		"wrong":    {"colour = red", nil, types.BadInput, []string{"search for issues: 400 Bad Request: Field 'colour' does not exist"}},
		"no end":   {"x", answering("GET", 200, nil, `{"issues":[],"nextPageToken":"again"}`), types.Unavailable, []string{"search for issues: the answer has too many pages", "narrow the search"}},
		"no list":  {"x", answering("GET", 200, nil, `{}`), types.Unavailable, []string{"the answer has no list of issues"}},
		"ids only": {"x", answering("GET", 200, nil, `{"issues":[{"id":"1"}]}`), types.Unavailable, []string{"the answer has an issue without a key"}},
		"no state": {"x", answering("GET", 200, nil, `{"issues":[{"id":"1","key":"AAP-1"}]}`), types.Unavailable, []string{"AAP-1 has no status"}},
		"no time": {"x", answering("GET", 200, nil, `{"issues":[{"id":"1","key":"AAP-1","fields":{"status":{"statusCategory":{"key":"new"}}}}]}`),
			types.Unavailable, []string{`AAP-1: its updated time is not valid: ""`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, tc.rt)
			_, err := do[jira.SearchOut](w, "jira_search", `{"jql":"`+tc.jql+`"}`)
			w.wantCode("jira_search", err, tc.code, tc.says...)
		})
	}
}
