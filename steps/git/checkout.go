package git

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type checkoutIn struct {
	Repo    string   `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Commit  string   `json:"commit" doc:"The commit of the files, such as the commit that git_read_file returned." pattern:"^[0-9a-f]{40}$"`
	Paths   []string `json:"paths" doc:"The files to check out, and links that stay in the repository."`
	Name    string   `json:"name,omitempty" makes:"true" doc:"The workspace's name; by default that of the repository, in a group, a loop or a called skill with a unique suffix, so that parallel steps do not share one." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type checkoutOut struct {
	Workspace string   `json:"workspace" doc:"The workspace, for the steps that edit and commit."`
	Commit    string   `json:"commit" doc:"The commit the files are from."`
	Files     []string `json:"files" doc:"The files that were checked out."`
}

func (in checkoutIn) check(unknown step.UnknownPaths) error {
	return cmp.Or(checkRepo(unknown, "repo", in.Repo), checkPaths(in.Paths...))
}

func (c *client) checkout(ctx context.Context, in checkoutIn) (checkoutOut, error) {
	var out checkoutOut
	commit, err := checkSHA("commit", in.Commit)
	if err != nil {
		return out, err
	}
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	made := step.CallOf(ctx).Path
	name := cmp.Or(in.Name, ownName(r.url, made))
	if err := c.checkVacant(ctx, name, made); err != nil {
		return out, err
	}
	w, err := newWorkspace(ctx, name, r, meta{Repo: in.Repo, Service: in.Service, Base: in.Commit, Head: in.Commit, Files: in.Paths, Made: made})
	if err != nil {
		return out, err
	}
	for _, p := range in.Paths {
		f, err := r.file(ctx, refs, commit, p, filemode.Symlink)
		if err != nil {
			return out, err
		}
		if err := w.lay(f); err != nil {
			return out, err
		}
	}
	if err := w.keep(commit, in.Paths); err != nil {
		return out, err
	}
	return checkoutOut{Workspace: name, Commit: in.Commit, Files: in.Paths}, w.save()
}

// ownName is what a workspace is called that is given no name: of a step within another
// one by itself, since it may run beside a checkout of the same repository.
func ownName(url, path string) string {
	name := nameOf(url)
	if !strings.Contains(path, "/") {
		return name
	}
	const ending = 8
	return name[:min(len(name), maxName-1-ending)] + "-" + step.Hash(ending, path)
}

func newWorkspace(ctx context.Context, name string, r *repo, m meta) (*workspace, error) {
	dir, err := workspaces.Dir(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, brokenWorkspace(name, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, brokenWorkspace(name, err)
	}
	return layered(dir, m, r), nil
}

// checkVacant refuses to lay a workspace over another one with changes that are not
// committed, which would be lost. A step that is repeated makes its own again.
func (c *client) checkVacant(ctx context.Context, name, made string) error {
	w, err := c.openWorkspace(ctx, name)
	if err != nil || w.meta.Made == made {
		return nil // there is none, or none that could be used
	}
	edits, err := w.edits(ctx)
	if err != nil {
		return err
	}
	changed, err := w.changes(edits)
	if err != nil || !changed {
		return err
	}
	return types.Errorf(types.Conflict, "the workspace %s holds changes that are not committed, and this checkout would replace it", name).
		WithHint("give one of the two another name, or name all files in the paths of one git_checkout")
}
