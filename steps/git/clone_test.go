package git_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

var signature = &object.Signature{Name: "Me", Email: "me@example.com", When: at(6)}

// clone makes a dirty clone, as people have them: on another branch, with a
// commit that was not pushed, a changed, a staged and a stray file. Its origin
// is the fork and its upstream the repository.
func (r *remote) clone() (dir, unpushed string) {
	r.t.Helper()
	dir = r.t.TempDir()
	must := func(err error) {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
	}
	g, err := gogit.PlainClone(dir, false, &gogit.CloneOptions{URL: r.url})
	must(err)
	w, err := g.Worktree()
	must(err)
	must(w.Checkout(&gogit.CheckoutOptions{Branch: "refs/heads/mine", Create: true}))
	must(os.WriteFile(filepath.Join(dir, "mine"), []byte("mine\n"), 0o600))
	_, err = w.Add("mine")
	must(err)
	h, err := w.Commit("not pushed", &gogit.CommitOptions{Author: signature})
	must(err)
	must(os.WriteFile(filepath.Join(dir, "staged"), []byte("staged\n"), 0o600))
	_, err = w.Add("staged")
	must(err)
	must(os.WriteFile(filepath.Join(dir, file), []byte("half an edit"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "stray"), []byte("stray\n"), 0o600))
	r.remotes(g, map[string]string{"origin": r.fork, "upstream": r.url})
	return dir, h.String()
}

// remotes replaces the remotes of a clone.
func (r *remote) remotes(g *gogit.Repository, urls map[string]string) {
	r.t.Helper()
	cfg, err := g.Config()
	if err == nil {
		cfg.Remotes = map[string]*config.RemoteConfig{}
		for name, url := range urls {
			cfg.Remotes[name] = &config.RemoteConfig{Name: name, URLs: []string{url}}
		}
		err = g.SetConfig(cfg)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// digests hashes every file of a folder, and notes the modes and times of all.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[path] = info.Mode().String() + info.ModTime().String()
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		sum := sha256.Sum256(text)
		out[path] += hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// releaseBy does the whole release with a repository spelt so, and returns the
// commit.
func (r *remote) releaseBy(repo string) string {
	r.t.Helper()
	read := r.must("git_read_file", map[string]any{"repo": repo, "path": file})
	if read["text"] != "ref: old\nother: x\n" || read["commit"] != r.shas["c"] {
		r.t.Errorf("read %v", read)
	}
	log := r.must("git_log", map[string]any{"repo": repo, "from": r.shas["a"], "to": r.shas["c"]})
	if log["total"] != 3 {
		r.t.Errorf("log %v", log)
	}
	r.must("git_checkout", map[string]any{"repo": repo, "commit": read["commit"], "paths": []any{file}, "name": "app-interface"})
	r.must("git_branch_create", ws("branch", "release-1"))
	r.edit("ref: new\nother: x\n")
	sha := r.must("git_commit", ws("message", "release"))["sha"].(string)
	r.must("git_push", ws())
	return sha
}

// TestDirtyClone releases from someone's clone by its path. Nothing in it
// changes, its .git included, and what was not pushed does not count.
func TestDirtyClone(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	dir, unpushed := r.clone()
	before := digests(t, dir)
	sha := r.releaseBy(dir)
	if got := r.Branches("bot/app-interface")["release-1"]; got != sha {
		t.Errorf("the fork, which is origin, has the branch at %q, want %s", got, sha)
	}
	if got := r.Branches("service/app-interface"); len(got) != 2 {
		t.Errorf("upstream's branches %v", got)
	}
	for _, in := range []struct {
		step string
		with map[string]any
	}{
		{"git_log", map[string]any{"to": unpushed}},
		{"git_log", map[string]any{"to": r.shas["c"], "from": unpushed}},
		{"git_read_file", map[string]any{"ref": unpushed, "path": "mine"}},
		{"git_checkout", map[string]any{"commit": unpushed, "paths": []any{"mine"}}},
	} {
		in.with["repo"] = dir
		r.fails(in.step, in.with, types.NotFound, "commit "+unpushed+" is not on any branch of the remote app-interface (push it first)")
	}
	if diff := cmp.Diff(before, digests(t, dir)); diff != "" {
		t.Errorf("the clone was touched:\n%s", diff)
	}
}

// TestClonesThatLendLess releases from clones that have not everything.
func TestClonesThatLendLess(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*remote) string{
		"a work tree of a clone": func(r *remote) string {
			dir, _ := r.clone()
			tree := r.t.TempDir()
			r.write(filepath.Join(dir, ".git", "worktrees", "x", "commondir"), "../..\n")
			r.write(filepath.Join(tree, ".git"), "gitdir: "+filepath.Join(dir, ".git", "worktrees", "x")+"\n")
			return tree
		},
		"a clone that borrows": func(r *remote) string {
			lent, _ := r.clone()
			dir := r.t.TempDir()
			g, err := gogit.PlainInit(dir, false)
			if err != nil {
				r.t.Fatal(err)
			}
			r.remotes(g, map[string]string{"origin": r.url})
			r.write(filepath.Join(dir, ".git", "objects", "info", "alternates"), filepath.Join(lent, ".git", "objects")+"\n# a note\n")
			r.write(filepath.Join(dir, ".git", "refs", "remotes", "origin", "main"), r.shas["c"]+"\n")
			return dir
		},
		"a clone without its history": func(r *remote) string {
			dir, _ := r.clone()
			r.write(filepath.Join(dir, ".git", "shallow"), r.shas["b"]+"\n")
			return dir
		},
		"an empty clone that claims a branch": func(r *remote) string {
			dir := r.t.TempDir()
			g, err := gogit.PlainInit(dir, false)
			if err != nil {
				r.t.Fatal(err)
			}
			r.remotes(g, map[string]string{"origin": strings.Replace(r.url, "//", "//me:secret@", 1)})
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			dir := prepare(r)
			before := digests(t, dir)
			r.releaseBy(dir)
			if diff := cmp.Diff(before, digests(t, dir)); diff != "" {
				t.Errorf("the clone was touched:\n%s", diff)
			}
		})
	}
}

func (r *remote) write(path, text string) {
	r.t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestBareFolder takes a bare repository of this machine as its own remote.
func TestBareFolder(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	dir := r.t.TempDir()
	g, err := gogit.PlainClone(dir, true, &gogit.CloneOptions{URL: r.url})
	if err != nil {
		t.Fatal(err)
	}
	r.remotes(g, nil)
	sha := r.releaseBy(dir)
	ref, err := g.Reference(plumbing.NewBranchReferenceName("release-1"), true)
	if err != nil || ref.Hash().String() != sha {
		t.Errorf("branch %v %v, want %s", ref, err, sha)
	}
}

// TestCloneWithoutARemote has nothing to release from.
func TestCloneWithoutARemote(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	dir := t.TempDir()
	if _, err := gogit.PlainInit(dir, false); err != nil {
		t.Fatal(err)
	}
	r.fails("git_branch_list", map[string]any{"repo": dir}, types.BadInput, "has no remote named upstream or origin")
	r.write(filepath.Join(dir, ".git", "config"), "[remote \"origin\"]\n\turl = ext::sh -c x\n")
	r.fails("git_branch_list", map[string]any{"repo": dir}, types.BadInput, "is not a repository")
}
