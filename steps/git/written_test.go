package git_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestNewFilesAreMissing writes files that were not checked out. Each is in the
// commit, alone or beside a changed one, with the permissions it has in the
// repository, and in what the plan shows.
func TestNewFilesAreMissing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		write, path, status string
		mode                filemode.FileMode
	}{
		"new":                      {"x\n", "new.txt", "added", filemode.Regular},
		"new, in a folder":         {"x\n", "data/new.txt", "added", filemode.Regular},
		"new, below new folders":   {"x\n", "far/away/new.txt", "added", filemode.Regular},
		"empty":                    {"", "data/empty", "added", filemode.Regular},
		"there, not checked out":   {"changed\n", "README", "modified", filemode.Regular},
		"there, in another folder": {"changed\n", "data/other.yml", "modified", filemode.Regular},
		"a script that is there":   {"#!/bin/sh\nfalse\n", "tools/run", "modified", filemode.Executable},
	} {
		for _, alone := range []bool{true, false} {
			t.Run(name+" alone "+map[bool]string{true: "yes", false: "no"}[alone], func(t *testing.T) {
				t.Parallel()
				r := newRemote(t)
				r.withFiles()
				sha := r.withTool()
				r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{file}})
				r.must("git_branch_create", ws("branch", "release-1"))
				r.must("workspace_write", ws("path", tt.path, "text", tt.write))
				want := map[string]any{"path": tt.path, "status": tt.status, "old_path": ""}
				if !alone {
					r.edit(edited)
				}
				if diff := r.shownDiff(); !strings.Contains(diff, "b/"+tt.path) || strings.Contains(diff, file) == alone {
					t.Errorf("the plan shows %q", diff)
				}
				out := r.must("git_commit", ws("message", "m"))
				if got := fileNamed(out, tt.path); cmp.Diff(want["status"], got["status"]) != "" || len(out["files"].([]any)) != map[bool]int{true: 1, false: 2}[alone] {
					t.Errorf("files %v", out["files"])
				}
				r.must("git_push", ws())
				before, after := r.treeOf(sha), r.treeOf(out["sha"].(string))
				if e := after[tt.path]; e.Mode != tt.mode {
					t.Errorf("committed as %v, want %v", e.Mode, tt.mode)
				}
				if text, err := r.ReadFile("service/app-interface", out["sha"].(string), tt.path); err != nil || text != tt.write {
					t.Errorf("committed %q %v", text, err)
				}
				for path, e := range before {
					if after[path] != e && path != tt.path && (alone || path != file) {
						t.Errorf("%s became %v, was %v", path, after[path], e)
					}
				}
			})
		}
	}
}

// withTool puts a script on the default branch.
func (r *remote) withTool() string {
	r.t.Helper()
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}, "name": "tools"})
	root := filepath.Join(r.call.Workspaces, "tools", "files")
	if err := makeFile(root, "tools/run", "#!/bin/sh\ntrue\n", 0o755); err != nil {
		r.t.Fatal(err)
	}
	r.must("git_branch_create", map[string]any{"workspace": "tools", "branch": "tools"})
	sha := r.must("git_commit", map[string]any{"workspace": "tools", "message": "tools"})["sha"].(string)
	r.must("git_push", map[string]any{"workspace": "tools"})
	if err := r.SetBranch("service/app-interface", "main", sha); err != nil {
		r.t.Fatal(err)
	}
	return sha
}

func (r *remote) shownDiff() string {
	r.t.Helper()
	s, _ := r.steps.Lookup("git_push")
	p, err := s.Preview(r.ctx(), types.Encode(ws()), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return p.Change.Diff
}

func fileNamed(out map[string]any, path string) map[string]any {
	for _, f := range out["files"].([]any) {
		if f := f.(map[string]any); f["path"] == path {
			return f
		}
	}
	return nil
}

// TestWhatAProgramDid does to a workspace what programs do, and checks what the
// commit says of it against what it did.
func TestWhatAProgramDid(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.withFiles()
	sha := r.withTool()
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{file, "data/other.yml", "README", "tools/run", "b"}})
	r.must("git_branch_create", ws("branch", "release-1"))
	odd := "odd \"name\"\twith\nall\\of it \u202e"
	raw := "latin-\xe9"
	err := errors.Join(
		os.Remove(r.inFiles("b")),
		os.Rename(r.inFiles("data/other.yml"), r.inFiles("data/moved.yml")),
		os.Chmod(r.inFiles("README"), 0o755),
		os.Chmod(r.inFiles("tools/run"), 0o644),
		os.Symlink("../README", r.inFiles("data/link")),
		os.Mkdir(r.inFiles("empty"), 0o755),
		makeFile(r.inFiles(""), ".gitignore", "*.log\n", 0o644),
		makeFile(r.inFiles(""), "made.log", "ignored nowhere\n", 0o644),
		makeFile(r.inFiles(""), "bin/blob", "\x00\x01\x02", 0o755),
		makeFile(r.inFiles(""), odd, "odd\n", 0o644),
		makeFile(r.inFiles(""), raw, "raw\n", 0o644),
	)
	if errors.Is(err, syscall.EILSEQ) {
		t.Skip("this file system keeps no name that is not UTF-8")
	}
	if err != nil {
		t.Fatal(err)
	}
	out := r.must("git_commit", ws("message", "m"))
	var got []string
	for _, f := range out["files"].([]any) {
		f := f.(map[string]any)
		got = append(got, f["status"].(string)+" "+f["path"].(string)+" "+f["old_path"].(string))
	}
	want := []string{
		"added .gitignore ", "modified README ", "deleted b ", "added bin/blob ", "added data/link ", "renamed data/moved.yml data/other.yml",
		"added latin-\ufffd ", "added made.log ", "added " + odd + " ", "modified tools/run ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("files: -want +got\n%s", d)
	}
	r.must("git_push", ws())
	tree := r.treeOf(out["sha"].(string))
	modes := map[string]filemode.FileMode{
		"README": filemode.Executable, "tools/run": filemode.Regular, "data/link": filemode.Symlink, "bin/blob": filemode.Executable,
		"data/moved.yml": filemode.Regular, odd: filemode.Regular, raw: filemode.Regular, "b": filemode.Empty, "data/other.yml": filemode.Empty, "empty": filemode.Empty,
	}
	for name, mode := range modes {
		if tree[name].Mode != mode {
			t.Errorf("%q is %v, want %v", name, tree[name].Mode, mode)
		}
	}
	if err := os.Remove(r.inFiles(raw)); err != nil { // a later commit knows what an earlier one had
		t.Fatal(err)
	}
	r.call.Key.Path = "pathpathpb"
	out = r.must("git_commit", ws("message", "n"))
	r.must("git_push", ws())
	if e, there := r.treeOf(out["sha"].(string))[raw]; there {
		t.Errorf("a file that a later program deleted is there: %v", e)
	}
	if _, err := exec.LookPath("git"); err == nil {
		gitIn(t, r.dir("service/app-interface"), "fsck", "--strict", "--no-dangling")
	}
}

// TestWhatNoCommitHolds refuses what git cannot keep, or what would silently
// take the place of something that the workspace never had: when a step writes
// it, and at the commit when a program made it.
func TestWhatNoCommitHolds(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.withFiles()
	r.plantWorld()
	for _, tt := range []struct {
		path string
		code types.Code
		says string
	}{
		{"sub/x", types.Conflict, "sub/x is below sub, which is a submodule"},
		{"sub", types.Conflict, "sub is a submodule"},
		{"link", types.Conflict, "link is a symbolic link in the repository"},
		{"link/x", types.Conflict, "link/x is below link, which is a symbolic link"},
		{"run/x", types.Conflict, "run/x is below run, which is a file"},
		{"folder", types.Conflict, "folder is a folder in the repository"},
		{".git/config", types.BadInput, "git cannot store a file named"},
		{"a/.GIT/x", types.BadInput, "git cannot store a file named"},
		{"a/git~1", types.BadInput, "git cannot store a file named"},
		{"a/.git. /x", types.BadInput, "git cannot store a file named"},
		{".g\u200cit/x", types.BadInput, "git cannot store a file named"},
		{".git::$INDEX_ALLOCATION/x", types.BadInput, "git cannot store a file named"},
	} {
		r.fails("workspace_write", ws("path", tt.path, "text", "x"), tt.code, tt.says)
		if _, err := os.Lstat(r.inFiles(tt.path)); err == nil {
			t.Errorf("%s was written all the same", tt.path)
		}
		if err := makeFile(r.inFiles(""), tt.path, "x", 0o644); err != nil {
			t.Fatal(err)
		}
		says := tt.says
		if tt.path == "folder" {
			says = "folder is a folder in the repository, and the workspace has something else in its place"
		}
		r.fails("git_commit", ws("message", "m"), tt.code, says)
		first, _, _ := strings.Cut(tt.path, "/")
		if err := os.RemoveAll(r.inFiles(first)); err != nil {
			t.Fatal(err)
		}
	}
	for name, make := range map[string]func(path string) error{
		"is neither a file nor a link, and git stores nothing else": func(p string) error { return syscall.Mkfifo(p, 0o644) },
		"in the workspace cannot be read": func(p string) error {
			if os.Getuid() == 0 {
				return nil // root reads everything
			}
			return os.WriteFile(p, nil, 0)
		},
		"odd has more than 32 MiB, which is the limit of a file in a repository here": func(p string) error {
			return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, 1<<40))
		},
		"the files of the workspace have more than 64 MiB": func(p string) error {
			err := os.Mkdir(p, 0o700)
			for _, name := range []string{"a", "b", "c"} {
				file := filepath.Join(p, name)
				err = errors.Join(err, os.WriteFile(file, nil, 0o600), os.Truncate(file, 30<<20))
			}
			return err
		},
		"git cannot store a file named": func(p string) error { return os.MkdirAll(filepath.Join(p, ".git"), 0o755) },
	} {
		p := r.inFiles("odd")
		if err := make(p); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(p); err != nil {
			continue
		}
		code := types.BadInput
		if strings.Contains(name, "cannot be read") {
			code = types.Forbidden
		}
		r.fails("git_commit", ws("message", "m"), code, name)
		if err := os.RemoveAll(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("x", r.inFiles(".gitmodules")); err != nil {
		t.Fatal(err)
	}
	r.fails("git_commit", ws("message", "m"), types.BadInput, "git cannot store a file named")
}

// plantWorld checks out a file beside a link, a submodule, a script and a folder.
func (r *remote) plantWorld() {
	r.t.Helper()
	before := r.treeOf(r.shas["c"])
	sha := r.plant(map[string]string{"link": "data", "run": "#!/bin/sh\n", "here": "h\n"},
		object.TreeEntry{Name: "folder", Mode: filemode.Dir, Hash: r.folderHash("data")},
		object.TreeEntry{Name: "here", Mode: filemode.Regular}, object.TreeEntry{Name: "link", Mode: filemode.Symlink},
		object.TreeEntry{Name: "run", Mode: filemode.Executable}, object.TreeEntry{Name: "sub", Mode: filemode.Submodule, Hash: before[file].Hash})
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{"here"}})
	r.must("git_branch_create", ws("branch", "release-1"))
}

// folderHash is the tree of a folder of the default branch as it was made.
func (r *remote) folderHash(name string) plumbing.Hash {
	r.t.Helper()
	c, err := r.Commit("service/app-interface", r.shas["c"])
	if err != nil {
		r.t.Fatal(err)
	}
	tree, err := c.Tree()
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := tree.FindEntry(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return e.Hash
}

// TestLinkOnTheWay: a step does not write through a link that a program made.
func TestLinkOnTheWay(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.withFiles()
	r.begin("")
	if err := errors.Join(os.Symlink("data", r.inFiles("way")), os.WriteFile(r.inFiles("plain"), nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	r.fails("workspace_write", ws("path", "way/x", "text", "x"), types.Conflict, "way/x is below way, a symbolic link")
	r.fails("workspace_write", ws("path", "plain/x", "text", "x"), types.Conflict, "plain/x is below plain, a file")
}

// TestTreeWithANameTwice: what git would not make is not made on.
func TestTreeWithANameTwice(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	twice := object.TreeEntry{Name: "x", Mode: filemode.Regular}
	sha := r.plant(map[string]string{"x": "x\n", "y": "y\n"}, twice, twice, object.TreeEntry{Name: "y", Mode: filemode.Regular})
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{"y"}})
	r.must("git_branch_create", ws("branch", "release-1"))
	r.writeIn("y", "new\n")
	r.fails("git_commit", ws("message", "m"), types.Conflict, "holds a name twice, which git never writes")
}
