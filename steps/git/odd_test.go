package git_test

import (
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// plant puts entries of any kind into the root folder of a new commit on the
// served default branch. A hash that is not given is that of the text.
func (r *remote) plant(texts map[string]string, entries ...object.TreeEntry) string {
	r.t.Helper()
	const name = "service/app-interface"
	repo, err := gogit.PlainOpen(r.dir(name))
	if err != nil {
		r.t.Fatal(err)
	}
	store := func(kind plumbing.ObjectType, encode func(plumbing.EncodedObject) error) plumbing.Hash {
		r.t.Helper()
		o := repo.Storer.NewEncodedObject()
		o.SetType(kind)
		if err := encode(o); err != nil {
			r.t.Fatal(err)
		}
		h, err := repo.Storer.SetEncodedObject(o)
		if err != nil {
			r.t.Fatal(err)
		}
		return h
	}
	for i, e := range entries {
		if text, ok := texts[e.Name]; ok {
			entries[i].Hash = store(plumbing.BlobObject, func(o plumbing.EncodedObject) error {
				w, err := o.Writer()
				if err == nil {
					_, err = w.Write([]byte(text))
				}
				return err
			})
		}
	}
	tree := store(plumbing.TreeObject, (&object.Tree{Entries: entries}).Encode)
	main := r.Branches(name)["main"]
	c := &object.Commit{Author: *signature, Committer: *signature, Message: "odd\n", TreeHash: tree, ParentHashes: []plumbing.Hash{plumbing.NewHash(main)}}
	sha := store(plumbing.CommitObject, c.Encode).String()
	if err := r.SetBranch(name, "main", sha); err != nil {
		r.t.Fatal(err)
	}
	return sha
}

// TestOddFiles reads, or refuses, files that are not plain text.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	texts := map[string]string{
		"big": strings.Repeat("x", 8<<20+1), "crlf": "a: 1\r\nb: 2\r\n", "empty": "", "latin": "caf\xe9\n", "link": "/etc/passwd",
		"run": "#!/bin/sh\n", "top": strings.Repeat("y", 8<<20),
	}
	sha := r.plant(texts,
		object.TreeEntry{Name: "big", Mode: filemode.Regular}, object.TreeEntry{Name: "crlf", Mode: filemode.Regular},
		object.TreeEntry{Name: "empty", Mode: filemode.Regular}, object.TreeEntry{Name: "latin", Mode: filemode.Regular},
		object.TreeEntry{Name: "link", Mode: filemode.Symlink}, object.TreeEntry{Name: "run", Mode: filemode.Executable},
		object.TreeEntry{Name: "sub", Mode: filemode.Submodule, Hash: plumbing.NewHash(r.shas["a"])}, object.TreeEntry{Name: "top", Mode: filemode.Regular},
	)
	for _, name := range []string{"crlf", "empty", "run", "top"} {
		if out := r.must("git_read_file", map[string]any{"repo": r.url, "path": name}); out["text"] != texts[name] || out["commit"] != sha {
			t.Errorf("%s: %d bytes at %s", name, len(out["text"].(string)), out["commit"])
		}
	}
	for name, want := range map[string]string{
		"big": "has 8388609 bytes; at most 8388608 are read", "latin": "is not UTF-8 text", "link": "is not a regular file", "sub": "is not a regular file",
	} {
		r.fails("git_read_file", map[string]any{"repo": r.url, "path": name}, types.BadInput, want)
		if name != "latin" {
			r.fails("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{name}}, types.BadInput, want)
		}
	}
	r.fails("git_read_file", map[string]any{"repo": r.url, "path": "link/x"}, types.NotFound, "there is no link/x at commit")
	r.fails("git_read_file", map[string]any{"repo": r.url, "path": "sub/x"}, types.NotFound, "there is no sub/x at commit")
}

// TestOddFilesAreKept edits a script and a file with line ends of another
// system, beside things that cannot be edited: only the lines that were edited
// change.
func TestOddFilesAreKept(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	entries := []object.TreeEntry{
		{Name: "crlf", Mode: filemode.Regular}, {Name: "latin", Mode: filemode.Regular}, {Name: "link", Mode: filemode.Symlink},
		{Name: "run", Mode: filemode.Executable}, {Name: "sub", Mode: filemode.Submodule, Hash: plumbing.NewHash(r.shas["a"])},
	}
	sha := r.plant(map[string]string{"crlf": "a: 1\r\nb: 2\r\n", "latin": "caf\xe9\n", "link": "/etc/passwd", "run": "old\n"}, entries...)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": sha, "paths": []any{"crlf", "latin", "run"}})
	r.must("git_branch_create", ws("branch", "release-1"))
	r.writeIn("crlf", "a: 1\r\nb: 3\r\n")
	r.writeIn("run", "new\n")
	out := r.must("git_commit", ws("message", "odd"))
	if files := out["files"].([]any); len(files) != 2 || files[0].(map[string]any)["added"] != 1 || files[0].(map[string]any)["removed"] != 1 {
		t.Errorf("files %v", files)
	}
	r.must("git_push", ws())
	c, err := r.Commit("service/app-interface", out["sha"].(string))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := c.Tree()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Entries) != len(entries) {
		t.Errorf("entries %v", tree.Entries)
	}
	for i, e := range tree.Entries {
		if was := entries[i]; e.Name != was.Name || e.Mode != was.Mode || (e.Hash != was.Hash) != (e.Name == "crlf" || e.Name == "run") {
			t.Errorf("entry %v, was %v", e, was)
		}
	}
}

// writeIn changes a file of the workspace.
func (r *remote) writeIn(name, text string) {
	r.t.Helper()
	r.write(r.call.Workspaces+"/app-interface/files/"+name, text)
}

// TestOddMessages commits what people write, and refuses what git cannot hold.
func TestOddMessages(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.begin("")
	r.edit("ref: new\nother: x\n")
	for message, want := range map[string]string{
		"":                             "the commit message is empty",
		"\r\n\t":                       "the commit message is empty",
		"a\x00b":                       "the commit message holds a NUL",
		"a\n\nSKILLRUN-KEY : z":        "which is reserved",
		"a\r\n\r\nSkillrun-Key: z\r\n": "which is reserved",
	} {
		r.fails("git_commit", ws("message", message), types.BadInput, want)
	}
	const message = "--amend\r\n\r\nFrom: x\n$(id) `id` ${{ x }}\ttab \u202e\n\n\n"
	out := r.must("git_commit", ws("message", message))
	r.must("git_push", ws())
	c, err := r.Commit("service/app-interface", out["sha"].(string))
	if want := strings.TrimRight(message, "\n") + "\n\nSkillrun-Key: workworkworkwork-pathpathpa\n"; err != nil || c.Message != want {
		t.Errorf("message %q %v", c.Message, err)
	}
}

// TestNobodyIsConfigured commits without an author in the configuration.
func TestNobodyIsConfigured(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.service.AuthorName, r.service.AuthorEmail = "", ""
	r.connect()
	out := r.prepare("")
	r.must("git_push", ws())
	c, err := r.Commit("service/app-interface", out["sha"].(string))
	if err != nil || c.Author.String() != "skillrun <skillrun@localhost>" || c.Committer != c.Author {
		t.Errorf("author %v %v", c.Author, err)
	}
}
