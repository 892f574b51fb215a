package git

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// edit is what a path is to be: a file, or a link, whose text is its target.
// The zero edit takes away what is there.
type edit struct {
	text []byte
	mode filemode.FileMode
}

func (e edit) gone() bool { return e.mode == filemode.Empty }

func pathsOf(edits map[string]edit) []string { return slices.Sorted(maps.Keys(edits)) }

// scan reads the workspace's folder: files, and links as links.
func (w *workspace) scan() (map[string]edit, error) {
	root, err := w.root()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	out, left := map[string]edit{}, maxCommit
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return unreadable(name, err)
		case name == ".":
			return nil
		case refusedName(name, d.Type()&fs.ModeSymlink != 0):
			return refused(name)
		case d.IsDir():
			return nil
		}
		if out[name], err = readEdit(root, name, d); err != nil {
			return err
		}
		if left -= ofFile + len(out[name].text); left < 0 {
			return types.Errorf(types.BadInput, "the files of the workspace have more than %d MiB, which is the limit of a commit here", maxCommit>>20).
				WithHint("check out fewer files; let the program that made others put them elsewhere, or remove them")
		}
		return nil
	})
	return out, err
}

// How many bytes a workspace may hold for a commit, and how many each file adds to its own.
const (
	maxCommit = 64 << 20
	ofFile    = 1 << 10
)

func readEdit(root *os.Root, name string, d fs.DirEntry) (e edit, err error) {
	info, err := d.Info()
	switch {
	case err != nil:
	case info.Mode()&fs.ModeSymlink != 0:
		var target string
		target, err = root.Readlink(name)
		e = edit{[]byte(target), filemode.Symlink}
	case !info.Mode().IsRegular():
		return e, types.Errorf(types.BadInput, "%s is neither a file nor a link, and git stores nothing else", name).
			WithHint("let the program that made it in the workspace remove it")
	default:
		e.text, err = workspaces.ReadFile(root, name, maxObject)
		e.mode = filemode.Regular
		if info.Mode()&0o100 != 0 {
			e.mode = filemode.Executable
		}
	}
	switch {
	case errors.Is(err, workspaces.ErrLarge): // no one could read it again here
		return e, types.Errorf(types.BadInput, "%s has more than %d MiB, which is the limit of a file in a repository here", name, maxObject>>20).
			WithHint("let the program that made it put it elsewhere, or remove it")
	case err != nil:
		return e, unreadable(name, err)
	}
	return e, nil
}

func unreadable(name string, err error) error {
	return types.Errorf(types.Forbidden, "%s in the workspace cannot be read: %w", name, workspaces.Bare(err)).
		WithHint("a program of the skill made it unreadable: let it allow its user to read it")
}

// spot is what a commit has at a path, or on the way there that is no folder; or nothing.
type spot struct {
	path string
	mode filemode.FileMode
}

func (s spot) folder() bool { return s.mode == filemode.Dir }

// at is what the base has at a path. The way there is available.
func (w *workspace) at(name string) (spot, error) {
	for folder := range parents(name) {
		e, err := entryAt(w.objects, w.base(), folder)
		switch {
		case err != nil || e == nil:
			return spot{}, w.broken(err)
		case e.Mode != filemode.Dir:
			return spot{folder, e.Mode}, nil
		}
	}
	e, err := entryAt(w.objects, w.base(), name)
	if err != nil || e == nil {
		return spot{}, w.broken(err)
	}
	return spot{name, e.Mode}, nil
}

// takes returns the mode that a new file or link of the workspace has over what
// the base has there, and refuses what would take the place of something that
// the workspace never had. A script that is written again stays one.
func (s spot) takes(name string, mode filemode.FileMode) (filemode.FileMode, error) {
	if s.path != "" && s.path != name {
		return mode, types.Errorf(types.Conflict, "%s is below %s, which is %s in the repository", name, s.path, kindOf(s.mode)).
			WithHint("write it to another path").With("path", name)
	}
	switch {
	case s.mode == filemode.Submodule, s.mode == filemode.Dir, s.mode == filemode.Symlink && mode != filemode.Symlink:
		return mode, types.Errorf(types.Conflict, "%s is %s in the repository", name, kindOf(s.mode)).
			WithHint("write to another path").With("path", name)
	case s.mode == filemode.Executable && mode == filemode.Regular:
		return filemode.Executable, nil
	}
	return mode, nil
}

// kindOf is what people call an entry of a tree.
func kindOf(mode filemode.FileMode) string {
	switch mode {
	case filemode.Dir:
		return "a folder"
	case filemode.Submodule:
		return "a submodule"
	case filemode.Symlink:
		return "a symbolic link"
	}
	return "a file"
}

// edits are what the workspace's folder says that the repository's files are to
// be. All that lies there counts, whoever wrote it and whatever .gitignore says.
// A file that was laid down or written by a step and is not there any more is
// deleted; what was never in the workspace is left alone.
func (w *workspace) edits(ctx context.Context) (map[string]edit, error) {
	out, err := w.scan()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, name := range w.meta.Files {
		known[name] = true
		if _, there := out[name]; !there {
			out[name] = edit{}
		}
	}
	if err := w.reach(ctx, w.base(), pathsOf(out)); err != nil {
		return nil, err
	}
	if err := w.reachApplied(ctx, pathsOf(out)); err != nil {
		return nil, err
	}
	for name, e := range out {
		if known[name] {
			continue
		}
		at, err := w.at(name)
		if err == nil && !known[at.path] && !at.folder() {
			e.mode, err = at.takes(name, e.mode)
		}
		if err != nil {
			return nil, err
		}
		out[name] = e
	}
	return out, nil
}

// changes reports whether edits make another tree than the head's.
func (w *workspace) changes(edits map[string]edit) (bool, error) {
	head, err := object.GetCommit(w.objects, w.head())
	if err != nil {
		return false, w.broken(err)
	}
	tree, err := (&builder{sto: w.objects, dry: true}).treeWithEdits(w.head(), edits)
	return tree != head.TreeHash, w.broken(err)
}
