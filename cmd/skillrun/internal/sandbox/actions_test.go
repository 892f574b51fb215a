package sandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestActions: what people do between two runs, by the methods and over the
// services' own APIs, and the world that goes back to what it was.
func TestActions(t *testing.T) {
	t.Parallel()
	c := inMemory(t)
	before := c.state()
	seeded := before.GitLab.Seeded[1]
	ref := func() string {
		text, err := c.w.ReadFile(service, "master", deployOfs)
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(text, "tower-analytics-prod.yml\n    ref: ")
		return after[:40]
	}
	sha := strings.Repeat("ab", 20)
	for name, err := range map[string]error{
		"production": c.w.MoveProduction(sha), "branch": c.w.MoveBranch(service, seeded.SourceBranch), "issue": c.w.CloseIssue("AAP-61249"),
		"close": c.w.CloseMR(1), "reopen": c.w.ReopenMR(1), "approve": c.w.ApproveMR(2), "merge": c.w.MergeMR(2),
		"delete": c.w.DeleteBranch(fork, seeded.SourceBranch),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ref() != sha || strings.Count(must(c.w.ReadFile(service, "master", deployOfs)), sha) != 1 {
		t.Errorf("production runs %s", ref())
	}
	if text, err := c.w.ReadFile(service, "master", "docs/rota.md"); err != nil || !strings.Contains(text, "SRE looks first") {
		t.Errorf("the merged file: %q %v", text, err)
	}
	s := c.state()
	if s.GitLab.Seeded[1].State != "merged" || s.GitLab.Seeded[0].State != "opened" || s.Git[fork].Branches[seeded.SourceBranch] != "" {
		t.Errorf("%+v, branches %v", s.GitLab.Seeded, s.Git[fork].Branches)
	}
	if c.w.MoveProduction("x") == nil || c.w.MergeMR(2) == nil {
		t.Error("an action that makes no sense was done")
	}
	if err := c.w.Rewind(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("rewound (-before +after):\n%s", diff)
	}
}

func must(text string, err error) string {
	if err != nil {
		return err.Error()
	}
	return text
}

// TestActionsOverHTTP does the same as alice.
func TestActionsOverHTTP(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	project := "/gitlab/api/v4/projects/service%2Fapp-interface/repository/"
	file := project + "files/" + url.PathEscape("docs/rota.md")
	c.do("alice", "PUT", mrs+"/1", `{"state_event":"close"}`, 200)
	c.do("alice", "POST", mrs+"/2/approve", "", 201)
	tip := c.state().Git[service].Branches["master"]
	c.do("alice", "PUT", mrs+"/2/merge", "", 200)
	merged := c.state().Git[service].Branches["master"]
	c.do("alice", "PUT", file, `{"branch":"master","content":"Nobody.\n","commit_message":"Change the rota"}`, 200)
	c.do("alice", "PUT", file, `{"branch":"nowhere","content":"","commit_message":"x"}`, 400)
	c.do("alice", "PUT", project+"files/"+url.PathEscape("../x"), `{"branch":"master","content":"","commit_message":"x"}`, 400)
	written := c.state().Git[service].Branches["master"]
	if tip == merged || merged == written {
		t.Errorf("master stays at %s, %s, %s", tip, merged, written)
	}
	if got := must(c.w.ReadFile(service, "master", "docs/rota.md")); got != "Nobody.\n" {
		t.Errorf("the file is %q", got)
	}
	c.do("alice", "DELETE", project+"branches/"+c.state().GitLab.Seeded[0].SourceBranch, "", 204)
	c.do("alice", "DELETE", project+"branches/gone", "", 404)
	c.do("alice", "DELETE", project+"branches/master", "", 403)
	if got := len(c.state().Git[service].Branches); got != 2 {
		t.Errorf("%d branches", got)
	}
	c.do("jira", "POST", issues+"/AAP-61249/transitions", `{"transition":{"id":"31"}}`, 204)
}
