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
	Onto    string   `json:"onto" doc:"The commit that they are applied to, such as the commit of a branch that git_fetch returned." pattern:"^[0-9a-f]{40}$"`
	Commits []string `json:"commits" doc:"The commits, in the order in which they are applied; no merges." pattern:"^[0-9a-f]{40}$"`
	Name    string   `json:"name,omitempty" makes:"true" doc:"The workspace's name; by default as that of git_checkout." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type cherryPickOut struct {
	Workspace string   `json:"workspace" doc:"The workspace, for the steps that push. It holds no files."`
	Sha       string   `json:"sha" doc:"The new tip."`
	Picked    int      `json:"picked" doc:"How many commits were applied: one whose changes are there already is not."`
	Files     []string `json:"files" doc:"The files that they change, by name."`
}

func (in cherryPickIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// cherryPick applies commits to another one.
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
	p, err := c.replayOn(ctx, in.Name, in.Service, in.Repo, onto)
	if err != nil {
		return cherryPickOut{}, err
	}
	out := cherryPickOut{Workspace: p.name()}
	err = p.r.retryDamaged(ctx, func() error { return p.pick(ctx, &out, names) })
	return out, p.failed("cherry-pick", err)
}

func (p *replay) pick(ctx context.Context, out *cherryPickOut, names []plumbing.Hash) error {
	if err := p.begin(ctx, names...); err != nil {
		return err
	}
	list, err := p.commits(ctx, names)
	if err != nil {
		return err
	}
	out.Picked = 0
	for _, c := range list {
		applied, err := p.apply(ctx, c, false)
		if err != nil {
			return err
		}
		if applied {
			out.Picked++
		}
	}
	if out.Files, err = p.files(ctx); err != nil {
		return err
	}
	out.Sha = p.w.meta.Head
	return p.end()
}

// failed gives what went wrong its code.
func (p *replay) failed(what string, err error) error {
	if errors.As(err, new(*types.Error)) {
		return err
	}
	return readError(what, p.r.url, err)
}
