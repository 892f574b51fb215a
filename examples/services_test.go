package examples_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

// services are GitLab, Jira and Alertmanager behind a network that loses what it is told to lose.
type services struct {
	hosts map[string]http.Handler

	mu     sync.Mutex
	writes []string // the requests that have changed something
	loses  int      // the answer to this write is lost; 0 is none
	dead   bool     // nothing is reached any more
}

func newServices(t *testing.T) *services {
	t.Helper()
	return &services{hosts: map[string]http.Handler{"gitlab.example.com": newGitLab(t), "jira.example.com": newTracker(), "alertmanager.example.com": newAlertmanager()}}
}

// catalogue holds the steps of a new process, which reach the services.
func (s *services) catalogue(t *testing.T) *step.Catalogue {
	t.Helper()
	cfg, diags := config.Parse("skillrun.yaml", []byte(`services:
  alertmanager_production: {kind: http, url: "https://alertmanager.example.com", credentials: none}
  alertmanager_stage: {kind: http, url: "https://alertmanager.example.com", credentials: none}
  gitlab_api: {kind: http, url: "https://gitlab.example.com/api/v4", credentials: none}
  jira_api: {kind: http, url: "https://jira.example.com/rest/api/2", credentials: none}
`), steps.Kinds())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	cat, err := steps.All(cfg, steps.Options{Cache: t.TempDir(), Wrap: func(http.RoundTripper) http.RoundTripper { return s }})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// die lets nothing reach the services any more, or all of it again.
func (s *services) die(dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = dead
}

// RoundTrip is the network.
func (s *services) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return nil, errDead
	}
	r = r.Clone(r.Context())
	r.Header.Set("PRIVATE-TOKEN", "token of the bot")
	if r.Body == nil { // as a server's never is
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	s.hosts[r.URL.Host].ServeHTTP(w, r)
	if r.Method != http.MethodGet && w.Code/100 == 2 {
		s.writes = append(s.writes, r.Method+" "+r.URL.Path)
		if len(s.writes) == s.loses {
			return nil, errors.New("connection reset by peer")
		}
	}
	answer := w.Result()
	answer.Request = r
	return answer, nil
}

// branches are those of every project, all at one commit.
type branches struct{}

func (branches) Branch(string, string) (string, bool) { return strings.Repeat("a", 40), true }

func (branches) Changes(_, _, _, _ string) ([]gitlabtest.Change, error) { return nil, nil }

// newGitLab has an open merge request of alice with a note of hers, and two pipelines.
func newGitLab(t *testing.T) http.Handler {
	t.Helper()
	s := gitlabtest.New(gitlabtest.Options{
		URL: "https://gitlab.example.com", Token: "token of the bot", User: "release-bot", People: map[string]string{"token of alice": "alice"},
		Projects: []gitlabtest.Project{{Path: "example/api", ID: 7, RequiredApprovals: 1}}, Git: branches{},
		Now: func() time.Time { return began },
	})
	send := func(path, body string) {
		r := httptest.NewRequest(http.MethodPost, "/api/v4/projects/7/merge_requests"+path, strings.NewReader(body))
		r.Header.Set("PRIVATE-TOKEN", "token of alice")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code != http.StatusCreated {
			t.Fatal(w.Code, w.Body)
		}
	}
	send("", `{"source_branch": "fix", "target_branch": "main", "title": "Fix it"}`)
	send("/1/notes", `{"body": "Please look at it"}`)
	for _, status := range []string{"success", "failed"} {
		if _, err := s.AddPipeline("example/api", gitlabtest.Pipeline{Ref: "main", SHA: strings.Repeat("a", 40), Status: status, Jobs: []gitlabtest.Job{{Name: "test", Log: "it begins\n\x1b[31mit fails\x1b[0m\n"}}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// tracker is the part of Jira that the step types of rewritten/steps write to: the
// issues AAP-1 and AAP-2.
type tracker struct {
	fields map[string]map[string]any
	people []map[string]any
}

func newTracker() http.Handler {
	j := &tracker{fields: map[string]map[string]any{}, people: []map[string]any{
		{"accountId": "5b10a2844c20165700ede21g", "displayName": "Ada Lovelace", "emailAddress": "ada@example.com"},
		{"accountId": "5b10ac8d82e05b22cc7d4ef5", "displayName": "Ada Byron", "emailAddress": "ada@example.com.au"},
	}}
	for _, key := range []string{"AAP-1", "AAP-2"} {
		j.fields[key] = map[string]any{"assignee": nil, "priority": nil, "components": []any{}, "issuelinks": []any{}, "customfield_2": nil}
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /rest/api/2/user/assignable/search", func(w http.ResponseWriter, _ *http.Request) { respond(w, j.people) })
	m.HandleFunc("GET /rest/api/2/issueLinkType", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, map[string]any{"issueLinkTypes": []any{map[string]any{"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}}})
	})
	m.HandleFunc("GET /rest/api/2/issue/{key}", j.get)
	m.HandleFunc("PUT /rest/api/2/issue/{key}", j.edit)
	m.HandleFunc("PUT /rest/api/2/issue/{key}/assignee", j.assign)
	m.HandleFunc("POST /rest/api/2/issueLink", j.link)
	return m
}

func respond(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(body)
}

func (j *tracker) get(w http.ResponseWriter, r *http.Request) {
	asked := map[string]any{}
	for _, name := range strings.Split(r.URL.Query().Get("fields"), ",") {
		if v, ok := j.fields[r.PathValue("key")][name]; ok {
			asked[name] = v
		}
	}
	respond(w, map[string]any{"key": r.PathValue("key"), "fields": asked})
}

// edit sets fields, as Jira returns them: with more members, and numbers as 3.0.
func (j *tracker) edit(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Fields map[string]any
		Update struct {
			Components []struct{ Add map[string]any }
		}
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	fields := j.fields[r.PathValue("key")]
	for name, v := range body.Fields {
		switch v := v.(type) {
		case map[string]any:
			v["id"] = "10100"
		case float64:
			fields[name] = json.RawMessage("3.0")
			continue
		}
		fields[name] = v
	}
	for _, c := range body.Update.Components {
		c.Add["id"] = "10200"
		fields["components"] = append(fields["components"].([]any), c.Add)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (j *tracker) assign(w http.ResponseWriter, r *http.Request) {
	var body struct{ AccountID string }
	err := json.NewDecoder(r.Body).Decode(&body)
	i := slices.IndexFunc(j.people, func(p map[string]any) bool { return p["accountId"] == body.AccountID })
	if err != nil || i < 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	j.fields[r.PathValue("key")]["assignee"] = j.people[i]
	w.WriteHeader(http.StatusNoContent)
}

// link adds the link to both issues, to each with the other one.
func (j *tracker) link(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Type                      struct{ ID string }
		InwardIssue, OutwardIssue struct{ Key string }
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || body.Type.ID != "10000" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	add := func(to, end, key string) {
		kind := map[string]any{"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
		j.fields[to]["issuelinks"] = append(j.fields[to]["issuelinks"].([]any), map[string]any{"id": "1", "type": kind, end: map[string]any{"key": key}})
	}
	add(body.InwardIssue.Key, "outwardIssue", body.OutwardIssue.Key)
	add(body.OutwardIssue.Key, "inwardIssue", body.InwardIssue.Key)
	w.WriteHeader(http.StatusCreated)
}
