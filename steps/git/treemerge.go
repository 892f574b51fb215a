package git

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
)

// What a commit changes is put onto other files by a merge of three trees: the commit's
// parent, what is there, and the commit. Only folders in which all three differ are
// gone down to, and only files that both sides changed are merged by line. A file that
// was renamed is one that was deleted and one that was added, as with
// git -c merge.renames=false; .gitattributes do not count.

// treeMerge merges three trees whose objects can be read from view; what is new is built.
type treeMerge struct {
	view      *repo
	b         *builder
	conflicts []conflict
}

// conflict is a file that no one can merge.
type conflict struct{ path, why string }

// trio is a folder, or what has its name, on three sides; zero where there is none.
type trio struct {
	path               string
	base, ours, theirs plumbing.Hash
}

// maxPath is the longest path that is merged, in bytes: as long as one can be on a disk.
const maxPath = 4096

// survey makes all that merges read available, each level of folders at once.
func (m *treeMerge) survey(ctx context.Context, from *remoteRefs, commits []plumbing.Hash, roots ...trio) error {
	var blobs []plumbing.Hash
	seen := 0
	for level := roots; len(level) > 0; {
		var trees []plumbing.Hash
		for _, f := range level {
			trees = append(trees, f.base, f.ours, f.theirs)
		}
		if err := m.view.ensureObjects(ctx, from, commits, trees); err != nil {
			return err
		}
		var next []trio
		for _, f := range level {
			below, texts, err := m.differing(f)
			if err != nil {
				return err
			}
			next, blobs = append(next, below...), append(blobs, texts...)
		}
		if seen += len(next); seen+len(blobs) > maxChanges {
			return types.Errorf(types.BadInput, "more than %d files and folders differ", maxChanges).WithHint("merge in a clone instead")
		}
		level = next
	}
	return m.view.ensureObjects(ctx, from, commits, blobs)
}

// differing are the folders and the contents of files below a folder that no side settles.
func (m *treeMerge) differing(f trio) (below []trio, blobs []plumbing.Hash, err error) {
	if _, settled := f.settled(); settled {
		return nil, nil, nil
	}
	err = m.each(f, func(at string, trees trio, base, ours, theirs object.TreeEntry) error {
		if len(at) > maxPath {
			return types.Errorf(types.BadInput, "a path has more than %d bytes", maxPath).WithHint("merge in a clone instead")
		}
		if _, settled := trees.settled(); !settled {
			below = append(below, trees)
		}
		if _, settled := settledFile(base, ours, theirs); !settled {
			for _, e := range []object.TreeEntry{base, ours, theirs} {
				if isRegular(e) {
					blobs = append(blobs, e.Hash)
				}
			}
		}
		return nil
	})
	return below, blobs, err
}

// each goes through the names in a folder, with the folder and the file of each on the
// three sides.
func (m *treeMerge) each(f trio, do func(at string, trees trio, base, ours, theirs object.TreeEntry) error) error {
	var sides [3]map[string]object.TreeEntry
	names := map[string]bool{}
	for i, h := range []plumbing.Hash{f.base, f.ours, f.theirs} {
		entries, unique, err := entriesOf(m.view.trees, h)
		if err != nil {
			return err
		}
		if !unique {
			return doubled(h)
		}
		sides[i] = entries
		for name := range entries {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := path.Join(f.path, name)
		base, baseFile := splitEntry(sides[0][name])
		ours, ourFile := splitEntry(sides[1][name])
		theirs, theirFile := splitEntry(sides[2][name])
		if err := do(at, trio{at, base, ours, theirs}, baseFile, ourFile, theirFile); err != nil {
			return err
		}
	}
	return nil
}

// settled is what becomes of a folder that a side did not change, or both did alike.
func (f trio) settled() (plumbing.Hash, bool) {
	switch {
	case f.ours == f.theirs, f.base == f.theirs:
		return f.ours, true
	case f.base == f.ours:
		return f.theirs, true
	}
	return plumbing.ZeroHash, false
}

// settledFile does the same for a file.
func settledFile(base, ours, theirs object.TreeEntry) (object.TreeEntry, bool) {
	switch {
	case sameFile(ours, theirs), sameFile(base, theirs):
		return ours, true
	case sameFile(base, ours):
		return theirs, true
	}
	return object.TreeEntry{}, false
}

func sameFile(a, b object.TreeEntry) bool { return a.Hash == b.Hash && a.Mode == b.Mode }

func isRegular(e object.TreeEntry) bool {
	return e.Mode == filemode.Regular || e.Mode == filemode.Executable
}

// folder merges a folder; it is zero when nothing is left in it.
func (m *treeMerge) folder(f trio) (plumbing.Hash, error) {
	if h, settled := f.settled(); settled {
		return h, nil
	}
	out := &object.Tree{}
	err := m.each(f, func(at string, trees trio, base, ours, theirs object.TreeEntry) error {
		tree, err := m.folder(trees)
		if err != nil {
			return err
		}
		file, err := m.file(at, base, ours, theirs)
		switch {
		case err != nil:
			return err
		case !file.Hash.IsZero() && !tree.IsZero():
			m.conflicts = append(m.conflicts, conflict{at, "is a file on one side, and a folder on the other"})
		case !file.Hash.IsZero():
			out.Entries = append(out.Entries, object.TreeEntry{Name: path.Base(at), Mode: file.Mode, Hash: file.Hash})
		case !tree.IsZero():
			out.Entries = append(out.Entries, object.TreeEntry{Name: path.Base(at), Mode: filemode.Dir, Hash: tree})
		}
		return nil
	})
	if err != nil || len(out.Entries) == 0 || len(m.conflicts) > 0 {
		return plumbing.ZeroHash, err // a tree is not built of what is in conflict
	}
	sort.Sort(object.TreeEntrySorter(out.Entries))
	return m.b.encode(out)
}

// file merges a file; it is zero when it is gone, or in conflict.
func (m *treeMerge) file(at string, base, ours, theirs object.TreeEntry) (object.TreeEntry, error) {
	if e, settled := settledFile(base, ours, theirs); settled {
		return e, nil
	}
	refuse := func(why string) (object.TreeEntry, error) {
		m.conflicts = append(m.conflicts, conflict{at, why})
		return object.TreeEntry{}, nil
	}
	switch {
	case ours.Hash.IsZero():
		return refuse("was deleted or renamed there, and is changed by the commit")
	case theirs.Hash.IsZero():
		return refuse("was changed there, and is deleted or renamed by the commit")
	case !isRegular(ours) || !isRegular(theirs):
		return refuse("is no regular file on both sides, and both changed it")
	}
	mode := ours.Mode
	switch {
	case ours.Mode == theirs.Mode, ours.Mode == base.Mode:
		mode = theirs.Mode
	case theirs.Mode != base.Mode:
		return refuse("is executable on one side only")
	}
	text, why, err := m.content(base, ours, theirs)
	if err == nil && why != "" {
		return refuse(why)
	}
	return object.TreeEntry{Mode: mode, Hash: text}, err
}

// Why the contents of a file are not merged.
const (
	sameLines = "was changed there too, in the same lines"
	asWhole   = "was changed there too, and is not merged by line: it is binary, or too large"
)

// content merges what is in a file, or says why that is no one's to decide.
func (m *treeMerge) content(base, ours, theirs object.TreeEntry) (merged plumbing.Hash, why string, err error) {
	switch {
	case ours.Hash == theirs.Hash, isRegular(base) && base.Hash == theirs.Hash:
		return ours.Hash, "", nil
	case isRegular(base) && base.Hash == ours.Hash:
		return theirs.Hash, "", nil
	}
	var texts [3]string
	for i, e := range []object.TreeEntry{base, ours, theirs} {
		if !isRegular(e) {
			continue // it was none before: both added it
		}
		blob, err := object.GetBlob(m.view.trees, e.Hash)
		if err != nil {
			return merged, "", err
		}
		if blob.Size > maxFile {
			return merged, asWhole, nil
		}
		if texts[i], err = contents(object.NewFile(e.Name, e.Mode, blob)); err != nil {
			return merged, "", err
		}
		if isBinary(texts[i]) {
			return merged, asWhole, nil
		}
	}
	text, ok := mergeTexts(texts[0], texts[1], texts[2])
	if !ok {
		return merged, sameLines, nil
	}
	merged, err = m.b.blob([]byte(text))
	return merged, "", err
}

// shownConflicts is how many files in conflict an error names.
const shownConflicts = 5

// words are the conflicts for people, and their paths.
func (m *treeMerge) words() (text string, paths []string) {
	slices.SortFunc(m.conflicts, func(a, b conflict) int { return strings.Compare(a.path, b.path) })
	var said []string
	for _, c := range m.conflicts {
		paths = append(paths, valid(c.path))
		if len(said) < shownConflicts {
			said = append(said, valid(c.path)+" "+c.why)
		}
	}
	text = strings.Join(said, ", ")
	if more := len(m.conflicts) - shownConflicts; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text, paths
}
