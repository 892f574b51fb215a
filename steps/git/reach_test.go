package git

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestReach: a push is seen by who reads that branch of that repository, however
// either spells it, and a commit that is named in full is what it is.
func TestReach(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, meta := range map[string]string{
		"w": `{"repo":"https://git.example.com/Team/app.git","service":"git","branch":"release/1"}`,
		"f": `{"repo":"https://git.example.com/team/app.git","service":"git","push":"git@git.example.com:me/app.git"}`,
	} {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "workspace.json"), []byte(meta), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: root})
	steps := map[string]step.Step{}
	for _, s := range Steps(Options{}) {
		steps[s.Name] = s
	}
	const sha = "2fdd383a847fe97486adc2a9e62fa0f30a60d6dd"
	at := func(name, host string) []step.Place { return []step.Place{{Kind: "git", Name: name, Host: host}} }
	anyRepo := []step.Place{{Kind: "git"}, {Kind: step.Machine}}
	ws := step.Place{Kind: step.Workspace, Name: "w"}
	cases := map[string]struct {
		step string
		use  step.Use
		want step.Reach
	}{
		"a branch": {"git_read_file", step.Use{Args: types.Values{"repo": "ssh://git@git.example.com:2222/team/app", "ref": "main"}},
			step.Reach{Sees: at("team/app#main", "git.example.com")}},
		"the default branch": {"git_read_file", step.Use{Args: types.Values{"repo": "https://git.example.com:8443/team/app.git"}},
			step.Reach{Sees: at("team/app", "git.example.com:8443")}},
		"a commit": {"git_checkout", step.Use{Args: types.Values{"repo": "git@git.example.com:team/app.git", "commit": sha}},
			step.Reach{Settled: at("team/app", "git.example.com")}},
		"a repository that is not known": {"git_log", step.Use{Unknown: []string{"repo"}}, step.Reach{Sees: anyRepo}},
		"a folder that is no clone yet":  {"git_log", step.Use{Args: types.Values{"repo": filepath.Join(root, "none")}}, step.Reach{Sees: anyRepo}},
		"a push": {"git_push", step.Use{Args: types.Values{"workspace": "w"}},
			step.Reach{Sees: append([]step.Place{ws}, at("team/app#release/1", "git.example.com")...), Changes: at("team/app#release/1", "git.example.com")}},
		"a push to a fork": {"git_push", step.Use{Args: types.Values{"workspace": "f", "branch": "b"}},
			step.Reach{Sees: append([]step.Place{{Kind: step.Workspace, Name: "f"}}, at("me/app#b", "git.example.com")...), Changes: at("me/app#b", "git.example.com")}},
		"a push of what is not there": {"git_push", step.Use{Unknown: []string{"workspace"}},
			step.Reach{Sees: append([]step.Place{{Kind: step.Workspace}}, anyRepo...), Changes: anyRepo}},
		"a new branch": {"git_branch_create", step.Use{Args: types.Values{"workspace": "w", "branch": "x"}},
			step.Reach{Sees: append(at("team/app#x", "git.example.com"), ws), Changes: []step.Place{{Kind: step.Workspace, Name: "w#branch"}}}},
		"commits that are applied": {"git_rebase", step.Use{Args: types.Values{"repo": "https://git.example.com/team/app.git", "commit": sha, "onto": sha}},
			step.Reach{Settled: append(at("team/app", "git.example.com"), at("team/app", "git.example.com")...)}},
		"tags": {"git_tag_list", step.Use{Args: types.Values{"repo": "https://git.example.com/team/app.git"}},
			step.Reach{Sees: at("team/app", "git.example.com")}},
		"a new tag": {"git_tag_create", step.Use{Args: types.Values{"repo": "https://git.example.com/team/app.git", "tag": "v1"}},
			step.Reach{Sees: at("team/app#refs/tags/v1", "git.example.com"), Changes: at("team/app#refs/tags/v1", "git.example.com")}},
		"a tag that is not known": {"git_tag_create", step.Use{Args: types.Values{"repo": "https://git.example.com/team/app.git"}, Unknown: []string{"tag"}},
			step.Reach{Sees: at("team/app", "git.example.com"), Changes: at("team/app", "git.example.com")}},
		"a branch that goes": {"git_branch_delete", step.Use{Args: types.Values{"repo": "https://git.example.com/team/app.git", "branch": "x"}},
			step.Reach{Sees: at("team/app#x", "git.example.com"), Changes: at("team/app#x", "git.example.com")}},
		"a branch that moves": {"git_branch_update", step.Use{Args: types.Values{"workspace": "w", "branch": "x"}},
			step.Reach{Sees: append([]step.Place{ws}, at("team/app#x", "git.example.com")...), Changes: at("team/app#x", "git.example.com")}},
		"a branch that moves to what is not there": {"git_branch_update", step.Use{Args: types.Values{"branch": "x"}, Unknown: []string{"workspace"}},
			step.Reach{Sees: append([]step.Place{{Kind: step.Workspace}}, anyRepo...), Changes: anyRepo}},
		"a commit in a workspace": {"git_commit", step.Use{Args: types.Values{"workspace": "w"}},
			step.Reach{Sees: []step.Place{ws}, Changes: []step.Place{{Kind: step.Workspace, Name: "w#commit"}}}},
	}
	for name, c := range cases {
		got := steps[c.step].Reach(ctx, c.use)
		got.Leads = nil // see TestLeads
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestLeads: a clone that is named by its folder leads to where it fetches from
// and to where it pushes to, as they stand in it when it is looked at.
func TestLeads(t *testing.T) {
	t.Parallel()
	clone := filepath.Join(t.TempDir(), "clone")
	if err := os.MkdirAll(filepath.Join(clone, ".git", "objects"), 0o755); err != nil {
		t.Fatal(err)
	}
	steps := map[string]step.Step{}
	for _, s := range Steps(Options{}) {
		steps[s.Name] = s
	}
	leads := func(config, name, argument string) []step.Place {
		for file, text := range map[string]string{"config": config, "HEAD": "ref: refs/heads/main\n"} {
			if err := os.WriteFile(filepath.Join(clone, ".git", file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return steps[name].Reach(t.Context(), step.Use{Args: types.Values{argument: clone}}).Leads
	}
	const fetches, pushes = "[remote \"upstream\"]\n\turl = https://git.example.com/a.git\n", "[remote \"origin\"]\n\turl = /srv/evil.git\n"
	good := step.Place{Kind: "git", Name: "https://git.example.com/a.git", Host: "git.example.com"}
	evil := step.Place{Kind: "git", Name: "/srv/evil.git", Host: "this machine"}
	for name, argument := range map[string]string{"git_checkout": "repo", "git_log": "repo", "git_branch_create": "push_repo"} {
		if d := cmp.Diff([]step.Place{good}, leads(fetches, name, argument)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff([]step.Place{good, evil}, leads(fetches+pushes, name, argument)); d != "" {
			t.Errorf("%s with another place to push to: %s", name, d)
		}
	}
}
