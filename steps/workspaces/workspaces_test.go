package workspaces_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// TestOpen: a workspace is opened by its name, and nothing outside of its files is
// reached through it.
func TestOpen(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	files := filepath.Join(base, "repo", "files")
	for _, err := range []error{
		os.MkdirAll(files, 0o700),
		os.WriteFile(filepath.Join(files, "a"), []byte("x"), 0o600),
		os.WriteFile(filepath.Join(base, "repo", "workspace.json"), nil, 0o600),
		os.Symlink("../workspace.json", filepath.Join(files, "out")),
		os.MkdirAll(filepath.Join(base, "bad"), 0o700),
		os.WriteFile(filepath.Join(base, "bad", "files"), nil, 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: base})
	root, err := workspaces.Open(ctx, "repo")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if text, err := root.ReadFile("a"); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := root.ReadFile("out"); err == nil || strings.Contains(workspaces.Bare(err).Error(), base) {
		t.Errorf("%q, %v", text, err)
	}
	for name, want := range map[string]string{
		"none":    "there is no workspace none",
		"../repo": `"../repo" is not the name of a workspace`,
		"":        `"" is not the name of a workspace`,
		"bad":     "cannot open the workspace bad: not a directory",
	} {
		if _, err := workspaces.Open(ctx, name); err == nil || types.AsError(err).Message != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := workspaces.Open(context.Background(), "repo"); err == nil || err.Error() != "this run has no folder for workspaces" {
		t.Error(err)
	}
	for path, fine := range map[string]bool{"a/b.yml": true, "": false, ".": false, "/a": false, "a/../b": false, `a\b`: false, "a\x00": false} {
		if err := workspaces.CheckPath(path); (err == nil) != fine {
			t.Errorf("%q: %v", path, err)
		}
	}
}
