package git

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

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

// file fetches a regular file of a commit, or something of another mode that is named.
func (r *repo) file(ctx context.Context, from *remoteRefs, commit plumbing.Hash, path string, also ...filemode.FileMode) (f *object.File, err error) {
	err = r.retryDamaged(ctx, func() error {
		if err := r.checkOnRemote(ctx, from, commit); err != nil {
			return err
		}
		if err := r.ensurePath(ctx, from, commit, path); err != nil {
			return err
		}
		f, err = lookUp(r.trees, commit, path, also...)
		return readError("read "+path, from.url, err)
	})
	return f, err
}

type branchListIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Prefix  string `json:"prefix,omitempty" doc:"Only branches whose name begins with this."`
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
