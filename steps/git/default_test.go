package git_test

import (
	"path/filepath"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// TestRealDefaultBranch asks servers whose HEAD is not what it is elsewhere.
func TestRealDefaultBranch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ head, want string }{
		"another branch":          {"ref: refs/heads/feature", "feature"},
		"a commit of a branch":    {"c", "main"},
		"a commit of no branch":   {"a", ""},
		"a branch that is not":    {"ref: refs/heads/none", ""},
		"a branch beside another": {"ref: refs/heads/main", "main"},
	} {
		r := newRemoteBehind(t, backend(t))
		if sha, ok := r.shas[tt.head]; ok {
			tt.head = sha
		}
		r.write(filepath.Join(r.dir("service/app-interface"), "HEAD"), tt.head+"\n")
		if got := r.must("git_branch_list", map[string]any{"repo": r.url})["default_branch"]; got != tt.want {
			t.Errorf("HEAD is %s: the default branch is %q, want %q", name, got, tt.want)
		}
		in := map[string]any{"repo": r.url, "path": file}
		if tt.want == "" {
			r.fails("git_read_file", in, types.NotFound, "app-interface has no default branch")
			r.fails("git_log", map[string]any{"repo": r.url, "to": r.shas["a"]}, types.NotFound, "app-interface has no default branch")
			in["ref"] = "main"
		}
		r.must("git_read_file", in)
	}
}

// TestRealEmptyRepository has nothing to read, and says so.
func TestRealEmptyRepository(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t))
	if _, err := gogit.PlainInit(r.dir("service/empty"), true); err != nil {
		t.Fatal(err)
	}
	empty := r.url[:len(r.url)-len("app-interface.git")] + "empty.git"
	if out := r.must("git_branch_list", map[string]any{"repo": empty}); len(out["branches"].([]any)) != 0 || out["default_branch"] != "" {
		t.Errorf("%v", out)
	}
	r.fails("git_read_file", map[string]any{"repo": empty, "path": "x"}, types.NotFound, "empty has no default branch")
	r.fails("git_log", map[string]any{"repo": empty, "to": r.shas["a"]}, types.NotFound, "empty has no default branch")
}

// TestTagsAreNotCommits refuses the SHA of an annotated tag, of a tree and of
// a file where a commit is wanted.
func TestTagsAreNotCommits(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	repo, err := gogit.PlainOpen(r.dir("service/app-interface"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := repo.CommitObject(plumbing.NewHash(r.shas["c"]))
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.File(file)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := repo.CreateTag("v1", c.Hash, &gogit.CreateTagOptions{Tagger: &object.Signature{Name: "x", When: at(1)}, Message: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	r.must("git_log", map[string]any{"repo": r.url, "to": r.shas["c"]})
	for _, h := range []plumbing.Hash{tag.Hash(), c.TreeHash, f.Hash} {
		for step, in := range map[string]map[string]any{
			"git_log": {"to": h.String()}, "git_read_file": {"ref": h.String(), "path": file}, "git_checkout": {"commit": h.String(), "paths": []any{file}},
		} {
			in["repo"] = r.url
			r.fails(step, in, types.NotFound, "is not on any branch of the remote app-interface")
		}
	}
}
