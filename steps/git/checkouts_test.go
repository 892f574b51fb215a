package git_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestSecondCheckoutLosesChanges: a checkout does not replace a workspace whose
// changes are not committed; the same step does it again, and one after the
// commit may.
func TestSecondCheckoutLosesChanges(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	in := map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}}
	other := map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{"b"}}
	at := func(path string) { r.call.Path = path }
	at("first")
	r.must("git_checkout", in)
	at("second")
	r.must("git_checkout", other) // nothing was changed yet
	r.must("git_checkout", in)
	r.must("git_branch_create", ws("branch", "release-1"))
	r.edit(edited)
	at("third")
	r.fails("git_checkout", other, types.Conflict, "holds changes that are not committed, and this checkout would replace it")
	r.must("git_commit", ws("message", "m"))
	r.must("git_checkout", other)
	at("second")
	r.must("git_checkout", in)
	r.edit(edited)
	r.must("git_checkout", in)
}

// TestCheckoutsSideBySide: steps within others make a workspace each of one
// repository, the same one when they are repeated.
func TestCheckoutsSideBySide(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	out := func(path, name string) string {
		r.call.Path = path
		in := map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}}
		if name != "" {
			in["name"] = name
		}
		return r.must("git_checkout", in)["workspace"].(string)
	}
	top, left, right := out("co", ""), out("sides/left", ""), out("sides/right", "")
	a, b := out("each/a/co", ""), out("each/b/co", "")
	names := []string{top, left, right, a, b}
	slices.Sort(names)
	if n := len(slices.Compact(names)); n != 5 || !strings.HasPrefix(left, top+"-") || len(left) > 64 {
		t.Errorf("got %q %q %q %q %q", top, left, right, a, b)
	}
	if again := out("sides/left", ""); again != left {
		t.Errorf("repeated: %q, not %q", again, left)
	}
	if named := out("sides/left", "mine"); named != "mine" {
		t.Errorf("named: %q", named)
	}
}

// TestLinksAreCheckedOut: a link that stays in the repository can be deleted,
// moved and made again; one that leads out is not laid down.
func TestLinksAreCheckedOut(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	link := func(name string) object.TreeEntry { return object.TreeEntry{Name: name, Mode: filemode.Symlink} }
	sha := r.plant(map[string]string{"gone": "a", "moved": "./a", "new": "b/c", "out": "../a", "top": "/a"}, link("gone"), link("moved"), link("new"), link("out"), link("top"))
	for _, name := range []string{"out", "top"} {
		r.fails("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{name}}, types.BadInput, "is not a regular file, and not a link that stays in the repository")
	}
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{"gone", "moved", "new"}})
	r.must("git_branch_create", ws("branch", "release-1"))
	err := errors.Join(os.Remove(r.inFiles("gone")), os.Rename(r.inFiles("moved"), r.inFiles("there")), os.Remove(r.inFiles("new")), os.Symlink("d", r.inFiles("new")))
	if err != nil {
		t.Fatal(err)
	}
	out := r.must("git_commit", ws("message", "m"))
	r.must("git_push", ws())
	got := map[string]string{}
	for name, e := range r.treeOf(out["sha"].(string)) {
		text, err := r.ReadFile("service/app-interface", out["sha"].(string), name)
		if err != nil || e.Mode != filemode.Symlink {
			t.Errorf("%s: %v %v", name, e.Mode, err)
		}
		got[name] = text
	}
	if d := cmp.Diff(map[string]string{"there": "./a", "new": "d", "out": "../a", "top": "/a"}, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}
