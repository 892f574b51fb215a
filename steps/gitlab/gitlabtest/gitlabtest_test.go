package gitlabtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

// repos is a Git with the branches it holds, as "project branch".
type repos map[string][]gitlabtest.Change

func (r repos) Branch(project, name string) (string, bool) {
	_, there := r[project+" "+name]
	return fmt.Sprintf("%040x", len(project)+len(name)), there
}

func (r repos) Changes(project, branch, _, _ string) ([]gitlabtest.Change, error) {
	if branch == "broken" {
		return nil, errors.New("no such object")
	}
	return r[project+" "+branch], nil
}

func world() gitlabtest.Options {
	return gitlabtest.Options{
		URL: "https://gitlab.test", Token: "bot-token", User: "bot",
		People: map[string]string{"ann-token": "ann", "guest-token": "guest"}, Users: []string{"zoe"},
		Projects: []gitlabtest.Project{
			{Path: "team/app", ID: 7, RequiredApprovals: 1, Formerly: []string{"old/app"}, Readers: []string{"guest"}},
			{Path: "bot/app", ID: 8, ForkedFrom: "team/app"},
			{Path: "team/other", ID: 9},
			{Path: "team/secret", ID: 10, Hidden: []string{"bot"}},
		},
		Git: repos{
			"team/app main": nil, "team/app f1": {{OldPath: "a", NewPath: "b", Diff: "@@"}, {NewPath: "n"}, {OldPath: "d"}},
			"team/app f2": nil, "team/app broken": nil, "bot/app f1": nil, "team/other main": nil, "team/other f1": nil,
		},
		Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
	}
}

type caller struct {
	t   *testing.T
	url string
}

func serve(t *testing.T, s *gitlabtest.Server) caller {
	t.Helper()
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return caller{t, srv.URL + "/api/v4/"}
}

// do sends one request and does not follow redirects.
func (c caller) do(token, method, path, body string) (int, string, http.Header) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("PRIVATE-TOKEN", token)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(data), resp.Header
}

func (c caller) must(token, method, path, body string, status int) map[string]any {
	c.t.Helper()
	got, text, _ := c.do(token, method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, text)
	}
	out := map[string]any{}
	if strings.HasPrefix(text, "{") {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			c.t.Fatal(err)
		}
	}
	return out
}

const (
	mrs    = "projects/team%2Fapp/merge_requests"
	create = `{"title":"T","source_branch":"f1","target_branch":"main"}`
)

// TestIDsAreNotIIDs: ids are of the server and iids of the project, lists are
// lists also when nothing is in them, and a repository's url is where it is
// served.
func TestIDsAreNotIIDs(t *testing.T) {
	t.Parallel()
	o := world()
	o.Clone = "https://git.test/base/"
	s := gitlabtest.New(o)
	c := serve(t, s)
	got := c.must("bot-token", "POST", mrs, create, 201)
	if got["id"] == got["iid"] {
		t.Errorf("id and iid are both %v", got["id"])
	}
	for _, list := range []string{"labels", "assignees", "reviewers"} {
		if diff := cmp.Diff([]any{}, got[list]); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
	c.must("bot-token", "GET", mrs+"/1", "", 200)
	c.must("bot-token", "GET", fmt.Sprintf("%s/%.0f", mrs, got["id"]), "", 404)
	if got := c.must("bot-token", "GET", "projects/team%2Fapp", "", 200)["http_url_to_repo"]; got != "https://git.test/base/team/app.git" {
		t.Errorf("http_url_to_repo: %v", got)
	}
	if err := s.SetPipeline("team/app", 1, "success"); err != nil {
		t.Fatal(err)
	}
	if p := c.must("bot-token", "GET", mrs+"/1", "", 200)["head_pipeline"].(map[string]any); p["id"] == p["iid"] {
		t.Errorf("id and iid of a pipeline are both %v", p["id"])
	}
}

func TestOneLife(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	got := c.must("bot-token", "POST", mrs, `{"title":"Draft: T","source_branch":"f1","target_branch":"main","labels":"x,y",
		"reviewer_ids":[2,99],"assignee_ids":[1],"description":"text","remove_source_branch":true}`, 201)
	for name, want := range map[string]any{
		"iid": 1.0, "state": "opened", "draft": true, "web_url": "https://gitlab.test/team/app/-/merge_requests/1",
		"detailed_merge_status": "draft_status", "changes_count": "3", "reference": "!1", "force_remove_source_branch": true,
		"created_at": "2026-03-01T12:00:00.000Z",
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	c.must("bot-token", "PUT", mrs+"/1", `{"title":"T"}`, 200)
	if a := c.must("ann-token", "POST", mrs+"/1/approve", "", 201); a["approved"] != true || a["approvals_left"] != 0.0 {
		t.Errorf("approvals: %v", a)
	}
	c.must("ann-token", "POST", mrs+"/1/approve", "", 401) // GitLab's answer to a second approval
	if a := c.must("ann-token", "POST", mrs+"/1/unapprove", "", 201); a["approved"] != false || a["user_has_approved"] != false {
		t.Errorf("approvals: %v", a)
	}
	c.must("ann-token", "POST", mrs+"/1/unapprove", "", 404)
	c.must("ann-token", "POST", mrs+"/1/approve", "", 201)
	if err := s.SetPipeline("team/app", 1, "running"); err != nil {
		t.Fatal(err)
	}
	c.must("bot-token", "PUT", mrs+"/1/merge", "", 405)
	if err := s.SetPipeline("team/app", 1, "success"); err != nil {
		t.Fatal(err)
	}
	if m := c.must("bot-token", "PUT", mrs+"/1/merge", "", 200); m["state"] != "merged" || m["detailed_merge_status"] != "not_open" {
		t.Errorf("after merge: %v", m)
	}
	want := gitlabtest.MRView{
		Project: "team/app", SourceProject: "team/app", IID: 1, Title: "T", Description: "text", SourceBranch: "f1", TargetBranch: "main",
		State: "merged", WebURL: "https://gitlab.test/team/app/-/merge_requests/1", Author: "bot", Labels: []string{"x", "y"},
		Reviewers: []string{"zoe"}, Assignees: []string{"bot"}, Approvals: []string{"ann"},
	}
	if diff := cmp.Diff([]gitlabtest.MRView{want}, s.MergeRequests()); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"created", "updated", "approved", "approved", "merged"}, whats(s)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func whats(s *gitlabtest.Server) []string {
	var out []string
	for _, e := range s.History() {
		out = append(out, e.What)
	}
	return out
}

func TestActionsOfPeople(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	for _, step := range []struct {
		do   func(string, int, string) error
		user string
		want string
	}{
		{s.Reopen, "ann", "!1 is opened, not closed"},
		{s.Close, "nobody", "there is no user nobody"},
		{s.Close, "ann", ""},
		{s.Close, "ann", "!1 is closed, not opened"},
		{s.Merge, "ann", "!1 is closed, not opened"},
		{s.Approve, "ann", "!1 is closed, or ann approved it before"},
		{s.Reopen, "ann", ""},
		{s.Approve, "ann", ""},
		{s.Merge, "ann", ""},
	} {
		got := ""
		if err := step.do("team/app", 1, step.user); err != nil {
			got = err.Error()
		}
		if got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
	if err := s.Close("team/app", 5, "ann"); err == nil || err.Error() != "there is no merge request !5 in team/app" {
		t.Errorf("got %v", err)
	}
	c.must("bot-token", "POST", mrs, create, 201)
	if err := s.Close("team/app", 2, "ann"); err != nil {
		t.Fatal(err)
	}
	c.must("bot-token", "POST", mrs, create, 201)
	if err := s.Reopen("team/app", 2, "ann"); err == nil || err.Error() != "!3 is open from the same branch" {
		t.Errorf("got %v", err)
	}
}

func TestQuickActionsAreCarriedOut(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, `{"title":"T","source_branch":"f1","target_branch":"main",
		"description":"one\n/approve\n  /label ~a ~b\n/title New\n/assign_reviewer @zoe @who\n/assign @ann\n/unlabel ~b\n/draft\ntwo /close\n/etc/hosts"}`, 201)
	m := s.MergeRequests()[0]
	want := gitlabtest.MRView{
		Project: "team/app", SourceProject: "team/app", IID: 1, Title: "Draft: New", Description: "one\ntwo /close\n/etc/hosts",
		SourceBranch: "f1", TargetBranch: "main", State: "opened", WebURL: m.WebURL, Author: "bot", Draft: true,
		Labels: []string{"a"}, Reviewers: []string{"zoe"}, Assignees: []string{"ann"}, Approvals: []string{"bot"},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("after the description (-want +got):\n%s", diff)
	}
	c.must("bot-token", "POST", mrs+"/1/notes", `{"body":"/ready\n/unapprove\n/target_branch f2"}`, 202)
	c.must("bot-token", "POST", mrs+"/1/notes", `{"body":"well\n/close"}`, 201)
	c.must("bot-token", "POST", mrs+"/1/notes", `{"body":"back\n/reopen"}`, 201)
	c.must("bot-token", "POST", mrs+"/1/notes", `{"body":"go\n/merge"}`, 201)
	m = s.MergeRequests()[0]
	if m.State != "merged" || m.Title != "New" || m.TargetBranch != "f2" || len(m.Approvals) != 0 {
		t.Errorf("after the notes: %+v", m)
	}
	if diff := cmp.Diff([]string{"well\n", "back\n", "go\n"}, m.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestForkAndMovedProject(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	m := c.must("bot-token", "POST", "projects/bot%2Fapp/merge_requests", `{"title":"T","source_branch":"f1","target_branch":"main","target_project_id":7}`, 201)
	if m["source_project_id"] != 8.0 || m["target_project_id"] != 7.0 || m["project_id"] != 7.0 {
		t.Errorf("projects: %v %v %v", m["source_project_id"], m["target_project_id"], m["project_id"])
	}
	c.must("bot-token", "POST", mrs, create, 201) // another source project is another branch
	status, _, h := c.do("bot-token", "GET", "projects/old%2Fapp/merge_requests?state=all", "")
	if status != 301 || h.Get("Location") != "/api/v4/projects/7/merge_requests?state=all" {
		t.Errorf("moved: %d %q", status, h.Get("Location"))
	}
	if p := c.must("bot-token", "GET", "projects/bot%2Fapp", "", 200); p["forked_from_project"] == nil || p["default_branch"] != "main" {
		t.Errorf("project: %v", p)
	}
	if b := c.must("bot-token", "GET", "projects/7/repository/branches/main", "", 200); b["default"] != true {
		t.Errorf("branch: %v", b)
	}
}

func TestSnapshotRestore(t *testing.T) {
	t.Parallel()
	var changes atomic.Int32
	var logged atomic.Value
	opts := world()
	opts.Changed = func() { changes.Add(1) }
	opts.Log = func(method, path string, status int) { logged.Store(fmt.Sprint(method, " ", path, " ", status)) }
	s := gitlabtest.New(opts)
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	c.must("bot-token", "GET", "version", "", 200)
	if changes.Load() != 1 || logged.Load() != "GET /api/v4/version 200" {
		t.Errorf("changed %d times, logged %q", changes.Load(), logged.Load())
	}
	other := gitlabtest.New(world())
	if err := other.Restore(s.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.MergeRequests(), other.MergeRequests()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(s.History(), other.History()); diff != "" {
		t.Error(diff)
	}
	serve(t, other).must("bot-token", "POST", mrs, create, 409)
	if err := other.Restore([]byte("{")); err == nil || !strings.Contains(err.Error(), "snapshot does not decode") {
		t.Errorf("got %v", err)
	}
}
