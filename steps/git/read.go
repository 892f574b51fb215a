package git

import (
	"context"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// maxFile is the largest file that is read or edited, in bytes.
const maxFile = 8 << 20

type readFileIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Path    string `json:"path" doc:"The file, relative to the repository."`
	Ref     string `json:"ref,omitempty" doc:"A branch or a full SHA; without it the remote's default branch." format:"git-branch"`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type readFileOut struct {
	Text          string `json:"text" doc:"The file's text."`
	Commit        string `json:"commit" doc:"The commit it was read at."`
	Blob          string `json:"blob" doc:"The SHA of its content."`
	DefaultBranch string `json:"default_branch" doc:"The remote's default branch."`
}

func (in readFileIn) check(unknown step.UnknownPaths) error {
	if err := checkRepo(unknown, "repo", in.Repo); err != nil || unknown.Has("path") {
		return err
	}
	return checkPath(in.Path)
}

func (c *client) readFile(ctx context.Context, in readFileIn) (readFileOut, error) {
	var out readFileOut
	r, refs, commit, err := c.lookAt(ctx, in.Service, in.Repo, in.Ref)
	if err != nil {
		return out, err
	}
	f, err := r.file(ctx, refs, commit, in.Path)
	if err != nil {
		return out, err
	}
	text, err := contents(f)
	if err != nil {
		return out, err
	}
	if !utf8.ValidString(text) {
		return out, types.Errorf(types.BadInput, "%s is not UTF-8 text", in.Path).WithHint("only text can be read; convert the file in the repository")
	}
	return readFileOut{Text: text, Commit: commit.String(), Blob: f.Hash.String(), DefaultBranch: refs.defaultBranch}, nil
}

// resolve returns the commit that a branch, a SHA or nothing names.
func (r *repo) resolve(refs *remoteRefs, ref string) (plumbing.Hash, error) {
	if shaRE.MatchString(ref) {
		return plumbing.NewHash(ref), nil
	}
	if ref == "" {
		ref = refs.defaultBranch
	}
	if ref == "" {
		return plumbing.ZeroHash, types.Errorf(types.NotFound, "%s has no default branch", nameOf(r.url)).WithHint("name a branch")
	}
	h, ok := refs.branches[ref]
	if !ok {
		return h, types.Errorf(types.NotFound, "the remote %s has no branch %q", nameOf(r.url), ref).WithHint("git_branch_list tells which it has; push it first if it is only in a clone").With(unseen, ref)
	}
	return h, nil
}

// file returns a regular file of a commit of the remote, or something of another
// mode that is named, fetching what is missing.
func (r *repo) file(ctx context.Context, from *remoteRefs, commit plumbing.Hash, path string, also ...filemode.FileMode) (f *object.File, err error) {
	err = r.trusting(ctx, func() error {
		if err := r.onRemote(ctx, from, commit); err != nil {
			return err
		}
		if err := r.bringPath(ctx, from, commit, path); err != nil {
			return err
		}
		if f, err = lookUp(r.trees, commit, path, also...); err != nil {
			return readError("read "+path, from.url, err)
		}
		return nil
	})
	return f, err
}

// lookUp returns a regular file of a commit, or something of another mode that
// is named. An object that is not at hand is
// plumbing.ErrObjectNotFound.
func lookUp(sto storer.EncodedObjectStorer, commit plumbing.Hash, path string, also ...filemode.FileMode) (*object.File, error) {
	c, err := object.GetCommit(sto, commit)
	if err != nil {
		return nil, err
	}
	entry, err := findEntry(sto, c.TreeHash, path, nil)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, types.Errorf(types.NotFound, "there is no %s at commit %s", path, commit.String()[:12]).WithHint("check the path, which is written from the repository's root, and that the file is on that branch")
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

// findEntry walks one path down a tree; nil when there is nothing. at, unless
// nil, is set to the tree that is looked into.
func findEntry(sto storer.EncodedObjectStorer, root plumbing.Hash, path string, at *plumbing.Hash) (*object.TreeEntry, error) {
	if at != nil {
		*at = root
	}
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
			return findEntry(sto, e.Hash, rest, at)
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
	rd, err := f.Reader()
	if err != nil {
		return "", brokenCache(err)
	}
	defer rd.Close()
	text, err := io.ReadAll(rd)
	if err != nil {
		return "", brokenCache(err)
	}
	return string(text), nil
}

type branchListIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Prefix  string `json:"prefix,omitempty" doc:"Only branches whose name begins so."`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

func (in branchListIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// Branch is a branch of a remote.
type Branch struct {
	Name string `json:"name" doc:"The branch's name."`
	Sha  string `json:"sha" doc:"The commit it points at."`
}

type branchListOut struct {
	Branches      []Branch `json:"branches" doc:"The branches, by name."`
	DefaultBranch string   `json:"default_branch" doc:"The remote's default branch."`
}

func (c *client) branchList(ctx context.Context, in branchListIn) (branchListOut, error) {
	out := branchListOut{Branches: []Branch{}}
	_, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	out.DefaultBranch = refs.defaultBranch
	for _, name := range types.SortedKeys(refs.branches) {
		if strings.HasPrefix(name, in.Prefix) {
			out.Branches = append(out.Branches, Branch{Name: name, Sha: refs.branches[name].String()})
		}
	}
	return out, nil
}
