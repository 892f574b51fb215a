package git_test

import (
	"net/http"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestBranchNamesReachTheServer makes, pushes and reads branches of the names
// that git takes, and makes none that it refuses.
func TestBranchNamesReachTheServer(t *testing.T) {
	t.Parallel()
	for server, serve := range map[string]func(*remote) http.Handler{
		"git's own": backend(t), "the sandbox's": func(r *remote) http.Handler { return r.Server },
	} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, serve)
			for _, name := range []string{"feat/a+b#1", "dependabot/npm/@types/node", "@", "ü/日本,50%"} {
				r.fresh()
				read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
				r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
				r.must("git_branch_create", ws("branch", name))
				r.edit("ref: " + name + "\n")
				sha := r.must("git_commit", ws("message", name))["sha"]
				r.must("git_push", ws())
				if got := r.Branches("service/app-interface")[name]; got != sha {
					t.Errorf("%s at %q, want %s", name, got, sha)
				}
				if out := r.must("git_read_file", map[string]any{"repo": r.url, "path": file, "ref": name}); out["commit"] != sha {
					t.Errorf("%s reads %s, want %s", name, out["commit"], sha)
				}
			}
			r.begin("")
			for _, name := range []string{"a..b", "a@{b", "a.lock", "-x", "HEAD", "a b", "a~1", ".a", "a//b", "a."} {
				r.fails("git_branch_create", ws("branch", name), types.BadInput, "is not a branch name")
			}
		})
	}
}
