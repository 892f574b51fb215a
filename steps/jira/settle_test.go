package jira_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// TestAnIssueThatWasJustFiled is waited for by what is done to it, when this run
// filed it: not every server of a site sees it at once.
func TestAnIssueThatWasJustFiled(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"jira_add_link":    `{"issue":"AAP-100","url":"https://example.com/1","title":"t"}`,
		"jira_add_comment": `{"issue":"AAP-100","body":"b"}`,
		"jira_transition":  `{"issue":"AAP-100","status":"Done"}`,
		"jira_get_issue":   `{"issue":"AAP-100"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unseen, slept := 0, time.Duration(0)
			w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				if unseen > 0 && strings.Contains(r.URL.Path, "/issue/AAP-100") {
					unseen--
					return answering(r.Method, 404, nil, "").RoundTrip(r)
				}
				return http.DefaultTransport.RoundTrip(r)
			}))
			w.call.Made = func(thing string) bool { return thing == "AAP-100" }
			w.call.Sleep = func(_ context.Context, d time.Duration) error {
				slept += d
				return nil
			}
			if name != "jira_get_issue" {
				unseen = 2 // the link and, where it is not there, the issue
				if got := w.found(name, in); got.State != step.StateAbsent || slept == 0 {
					t.Errorf("got %+v, slept %v", got, slept)
				}
			}
			unseen, slept = 1, 0
			if _, err := w.steps[name].Do(w.ctx(), json.RawMessage(in)); err != nil || slept != time.Second {
				t.Errorf("%v, slept %v", err, slept)
			}
			unseen, slept = 1000, 0
			_, err := w.steps[name].Do(w.ctx(), json.RawMessage(in))
			w.wantCode(name, err, types.Unavailable, "AAP-100 was created by this run, but is not visible yet: ", "it tries again")
			if slept != time.Minute {
				t.Errorf("slept %v", slept)
			}
			w.call.Made = func(string) bool { return false }
			_, err = w.steps[name].Do(w.ctx(), json.RawMessage(in))
			w.wantCode(name, err, types.NotFound, "404")
		})
	}
}

// TestASearchBehindOwnWrites sees what this run filed and moved, though Jira's
// index does not have it yet.
func TestASearchBehindOwnWrites(t *testing.T) {
	t.Parallel()
	w := start(t, nil, func(o *jiratest.Options) { o.IndexLag = time.Hour })
	made, err := do[jira.CreateOut](w, "jira_create_issue", release)
	if err != nil {
		t.Fatal(err)
	}
	older := w.srv.File("AAP", "by a person")
	search := func() []string {
		t.Helper()
		got, err := do[jira.SearchOut](w, "jira_search", `{"jql":"project = AAP ORDER BY key"}`)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, i := range got.Issues {
			keys = append(keys, i.Key)
		}
		return keys
	}
	if got := search(); !slices.Equal(got, []string{"AAP-100", older}) {
		t.Errorf("of another run: %v", got)
	}
	w.call.Results = func(name string) []step.Result {
		switch name {
		case "jira_create_issue":
			return []step.Result{
				{Out: types.Values{"key": made.Key, "id": made.ID, "url": made.URL}},
				{Out: types.Values{"key": made.Key, "id": "4711", "url": "https://another.example.com/browse/" + made.Key}},
			}
		case "jira_transition":
			return []step.Result{{Out: types.Values{"issue": made.Key, "url": made.URL}}, {Out: types.Values{"issue": older, "url": w.url + "/browse/" + older}}}
		}
		return nil
	}
	before := len(w.srv.Requests())
	if got := search(); !slices.Equal(got, []string{"AAP-100", made.Key, older}) || len(w.srv.Requests())-before != 2 {
		t.Errorf("of its own run: %v, %d requests", got, len(w.srv.Requests())-before)
	}
}

// TestASearchForAKeyThatWasJustFiled: the index refuses a key that it does not
// have yet.
func TestASearchForAKeyThatWasJustFiled(t *testing.T) {
	t.Parallel()
	refusals, slept := 0, time.Duration(0)
	w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
		if refusals > 0 {
			refusals--
			return answering(r.Method, 400, nil, `{"errorMessages":["An issue with key 'AAP-100' does not exist for field 'key'."]}`).RoundTrip(r)
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	w.call.Made = func(thing string) bool { return thing == "AAP-100" }
	w.call.Sleep = func(_ context.Context, d time.Duration) error {
		slept += d
		return nil
	}
	for jql, waits := range map[string]time.Duration{"key = AAP-100": 3 * time.Second, "key = AAP-1007": 0} {
		refusals, slept = 2, 0
		_, err := do[jira.SearchOut](w, "jira_search", `{"jql":"`+jql+`"}`)
		if slept != waits || (err == nil) != (waits > 0) {
			t.Errorf("%s: %v, slept %v", jql, err, slept)
		}
	}
}

// TestAnIssueBelowOneThatWasJustFiled: Jira refuses a parent that it does not see
// yet, by whatever name of the field. One that another filed is refused at once.
func TestAnIssueBelowOneThatWasJustFiled(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		refusals int
		answer   string
		field    string
		code     types.Code
		waits    time.Duration
	}{
		"its parent":    {2, `{"errors":{"parent":"Given parent does not exist."}}`, `"parent":{"key":"AAP-100"}`, "", 3 * time.Second},
		"its id":        {1, `{"errors":{"parentId":"Could not find the issue."}}`, `"parent":{"id":"10100"}`, "", time.Second},
		"another field": {1, `{"errors":{"customfield_1":"No such issue."}}`, `"customfield_1":"AAP-100"`, "", time.Second},
		"by words":      {1, `{"errorMessages":["Issue AAP-100 does not exist."]}`, `"parent":{"key":"AAP-100"}`, "", time.Second},
		"for ever":      {99, `{"errors":{"parent":"Given parent does not exist."}}`, `"parent":{"key":"AAP-100"}`, types.Unavailable, time.Minute},
		"of another":    {1, `{"errors":{"parent":"Given parent does not exist."}}`, `"parent":{"key":"AAP-7"}`, types.BadInput, 0},
		"another cause": {1, `{"errors":{"summary":"Too long."}}`, `"parent":{"key":"AAP-100"}`, types.BadInput, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slept, refusals := time.Duration(0), tc.refusals
			w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/issue") && refusals > 0 {
					refusals--
					return answering(r.Method, 400, http.Header{"Content-Type": {"application/json"}}, tc.answer).RoundTrip(r)
				}
				return http.DefaultTransport.RoundTrip(r)
			}), func(o *jiratest.Options) { o.Projects[0].OptionalFields["parent"] = "Parent" })
			w.call.Made = func(thing string) bool { return thing == "AAP-100" || thing == "10100" }
			w.call.Sleep = func(_ context.Context, d time.Duration) error {
				slept += d
				return nil
			}
			_, err := do[jira.CreateOut](w, "jira_create_issue", `{"project":"AAP","summary":"Below","fields":{`+tc.field+`}}`)
			if types.CodeOf(err) != tc.code || slept != tc.waits {
				t.Errorf("%v, slept %v", err, slept)
			}
		})
	}
}
