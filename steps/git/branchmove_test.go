package git_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (r *remote) deleting(branch, sha string) map[string]any {
	return map[string]any{"repo": r.url, "branch": branch, "sha": sha}
}

// TestBranchDelete deletes a branch once, and restores it.
func TestBranchDelete(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		in := r.deleting("feature", r.shas["feature"])
		if f := r.findOf("git_branch_delete", in); f.State != step.StateAbsent {
			t.Errorf("before: %+v", f)
		}
		out := r.must("git_branch_delete", in)
		if left := r.Branches(project); left["feature"] != "" || len(left) != 1 {
			t.Errorf("left are %v", left)
		}
		if f := r.findOf("git_branch_delete", in); f.State != step.StateEnded || !strings.Contains(f.Why, "there is no branch") {
			t.Errorf("gone, and nothing was sent: %+v", f)
		}
		r.fails("git_branch_delete", in, types.Conflict, "there is no branch feature any more")
		r.call.AfterUnknown = true
		if f := r.findOf("git_branch_delete", in); f.State != step.StateExists || !sameOut(f.Out, out) {
			t.Errorf("gone, after it may have been sent: %+v, made %v", f, out)
		}
		for range 2 {
			said, err := r.undo("git_branch_delete", in, out)
			if at := r.Branches(project)["feature"]; err != nil || at != r.shas["feature"] || said != "restore branch feature at "+at[:12] {
				t.Errorf("%s: %v, it is at %q", said, err, at)
			}
		}
		if f := r.findOf("git_branch_delete", in); f.State != step.StateAbsent {
			t.Errorf("restored: %+v", f)
		}
	})
}

// TestBranchDeleteRefuses leaves what moved, what is the default branch, and what a
// hook protects.
func TestBranchDeleteRefuses(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		moved := r.deleting("feature", r.shas["a"])
		if f := r.findOf("git_branch_delete", moved); f.State != step.StateEnded || f.Why != "branch feature is at "+r.shas["feature"][:12]+", no longer at "+r.shas["a"][:12] {
			t.Errorf("%+v", f)
		}
		r.fails("git_branch_delete", moved, types.Conflict, "no longer at "+r.shas["a"][:12])
		r.fails("git_branch_delete", r.deleting("main", r.shas["c"]), types.Conflict, "branch main is the default branch of app-interface, which is not deleted")
		if got := r.Branches(project); len(got) != 2 {
			t.Errorf("branches %v", got)
		}
		out := r.must("git_branch_delete", r.deleting("feature", r.shas["feature"]))
		if err := r.SetBranch(project, "feature", r.shas["a"]); err != nil {
			t.Fatal(err)
		}
		if _, err := r.undo("git_branch_delete", r.deleting("feature", r.shas["feature"]), out); types.CodeOf(err) != types.Conflict {
			t.Errorf("restored over another one: %v", err)
		}
		gone := map[string]any{"branch": "x", "sha": strings.Repeat("e", 40)}
		if _, err := r.undo("git_branch_delete", r.deleting("x", strings.Repeat("e", 40)), gone); types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "missing necessary objects") && !strings.Contains(err.Error(), r.url+" has commit eeeeeeeeeeee no more") {
			t.Errorf("restored at a commit that is not there: %v", err)
		}
	})
}

// TestBranchDeleteFails sorts the ends of the request.
func TestBranchDeleteFails(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	in := r.deleting("feature", r.shas["feature"])
	r.refusing("it is protected")
	r.fails("git_branch_delete", in, types.Forbidden, "delete branch feature: the server refused it: it is protected")
	r.refusing("")
	for _, after := range []bool{false, true} {
		r.through(once(isPush, lost(after)))
		r.fails("git_branch_delete", in, types.UnknownOutcome, "the answer was lost")
		r.call.AfterUnknown = true
		want := map[bool]step.FoundState{false: step.StateAbsent, true: step.StateExists}[after]
		if f := r.findOf("git_branch_delete", in); f.State != want {
			t.Errorf("sent %v: %+v", after, f)
		}
	}
	r = newRemote(t)
	in = r.deleting("feature", r.shas["feature"])
	r.through(func(req *http.Request) (*http.Response, error) {
		if isPush(req) {
			if err := r.SetBranch(project, "feature", r.shas["a"]); err != nil {
				t.Error(err)
			}
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	r.fails("git_branch_delete", in, types.Conflict, "delete branch feature: the branch moved while it was pushed: stale info")
	if at := r.Branches(project)["feature"]; at != r.shas["a"] {
		t.Errorf("it is at %q", at)
	}
}

// moving is a workspace with a commit on main, to which feature is moved.
func (r *remote) moving() (in map[string]any, sha string) {
	r.t.Helper()
	sha = r.prepare("")["sha"].(string)
	return ws("branch", "feature", "expect", r.shas["feature"]), sha
}

// TestBranchUpdate moves a branch to what is not based on it, once, and moves it back.
func TestBranchUpdate(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		in, sha := r.moving()
		if f := r.findOf("git_branch_update", in); f.State != step.StateAbsent {
			t.Errorf("before: %+v", f)
		}
		out := r.must("git_branch_update", in)
		if at := r.Branches(project)["feature"]; at != sha || out["sha"] != sha {
			t.Errorf("it is at %s, and the result is %v; want %s", at, out, sha)
		}
		r.must("git_branch_update", in) // it is there
		if f := r.findOf("git_branch_update", in); f.State != step.StateExists || !sameOut(f.Out, out) {
			t.Errorf("after: %+v", f)
		}
		r.call.Workspaces = t.TempDir() // which undo does without
		for range 2 {
			said, err := r.undo("git_branch_update", in, out)
			if at := r.Branches(project)["feature"]; err != nil || at != r.shas["feature"] || said != fmt.Sprintf("move branch feature of %s back to %s", r.url, at[:12]) {
				t.Errorf("%s: %v, it is at %q", said, err, at)
			}
		}
	})
}

// TestBranchUpdateRefuses leaves what moved or is gone, and takes no commits off the
// default branch.
func TestBranchUpdateRefuses(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		in, sha := r.moving()
		moved := ws("branch", "feature", "expect", r.shas["a"])
		if f := r.findOf("git_branch_update", moved); f.State != step.StateEnded || !strings.Contains(f.Why, "no longer at "+r.shas["a"][:12]) {
			t.Errorf("%+v", f)
		}
		r.fails("git_branch_update", moved, types.Conflict, "no longer at "+r.shas["a"][:12])
		none := ws("branch", "none", "expect", r.shas["a"])
		if f := r.findOf("git_branch_update", none); f.State != step.StateEnded || !strings.Contains(f.Why, "there is no branch") {
			t.Errorf("%+v", f)
		}
		r.fails("git_branch_update", none, types.Conflict, "there is no branch none any more")
		theirs := r.main(commit("d", "theirs\n", 9, map[string]*string{"data/other.yml": text("y\n")}, "c"))
		r.fails("git_branch_update", ws("branch", "main", "expect", theirs), types.Conflict, "branch main is the default branch of app-interface, and "+sha[:12]+" is not based on its commit "+theirs[:12])
		out := r.must("git_branch_update", in)
		above := r.branch("feature", commit("e", "above\n", 9, map[string]*string{"e": text("e\n")}, "c"))
		if _, err := r.undo("git_branch_update", in, out); types.CodeOf(err) != types.Conflict || r.Branches(project)["feature"] != above {
			t.Errorf("moved back what moved: %v", err)
		}
	})
}

// TestBranchUpdateOfTheDefaultBranch moves it forward.
func TestBranchUpdateOfTheDefaultBranch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	_, sha := r.moving()
	r.must("git_branch_update", ws("branch", "main", "expect", r.shas["c"]))
	if at := r.Branches(project)["main"]; at != sha {
		t.Errorf("it is at %s, want %s", at, sha)
	}
}

// TestUndoLooksPastItsOwnRun: that a later effect of the run stands in the way of an undo
// is no obstacle, since that is taken back first. Anything else is.
func TestUndoLooksPastItsOwnRun(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	move, sha := r.moving()
	moved := r.must("git_branch_update", move)
	gone := r.deleting("feature", sha)
	r.must("git_branch_delete", gone)
	could := func(name string, in, out map[string]any) error {
		s, _ := r.steps.Lookup(name)
		return s.CheckUndo(r.ctx(), r.call.Key, types.Encode(s.In.Defaults(in)), types.Encode(out))
	}
	if err := could("git_branch_update", move, moved); types.CodeOf(err) != types.Conflict {
		t.Errorf("the branch is gone: %v", err)
	}
	r.call.Results = func(name string) []step.Result {
		return map[string][]step.Result{
			"git_branch_delete": {{Out: types.Values{"branch": "feature", "sha": sha}}},
			"git_push":          {{Out: types.Values{"branch": "feature", "sha": r.shas["b"]}}},
		}[name]
	}
	if err := could("git_branch_update", move, moved); err != nil {
		t.Errorf("the run deleted it: %v", err)
	}
	if err := r.SetBranch(project, "feature", r.shas["b"]); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"update": could("git_branch_update", move, moved), "delete": could("git_branch_delete", gone, map[string]any{"branch": "feature", "sha": sha}),
		"push": could("git_push", ws(), map[string]any{"branch": "feature", "sha": sha, "remote": r.url}),
	} {
		if err != nil {
			t.Errorf("%s, and the run pushed there: %v", name, err)
		}
	}
	if _, err := r.undo("git_branch_delete", gone, map[string]any{"branch": "feature", "sha": sha}); types.CodeOf(err) != types.Conflict {
		t.Errorf("restored over what is there: %v", err)
	}
}

// TestBranchUpdateFails sorts the ends of the request.
func TestBranchUpdateFails(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	in, sha := r.moving()
	r.refusing("no force")
	r.fails("git_branch_update", in, types.Forbidden, "move branch feature: the server refused it: no force")
	r.refusing("")
	for _, after := range []bool{false, true} {
		r.through(once(isPush, lost(after)))
		r.fails("git_branch_update", in, types.UnknownOutcome, "the answer was lost")
		want := map[bool]step.FoundState{false: step.StateAbsent, true: step.StateExists}[after]
		if f := r.findOf("git_branch_update", in); f.State != want {
			t.Errorf("sent %v: %+v", after, f)
		}
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	dir := t.TempDir()
	gitIn(t, dir, "clone", "-q", "-b", "feature", r.dir(project), ".")
	gitIn(t, dir, "commit", "-q", "--allow-empty", "-m", "of somebody, above ours")
	gitIn(t, dir, "push", "-q", "origin", "feature")
	if f := r.findOf("git_branch_update", in); f.State != step.StateExists {
		t.Errorf("with a commit above %s: %+v", sha, f)
	}
}

// TestBranchUpdatePlan shows the branch, from where it moves, and what the workspace
// changes.
func TestBranchUpdatePlan(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	in, _ := r.moving()
	s, _ := r.steps.Lookup("git_branch_update")
	p, err := s.Preview(r.ctx(), types.Encode(in), nil)
	if err != nil || p.Change.Title != "move branch feature of "+r.url || !strings.Contains(p.Change.Diff, "+ref: new") || fmt.Sprint(p.Unknown) != "[sha]" {
		t.Errorf("%+v %v", p, err)
	}
	p, err = s.Preview(r.ctx(), types.Encode(map[string]any{"branch": "feature", "expect": r.shas["a"]}), step.UnknownPaths{"workspace"})
	if err != nil || p.Change.Title != "move branch feature" || fmt.Sprint(p.Unknown) != "[sha remote]" {
		t.Errorf("%+v %v", p, err)
	}
	s, _ = r.steps.Lookup("git_branch_delete")
	p, err = s.Preview(r.ctx(), types.Encode(r.deleting("feature", r.shas["feature"])), nil)
	if err != nil || p.Change.Title != "delete branch feature on "+r.url || len(p.Unknown) != 0 {
		t.Errorf("%+v %v", p, err)
	}
}
