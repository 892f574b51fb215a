package git

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/skillrun/skillrun/engine/types"
)

// merging merges trees that lie in memory.
type merging struct {
	*testing.T
	b *builder
}

func (m merging) tree(entries ...object.TreeEntry) plumbing.Hash {
	m.Helper()
	h, err := m.b.encode(&object.Tree{Entries: entries})
	if err != nil {
		m.Fatal(err)
	}
	return h
}

// blob is a text that no one has to have.
func blob(text string) plumbing.Hash {
	return plumbing.ComputeHash(plumbing.BlobObject, []byte(text))
}

func (m merging) survey(root trio) error {
	tm := &treeMerge{view: &repo{trees: m.b.sto}, b: m.b}
	return tm.survey(m.Context(), &remoteRefs{caps: capability.NewList()}, nil, root)
}

// TestMergeOfHostileTrees ends: trees that differ everywhere, and ones without an end.
func TestMergeOfHostileTrees(t *testing.T) {
	t.Parallel()
	m := merging{t, &builder{sto: inMemory()}}
	var wide, deep [3]plumbing.Hash
	for side := range wide {
		var files []object.TreeEntry
		for i := range 17_000 {
			files = append(files, object.TreeEntry{Name: fmt.Sprintf("%05d", i), Mode: filemode.Regular, Hash: blob(fmt.Sprint(side, i))})
		}
		wide[side] = m.tree(files...)
		deep[side] = m.tree(object.TreeEntry{Name: "end", Mode: filemode.Regular, Hash: blob(fmt.Sprint(side))})
		for range 50 {
			deep[side] = m.tree(object.TreeEntry{Name: strings.Repeat("n", 100), Mode: filemode.Dir, Hash: deep[side]})
		}
	}
	for want, sides := range map[string][3]plumbing.Hash{"more than 50000 files and folders differ": wide, "a path has more than 4096 bytes": deep} {
		err := m.survey(trio{base: sides[0], ours: sides[1], theirs: sides[2]})
		if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	twice := m.tree(object.TreeEntry{Name: "x", Mode: filemode.Regular, Hash: blob("1")}, object.TreeEntry{Name: "x", Mode: filemode.Regular, Hash: blob("2")})
	if err := m.survey(trio{base: deep[0], ours: wide[0], theirs: twice}); types.CodeOf(err) != types.Conflict {
		t.Errorf("a name that is there twice: %v", err)
	}
}

// TestMergeTakesOldModes: a file that its group may write is a plain one, and becomes one.
func TestMergeTakesOldModes(t *testing.T) {
	t.Parallel()
	m := merging{t, &builder{sto: inMemory()}}
	side := func(mode filemode.FileMode, x, y string) plumbing.Hash {
		return m.tree(object.TreeEntry{Name: "x", Mode: mode, Hash: blob(x)}, object.TreeEntry{Name: "y", Mode: filemode.Regular, Hash: blob(y)})
	}
	tm := &treeMerge{view: &repo{trees: m.b.sto}, b: m.b}
	got, err := tm.folder(trio{base: side(filemode.Deprecated, "x", "y"), ours: side(filemode.Regular, "x", "Y"), theirs: side(filemode.Deprecated, "X", "y")})
	if want := side(filemode.Regular, "X", "Y"); err != nil || got != want || len(tm.conflicts) > 0 {
		t.Errorf("%v %v %v, want %v", got, err, tm.conflicts, want)
	}
}

// TestConflictsInWords names a few files and counts the rest.
func TestConflictsInWords(t *testing.T) {
	t.Parallel()
	m := &treeMerge{}
	for i := range 7 {
		m.conflicts = append(m.conflicts, conflict{fmt.Sprintf("f%d", 6-i), "differs"})
	}
	text, paths := m.words()
	if text != "f0 differs, f1 differs, f2 differs, f3 differs, f4 differs, and 2 more" || len(paths) != 7 {
		t.Errorf("%s %v", text, paths)
	}
}
