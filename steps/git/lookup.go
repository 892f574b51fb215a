package git

import (
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/types"
)

// maxFile is the largest file that is read or edited, in bytes.
const maxFile = 8 << 20

// lookUp returns a regular file of a commit, or something of another mode that
// is named. An object that is not available is plumbing.ErrObjectNotFound.
func lookUp(sto storer.EncodedObjectStorer, commit plumbing.Hash, path string, also ...filemode.FileMode) (*object.File, error) {
	entry, err := entryAt(sto, commit, path)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, types.Errorf(types.NotFound, "there is no %s at commit %s", path, short(commit)).WithHint("check the path, which is written from the repository's root, and that the file is on that branch")
	}
	if entry.Mode != filemode.Regular && entry.Mode != filemode.Executable && !slices.Contains(also, entry.Mode) {
		return nil, types.Errorf(types.BadInput, "%s is not a regular file", path).WithHint("name a file: not a folder, a link or a submodule")
	}
	blob, err := object.GetBlob(sto, entry.Hash)
	if err != nil {
		return nil, err
	}
	return object.NewFile(path, entry.Mode, blob), nil
}

// entryAt is what a commit has at a path; nil when there is nothing.
func entryAt(sto storer.EncodedObjectStorer, commit plumbing.Hash, path string) (*object.TreeEntry, error) {
	c, err := object.GetCommit(sto, commit)
	if err != nil {
		return nil, err
	}
	return findEntry(sto, c.TreeHash, path)
}

// findEntry walks one path down a tree; nil when there is nothing.
func findEntry(sto storer.EncodedObjectStorer, root plumbing.Hash, path string) (*object.TreeEntry, error) {
	tree, err := object.GetTree(sto, root)
	if err != nil {
		return nil, err
	}
	name, rest, nested := strings.Cut(path, "/")
	for i := range tree.Entries {
		e := &tree.Entries[i]
		switch {
		case e.Name != name:
		case !nested:
			return e, nil
		case e.Mode == filemode.Dir:
			return findEntry(sto, e.Hash, rest)
		default:
			return nil, nil
		}
	}
	return nil, nil
}

func contents(f *object.File) (string, error) {
	if f.Size > maxFile {
		return "", types.Errorf(types.BadInput, "%s has %d bytes; at most %d are read", f.Name, f.Size, maxFile).WithHint("releases edit small text files; name another one")
	}
	text, err := f.Contents()
	return text, brokenCache(err)
}

// shallowError is an answer that lies behind the end of a shallow history.
type shallowError struct{ at plumbing.Hash }

func (c *shallowError) Error() string {
	return "the history of commit " + short(c.at) + " is cut off"
}
