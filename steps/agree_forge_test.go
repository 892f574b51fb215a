package steps

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
	"github.com/skillrun/skillrun/steps/git/gittest"
	"github.com/skillrun/skillrun/steps/gitlab"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
	"github.com/skillrun/skillrun/steps/yamlfile"
)

// forge is a Jira, a GitLab and a git server.
type forge struct{ tickets, lab, repos *httptest.Server }

// branches are what the GitLab sees of the git server.
type branches struct{ *gittest.Server }

// Branch is the tip of a branch.
func (b branches) Branch(project, name string) (string, bool) {
	sha, there := b.Branches(project)[name]
	return sha, there
}

// Changes are of no interest here.
func (branches) Changes(string, string, string, string) ([]gitlabtest.Change, error) { return nil, nil }

var agreeTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newForge has two issues, a merge request of someone's, and a branch without
// one.
func newForge(t *testing.T, dir string) forge {
	t.Helper()
	serve := func(h http.Handler) *httptest.Server {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv
	}
	repos := gittest.New(gittest.Options{Dir: filepath.Join(dir, "git"), User: "bot", Token: "token"})
	text := "ref: old\nother: x\n"
	base := gittest.Commit{Name: "base", Author: "Ada", Email: "ada@example.com", When: agreeTime, Message: "first\n", Files: map[string]*string{"deploy.yml": &text}}
	if _, err := repos.Create("team/app", "main", []gittest.Commit{base}, map[string]string{"main": "base", "theirs": "base", "free": "base"}); err != nil {
		t.Fatal(err)
	}
	tickets := jiratest.New(jiratest.Options{User: "bot", Token: "token", FirstNumber: 100, Projects: []jiratest.Project{{Key: "AAP"}}, Now: func() time.Time { return agreeTime }})
	tickets.File("AAP", "first")
	tickets.File("AAP", "second")
	lab := gitlabtest.New(gitlabtest.Options{
		URL: "http://gitlab.test", Token: "token", User: "bot", People: map[string]string{"hers": "ann"}, Git: branches{repos},
		Projects: []gitlabtest.Project{{Path: "team/app", ID: 7}}, Now: func() time.Time { return agreeTime },
	})
	r := httptest.NewRequest(http.MethodPost, "/api/v4/projects/7/merge_requests", strings.NewReader(`{"source_branch":"theirs","target_branch":"main","title":"Theirs"}`))
	r.Header.Set("Private-Token", "hers")
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	if lab.ServeHTTP(rec, r); rec.Code != http.StatusCreated {
		t.Fatal(rec.Body)
	}
	return forge{serve(tickets), serve(lab), serve(repos)}
}

// families are the steps for it.
func (f forge) families(cache string) []step.Step {
	token := types.NewSecret("token")
	return slices.Concat(
		jira.Steps(map[string]jira.Service{"jira": {URL: f.tickets.URL, User: "bot", Token: token}}),
		gitlab.Steps(map[string]gitlab.Service{"gitlab": {URL: f.lab.URL, Token: token}}),
		git.Steps(git.Options{Cache: cache, Services: map[string]git.Service{
			"git": {URL: f.repos.URL, User: "bot", Token: token, AuthorName: "Bot", AuthorEmail: "bot@example.com"},
		}}),
		yamlfile.Steps(),
	)
}

// line is a value that is one line.
func (d *draw) line() string {
	if len(d.seen) == 0 {
		return "v1"
	}
	return "<${{ string(len(" + d.seen[d.r.IntN(len(d.seen))] + ")) }}>"
}

// ticket draws what is done in Jira, or looked at.
func (d *draw) ticket(use func(name, with string) string, id string) (text, result string) {
	issue, status := d.one("AAP-100", "AAP-101"), d.one("To Do", "In Progress", "Done")
	switch d.r.IntN(6) {
	case 0:
		return use("jira_create_issue", fmt.Sprintf("project: AAP, summary: %q", d.line())), "steps." + id + ".key"
	case 1, 2:
		return use("jira_transition", fmt.Sprintf("issue: %s, status: %s", issue, status)), d.one("steps."+id+".status", "string(steps."+id+".changed)")
	case 3:
		return use("jira_add_comment", fmt.Sprintf("issue: %s, body: %q", issue, d.value())), "steps." + id + ".issue"
	case 4:
		return use("jira_search", "jql: 'project = AAP AND status = \"Done\" ORDER BY key'"), "string(len(steps." + id + ".issues))"
	}
	return use("jira_get_issue", "issue: "+issue), "steps." + id + ".status"
}

// request draws what is done in GitLab, or looked at.
func (d *draw) request(use func(name, with string) string, id string) (text, result string) {
	switch d.r.IntN(4) {
	case 0:
		return use("gitlab_mr_note", fmt.Sprintf("project: team/app, iid: 1, body: %q", d.value())), "string(steps." + id + ".iid)"
	case 1:
		return use("gitlab_mr_view", "project: team/app, iid: 1"), "steps." + id + ".title"
	case 2:
		return use("git_read_file", "repo: \"${{ inputs.repo }}\", path: deploy.yml"), "steps." + id + ".text"
	}
	return use("gitlab_mr_list", "project: team/app"), "string(len(steps." + id + ".merge_requests))"
}

// release draws a branch that is pushed, with one commit or two, and what may be
// behind it: a merge request, and reads of both.
func (d *draw) release() string {
	d.n++
	n, out := d.n, strings.Builder{}
	add := func(id, name, with string) {
		fmt.Fprintf(&out, "  - {id: %s%d, uses: %s, with: {%s}}\n", id, n, name, with)
	}
	repo, ws := `repo: "${{ inputs.repo }}"`, fmt.Sprintf("workspace: \"${{ steps.w%d.workspace }}\"", n)
	add("r", "git_read_file", repo+", path: deploy.yml, ref: main")
	add("w", "git_checkout", fmt.Sprintf("%s, commit: \"${{ steps.r%d.commit }}\", paths: [deploy.yml], name: w%d", repo, n, n))
	add("b", "git_branch_create", fmt.Sprintf("%s, branch: r%d", ws, n))
	for i := range 1 + d.r.IntN(2) {
		value := fmt.Sprintf("%d %s", i, d.value())
		add(fmt.Sprint("y", i, "_"), "yaml_set", fmt.Sprintf("%s, file: deploy.yml, jsonpath: $.ref, value: %q", ws, value))
		add(fmt.Sprint("c", i, "_"), "git_commit", fmt.Sprintf("%s, message: commit %d", ws, i))
		d.seen = append(d.seen, fmt.Sprintf("steps.y%d_%d.old", i, n), fmt.Sprintf("string(len(steps.c%d_%d.files))", i, n))
	}
	add("p", "git_push", ws)
	d.seen = append(d.seen, fmt.Sprintf("steps.p%d.branch", n))
	if d.r.IntN(2) == 0 {
		add("a", "git_read_file", fmt.Sprintf("%s, path: deploy.yml, ref: r%d", repo, n))
		d.seen = append(d.seen, fmt.Sprintf("steps.a%d.text", n))
	}
	if d.r.IntN(2) == 0 {
		d.open(add, n, fmt.Sprint("r", n))
	}
	return out.String()
}

// open opens a merge request.
func (d *draw) open(add func(id, name, with string), n int, branch string) {
	add("m", "gitlab_mr_create", fmt.Sprintf("project: team/app, source_branch: %s, title: %q, labels: [b, a]", branch, "MR "+d.line()))
	d.seen = append(d.seen, d.one(fmt.Sprintf("steps.m%d.title", n), fmt.Sprintf("steps.m%d.state", n), fmt.Sprintf("json(steps.m%d.labels)", n), fmt.Sprintf("steps.m%d.target_branch", n)))
	add("v", "gitlab_mr_view", fmt.Sprintf("project: team/app, iid: \"${{ steps.m%d.iid }}\"", n))
	d.seen = append(d.seen, fmt.Sprintf("steps.v%d.title", n))
}
