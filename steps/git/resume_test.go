package git_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

const edited = "ref: new\nother: x\n"

// ours is a commit as this work makes it, at some other time.
func ours(name, path, content string, n int64, parent string) gittest.Commit {
	return commit(name, "release\n\nSkillrun-Key: workworkworkwork-"+path+"\n", n, map[string]*string{file: text(content)}, parent)
}

// TestKilledAnywhere repeats the steps from the start after each of them, in
// the same folder and in a fresh one, on this machine and on another: there is
// one commit and one branch.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	steps := []func(*remote) any{
		func(r *remote) any {
			return r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})["commit"]
		},
		func(r *remote) any { return r.must("git_branch_create", ws("branch", "release-1"))["base"] },
		func(r *remote) any { r.edit(edited); return nil },
		func(r *remote) any { return r.must("git_commit", ws("message", "release"))["sha"] },
		func(r *remote) any { return r.must("git_push", ws())["sha"] },
	}
	for _, fresh := range []bool{false, true} {
		for killed := range len(steps) + 1 {
			t.Run(fmt.Sprintf("fresh %v, after %d", fresh, killed), func(t *testing.T) {
				t.Parallel()
				r := newRemote(t)
				for _, s := range steps[:killed] {
					s(r)
				}
				if fresh {
					r.call.Workspaces, r.cache = t.TempDir(), t.TempDir()
					r.connect()
				}
				var results []any
				for _, s := range steps {
					results = append(results, s(r), s(r)) // every step twice, too
				}
				const sha = "22350186b84bb2d13dd09cf8c323445845e741b2"
				for _, got := range results[6:] {
					if got != sha {
						t.Errorf("the commit is %v, want %s", got, sha)
					}
				}
				if got := r.Branches("service/app-interface"); len(got) != 3 || got["release-1"] != sha {
					t.Errorf("branches %v", got)
				}
			})
		}
	}
}

// TestBranchThatIsThere takes branches up as others left them. The journal is
// lost: all that is known is the key.
func TestBranchThatIsThere(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		commits []gittest.Commit
		begin   string // the conflict of git_branch_create
		commit  string // the conflict of git_commit
		adopted int    // which of the commits is ours, counted from 1
		state   step.FoundState
		why     string
	}{
		"ours": {
			commits: []gittest.Commit{ours("x", "pathpathpa", edited, 7, "c")},
			adopted: 1, state: step.StateExists,
		},
		"ours, from a base that is older": {
			commits: []gittest.Commit{ours("x", "pathpathpa", edited, 7, "b")},
			adopted: 1, state: step.StateExists,
		},
		"ours with a stranger's commit above it": {
			commits: []gittest.Commit{ours("x", "pathpathpa", edited, 7, "c"), commit("y", "tweak\n", 8, map[string]*string{file: text("ref: tweaked\nother: x\n")}, "x")},
			adopted: 1, state: step.StateEnded, why: "by Ada, above our commit",
		},
		"ours with later work of ours above it": {
			commits: []gittest.Commit{ours("x", "pathpathpa", edited, 7, "c"), ours("y", "otherpatha", "ref: newer\nother: x\n", 8, "x")},
			adopted: 1, state: step.StateExists,
		},
		"ours with other changes": {
			commits: []gittest.Commit{ours("x", "pathpathpa", "ref: another\nother: x\n", 7, "c")},
			commit:  "is from this work and holds other changes",
		},
		"ours with more than the file": {
			commits: []gittest.Commit{{Name: "x", Parents: []string{"c"}, Author: "Ada", Email: "ada@example.com", When: at(7),
				Message: "release\n\nSkillrun-Key: workworkworkwork-pathpathpa\n", Files: map[string]*string{file: text(edited), "README": nil}}},
			commit: "is from this work and holds other changes",
		},
		"ours from another step": {
			commits: []gittest.Commit{ours("x", "otherpatha", edited, 7, "c")},
			commit:  "holds other commits of this work",
		},
		"a stranger's": {
			commits: []gittest.Commit{commit("x", "theirs\n", 7, map[string]*string{file: text(edited)}, "c")},
			begin:   "is not from this work: its tip",
		},
		"of other work": {
			commits: []gittest.Commit{commit("x", "release\n\nSkillrun-Key: workworkworkwor2-pathpathpa\n", 7, map[string]*string{file: text(edited)}, "c")},
			begin:   "is not from this work: its tip",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			tip := r.branch("release-1", tt.commits...)
			r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
			if tt.begin != "" {
				r.fails("git_branch_create", ws("branch", "release-1"), types.Conflict, tt.begin)
				return
			}
			if out := r.must("git_branch_create", ws("branch", "release-1")); out["resumed"] != true || out["tip"] != tip {
				t.Errorf("branch %v", out)
			}
			r.edit(edited)
			if tt.commit != "" {
				r.fails("git_commit", ws("message", "release"), types.Conflict, tt.commit)
				return
			}
			shas, err := r.Create("service/again", "main", append(history, tt.commits...), nil)
			if err != nil {
				t.Fatal(err)
			}
			if out := r.must("git_commit", ws("message", "release")); out["sha"] != shas[tt.commits[tt.adopted-1].Name] || out["objects"] != 0 {
				t.Errorf("commit %v", out)
			}
			if f := r.find(ws()); f.State != tt.state || !strings.Contains(f.Why, tt.why) {
				t.Errorf("%+v", f)
			}
			if got := r.Branches("service/app-interface")["release-1"]; got != tip {
				t.Errorf("the branch moved to %s", got)
			}
		})
	}
}

// TestTwoCommits pushes twice from one workspace, and continues after the first
// push with a fresh one.
func TestTwoCommits(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		r := newRemote(t)
		first := func() { r.call.Key.Path = "pathpathpa" }
		r.prepare("")
		r.must("git_push", ws())
		if lost {
			r.fresh()
			r.prepare("")
		}
		r.call.Key.Path = "secondpath"
		r.edit("ref: newer\nother: x\n")
		second := r.must("git_commit", ws("message", "more"))["sha"]
		if f := r.find(ws()); f.State != step.StateAbsent {
			t.Errorf("before the second push: %+v", f)
		}
		r.must("git_push", ws())
		if got := r.Branches("service/app-interface")["release-1"]; got != second {
			t.Errorf("branch at %s, want %s", got, second)
		}
		first()
		r.fresh()
		r.prepare("")
		if f := r.find(ws()); f.State != step.StateExists {
			t.Errorf("the first push, looked for after the second: %+v", f)
		}
	}
}

// TestPushFinds looks at a branch that changes between the commit and the push.
func TestPushFinds(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	r.branch("release-1", ours("x", "pathpathpa", "ref: another\nother: x\n", 7, "c"))
	if f := r.find(ws()); f.State != step.StateDrifted || !strings.Contains(f.Why, "this run made") {
		t.Errorf("made from other arguments: %+v", f)
	}
	r.fails("git_push", ws(), types.Conflict, "moved to")
	r.fresh()
	r.branch("release-1", ours("y", "pathpathpa", edited, 7, "c"))
	r.begin("")
	if err := r.SetBranch("service/app-interface", "release-1", ""); err != nil {
		t.Fatal(err)
	}
	r.edit(edited)
	r.must("git_commit", ws("message", "release"))
	if f := r.find(ws()); f.State != step.StateEnded || !strings.Contains(f.Why, "was deleted") {
		t.Errorf("deleted: %+v", f)
	}
	r.fails("git_push", ws(), types.Conflict, "was deleted since this run looked")
}

// TestWatch names what must not move, in place of the workspace's files.
func TestWatch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	r.main(commit("d", "theirs\n", 9, map[string]*string{"data/other.yml": text("y\n")}, "c"))
	r.fails("git_push", ws("watch", []any{file, "data/other.yml"}), types.Conflict, "data/other.yml was changed on main after this run read it")
	r.fails("git_push", ws("watch", []any{"../x"}), types.BadInput, "not a path inside")
	r.must("git_push", ws("watch", []any{file, "none"}))
}

// TestPreview shows the change without the SHA, which the run's start is part
// of.
func TestPreview(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	s, _ := r.steps.Lookup("git_push")
	for _, tt := range []struct {
		in      map[string]any
		unknown step.UnknownPaths
		title   string
		diff    bool
		leaves  string
	}{
		{ws(), nil, "push branch release-1 to " + r.url + " (new branch)", true, "sha"},
		{ws("branch", "b", "repo", r.fork), nil, "push branch b to " + r.fork + " (new branch)", true, "sha"},
		{ws("branch", "b"), step.UnknownPaths{"workspace"}, "push branch b", false, "sha remote"},
		{ws(), step.UnknownPaths{"branch"}, "push a branch", false, ""},
		{map[string]any{"workspace": "none", "branch": "b"}, nil, "push branch b", false, "sha remote"},
	} {
		p, err := s.Preview(r.ctx(), types.Encode(tt.in), tt.unknown)
		if err != nil || p.Change.Title != tt.title || strings.Join(p.Unknown, " ") != tt.leaves ||
			strings.Contains(p.Change.Diff, "-ref: old\n+ref: new") != tt.diff {
			t.Errorf("%v: %+v %v", tt.in, p, err)
		}
	}
	if len(r.Branches("service/app-interface")) != 2 {
		t.Error("a preview pushed")
	}
}
