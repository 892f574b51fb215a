package git

import (
	"context"
	"fmt"
	"math"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type branchUpdateIn struct {
	Workspace string `json:"workspace" workspace:"true" doc:"The workspace whose commit the branch gets. The branch is that of the remote which the workspace was made from." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Branch    string `json:"branch" doc:"The branch's name. The default branch only moves forward." format:"git-branch"`
	Expect    string `json:"expect" doc:"The commit that it was looked at: a branch that has moved since stays where it is." pattern:"^[0-9a-f]{40}$"`
}

type branchUpdateOut struct {
	Branch string `json:"branch" doc:"The branch."`
	Sha    string `json:"sha" doc:"The commit it points at now."`
	Remote string `json:"remote" doc:"The remote it is on."`
}

// moving is the branch to move to a workspace's commit.
func (c *client) moving(ctx context.Context, in branchUpdateIn) (*pushing, error) {
	if err := step.CheckBranch(in.Branch); err != nil {
		return nil, err
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	return &pushing{w: w, to: w.repo.itself(), branch: in.Branch, hint: "a hook, a push rule or a protected branch; the branch is where it was. Ask someone who may move it"}, nil
}

func (p *pushing) moved() branchUpdateOut {
	return branchUpdateOut{Branch: p.branch, Sha: p.w.meta.Head, Remote: p.to.pushURL}
}

// branchUpdate moves a branch, which the server does only while it is at the commit.
func (c *client) branchUpdate(ctx context.Context, in branchUpdateIn) (branchUpdateOut, error) {
	p, err := c.moving(ctx, in)
	if err != nil {
		return branchUpdateOut{}, err
	}
	refs, err := p.to.pushRefs(ctx) // who takes pushes does not say which branch is the default one
	if err != nil {
		return branchUpdateOut{}, err
	}
	if err := p.checkForward(refs, in.Expect); err != nil {
		return branchUpdateOut{}, err
	}
	return p.moved(), p.change(ctx, "move branch "+in.Branch, p.expecting(in.Expect), p.pack)
}

// checkForward refuses to take commits off the default branch, on which others build.
func (p *pushing) checkForward(from *remoteRefs, expect string) error {
	chain, _ := p.w.chain(p.w.head())
	at := plumbing.NewHash(expect)
	if p.branch != from.defaultBranch || at == p.w.base() || indexOf(chain, at) >= 0 {
		return nil
	}
	return types.Errorf(types.Conflict, "branch %s is the default branch of %s, and %s is not based on its commit %s", p.branch, nameOf(from.url), short(p.w.head()), short(at)).
		WithHint("push another branch and open a merge request")
}

// findUpdate looks at the branch: at our commit, where it was looked at, or elsewhere.
func (c *client) findUpdate(ctx context.Context, _ step.Key, in branchUpdateIn) (step.Found[branchUpdateOut], error) {
	var none step.Found[branchUpdateOut]
	p, err := c.moving(ctx, in)
	if err != nil {
		return none, err
	}
	refs, err := p.to.pushRefs(ctx)
	if err != nil {
		return none, err
	}
	now, there := refs.branches[in.Branch]
	switch {
	case !there:
		return step.Ended[branchUpdateOut](in.Branch, "there is no branch "+in.Branch+" any more", "run the same command again"), nil
	case now == p.w.head():
		return step.Exists(in.Branch, p.moved()), nil
	case now.String() == in.Expect:
		return step.Absent[branchUpdateOut](), p.checkForward(refs, in.Expect)
	}
	chain, err := p.w.ensureChain(ctx, p.to, refs, now)
	if err == nil && indexOf(chain, p.w.head()) > 0 {
		return step.Exists(in.Branch, p.moved()), nil // somebody pushed above it
	}
	return step.Ended[branchUpdateOut](in.Branch, p.movedFrom(now, in.Expect), lookAgain), err
}

// previewUpdate shows from where the branch moves, and what the workspace's commits
// change on their base. The new commit's SHA is not told; see previewPush.
func (c *client) previewUpdate(ctx context.Context, in branchUpdateIn, unknown step.UnknownPaths) (step.Prediction[branchUpdateOut], error) {
	out := step.Prediction[branchUpdateOut]{Change: step.Change{Title: "move a branch"}, Unknown: step.UnknownPaths{""}}
	if !unknown.Has("branch") {
		out.Change.Title = "move branch " + in.Branch
		out.Out, out.Unknown = branchUpdateOut{Branch: in.Branch}, step.UnknownPaths{"sha", "remote"}
	}
	if !unknown.Has("expect") {
		out.Change.Fields = []step.FieldChange{{Name: "expect", Value: in.Expect}}
	}
	if unknown.Has("workspace") || unknown.Has("branch") {
		return out, nil
	}
	p, err := c.moving(ctx, in)
	if err != nil {
		return out, nil // it is not made in this plan: what is known is shown
	}
	out.Out, out.Unknown = branchUpdateOut{Branch: p.branch, Remote: p.to.pushURL}, step.UnknownPaths{"sha"}
	out.Change.Title = fmt.Sprintf("move branch %s of %s", p.branch, p.to.pushURL)
	if step.CallOf(ctx).Unprepared {
		return out, nil
	}
	patches, err := p.w.pending(ctx, p.w.base())
	if err != nil {
		return out, err
	}
	out.Change.Diff, _ = unified(patches, math.MaxInt)
	return out, nil
}

func describeUndoUpdate(in branchUpdateIn, out branchUpdateOut) string {
	return "move branch " + out.Branch + " of " + out.Remote + " back to " + in.Expect[:12]
}

// movingBack is the branch to move back to where it was looked at.
func (c *client) movingBack(ctx context.Context, in branchUpdateIn, out branchUpdateOut) (*pushing, error) {
	r, err := c.resolve(ctx, c.serviceFor(out.Remote), out.Remote)
	if err != nil {
		return nil, err
	}
	p := &pushing{to: r, branch: out.Branch}
	p.backTo(in.Expect)
	return p, nil
}

// checkUndoUpdate says why the branch cannot be moved back now: someone has pushed to it.
func (c *client) checkUndoUpdate(ctx context.Context, _ step.Key, in branchUpdateIn, out branchUpdateOut) error {
	p, err := c.movingBack(ctx, in, out)
	if err != nil {
		return err
	}
	refs, err := p.to.pushRefs(ctx)
	if err != nil {
		return err
	}
	now := refs.branches[p.branch]
	if leftBy(ctx, p.branch, now) || now.IsZero() && deletedBy(ctx, p.branch, out.Sha) {
		return nil
	}
	adv := packp.NewAdvRefs()
	adv.References[p.ref().String()] = now
	_, err = p.expecting(out.Sha)(adv)
	return err
}

// undoUpdate moves the branch back, as long as it is where we left it.
func (c *client) undoUpdate(ctx context.Context, _ step.Key, in branchUpdateIn, out branchUpdateOut) error {
	p, err := c.movingBack(ctx, in, out)
	if err != nil {
		return err
	}
	return p.restore(ctx, "move branch "+p.branch+" back", p.expecting(out.Sha))
}
