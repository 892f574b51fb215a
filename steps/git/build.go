package git

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// builder writes objects that are not at hand yet, and counts them.
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

// over stores the tree of a commit with some files replaced.
func (b *builder) over(commit plumbing.Hash, edits map[string]edit) (plumbing.Hash, error) {
	c, err := object.GetCommit(b.sto, commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	entries := map[string]object.TreeEntry{}
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		h, err := b.blob(edits[name].text)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries[name] = object.TreeEntry{Mode: edits[name].mode, Hash: h}
	}
	return b.tree(c.TreeHash, entries)
}

// tree stores a tree with some paths replaced, and the trees on the way to
// them; everything else is taken over by its hash.
func (b *builder) tree(base plumbing.Hash, edits map[string]object.TreeEntry) (plumbing.Hash, error) {
	t, err := object.GetTree(b.sto, base)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	here, below := split(edits)
	next := &object.Tree{Entries: slices.Clone(t.Entries)}
	for i := range next.Entries {
		e := &next.Entries[i]
		if edit, ok := here[e.Name]; ok {
			e.Hash, e.Mode = edit.Hash, edit.Mode
		}
		if inside, ok := below[e.Name]; ok && e.Mode == filemode.Dir {
			if e.Hash, err = b.tree(e.Hash, inside); err != nil {
				return plumbing.ZeroHash, err
			}
		}
	}
	o := &plumbing.MemoryObject{}
	if err := next.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
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
			WithHint("what the skill would change is there already; see whether an earlier release did it")
	}
	s := w.repo.service
	author, committer, err := s.identities(at)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	c := &object.Commit{
		Author: author, Committer: committer, TreeHash: tree, ParentHashes: []plumbing.Hash{w.head()},
		Message: s.worded(message, key, committer),
	}
	text, err := unsigned(c)
	if err != nil {
		return plumbing.ZeroHash, w.broken(err)
	}
	if err := s.sign(ctx, c, text); err != nil {
		return plumbing.ZeroHash, err
	}
	o := &plumbing.MemoryObject{}
	if err := c.Encode(o); err != nil {
		return plumbing.ZeroHash, w.broken(err)
	}
	h, err := b.put(o)
	if err != nil {
		return h, w.broken(err)
	}
	return h, nil
}
