package jira_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
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
			w.wantCode(name, err, types.Unavailable, "AAP-100 was made by this run, and is not seen yet: ", "it tries again")
			if slept != time.Minute {
				t.Errorf("slept %v", slept)
			}
			w.call.Made = func(string) bool { return false }
			_, err = w.steps[name].Do(w.ctx(), json.RawMessage(in))
			w.wantCode(name, err, types.NotFound, "404")
		})
	}
}
