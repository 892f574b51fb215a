package git_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRebase puts a branch on top of main and moves it; a run that was killed after the server
// moved it finds that, although the old commits are on no branch any more.
func TestRebase(t *testing.T) {
	t.Parallel()
	for name, serve := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := picking(t, serve)
			in := map[string]any{"repo": r.url, "commit": r.shas["release"], "onto": r.shas["again"]}
			out := r.must("git_rebase", in)
			if fmt.Sprint(out["rebased"]) != "1" {
				t.Errorf("%v", out)
			}
			move := map[string]any{"workspace": out["workspace"], "branch": "release/1", "expect": r.shas["release"]}
			r.must("git_branch_update", move)
			for _, holds := range []string{"moved", "beside"} { // which hold it too
				if err := r.SetBranch(project, holds, ""); err != nil {
					t.Fatal(err)
				}
			}
			r.call.Workspaces = t.TempDir()
			if again := r.must("git_rebase", in); again["sha"] != out["sha"] {
				t.Errorf("again %v, was %v", again, out)
			}
			if f := r.findOf("git_branch_update", move); f.State != step.StateExists {
				t.Errorf("%+v", f)
			}
			c, err := r.Commit(project, r.Branches(project)["release/1"])
			if err != nil || c.ParentHashes[0].String() != r.shas["again"] || c.Message != "freeze\n" {
				t.Errorf("%v %v", c, err)
			}
		})
	}
}

// TestRebaseContinues: files that steps write are committed on top of what was applied, also
// in a folder that came with it as a whole.
func TestRebaseContinues(t *testing.T) {
	t.Parallel()
	for name, serve := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := picking(t, serve)
			r.withFiles()
			out := r.must("git_rebase", map[string]any{"repo": r.url, "commit": r.shas["moved"], "onto": r.shas["beside"]})
			r.must("git_branch_create", ws("branch", "work"))
			r.must("workspace_write", ws("path", "data/NOTES", "text", "moved\n"))
			made := r.must("git_commit", ws("message", "note it"))
			r.must("git_push", ws())
			files := r.treeOf(made["sha"].(string))
			for _, name := range []string{"data/NOTES", "data/moved.yml", "beside", "data/other.yml"} {
				if files[name].Mode != filemode.Regular {
					t.Errorf("%s is not in %v, on top of %v", name, files, out["sha"])
				}
			}
		})
	}
}

// TestRebaseOfWhatIsThere makes nothing of what is based on it, and of what is behind it.
func TestRebaseOfWhatIsThere(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	for commit, onto := range map[string][2]string{"again": {"fix", "again"}, "b": {"again", "again"}, "fix": {"fix", "fix"}} {
		out := r.must("git_rebase", map[string]any{"repo": r.url, "commit": r.shas[commit], "onto": r.shas[onto[0]]})
		if fmt.Sprint(out["rebased"]) != "0" || out["sha"] != r.shas[onto[1]] {
			t.Errorf("%s onto %s: %v", commit, onto[0], out)
		}
	}
	r.fails("git_rebase", map[string]any{"repo": r.url, "commit": r.shas["merged"], "onto": r.shas["release"]}, types.BadInput, "is a merge, which is not applied to other commits")
	r.fails("git_rebase", map[string]any{"repo": r.url, "commit": r.shas["lost"], "onto": r.shas["release"]}, types.NotFound, "is not on any branch of the remote")
}

// TestReplayCost: many commits are applied with the requests that one takes, where the
// server gives single objects.
func TestReplayCost(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 20} {
		r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
		commits, last := slices.Clone(history), "b"
		for i := range n {
			name := fmt.Sprint("n", i)
			commits = append(commits, commit(name, name+"\n", int64(20+i), map[string]*string{file: text(fmt.Sprint("ref: ", i, "\nother: x\n")), fmt.Sprint("data/n/", i): text(name)}, last))
			last = name
		}
		commits = append(commits, commit("ahead", "ahead\n", 90, map[string]*string{"data/other.yml": text("y\n"), "data/services/z": text("z\n")}, "c"))
		shas, err := r.Create("service/many", "main", commits, map[string]string{"main": "ahead", "work": last})
		if err != nil {
			t.Fatal(err)
		}
		m := &meter{}
		r.service.Transport = m
		r.connect()
		out := r.must("git_rebase", map[string]any{"repo": strings.Replace(r.url, "app-interface", "many", 1), "commit": shas[last], "onto": shas["ahead"]})
		const gate = 12
		if got := m.requests.Load(); fmt.Sprint(out["rebased"]) != fmt.Sprint(n) || got > gate {
			t.Errorf("%v commits with %d requests, want %d with at most %d", out["rebased"], got, n, gate)
		}
	}
}

// TestReplaySigns makes commits as the service says.
func TestReplaySigns(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	_, _, r.service.SigningKeyFile = keyPair(t)
	r.service.SignOff = true
	r.connect()
	out := r.must("git_cherry_pick", r.pick("release", "fix"))
	r.must("git_branch_create", ws("branch", "hotfix-1"))
	r.must("git_push", ws())
	c, err := r.Commit(project, out["sha"].(string))
	if err != nil || !strings.HasSuffix(c.Message, "Signed-off-by: Ada <ada@example.com>\nSigned-off-by: Bot <bot@example.com>\n") || c.PGPSignature == "" {
		t.Errorf("%v %v", c, err)
	}
}

// TestReplayFails sorts the failures of the server.
func TestReplayFails(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	r.through(func(req *http.Request) (*http.Response, error) { return answer(req, 503, "later"), nil })
	r.fails("git_cherry_pick", r.pick("release", "fix"), types.Unavailable, "503")
	r.fails("git_rebase", map[string]any{"repo": r.url, "commit": r.shas["release"], "onto": r.shas["again"]}, types.Unavailable, "503")
}
