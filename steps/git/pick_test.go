package git_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// picking has a release branch that is behind main, and fixes on main.
func picking(t testing.TB, serve func(testing.TB) *remote) *remote {
	t.Helper()
	r := serve(t)
	more := []gittest.Commit{
		commit("fix", "AAP-4: fix it\n\nSigned-off-by: Ada <ada@example.com>\n", 10, map[string]*string{file: text("ref: old\nother: y\n"), "README": text("r\nmore\n")}, "c"),
		commit("again", "fix more\n", 11, map[string]*string{"README": text("r\nmore\nand more\n"), "data/new": text("n\n")}, "fix"),
		commit("merged", "a merge\n", 12, map[string]*string{"f": text("f\n")}, "again", "feature"),
		commit("release", "freeze\n", 13, map[string]*string{"VERSION": text("1\n")}, "b"),
		commit("moved", "elsewhere\n", 14, map[string]*string{file: nil, "data/moved.yml": text("ref: old\nother: x\n")}, "release"),
		commit("beside", "beside\n", 15, map[string]*string{"beside": text("b\n")}, "release"),
	}
	r.main(more[0]) // each of them is served
	for branch, tip := range map[string]string{"main": "merged", "release/1": "release", "moved": "moved", "beside": "beside"} {
		shas, err := r.Create("service/all", "main", append(history, more...), map[string]string{"main": "merged"})
		if err == nil {
			err = r.Borrow("service/all", project)
		}
		if err == nil {
			err = r.SetBranch(project, branch, shas[tip])
		}
		if err != nil {
			t.Fatal(err)
		}
		r.shas = shas
	}
	return r
}

func (r *remote) pick(onto string, commits ...string) map[string]any {
	var list []any
	for _, c := range commits {
		list = append(list, r.shas[c])
	}
	return map[string]any{"repo": r.url, "onto": r.shas[onto], "commits": list}
}

// TestCherryPick applies fixes to a release branch and pushes them: the author, the time
// and the message stay, the committer is ours.
func TestCherryPick(t *testing.T) {
	t.Parallel()
	for name, serve := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := picking(t, serve)
			out := r.must("git_cherry_pick", r.pick("release", "fix", "again"))
			if fmt.Sprint(out["picked"]) != "2" || fmt.Sprint(out["files"]) != "[README data/new "+file+"]" {
				t.Errorf("%v", out)
			}
			in := map[string]any{"workspace": out["workspace"], "branch": "hotfix-1"}
			if b := r.must("git_branch_create", in); b["base"] != r.shas["release"] || b["tip"] != out["sha"] || b["resumed"] != false {
				t.Errorf("branch %v", b)
			}
			s, _ := r.steps.Lookup("git_push")
			p, err := s.Preview(r.ctx(), types.Encode(in), nil)
			if err != nil || !strings.Contains(p.Change.Diff, "+other: y") || !strings.Contains(p.Change.Diff, "+and more") || strings.Contains(p.Change.Diff, "VERSION") {
				t.Errorf("the plan shows %v %s", err, p.Change.Diff)
			}
			if got := r.must("git_push", in)["sha"]; got != out["sha"] || r.Branches(project)["hotfix-1"] != got {
				t.Errorf("pushed %v, made %v", got, out["sha"])
			}
			c, err := r.Commit(project, out["sha"].(string))
			if err != nil {
				t.Fatal(err)
			}
			first, err := c.Parent(0)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(first.Author.Name, first.Author.When.Unix(), first.Committer.Name, first.Committer.When.Unix(), first.Message, first.ParentHashes); got != fmt.Sprint("Ada", at(10).Unix(), "Bot", at(100).Unix(), "AAP-4: fix it\n\nSigned-off-by: Ada <ada@example.com>\n", "[", r.shas["release"], "]") {
				t.Errorf("the first is %s", got)
			}
			if files := r.treeOf(out["sha"].(string)); files["s"].Mode != filemode.Empty || files["VERSION"].Mode != filemode.Regular || files["data/new"].Mode != filemode.Regular {
				t.Errorf("files %v", files)
			}
		})
	}
}

// TestCherryPickAgain: the same call makes the same commits; in a later run, that knows
// nothing of the one before, the branch that this one pushed is taken up.
func TestCherryPickAgain(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	in := r.pick("release", "fix", "again")
	out := r.must("git_cherry_pick", in)
	if again := r.must("git_cherry_pick", in); fmt.Sprint(again) != fmt.Sprint(out) {
		t.Errorf("again %v, was %v", again, out)
	}
	branch := map[string]any{"workspace": out["workspace"], "branch": "hotfix-1"}
	r.must("git_branch_create", branch)
	r.must("git_push", branch)
	r.fresh()
	r.cache = t.TempDir()
	r.connect()
	later := r.must("git_cherry_pick", in)
	if later["sha"] == out["sha"] {
		t.Error("commits of another time are the same")
	}
	b := r.must("git_branch_create", branch)
	if b["resumed"] != true || b["tip"] != out["sha"] {
		t.Errorf("branch %v", b)
	}
	if f := r.findOf("git_push", branch); f.State != step.StateExists {
		t.Errorf("pushed before: %+v", f)
	}
	if got := r.must("git_push", branch)["sha"]; got != out["sha"] {
		t.Errorf("pushed %v", got)
	}
	r.must("git_cherry_pick", r.pick("release", "fix"))
	r.fails("git_branch_create", branch, types.Conflict, "is not from this work")
	r.must("git_cherry_pick", r.pick("release", "feature"))
	r.fails("git_branch_create", branch, types.Conflict, "is not from this work")
}

// TestCherryPickToAFork pushes to a fork that lacks what was picked, and where it was
// picked to.
func TestCherryPickToAFork(t *testing.T) {
	t.Parallel()
	for name, serve := range servers() {
		if name == "a folder" {
			continue // of which there is no fork here
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := picking(t, serve)
			out := r.must("git_cherry_pick", r.pick("release", "fix", "again"))
			r.must("git_branch_create", ws("branch", "hotfix-1", "push_repo", r.fork))
			r.must("git_push", ws())
			if got := r.Branches("bot/app-interface")["hotfix-1"]; got != out["sha"] {
				t.Errorf("the fork's branch is at %s, want %s", got, out["sha"])
			}
			if text, err := r.ReadFile("bot/app-interface", out["sha"].(string), "data/new"); err != nil || text != "n\n" {
				t.Errorf("%q %v", text, err)
			}
			if _, err := exec.LookPath("git"); err == nil {
				gitIn(t, r.dir("bot/app-interface"), "fsck", "--strict", "--no-dangling")
			}
		})
	}
}

// TestCherryPickSkips what is there, and says so.
func TestCherryPickSkips(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	for _, commits := range [][]string{{"again"}, {"b"}, {}} {
		out := r.must("git_cherry_pick", r.pick("merged", commits...))
		if fmt.Sprint(out["picked"]) != "0" || out["sha"] != r.shas["merged"] || len(out["files"].([]any)) != 0 {
			t.Errorf("%v: %v", commits, out)
		}
	}
	if out := r.must("git_cherry_pick", r.pick("release", "a", "fix", "fix")); fmt.Sprint(out["picked"]) != "1" {
		t.Errorf("%v", out)
	}
}

// TestCherryPickFails says which commit does not apply, and why.
func TestCherryPickFails(t *testing.T) {
	t.Parallel()
	r := picking(t, newRemote)
	r.fails("git_cherry_pick", r.pick("moved", "fix"), types.Conflict, "commit "+r.shas["fix"][:12]+" (AAP-4: fix it) does not apply: "+file+" was deleted or renamed there, and is changed by the commit")
	r.fails("git_cherry_pick", r.pick("release", "again"), types.Conflict, "(fix more) does not apply: README was changed there too, in the same lines (apply it in a clone")
	r.fails("git_cherry_pick", r.pick("again", "fix"), types.Conflict, "(AAP-4: fix it) is contained in "+r.shas["again"][:12]+" already, and does not apply again: README was changed there too")
	r.fails("git_cherry_pick", r.pick("fix", "moved"), types.Conflict, "was changed there, and is deleted or renamed by the commit")
	r.fails("git_cherry_pick", r.pick("release", "merged"), types.BadInput, "commit "+r.shas["merged"][:12]+" (a merge) is a merge, which is not applied to other commits")
	r.fails("git_cherry_pick", r.pick("release", "lost"), types.NotFound, "is not on any branch of the remote")
	many := r.pick("release", strings.Split(strings.Repeat("fix ", 201)+"fix", " ")...)
	r.fails("git_cherry_pick", many, types.BadInput, "202 commits are too many to apply; at most 200 are")
	in := r.pick("release", "fix")
	in["commits"] = []any{"main"}
	r.fails("git_cherry_pick", in, types.BadInput, "")
	if _, err := os.Stat(filepath.Join(r.call.Workspaces, "app-interface", "workspace.json")); err == nil {
		t.Error("a workspace is left of what failed")
	}
}

// TestCherryPickKinds merges what is no plain file as git does: as a whole, or not.
func TestCherryPickKinds(t *testing.T) {
	t.Parallel()
	const big = 9 << 20
	const plain, program, link, module = filemode.Regular, filemode.Executable, filemode.Symlink, filemode.Submodule
	type side struct {
		text string
		mode filemode.FileMode
	}
	for name, tt := range map[string]struct {
		base, ours, theirs side
		want               string
	}{
		"a program now, and edited":    {side{"a\nb\n", plain}, side{"A\nb\n", plain}, side{"a\nb\n", program}, ""},
		"a program on both sides":      {side{"a\nb\n", plain}, side{"a\nb\n", program}, side{"a\nb\n", program}, ""},
		"added as plain and program":   {side{}, side{"a\n", plain}, side{"a\n", program}, "x is executable on one side only"},
		"two links":                    {side{"a", link}, side{"b", link}, side{"c", link}, "x is no regular file on both sides, and both changed it"},
		"a link in the place of edits": {side{"a\n", plain}, side{"b\n", plain}, side{"a", link}, "x is no regular file on both sides, and both changed it"},
		"binary":                       {side{"\x00a", plain}, side{"\x00b", plain}, side{"\x00c", plain}, "x was changed there too, and is not merged by line: it is binary, or too large"},
		"too large":                    {side{"a\nb\nc\n", plain}, side{"A\nb\nc\n", plain}, side{"a\nb\n" + strings.Repeat("c", big), plain}, "x was changed there too, and is not merged by line"},
		"large, and changed once":      {side{"a\n", plain}, side{"a\n", plain}, side{strings.Repeat("c", big), plain}, ""},
		"two submodules":               {side{"a", module}, side{"b", module}, side{"c", module}, "x is no regular file on both sides, and both changed it"},
		"a file and a folder":          {side{}, side{"a\n", plain}, side{"", filemode.Dir}, "x is a file on one side, and a folder on the other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			base := r.shas["c"]
			put := func(s side, text string) string {
				if err := r.SetBranch(project, "main", base); err != nil {
					t.Fatal(err)
				}
				entries := []object.TreeEntry{{Name: "other", Mode: plain}}
				if s.mode != filemode.Empty {
					entries = append(entries, object.TreeEntry{Name: "x", Mode: s.mode})
				}
				texts := map[string]string{"other": text, "x": s.text}
				switch s.mode {
				case module:
					delete(texts, "x")
					entries[1].Hash = plumbing.ComputeHash(plumbing.CommitObject, []byte(s.text))
				case filemode.Dir:
					delete(texts, "x")
					entries[1].Hash = r.rootTree(r.shas["a"])
				}
				return r.plant(texts, entries...)
			}
			base = put(tt.base, "o\n")
			theirs, ours := put(tt.theirs, "O\n"), put(tt.ours, "o\n")
			if err := r.SetBranch(project, "theirs", theirs); err != nil {
				t.Fatal(err)
			}
			in := map[string]any{"repo": r.url, "onto": ours, "commits": []any{theirs}}
			if tt.want != "" {
				r.fails("git_cherry_pick", in, types.Conflict, tt.want)
				return
			}
			if out := r.must("git_cherry_pick", in); fmt.Sprint(out["picked"]) != "1" {
				t.Errorf("%v", out)
			}
		})
	}
}

func (r *remote) rootTree(sha string) plumbing.Hash {
	r.t.Helper()
	c, err := r.Commit(project, sha)
	if err != nil {
		r.t.Fatal(err)
	}
	return c.TreeHash
}

// TestCherryPickContinues: files that steps write into the workspace are committed on
// top of what was applied.
func TestCherryPickContinues(t *testing.T) {
	t.Parallel()
	for name, serve := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			picking(t, serve).continues()
		})
	}
}

func (r *remote) continues() {
	t := r.t
	r.withFiles()
	out := r.must("git_cherry_pick", r.pick("release", "fix"))
	r.must("git_branch_create", ws("branch", "hotfix-1"))
	note := ws("path", "data/NOTES", "text", "fixed\n")
	r.must("workspace_write", note)
	s, _ := r.steps.Lookup("git_commit")
	if p, err := s.Preview(r.ctx(), types.Encode(ws("message", "m")), nil); err != nil || p.Change.Title != "commit 1 file on hotfix-1" {
		t.Errorf("the plan shows %s: %v", p.Change.Title, err)
	}
	made := r.must("git_commit", ws("message", "note it"))
	r.must("git_push", ws())
	c, err := r.Commit(project, made["sha"].(string))
	if err != nil || c.ParentHashes[0].String() != out["sha"] {
		t.Fatalf("%v %v", c, err)
	}
	if files := r.treeOf(made["sha"].(string)); files["data/NOTES"].Mode != filemode.Regular || files["VERSION"].Mode != filemode.Regular || files[file].Mode != filemode.Regular {
		t.Errorf("files %v", files)
	}
	r.fresh()
	r.cache = t.TempDir()
	r.connect()
	r.withFiles()
	r.must("git_cherry_pick", r.pick("release", "fix"))
	if b := r.must("git_branch_create", ws("branch", "hotfix-1")); b["resumed"] != true {
		t.Errorf("branch %v", b)
	}
	r.must("workspace_write", note)
	if again := r.must("git_commit", ws("message", "note it")); again["sha"] != made["sha"] {
		t.Errorf("again %v, was %v", again["sha"], made["sha"])
	}
}
