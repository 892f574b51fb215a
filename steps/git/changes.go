package git

import (
	"context"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/types"
)

// maxChanges is how many files and folders may differ between two commits. It
// ends the walk of trees that are made to have no end.
const maxChanges = 50_000

// change is a file that differs between two commits; a side without it is zero.
type change struct {
	path     string
	old      string // where the file was, when it moved as it is
	from, to object.TreeEntry
}

// folders are a folder at two commits, zero where there is none.
type folders struct {
	path     string
	from, to plumbing.Hash
}

// changes compares the files of two commits, below some paths or everywhere; a
// zero commit has no files. It goes down level by level, only where the sides
// differ, and asks for all trees that a level lacks at once.
func (r *repo) changes(ctx context.Context, remote *remoteRefs, from, to plumbing.Hash, paths []string) ([]change, error) {
	var root folders
	var err error
	if root.from, err = r.rootOf(ctx, remote, from); err != nil {
		return nil, err
	}
	if root.to, err = r.rootOf(ctx, remote, to); err != nil {
		return nil, err
	}
	return r.changesOf(ctx, remote, []plumbing.Hash{from, to}, root, paths)
}

// changesOf does the same for two trees, which some commits lead to.
func (r *repo) changesOf(ctx context.Context, remote *remoteRefs, of []plumbing.Hash, root folders, paths []string) ([]change, error) {
	var out []change
	err := r.eachDiffering(ctx, remote, of, root, selectionOf(paths), func(_ folders, files []change, next int) error {
		if out = append(out, files...); len(out)+next > maxChanges {
			return types.Errorf(types.BadInput, "more than %d files differ", maxChanges).WithHint("name the files or folders to compare with paths")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return moved(out), nil
}

// objectsOf are the trees and blobs that a tree has where it differs from another one.
func (r *repo) objectsOf(ctx context.Context, remote *remoteRefs, of []plumbing.Hash, root folders) ([]plumbing.Hash, error) {
	var out, blobs []plumbing.Hash
	err := r.eachDiffering(ctx, remote, of, root, selection{}, func(f folders, files []change, _ int) error {
		for _, c := range files {
			if c.to.Mode != filemode.Submodule && !c.to.Hash.IsZero() {
				blobs = append(blobs, c.to.Hash)
			}
		}
		if !f.to.IsZero() {
			out = append(out, f.to)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return append(out, blobs...), r.ensureObjects(ctx, remote, of, blobs)
}

// eachDiffering visits the folders that differ, with their files that do, level by
// level, and asks for all trees that a level lacks at once. next is how many folders of
// the level below are known so far.
func (r *repo) eachDiffering(ctx context.Context, remote *remoteRefs, of []plumbing.Hash, root folders, only selection, visit func(f folders, files []change, next int) error) error {
	for level := []folders{root}; len(level) > 0; {
		var trees []plumbing.Hash
		for _, f := range level {
			trees = append(trees, f.from, f.to)
		}
		if err := r.ensureObjects(ctx, remote, of, trees); err != nil {
			return err
		}
		var next []folders
		for _, f := range level {
			files, below, err := r.differ(f, only)
			if err != nil {
				return err
			}
			next = append(next, below...)
			if err := visit(f, files, len(next)); err != nil {
				return err
			}
		}
		level = next
	}
	return nil
}

// rootOf is a commit's tree, readable.
func (r *repo) rootOf(ctx context.Context, remote *remoteRefs, commit plumbing.Hash) (plumbing.Hash, error) {
	if commit.IsZero() {
		return commit, nil
	}
	if err := r.ensurePath(ctx, remote, commit, ""); err != nil {
		return plumbing.ZeroHash, err
	}
	c, err := object.GetCommit(r.trees, commit)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return c.TreeHash, nil
}

// differ compares one folder: the files that differ, and the folders that do.
func (r *repo) differ(f folders, only selection) (files []change, below []folders, err error) {
	if f.from == f.to {
		return nil, nil, nil
	}
	from, _, err := entriesOf(r.trees, f.from)
	if err != nil {
		return nil, nil, err
	}
	to, _, err := entriesOf(r.trees, f.to)
	if err != nil {
		return nil, nil, err
	}
	names := maps.Clone(from)
	maps.Copy(names, to)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b, at := from[name], to[name], path.Join(f.path, name)
		if a == b || !only.within(at) {
			continue
		}
		fromTree, fromFile := splitEntry(a)
		toTree, toFile := splitEntry(b)
		if fromTree != toTree {
			below = append(below, folders{at, fromTree, toTree})
		}
		if fromFile != toFile && only.inside(at) {
			files = append(files, change{path: at, from: fromFile, to: toFile})
		}
	}
	return files, below, nil
}

// entriesOf is what a tree holds, by name; a zero one is empty. git never writes a
// name twice: unique says whether that holds.
func entriesOf(sto storer.EncodedObjectStorer, tree plumbing.Hash) (entries map[string]object.TreeEntry, unique bool, err error) {
	entries = map[string]object.TreeEntry{}
	if tree.IsZero() {
		return entries, true, nil
	}
	t, err := object.GetTree(sto, tree)
	if err != nil {
		return nil, false, err
	}
	for _, e := range t.Entries {
		entries[e.Name] = e
	}
	return entries, len(entries) == len(t.Entries), nil
}

// splitEntry tells a folder from everything else.
func splitEntry(e object.TreeEntry) (tree plumbing.Hash, file object.TreeEntry) {
	if e.Mode == filemode.Dir {
		return e.Hash, object.TreeEntry{}
	}
	return plumbing.ZeroHash, e
}

// selection is some files and folders; the zero selection is everything.
type selection struct{ paths, ways map[string]bool }

func selectionOf(paths []string) selection {
	if len(paths) == 0 {
		return selection{}
	}
	s := selection{map[string]bool{}, map[string]bool{}}
	for _, p := range paths {
		s.paths[p] = true
		for at := range parents(p) {
			s.ways[at] = true
		}
	}
	return s
}

// parents are the folders on the way to a path, the nearest to the root first.
func parents(p string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i, c := range p {
			if c == '/' && !yield(p[:i]) {
				return
			}
		}
	}
}

// inside reports whether a path is one of those wanted, or below one.
func (s selection) inside(at string) bool {
	if s.paths == nil || s.paths[at] {
		return true
	}
	for p := range parents(at) {
		if s.paths[p] {
			return true
		}
	}
	return false
}

// within reports whether a path is wanted, or leads to one that is.
func (s selection) within(at string) bool { return s.ways[at] || s.inside(at) }

// moved joins a deleted and an added file of one content, and orders by new names.
func moved(list []change) []change {
	gone := map[plumbing.Hash][]int{}
	for i, c := range list {
		if c.to.Hash.IsZero() && c.from.Mode.IsFile() {
			gone[c.from.Hash] = append(gone[c.from.Hash], i)
		}
	}
	taken := map[int]bool{}
	for i, c := range list {
		if old := gone[c.to.Hash]; c.from.Hash.IsZero() && len(old) > 0 {
			list[i].old, list[i].from = list[old[0]].path, list[old[0]].from
			taken[old[0]], gone[c.to.Hash] = true, old[1:]
		}
	}
	out := make([]change, 0, len(list))
	for i, c := range list {
		if !taken[i] {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b change) int { return strings.Compare(a.path, b.path) })
	return out
}

// Fetches of single objects.
const (
	maxWants = 512 // in one request
	fewWants = 64  // as many are kept without a pack
)

// ensureObjects makes objects of commits of the remote readable. Where the
// remote does not give single objects, they came with the commits: a hole is ours.
func (r *repo) ensureObjects(ctx context.Context, from *remoteRefs, of, wants []plumbing.Hash) error {
	missing := r.missing(wants)
	if len(missing) == 0 {
		return nil
	}
	if !from.partial() {
		return plumbing.ErrObjectNotFound
	}
	for some := range slices.Chunk(missing, maxWants) {
		err := r.fetch(ctx, from, r.trees, ask{wants: some, filter: onlyAsked, loose: len(some) <= fewWants})
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			break // refused after all: the commits' whole files are asked for
		}
	}
	if missing = r.missing(missing); len(missing) == 0 {
		return nil
	}
	if err := r.fetch(ctx, from, r.trees, ask{wants: slices.DeleteFunc(slices.Clone(of), plumbing.Hash.IsZero), depth: 1}); err != nil {
		return err
	}
	if missing = r.missing(missing); len(missing) > 0 {
		return types.Errorf(types.Unavailable, "the remote %s did not send object %s", nameOf(from.url), missing[0]).
			WithHint("ask its administrator to check the repository with git fsck")
	}
	return nil
}

// missing are those of the objects that are not available, each once.
func (r *repo) missing(wants []plumbing.Hash) []plumbing.Hash {
	seen := map[plumbing.Hash]bool{plumbing.ZeroHash: true}
	var out []plumbing.Hash
	for _, h := range wants {
		if !seen[h] && !r.trees.has(h) {
			out = append(out, h)
		}
		seen[h] = true
	}
	return out
}
