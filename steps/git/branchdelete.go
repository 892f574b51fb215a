package git

import (
	"bytes"
	"context"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type branchDeleteIn struct {
	Repo    string `json:"repo" doc:"The repository: a clone's path or a URL. The branch is deleted on the remote that the reading steps look at." trusted:"true"`
	Branch  string `json:"branch" doc:"The branch's name. The default branch is not deleted." format:"git-branch"`
	Sha     string `json:"sha" doc:"The commit that it was looked at: a branch that has moved since is not deleted." pattern:"^[0-9a-f]{40}$"`
	Service string `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type branchDeleteOut struct {
	Branch string `json:"branch" doc:"The branch that is gone."`
	Sha    string `json:"sha" doc:"The commit that it was at, by which it can be restored."`
}

func (in branchDeleteIn) out() branchDeleteOut {
	return branchDeleteOut{Branch: in.Branch, Sha: in.Sha}
}

func (in branchDeleteIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "repo", in.Repo)
}

// deleting is a branch to delete, and what the remote has now.
func (c *client) deleting(ctx context.Context, in branchDeleteIn) (*pushing, *remoteRefs, error) {
	if err := step.CheckBranch(in.Branch); err != nil {
		return nil, nil, err
	}
	r, refs, err := c.lookItself(ctx, in.Service, in.Repo)
	if err != nil {
		return nil, nil, err
	}
	p := &pushing{w: &workspace{}, to: r, branch: in.Branch, hint: stillThere}
	return p, refs, refs.checkNotDefault(in.Branch)
}

// checkNotDefault refuses the default branch, which some servers would delete.
func (from *remoteRefs) checkNotDefault(branch string) error {
	if branch != from.defaultBranch {
		return nil
	}
	return types.Errorf(types.Conflict, "branch %s is the default branch of %s, which is not deleted", branch, nameOf(from.url)).
		WithHint("make another branch the default one first, in the repository's settings")
}

// branchDelete deletes a branch, which the server does only while it is at the commit.
func (c *client) branchDelete(ctx context.Context, in branchDeleteIn) (branchDeleteOut, error) {
	p, _, err := c.deleting(ctx, in)
	if err != nil {
		return branchDeleteOut{}, err
	}
	return in.out(), p.change(ctx, "delete branch "+in.Branch, p.expecting(in.Sha), nil)
}

// expecting expects the branch to be at a commit, or already where it is to be.
func (p *pushing) expecting(sha string) func(*packp.AdvRefs) (plumbing.Hash, error) {
	return func(adv *packp.AdvRefs) (plumbing.Hash, error) {
		now := adv.References[p.ref().String()]
		switch {
		case now.IsZero():
			return now, types.Errorf(types.Conflict, "there is no branch %s any more", p.branch).WithHint("run the same command again")
		case now != p.w.head() && now.String() != sha:
			return now, types.Errorf(types.Conflict, "%s", p.movedFrom(now, sha)).WithHint(lookAgain).With("tip", now.String())
		}
		return now, nil
	}
}

const lookAgain = "see who pushed there, and run the same command again"

func (p *pushing) movedFrom(now plumbing.Hash, sha string) string {
	return "branch " + p.branch + " is at " + short(now) + ", no longer at " + sha[:12]
}

// findDelete looks whether the branch is gone. That is our doing only after we may have
// sent it: nothing is left that could say so.
func (c *client) findDelete(ctx context.Context, _ step.Key, in branchDeleteIn) (step.Found[branchDeleteOut], error) {
	p, refs, err := c.deleting(ctx, in)
	if err != nil {
		return step.Found[branchDeleteOut]{}, err
	}
	now, there := refs.branches[in.Branch]
	switch {
	case there && now.String() == in.Sha:
		return step.Absent[branchDeleteOut](), nil
	case there:
		return step.Ended[branchDeleteOut](in.Branch, p.movedFrom(now, in.Sha), lookAgain), nil
	case step.CallOf(ctx).AfterUnknown:
		return step.Exists(in.Branch, in.out()), nil
	}
	return step.Ended[branchDeleteOut](in.Branch, "there is no branch "+in.Branch+" any more", "run the same command again"), nil
}

// previewDelete shows the branch that goes, and the commit by which it can come back.
func (c *client) previewDelete(ctx context.Context, in branchDeleteIn, unknown step.UnknownPaths) (step.Prediction[branchDeleteOut], error) {
	out := step.Prediction[branchDeleteOut]{Out: in.out(), Unknown: unknown.Of("branch", "sha"), Change: step.Change{Title: "delete a branch"}}
	if !unknown.Has("branch") {
		out.Change.Title = "delete branch " + in.Branch
	}
	if !unknown.Has("sha") {
		out.Change.Fields = []step.FieldChange{{Name: "sha", Value: in.Sha}}
	}
	title, err := c.titleOn(ctx, out.Change.Title, in.Service, in.Repo, unknown)
	out.Change.Title = title
	return out, err
}

// titleOn adds the remote to what a plan says of a change there.
func (c *client) titleOn(ctx context.Context, title, service, repo string, unknown step.UnknownPaths) (string, error) {
	if unknown.Overlaps("repo") || unknown.Overlaps("service") {
		return title, nil
	}
	r, err := c.resolve(ctx, service, repo)
	if err != nil {
		return title, err
	}
	return title + " on " + r.url, nil
}

func describeUndoDelete(_ branchDeleteIn, out branchDeleteOut) string {
	return "restore branch " + out.Branch + " at " + out.Sha[:12]
}

// restoring is the branch to put back.
func (c *client) restoring(ctx context.Context, in branchDeleteIn) (*pushing, error) {
	r, refs, err := c.lookItself(ctx, in.Service, in.Repo)
	if err != nil {
		return nil, err
	}
	p := &pushing{to: r, branch: in.Branch}
	p.backTo(in.Sha)
	if err := refs.checkFree(in.Branch); err != nil {
		return nil, err
	}
	now := refs.branches[in.Branch]
	if leftBy(ctx, in.Branch, now) {
		return p, nil // by a later effect, or the undo is refused when it comes to it
	}
	return p, p.at(now, p.w.head())
}

// backTo aims at a commit that the remote had: nothing of it is sent.
func (p *pushing) backTo(sha string) {
	p.w = &workspace{meta: meta{Head: sha}}
	p.hint = "a hook or a protected branch, or the server has removed the commit meanwhile; nothing was changed. If a clone has commit " + sha + ", push it to the branch from there"
}

// checkUndoDelete says why the branch cannot be restored now: there is another one.
func (c *client) checkUndoDelete(ctx context.Context, _ step.Key, in branchDeleteIn, _ branchDeleteOut) error {
	_, err := c.restoring(ctx, in)
	return err
}

// undoDelete restores the branch, when there is none of that name.
func (c *client) undoDelete(ctx context.Context, _ step.Key, in branchDeleteIn, _ branchDeleteOut) error {
	p, err := c.restoring(ctx, in)
	if err != nil {
		return err
	}
	return p.restore(ctx, "restore branch "+in.Branch, p.still(p.w.head()))
}

// restore points the branch at a commit that the remote had.
func (p *pushing) restore(ctx context.Context, what string, expected func(*packp.AdvRefs) (plumbing.Hash, error)) error {
	if err := p.hasInFolder(p.w.head()); err != nil {
		return err
	}
	return twice(ctx, func() error {
		return p.change(ctx, what, expected, func(context.Context, *packp.AdvRefs) (*bytes.Buffer, error) {
			return packOf(inMemory(), nil)
		})
	})
}

// hasInFolder makes sure that a remote which is a folder has a commit: go-git's server
// takes any, git's own checks.
func (p *pushing) hasInFolder(h plumbing.Hash) error {
	if !isPath(p.to.pushURL) {
		return nil
	}
	sto, err := folderObjects(p.to.pushURL)
	if err == nil && sto.HasEncodedObject(h) != nil {
		err = types.Errorf(types.Forbidden, "%s has commit %s no more", p.to.pushURL, short(h)).WithHint("%s", p.hint)
	}
	return err
}
