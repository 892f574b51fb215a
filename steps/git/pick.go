package git

import (
	"context"
	"errors"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type cherryPickIn struct {
	Repo    string   `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Onto    string   `json:"onto" doc:"The commit that they are laid on, such as the commit of a branch that git_fetch returned." pattern:"^[0-9a-f]{40}$"`
	Commits []string `json:"commits" doc:"The commits, in the order in which they are laid; no merges." pattern:"^[0-9a-f]{40}$"`
	Name    string   `json:"name,omitempty" makes:"true" doc:"The workspace's name; by default as that of git_checkout." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type cherryPickOut struct {
	Workspace string   `json:"workspace" doc:"The workspace, for the steps that push. It holds no files."`
	Sha       string   `json:"sha" doc:"The new tip."`
	Picked    int      `json:"picked" doc:"How many commits were laid: one whose changes are there already is not."`
	Files     []string `json:"files" doc:"The files that they change, by name."`
}

func (in cherryPickIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// cherryPick lays commits on top of another one.
func (c *client) cherryPick(ctx context.Context, in cherryPickIn) (cherryPickOut, error) {
	onto, err := checkSHA("onto", in.Onto)
	if err != nil {
		return cherryPickOut{}, err
	}
	var names []plumbing.Hash
	for _, name := range in.Commits {
		h, err := checkSHA("a commit", name)
		if err != nil {
			return cherryPickOut{}, err
		}
		names = append(names, h)
	}
	l, err := c.layOn(ctx, in.Name, in.Service, in.Repo, onto)
	if err != nil {
		return cherryPickOut{}, err
	}
	out := cherryPickOut{Workspace: l.name()}
	err = l.r.retryDamaged(ctx, func() error { return l.pick(ctx, &out, names) })
	return out, l.failed("cherry-pick", err)
}

func (l *laying) pick(ctx context.Context, out *cherryPickOut, names []plumbing.Hash) error {
	if err := l.begin(ctx, names...); err != nil {
		return err
	}
	list, err := l.commits(ctx, names)
	if err != nil {
		return err
	}
	out.Picked = 0
	for _, c := range list {
		laid, err := l.lay(ctx, c, false)
		if err != nil {
			return err
		}
		if laid {
			out.Picked++
		}
	}
	if out.Files, err = l.files(ctx); err != nil {
		return err
	}
	out.Sha = l.w.meta.Head
	return l.end()
}

// failed gives what went wrong its code.
func (l *laying) failed(what string, err error) error {
	if errors.As(err, new(*types.Error)) {
		return err
	}
	return readError(what, l.r.url, err)
}
