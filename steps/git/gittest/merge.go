package gittest

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// Merge is what a person merges: a branch of one repository into a branch of
// the same or another one.
type Merge struct {
	From, Source string
	To, Target   string
	Author       string
	When         time.Time
	Message      string
}

// Merge makes a merge commit on the target branch and returns it. It refuses
// what both sides changed; a file is merged as a whole.
func (s *Server) Merge(m Merge) (string, error) {
	tip, ok := s.Branches(m.From)[m.Source]
	if !ok {
		return "", fmt.Errorf("%s has no branch %s", m.From, m.Source)
	}
	if m.From != m.To {
		if err := s.Borrow(m.From, m.To); err != nil {
			return "", err
		}
	}
	return s.onto(m.To, m.Target, m.Author, m.Message, m.When, func(sto storer.Storer, target *object.Commit) (plumbing.Hash, []plumbing.Hash, error) {
		source, err := object.GetCommit(sto, plumbing.NewHash(tip))
		if err != nil {
			return plumbing.ZeroHash, nil, err
		}
		tree, err := merged(sto, source, target)
		return tree, []plumbing.Hash{target.Hash, source.Hash}, err
	})
}

// Edit is a commit of a person that gives one file new content.
type Edit struct {
	Repository, Branch string
	Path, Text         string
	Author             string
	When               time.Time
	Message            string
}

// Put makes the commit on top of the branch and returns it.
func (s *Server) Put(e Edit) (string, error) {
	if clean := path.Clean(e.Path); clean != e.Path || strings.HasPrefix(clean, "/") || strings.HasPrefix(clean, "..") {
		return "", fmt.Errorf("%q is no path of a file", e.Path)
	}
	return s.onto(e.Repository, e.Branch, e.Author, e.Message, e.When, func(sto storer.Storer, target *object.Commit) (plumbing.Hash, []plumbing.Hash, error) {
		b := builder{sto: sto}
		blob, err := b.blob(e.Text)
		if err != nil {
			return plumbing.ZeroHash, nil, err
		}
		file := object.TreeEntry{Mode: filemode.Regular, Hash: blob}
		tree, err := put(sto, target.TreeHash, strings.Split(e.Path, "/"), &file)
		return tree, []plumbing.Hash{target.Hash}, err
	})
}

// onto makes a commit on top of a branch, of the tree and with the parents that
// what is asked for comes to, and moves the branch.
func (s *Server) onto(name, branch, author, message string, when time.Time, change func(storer.Storer, *object.Commit) (plumbing.Hash, []plumbing.Hash, error)) (string, error) {
	l := s.lock(name)
	l.Lock()
	defer l.Unlock()
	sto, err := s.open(name)
	if err != nil {
		return "", err
	}
	ref := plumbing.NewBranchReferenceName(branch)
	target, err := object.GetCommit(sto, current(sto, ref))
	if err != nil {
		return "", fmt.Errorf("%s has no branch %s", name, branch)
	}
	tree, parents, err := change(sto, target)
	if err != nil {
		return "", err
	}
	b := builder{sto: sto}
	who := object.Signature{Name: author, Email: author + "@example.com", When: when}
	commit, err := b.store(&object.Commit{Author: who, Committer: who, Message: message, TreeHash: tree, ParentHashes: parents})
	if err != nil {
		return "", err
	}
	if err := sto.SetReference(plumbing.NewHashReference(ref, commit)); err != nil {
		return "", err
	}
	if s.o.Changed != nil {
		s.o.Changed()
	}
	return commit.String(), nil
}

// merged applies what source changed, since it left target, to target's tree.
func merged(sto storer.EncodedObjectStorer, source, target *object.Commit) (plumbing.Hash, error) {
	known := map[plumbing.Hash]bool{}
	err := object.NewCommitPreorderIter(target, nil, nil).ForEach(func(c *object.Commit) error {
		known[c.Hash] = true
		return nil
	})
	if err != nil {
		return plumbing.ZeroHash, err
	}
	base, err := firstKnown(source, known)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	before, err := base.Tree()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	changed, err := source.Tree()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	changes, err := object.DiffTree(before, changed)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	tree := target.TreeHash
	for _, c := range changes {
		if tree, err = apply(sto, tree, c); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	return tree, nil
}

// apply makes one change to a tree, which must have the file as it was.
func apply(sto storer.EncodedObjectStorer, tree plumbing.Hash, c *object.Change) (plumbing.Hash, error) {
	name := c.From.Name
	if name == "" {
		name = c.To.Name
	}
	t, err := object.GetTree(sto, tree)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	there, err := t.FindEntry(name)
	if err == nil && there.Hash != c.From.TreeEntry.Hash || err != nil && c.From.Name != "" {
		return plumbing.ZeroHash, fmt.Errorf("conflict in %s", name)
	}
	if c.To.Name == "" {
		return put(sto, tree, strings.Split(name, "/"), nil)
	}
	entry := c.To.TreeEntry
	return put(sto, tree, strings.Split(c.To.Name, "/"), &entry)
}

// put stores a tree with another entry at a path, nil for none, and the trees
// above it.
func put(sto storer.EncodedObjectStorer, tree plumbing.Hash, at []string, entry *object.TreeEntry) (plumbing.Hash, error) {
	t := &object.Tree{}
	if !tree.IsZero() {
		var err error
		if t, err = object.GetTree(sto, tree); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	i := slices.IndexFunc(t.Entries, func(e object.TreeEntry) bool { return e.Name == at[0] })
	if len(at) > 1 {
		var below plumbing.Hash
		if i >= 0 {
			if t.Entries[i].Mode != filemode.Dir {
				return plumbing.ZeroHash, errors.New(at[0] + " is no folder")
			}
			below = t.Entries[i].Hash
		}
		h, err := put(sto, below, at[1:], entry)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entry = &object.TreeEntry{Mode: filemode.Dir, Hash: h}
	}
	entries := slices.Clone(t.Entries)
	if i >= 0 {
		entries = slices.Delete(entries, i, i+1)
	}
	if entry != nil && entry.Hash.String() != emptyTree {
		entries = append(entries, object.TreeEntry{Name: at[0], Mode: entry.Mode, Hash: entry.Hash})
	}
	slices.SortFunc(entries, func(x, y object.TreeEntry) int { return strings.Compare(sortName(x), sortName(y)) })
	b := builder{sto: sto}
	return b.store(&object.Tree{Entries: entries})
}

// emptyTree is the tree of a folder without files, which git does not keep.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
