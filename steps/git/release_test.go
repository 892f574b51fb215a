package git_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRelease edits, commits and pushes; doing it all again, with the same and
// with another workspace folder, gives the same commit and adopts the branch.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, fork := range []bool{false, true} {
		r := newRemote(t)
		push, name := "", "service/app-interface"
		if fork {
			push, name = r.fork, "bot/app-interface"
		}
		first := r.prepare(push)
		const gate = 6 // a blob, four trees and a commit
		if first["objects"] != gate {
			t.Errorf("%v objects were written, the gate is %d", first["objects"], gate)
		}
		files := first["files"].([]any)
		if f := files[0].(map[string]any); len(files) != 1 || f["path"] != file || f["added"] != 1 || f["removed"] != 1 {
			t.Errorf("files %v", files)
		}
		in := map[string]any{"workspace": "app-interface", "repo": push}
		if f := r.find(in); f.State != step.StateAbsent {
			t.Errorf("before the push: %s", f.State)
		}
		r.must("git_push", in)
		if got := r.Branches(name)["release-1"]; got != first["sha"] {
			t.Errorf("branch is at %s, want %s", got, first["sha"])
		}
		if f := r.find(in); f.State != step.StateExists {
			t.Errorf("after the push: %+v", f)
		}
		r.fresh()
		again := r.prepare(push)
		if again["sha"] != first["sha"] || again["objects"] != 0 {
			t.Errorf("again: %v, want %v and no objects", again, first["sha"])
		}
		if f := r.find(in); f.State != step.StateExists {
			t.Errorf("again: %+v", f)
		}
		r.must("git_push", in)
		if got := r.Branches(name); len(got) != 3 {
			t.Errorf("branches %v", got)
		}
		c, err := r.Commit(name, first["sha"].(string))
		if err != nil || !strings.HasSuffix(c.Message, "\n\nSkillrun-Key: workworkworkwork-pathpathpa\n") || c.Author.Name != "Bot" {
			t.Errorf("commit %q %v", c.Message, err)
		}
		changes, err := r.Changes(name, first["sha"].(string), "service/app-interface", "main")
		if err != nil || len(changes) != 1 || changes[0].NewPath != file {
			t.Errorf("changes %v %v", changes, err)
		}
	}
}

// TestForkBehind pushes to a fork that lacks the base.
func TestForkBehind(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if err := r.SetBranch("bot/app-interface", "main", r.shas["a"]); err != nil {
		t.Fatal(err)
	}
	if err := r.SetBranch("bot/app-interface", "feature", ""); err != nil {
		t.Fatal(err)
	}
	first := r.prepare(r.fork)
	r.must("git_push", map[string]any{"workspace": "app-interface", "repo": r.fork})
	if got := r.Branches("bot/app-interface")["release-1"]; got != first["sha"] {
		t.Errorf("branch at %s", got)
	}
}

func TestSomebodyMovedProduction(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]*string
		code  types.Code
	}{
		"the file":     {map[string]*string{file: text("ref: theirs\nother: x\n")}, types.Conflict},
		"another file": {map[string]*string{"data/other.yml": text("y\n")}, ""},
	} {
		r := newRemote(t)
		r.prepare("")
		r.main(commit("d", "theirs\n", 9, tt.files, "c"))
		_, err := r.do("git_push", ws())
		if types.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
		if tt.code != "" && !strings.Contains(err.Error(), "was changed on main after this run read it") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBranchConflicts(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	in := map[string]any{"workspace": "app-interface"}
	if err := r.SetBranch("service/app-interface", "release-1", r.shas["feature"]); err != nil {
		t.Fatal(err)
	}
	if f := r.find(in); f.State != step.StateEnded || !strings.Contains(f.Why, "not from this work") {
		t.Errorf("a stranger's branch: %+v", f)
	}
	if _, err := r.do("git_push", in); types.CodeOf(err) != types.Conflict {
		t.Errorf("pushed over a stranger's branch: %v", err)
	}
	_, err := r.do("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1"})
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "exists and is not from this work: its tip ") {
		t.Errorf("%v", err)
	}
	if err := r.SetBranch("service/app-interface", "release-1", ""); err != nil {
		t.Fatal(err)
	}
	r.must("git_push", in)
	r.call.StartedAt = at(500)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
	r.must("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1"})
	r.edit("ref: other\nother: x\n")
	if _, err := r.do("git_commit", map[string]any{"workspace": "app-interface", "message": "m"}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "holds other changes") {
		t.Errorf("%v", err)
	}
}

func TestPushRefused(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.refusing("pre-receive hook declined: no releases on Friday")
	r.prepare("")
	_, err := r.do("git_push", map[string]any{"workspace": "app-interface"})
	if types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "no releases on Friday") {
		t.Errorf("%v", err)
	}
	r.refusing("pre-receive hook declined\nGitLab: Commit must be signed\nGitLab: ask\x1b[2J Ada")
	r.fails("git_push", ws(), types.Forbidden, "the server refused it: pre-receive hook declined: GitLab: Commit must be signed; GitLab: ask[2J Ada")
	if len(r.Branches("service/app-interface")) != 2 {
		t.Error("the branch is there all the same")
	}
}

func TestNothingToCommit(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
	if _, err := r.do("git_push", map[string]any{"workspace": "app-interface", "branch": "x"}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "the workspace app-interface has no commit to push") {
		t.Errorf("push without a commit: %v", err)
	}
	r.fails("git_commit", ws("message", "m"), types.Conflict, "nothing to commit: every file is as it was")
}
