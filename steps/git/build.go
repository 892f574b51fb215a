package git

import (
	"context"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// builder writes objects that are not available yet, and counts them.
type builder struct {
	sto     *store
	dry     bool // only the names of the objects are wanted
	written int
}

func (b *builder) put(o plumbing.EncodedObject) (plumbing.Hash, error) {
	h := o.Hash()
	if b.dry || b.sto.has(h) {
		return h, nil
	}
	b.written++
	return b.sto.SetEncodedObject(o)
}

func (b *builder) blob(text []byte) (plumbing.Hash, error) {
	o := &plumbing.MemoryObject{}
	o.SetType(plumbing.BlobObject)
	if _, err := o.Write(text); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
}

// treeWithEdits stores the tree of a commit with some paths as they are to be.
func (b *builder) treeWithEdits(commit plumbing.Hash, edits map[string]edit) (plumbing.Hash, error) {
	c, err := object.GetCommit(b.sto, commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	entries := map[string]object.TreeEntry{}
	for _, name := range pathsOf(edits) {
		e := object.TreeEntry{Mode: edits[name].mode}
		if !edits[name].gone() {
			if e.Hash, err = b.blob(edits[name].text); err != nil {
				return plumbing.ZeroHash, err
			}
		}
		entries[name] = e
	}
	tree, err := b.tree(c.TreeHash, "", entries)
	if err == nil && tree.IsZero() {
		tree, err = b.encode(&object.Tree{}) // every file is gone
	}
	return tree, err
}

// tree stores a tree with some paths as they are to be, and the trees on the way
// to them; everything else is taken over by its hash. A zero base is a new
// folder; a folder in which nothing is left is the zero hash. What is deleted
// makes room before anything takes its place; what is not deleted is in the way.
func (b *builder) tree(base plumbing.Hash, at string, edits map[string]object.TreeEntry) (plumbing.Hash, error) {
	next, unique, err := entriesOf(b.sto, base)
	switch {
	case err != nil:
		return plumbing.ZeroHash, err
	case !unique:
		return plumbing.ZeroHash, doubled(base)
	}
	here, below := split(edits)
	for _, name := range types.SortedKeys(below) {
		e := next[name]
		_, freed := here[name]
		switch {
		case e.Mode != filemode.Empty && e.Mode != filemode.Dir && !freed:
			if !puts(below[name]) {
				continue // what is deleted there is not there
			}
			return plumbing.ZeroHash, blockedError(path.Join(at, name), e.Mode)
		case e.Mode != filemode.Dir:
			e.Hash = plumbing.ZeroHash
		}
		if e.Hash, err = b.tree(e.Hash, path.Join(at, name), below[name]); err != nil {
			return plumbing.ZeroHash, err
		}
		if next[name] = (object.TreeEntry{Name: name, Mode: filemode.Dir, Hash: e.Hash}); e.Hash.IsZero() {
			delete(next, name)
		}
	}
	for _, name := range types.SortedKeys(here) {
		was, e := next[name], here[name]
		switch {
		case e.Mode == filemode.Empty && was.Mode != filemode.Dir:
			delete(next, name)
		case e.Mode == filemode.Empty: // a folder took its place
		case was.Mode == filemode.Dir || was.Mode == filemode.Submodule:
			return plumbing.ZeroHash, blockedError(path.Join(at, name), was.Mode)
		case was.Mode == filemode.Deprecated && e.Mode == filemode.Regular && was.Hash == e.Hash: // unchanged
		default:
			next[name] = object.TreeEntry{Name: name, Mode: e.Mode, Hash: e.Hash}
		}
	}
	if len(next) == 0 {
		return plumbing.ZeroHash, nil
	}
	t := &object.Tree{Entries: slices.Collect(maps.Values(next))}
	sort.Sort(object.TreeEntrySorter(t.Entries))
	return b.encode(t)
}

// doubled is the error of a tree that cannot be built on.
func doubled(tree plumbing.Hash) error {
	return types.Errorf(types.Conflict, "tree %s holds a name twice, which git never writes", tree).
		WithHint("git fsck says what is wrong with the repository; ask its owner to repair it")
}

func (b *builder) encode(of object.Object) (plumbing.Hash, error) {
	o := &plumbing.MemoryObject{}
	if err := of.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
}

// puts reports whether any of the edits is more than a deletion.
func puts(edits map[string]object.TreeEntry) bool {
	for _, e := range edits {
		if e.Mode != filemode.Empty {
			return true
		}
	}
	return false
}

// blockedError is the error of what is in the way, and never was in the workspace.
func blockedError(path string, mode filemode.FileMode) error {
	return types.Errorf(types.Conflict, "%s is %s in the repository, and the workspace has something else in its place", path, kindOf(mode)).
		WithHint("give it another name, or add what it replaces to git_checkout's paths").With("path", path)
}

// split parts paths into names here and what lies below each folder.
func split(edits map[string]object.TreeEntry) (here map[string]object.TreeEntry, below map[string]map[string]object.TreeEntry) {
	here, below = map[string]object.TreeEntry{}, map[string]map[string]object.TreeEntry{}
	for name, e := range edits {
		folder, rest, nested := strings.Cut(name, "/")
		if !nested {
			here[name] = e
			continue
		}
		if below[folder] == nil {
			below[folder] = map[string]object.TreeEntry{}
		}
		below[folder][rest] = e
	}
	return here, below
}

// commit stores the commit above the workspace's head.
func (b *builder) commit(ctx context.Context, w *workspace, tree plumbing.Hash, message, key string, at time.Time) (plumbing.Hash, error) {
	head, err := object.GetCommit(b.sto, w.head())
	if err != nil {
		return plumbing.ZeroHash, w.broken(err)
	}
	if tree == head.TreeHash {
		return plumbing.ZeroHash, types.Errorf(types.Conflict, "nothing to commit: every file is as it was").
			WithHint("the change is in the repository already; check whether an earlier release made it")
	}
	s := w.repo.service
	author, committer, err := s.identities(at)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	c := &object.Commit{
		Author: author, Committer: committer, TreeHash: tree, ParentHashes: []plumbing.Hash{w.head()},
		Message: s.withTrailers(message, key, committer),
	}
	if err := s.sign(ctx, c); err != nil {
		return plumbing.ZeroHash, err
	}
	h, err := b.encode(c)
	return h, w.broken(err)
}
