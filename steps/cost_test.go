package steps_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/gitlab"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
	"github.com/skillrun/skillrun/steps/httpapi"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
	"github.com/skillrun/skillrun/steps/slack"
	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

// trip is how long a request takes, on the clock of the test.
const trip = 300 * time.Millisecond

// far is a service at the other end of a slow line, which counts.
type far struct {
	http.Handler
	requests atomic.Int64
}

// RoundTrip answers a trip later.
func (f *far) RoundTrip(r *http.Request) (*http.Response, error) {
	f.requests.Add(1)
	time.Sleep(trip)
	rec := httptest.NewRecorder()
	r = r.Clone(r.Context())
	r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host
	if r.Body == nil {
		r.Body = http.NoBody
	}
	f.ServeHTTP(rec, r)
	return rec.Result(), nil
}

// costly are the services with what each effect is made in, and the arguments
// of one that is not there yet.
func costly() (families [][]step.Step, lines []*far, args map[string]string) {
	const url = "http://service.test"
	token := types.NewSecret("token")
	tickets := jiratest.New(jiratest.Options{User: "bot", Token: "token", FirstNumber: 61250, Projects: []jiratest.Project{{Key: "AAP"}}})
	tickets.File("AAP", "an older issue")
	lab := gitlabtest.New(gitlabtest.Options{URL: url, Token: "token", User: "bot", Projects: []gitlabtest.Project{{Path: "team/app", ID: 7}}})
	chat := slacktest.New(slacktest.Options{Token: "token", Channels: []slacktest.Channel{{ID: "C0123456789", Member: true}}})
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(map[string]int{"GET": http.StatusNotFound, "PUT": http.StatusCreated}[r.Method])
	})
	lines = []*far{{Handler: tickets}, {Handler: lab}, {Handler: chat}, {Handler: api}}
	families = [][]step.Step{
		jira.Steps(map[string]jira.Service{"jira": {URL: url, User: "bot", Token: token, Transport: lines[0]}}),
		gitlab.Steps(map[string]gitlab.Service{"gitlab": {URL: url, Token: token, Transport: lines[1]}}),
		slack.Steps(map[string]slack.Service{"slack": {URL: url, Token: token, Transport: lines[2]}}),
		httpapi.Steps(map[string]httpapi.Service{"http": {URL: url, Transport: lines[3]}}),
	}
	return families, lines, map[string]string{
		"jira_create_issue":  `{"project":"AAP","summary":"Release"}`,
		"jira_add_link":      `{"issue":"AAP-61250","url":"https://example.com/1","title":"t"}`,
		"jira_add_comment":   `{"issue":"AAP-61250","body":"b"}`,
		"jira_transition":    `{"issue":"AAP-61250","status":"Done"}`,
		"gitlab_mr_create":   `{"project":"team/app","source_branch":"r1","title":"Release"}`,
		"gitlab_mr_note":     `{"project":"team/app","iid":1,"body":"b"}`,
		"slack_post_message": `{"channel":"C0123456789","text":"t"}`,
		"http_request":       `{"method":"PUT","path":"things/1","find":{"path":"things/1"}}`,
	}
}

// TestTheRequestsOfAnEffect checks what a step says of its cost against what it
// sends, and against the time it takes on a line where each request costs 300 ms.
func TestTheRequestsOfAnEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		families, lines, args := costly()
		for i, family := range families {
			for _, s := range family {
				if s.Effect != step.Writes {
					continue
				}
				in := []byte(args[s.Name])
				call := step.Call{Run: "r1", Key: step.Key{Work: "work", Path: strings.ReplaceAll(s.Name, "_", "")}, Digest: s.Digest(in)}
				ctx := step.WithCall(t.Context(), call)
				look := cost(t, lines[i], func() error {
					f, err := s.Find(ctx, call.Key, in)
					if err == nil && f.State != step.StateAbsent {
						t.Errorf("%s: %+v", s.Name, f)
					}
					return err
				})
				do := cost(t, lines[i], func() error {
					_, err := s.Do(ctx, in)
					return err
				})
				if look != s.Look || do != s.Make {
					t.Errorf("%s costs %+v and %+v, and says %+v and %+v", s.Name, look, do, s.Look, s.Make)
				}
			}
		}
	})
}

// cost measures one part of a write.
func cost(t *testing.T, line *far, part func() error) step.Cost {
	t.Helper()
	before, began := line.requests.Load(), time.Now()
	if err := part(); err != nil {
		t.Error(err)
	}
	return step.Cost{Requests: int(line.requests.Load() - before), Trips: int(time.Since(began) / trip)}
}

// TestEveryEffectSaysItsRequests: none of a service over HTTP is left out.
func TestEveryEffectSaysItsRequests(t *testing.T) {
	t.Parallel()
	families, _, args := costly()
	for _, s := range slices.Concat(families...) {
		if said := s.Make.Requests > 0; said != (s.Effect == step.Writes) || said != (args[s.Name] != "") {
			t.Errorf("%s: says %+v and %+v", s.Name, s.Look, s.Make)
		}
	}
}
