package gitlabtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

// accessWorld has every kind of project that lets someone do less.
func accessWorld() gitlabtest.Options {
	o := world()
	o.Git = nil
	o.Scopes, o.Expires = map[string][]string{"ann-token": {"read_api"}, "guest-token": {"read_user"}}, map[string]string{"ann-token": "2026-04-01"}
	o.Projects = append(o.Projects,
		gitlabtest.Project{Path: "team/old", ID: 11, Archived: true},
		gitlabtest.Project{Path: "team/off", ID: 12, NoMergeRequests: true, NoPipelines: true},
		gitlabtest.Project{Path: "team/no", ID: 13, Roles: map[string]int{"bot": 0}},
		gitlabtest.Project{Path: "team/public", ID: 14, Visibility: "public", Roles: map[string]int{"bot": 0, "ann": gitlabtest.Maintainer}},
		gitlabtest.Project{Path: "team/invited", ID: 15, Invited: []string{"bot"}},
		gitlabtest.Project{Path: "team/ruled", ID: 16, Rules: []gitlabtest.Rule{{Field: "title", Pattern: "^[A-Z]+-", Text: "Title needs a key"}, {Field: "description", Pattern: "."}}},
		gitlabtest.Project{Path: "bot/off", ID: 17, ForkedFrom: "team/off"},
	)
	return o
}

func TestAccessRefusals(t *testing.T) {
	t.Parallel()
	const branches = `{"title":"T","source_branch":"a","target_branch":"main"`
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		answer                          string
	}{
		{"token may only look", "ann-token", "POST", mrs, create, 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"}`},
		{"token may not even look", "guest-token", "GET", "projects/7", "", 403, `{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api"}`},
		{"archived", "bot-token", "POST", "projects/11/merge_requests", create, 403, `{"message":"403 Forbidden"}`},
		{"switched off", "bot-token", "POST", "projects/17/merge_requests", branches + `,"target_project_id":12}`, 403, `{"message":"403 Forbidden"}`},
		{"no member", "bot-token", "GET", "projects/13", "", 404, `{"message":"404 Project Not Found"}`},
		{"public, no member", "bot-token", "POST", "projects/14/merge_requests", create, 403, `{"message":"403 Forbidden"}`},
		{"own rules", "bot-token", "POST", "projects/16/merge_requests", create, 422, `{"message":["Title needs a key","description is invalid"]}`},
		{"not a member", "bot-token", "GET", "projects/14/members/all/1", "", 404, `{"message":"404 Not found"}`},
		{"nobody", "bot-token", "GET", "projects/14/members/all/99", "", 404, `{"message":"404 Not found"}`},
		{"no number", "bot-token", "GET", "projects/14/members/all/x", "", 400, `{"error":"user_id is invalid"}`},
		{"no pipeline", "bot-token", "GET", "projects/7/pipelines/99", "", 404, `{"message":"404 Not found"}`},
		{"no pipeline, jobs", "bot-token", "GET", "projects/7/pipelines/99/jobs", "", 404, `{"message":"404 Not found"}`},
		{"no pipeline number", "bot-token", "GET", "projects/7/pipelines/latest", "", 400, `{"error":"pipeline_id is invalid"}`},
		{"pipelines, odd order", "bot-token", "GET", "projects/7/pipelines?order_by=iid", "", 400, `{"error":"order_by does not have a valid value"}`},
		{"pipelines, odd sort", "bot-token", "GET", "projects/7/pipelines?sort=up", "", 400, `{"error":"sort does not have a valid value"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := gitlabtest.New(accessWorld())
			status, got, _ := serve(t, s).do(tc.token, tc.method, tc.path, tc.body)
			if status != tc.status || got != tc.answer {
				t.Errorf("got %d %s\nwant %d %s", status, got, tc.status, tc.answer)
			}
			if n := len(s.MergeRequests()); n != 0 {
				t.Errorf("%d merge requests after a refusal", n)
			}
		})
	}
}

func TestArchivedTakesNoNotes(t *testing.T) {
	t.Parallel()
	o := accessWorld()
	s := gitlabtest.New(o)
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	o.Projects[0].Archived = true
	later := gitlabtest.New(o)
	if err := later.Restore(s.Snapshot()); err != nil {
		t.Fatal(err)
	}
	serve(t, later).must("bot-token", "POST", mrs+"/1/notes", `{"body":"late"}`, 403)
}

func TestWhatIsToldOfAccess(t *testing.T) {
	t.Parallel()
	c := serve(t, gitlabtest.New(accessWorld()))
	for _, tc := range []struct{ token, path, want string }{
		{"bot-token", "projects/7", `private false enabled enabled {"group_access":null,"project_access":{"access_level":30,"notification_level":3}}`},
		{"bot-token", "projects/12", `private false disabled disabled {"group_access":null,"project_access":{"access_level":30,"notification_level":3}}`},
		{"bot-token", "projects/11", `private true enabled enabled {"group_access":null,"project_access":{"access_level":30,"notification_level":3}}`},
		{"ann-token", "projects/14", `public false enabled enabled {"group_access":null,"project_access":{"access_level":40,"notification_level":3}}`},
		{"bot-token", "projects/14", `public false enabled enabled {"group_access":null,"project_access":null}`},
		{"bot-token", "projects/15", `private false enabled enabled {"group_access":null,"project_access":null}`},
	} {
		p := c.must(tc.token, "GET", tc.path, "", 200)
		perms, err := json.Marshal(p["permissions"])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p["visibility"], " ", p["archived"], " ", p["merge_requests_access_level"], " ", p["builds_access_level"], " ", string(perms)); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.path, got, tc.want)
		}
	}
	if m := c.must("bot-token", "GET", "projects/15/members/all/1", "", 200); m["access_level"] != 30.0 || m["username"] != "bot" {
		t.Errorf("member: %v", m)
	}
	self := c.must("ann-token", "GET", "personal_access_tokens/self", "", 200)
	if diff := cmp.Diff([]any{"read_api"}, self["scopes"]); diff != "" || self["expires_at"] != "2026-04-01" {
		t.Errorf("token: %v", self)
	}
	if self := c.must("bot-token", "GET", "personal_access_tokens/self", "", 200); self["expires_at"] != nil {
		t.Errorf("token: %v", self)
	}
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	if _, err := s.AddPipeline("team/gone", gitlabtest.Pipeline{}); err == nil || err.Error() != "there is no project team/gone" {
		t.Errorf("got %v", err)
	}
	for _, p := range []gitlabtest.Pipeline{
		{Ref: "main", SHA: "aa", Status: "success"},
		{Ref: "main", SHA: "bb", Status: "failed", Source: "schedule", Jobs: []gitlabtest.Job{{Name: "a", Status: "success"}, {Name: "b", Status: "failed"}, {Name: "c", Status: "failed", FailureReason: "stuck_or_timeout_failure"}}},
		{Ref: "f1", SHA: "bb", Status: "running"},
	} {
		if _, err := s.AddPipeline("team/app", p); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"": "6 2 1", "?sort=asc": "1 2 6", "?ref=main": "2 1", "?sha=bb": "6 2", "?status=failed": "2", "?source=schedule": "2", "?ref=x": "", "?per_page=1": "6",
	} {
		_, text, _ := c.do("bot-token", "GET", "projects/7/pipelines"+query, "")
		if got := numbers(t, text); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	for query, want := range map[string]string{"": "5 4 3", "?scope[]=failed": "5 4", "?scope[]=running&scope[]=success": "3"} {
		_, text, _ := c.do("bot-token", "GET", "projects/7/pipelines/2/jobs"+query, "")
		if got := numbers(t, text); got != want {
			t.Errorf("jobs %s: got %q, want %q", query, got, want)
		}
		if strings.Contains(text, "failure_reason") != (query == "" || strings.Contains(query, "failed")) {
			t.Errorf("jobs %s: %s", query, text)
		}
	}
	if p := c.must("bot-token", "GET", "projects/7/pipelines/6", "", 200); p["finished_at"] != nil || p["duration"] != nil || p["source"] != "push" {
		t.Errorf("running: %v", p)
	}
	if p := c.must("bot-token", "GET", "projects/7/pipelines/2", "", 200); p["finished_at"] == nil || p["duration"] != 0.0 {
		t.Errorf("failed: %v", p)
	}
	c.must("bot-token", "GET", "projects/8/pipelines/2", "", 404)
	other := gitlabtest.New(world())
	if err := other.Restore(s.Snapshot()); err != nil {
		t.Fatal(err)
	}
	serve(t, other).must("bot-token", "GET", "projects/7/pipelines/2", "", 200)
}

func numbers(t *testing.T, text string) string {
	t.Helper()
	var list []struct{ ID int }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got := ""
	for _, e := range list {
		got = strings.TrimSpace(fmt.Sprint(got, " ", e.ID))
	}
	return got
}

func TestPeopleComment(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	c.must("guest-token", "POST", mrs+"/1/notes", `{"body":"who may look may comment"}`, 201)
	if err := s.Note("team/app", 1, "zoe", "seen\n/approve"); err != nil {
		t.Fatal(err)
	}
	m := s.MergeRequests()[0]
	if !cmp.Equal(m.Notes, []string{"who may look may comment", "seen\n"}) || !cmp.Equal(m.Approvals, []string{"zoe"}) {
		t.Errorf("got %+v", m)
	}
}
