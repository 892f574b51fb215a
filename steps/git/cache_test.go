package git_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sys/unix"
)

// reads reads history and a file, and checks the answers against the truth.
func (r *remote) reads(repo string) {
	r.t.Helper()
	log, err := r.do("git_log", map[string]any{"repo": repo, "from": r.shas["a"], "to": r.shas["c"]})
	if err != nil || log["total"] != 3 || log["on_default_branch"] != true {
		r.t.Errorf("log: %v %v", log, err)
	}
	diff, err := r.do("git_diff", map[string]any{"repo": repo, "from": r.shas["a"], "to": r.shas["c"]})
	if err != nil || changed(diff["files"]) != "added b +1 -0\nadded s +1 -0" {
		r.t.Errorf("diff: %v %v", diff, err)
	}
	show, err := r.do("git_show", map[string]any{"repo": repo, "commit": r.shas["c"]})
	if err != nil || changed(show["files"]) != "added s +1 -0" {
		r.t.Errorf("show: %v %v", show, err)
	}
	read, err := r.do("git_read_file", map[string]any{"repo": repo, "path": file})
	if err != nil || read["text"] != "ref: old\nother: x\n" || read["commit"] != r.shas["c"] {
		r.t.Errorf("file: %v %v", read, err)
	}
}

// TestLenderGoesAway lends once and is gone the next time: what the cache
// learnt with its help is not trusted without it.
func TestLenderGoesAway(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if err := r.SetBranch("service/app-interface", "main", r.shas["b"]); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "clone")
	if _, err := gogit.PlainClone(dir, true, &gogit.CloneOptions{URL: r.url}); err != nil {
		t.Fatal(err)
	}
	if err := r.SetBranch("service/app-interface", "main", r.shas["c"]); err != nil {
		t.Fatal(err)
	}
	r.reads(dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	r.reads(r.url)
}

// TestLenderHasHoles lends from clones that lost objects without saying so, as
// an interrupted or pruned one has.
func TestLenderHasHoles(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"a", "b", "side", "c"} {
		r := newRemote(t)
		dir := filepath.Join(t.TempDir(), "clone")
		if _, err := gogit.PlainClone(dir, true, &gogit.CloneOptions{URL: r.url}); err != nil {
			t.Fatal(err)
		}
		loosen(t, dir)
		sha := r.shas[lost]
		if err := os.Remove(filepath.Join(dir, "objects", sha[:2], sha[2:])); err != nil {
			t.Fatal(err)
		}
		r.reads(dir)
	}
}

// loosen unpacks a bare clone.
func loosen(t *testing.T, dir string) {
	t.Helper()
	packs := filepath.Join(dir, "objects", "pack")
	repo, err := gogit.PlainOpen(dir)
	if err != nil {
		t.Fatal(err)
	}
	iter, err := repo.Objects()
	if err != nil {
		t.Fatal(err)
	}
	kept := memory{}
	for {
		o, err := iter.Next()
		if err != nil {
			break
		}
		kept.take(t, repo, o.ID())
	}
	if err := os.RemoveAll(packs); err != nil {
		t.Fatal(err)
	}
	if repo, err = gogit.PlainOpen(dir); err != nil {
		t.Fatal(err)
	}
	for _, o := range kept {
		if _, err := repo.Storer.SetEncodedObject(o); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCacheIsShared has many runs begin with one empty cache at once.
func TestCacheIsShared(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			one := *remoteOf(r)
			one.call.Workspaces = t.TempDir()
			one.reads(r.url)
			if sha := one.prepare("")["sha"]; sha == "" {
				t.Error("no commit")
			}
		}()
	}
	wait.Wait()
}

// torn are ways in which a killed process or a full disk leaves a file.
var torn = map[string]func(path string) error{
	"empty": func(path string) error { return os.Truncate(path, 0) },
	"half": func(path string) error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	},
	"gone": os.Remove,
}

// TestCacheIsTorn damages every file of a filled cache, one after another, in
// each way: the answers stay what they are.
func TestCacheIsTorn(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.reads(r.url)
	whole := r.cache
	var files []string
	err := filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			rel, _ := filepath.Rel(whole, path)
			files = append(files, rel)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, name := range files {
		for how, tear := range torn {
			t.Run(how+" "+filepath.Base(name), func(t *testing.T) {
				one := *remoteOf(r)
				one.t, one.cache = t, t.TempDir()
				if err := os.CopyFS(one.cache, os.DirFS(whole)); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(filepath.Join(one.cache, name), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := tear(filepath.Join(one.cache, name)); err != nil {
					t.Fatal(err)
				}
				one.connect()
				one.reads(r.url)
				one.reads(r.url)
			})
		}
	}
}

// TestCacheHoldsPipes: a pipe or a link in place of any file of the cache is not
// waited for, and leads nowhere; what was there is made again.
func TestCacheHoldsPipes(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside")
	for name, put := range map[string]func(path string) error{
		"a pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
		"a link":   func(path string) error { return os.Symlink(outside, path) },
		"a device": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		r := newRemote(t)
		r.reads(r.url)
		files := r.cacheFiles()
		if len(files) < 4 {
			t.Fatal(files)
		}
		for _, path := range files {
			if _, err := os.Lstat(path); err != nil {
				continue // it is no more, since another was replaced
			}
			if err := errors.Join(os.Remove(path), put(path)); err != nil {
				t.Fatal(err)
			}
			r.connect()
			r.reads(r.url)
			if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
				t.Errorf("%s in place of %s stays there", name, path)
			}
		}
		if _, err := os.Lstat(outside); err == nil {
			t.Errorf("%s led out of the cache", name)
		}
	}
}

// cacheFiles are the files of the cache.
func (r *remote) cacheFiles() (files []string) {
	r.t.Helper()
	err := filepath.WalkDir(filepath.Join(r.cache, "git"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return files
}

// TestCacheIsTidied takes away what a killed process left.
func TestCacheIsTidied(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.reads(r.url)
	packs, err := filepath.Glob(filepath.Join(r.cache, "git", "*", "*", "objects", "pack"))
	if err != nil || len(packs) == 0 {
		t.Fatal(packs, err)
	}
	const left = "pack-0123456789012345678901234567890123456789"
	for _, name := range []string{"tmp_pack_1", "tmp_obj_1", left + ".idx", left + ".pack"} {
		path := filepath.Join(packs[0], name)
		r.write(path, "half")
		r.reads(r.url)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is there still", name)
		}
	}
}

// remoteOf is a copy of a remote for a goroutine of its own.
func remoteOf(r *remote) *remote {
	return &remote{Server: r.Server, t: r.t, url: r.url, fork: r.fork, shas: r.shas, steps: r.steps, service: r.service, cache: r.cache, call: r.call}
}

// TestCacheIsDeleted deletes the cache between any two steps of a release.
func TestCacheIsDeleted(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	forget := func() {
		t.Helper()
		if err := os.RemoveAll(r.cache); err != nil {
			t.Fatal(err)
		}
	}
	read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	forget()
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
	forget()
	r.must("git_branch_create", ws("branch", "release-1"))
	forget()
	r.edit("ref: new\nother: x\n")
	made := r.must("git_commit", ws("message", "release"))
	forget()
	r.must("git_push", ws())
	forget()
	if got := r.Branches("service/app-interface")["release-1"]; got != made["sha"] {
		t.Errorf("the branch is at %q, want %v", got, made["sha"])
	}
	if f := r.find(ws()); f.State != "here" {
		t.Errorf("%+v", f)
	}
}

// memory is objects that are kept.
type memory map[plumbing.Hash]plumbing.EncodedObject

func (m memory) take(t *testing.T, repo *gogit.Repository, h plumbing.Hash) {
	t.Helper()
	o, err := repo.Storer.EncodedObject(plumbing.AnyObject, h)
	if err != nil {
		t.Fatal(err)
	}
	m[h] = o
}
