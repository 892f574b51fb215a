package git_test

import (
	"errors"
	"os"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRoomIsMade: what was checked out makes room, and only that.
func TestRoomIsMade(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.withFiles()
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{"data/other.yml", "b", file}})
	r.must("git_branch_create", ws("branch", "release-1"))
	err := errors.Join(os.RemoveAll(r.inFiles("data")), os.WriteFile(r.inFiles("data"), []byte("a file\n"), 0o644),
		os.Remove(r.inFiles("b")), makeFile(r.inFiles(""), "b/c", "c\n", 0o644))
	if err != nil {
		t.Fatal(err)
	}
	out := r.must("git_commit", ws("message", "m"))
	r.must("git_push", ws())
	tree := r.treeOf(out["sha"].(string))
	for _, name := range []string{"data", "b/c"} {
		if tree[name].Mode != filemode.Regular {
			t.Errorf("%s is %v", name, tree[name])
		}
	}
	if len(out["files"].([]any)) != 5 {
		t.Errorf("files %v", out["files"])
	}
}

// TestManyWritersAtOnce: what steps write side by side is all known.
func TestManyWritersAtOnce(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.withFiles()
	r.begin("")
	s, _ := r.steps.Lookup("workspace_write")
	names := []string{"README", "b", "s", "data/other.yml"}
	errs := make(chan error)
	for _, name := range names {
		go func() {
			_, err := s.Do(step.WithCall(t.Context(), r.call), types.Encode(ws("path", name, "text", "x\n")))
			errs <- err
		}()
	}
	for range names {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range names {
		if err := os.Remove(r.inFiles(name)); err != nil {
			t.Fatal(err)
		}
	}
	out := r.must("git_commit", ws("message", "m"))
	if got := len(out["files"].([]any)); got != len(names) {
		t.Errorf("%d files were deleted, want %d: %v", got, len(names), out["files"])
	}
}

// TestCostOfANewFile: a new file of a repository that gives single objects costs
// the way to its folder, not the repository.
func TestCostOfANewFile(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	r.withFiles()
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{"b"}})
	r.must("git_branch_create", ws("branch", "release-1"))
	before := len(r.cached("trees"))
	r.must("workspace_write", ws("path", "data/services/app/new.yml", "text", "x\n"))
	if got := len(r.cached("trees")) - before; got != 3 { // data, services and app
		t.Errorf("%d objects were fetched for a new file, want 3", got)
	}
	r.must("git_commit", ws("message", "m"))
	r.must("git_push", ws())
	if got := len(r.cached("trees")) - before; got != 3 {
		t.Errorf("%d objects were fetched for a commit of it, want 3", got)
	}
}
