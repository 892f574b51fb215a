package git

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func describeUndoPush(_ pushIn, out pushOut) string {
	return "delete branch " + out.Branch + " on " + out.Remote
}

// unpushing is the branch to delete, and the commit that we left it at.
func (c *client) unpushing(ctx context.Context, out pushOut) (*pushing, plumbing.Hash, error) {
	sha, err := checkSHA("sha", out.Sha)
	if err == nil {
		err = step.CheckBranch(out.Branch)
	}
	if err != nil {
		return nil, sha, err
	}
	r, err := c.resolve(ctx, c.serviceFor(out.Remote), out.Remote)
	if err != nil {
		return nil, sha, err
	}
	return &pushing{w: &workspace{}, to: r, branch: out.Branch, hint: stillThere}, sha, nil
}

// checkUndoPush says why the branch cannot be deleted now: someone has pushed to it.
func (c *client) checkUndoPush(ctx context.Context, _ step.Key, _ pushIn, out pushOut) error {
	p, sha, err := c.unpushing(ctx, out)
	if err != nil {
		return err
	}
	from, err := p.to.refs(ctx, p.to.pushURL)
	if err != nil {
		return err
	}
	if now := from.branches[p.branch]; !leftBy(ctx, p.branch, now) {
		return p.at(now, sha)
	}
	return nil
}

// leftBy reports whether an effect of this run left a branch at a commit: what a run made
// last is taken back first.
func leftBy(ctx context.Context, branch string, at plumbing.Hash) bool {
	return madeBy(ctx, branch, at.String(), "git_push", "git_branch_update")
}

// deletedBy reports whether an effect of this run deleted a branch at a commit.
func deletedBy(ctx context.Context, branch, sha string) bool {
	return madeBy(ctx, branch, sha, "git_branch_delete")
}

// madeBy reports whether an effect of this run, by one of some steps, names a branch and
// a commit.
func madeBy(ctx context.Context, branch, sha string, steps ...string) bool {
	results := step.CallOf(ctx).Results
	for _, name := range steps {
		if results != nil && slices.ContainsFunc(results(name), func(r step.Result) bool {
			return r.Out["branch"] == branch && r.Out["sha"] == sha
		}) {
			return true
		}
	}
	return false
}

// undoPush deletes the branch, as long as it is where we left it.
func (c *client) undoPush(ctx context.Context, _ step.Key, _ pushIn, out pushOut) error {
	p, sha, err := c.unpushing(ctx, out)
	if err != nil {
		return err
	}
	return p.drop(ctx, sha)
}

// stillThere is the hint of a branch that the server does not let us delete.
const stillThere = "the branch is still there: a hook or a protected branch keeps it; ask someone who has permission to delete it"

// drop deletes the branch or the tag.
func (p *pushing) drop(ctx context.Context, sha plumbing.Hash) error {
	return twice(ctx, func() error { return p.change(ctx, "delete "+p.ref().Short(), p.still(sha), nil) })
}

// twice reverses a change. When an answer is lost, or the branch moved in between, a
// second look tells: gone is what was wanted, and a branch that is still ours is asked
// for once more.
func twice(ctx context.Context, change func() error) error {
	first := change()
	code := types.CodeOf(first)
	if code != types.Conflict && code != types.UnknownOutcome || ctx.Err() != nil {
		return first
	}
	second := change()
	if second == nil || types.CodeOf(second) == types.Conflict {
		return second
	}
	return first
}

// still expects the branch to be at a commit, or gone.
func (p *pushing) still(sha plumbing.Hash) func(*packp.AdvRefs) (plumbing.Hash, error) {
	return func(adv *packp.AdvRefs) (plumbing.Hash, error) {
		now := adv.References[p.ref().String()]
		return now, p.at(now, sha)
	}
}

// at refuses a branch that is neither gone nor where we left it.
func (p *pushing) at(now, sha plumbing.Hash) error {
	if now.IsZero() || now == sha {
		return nil
	}
	return types.Errorf(types.Conflict, "%s is at %s, no longer at this run's commit %s", p.kind()+" "+p.ref().Short(), short(now), short(sha)).
		WithHint("see who pushed there, and delete it by hand when it may go").With("tip", now.String())
}

// serviceFor is the name of the service whose token goes to a remote.
func (c *client) serviceFor(remote string) string {
	for _, name := range types.SortedKeys(c.o.Services) {
		if c.o.Services[name].home(remote) {
			return name
		}
	}
	return ""
}

// resolvePush reads back the branch that a person says is pushed. Its tip has to
// be our commit, or one with the same files on the same base.
func (c *client) resolvePush(ctx context.Context, ref string, in pushIn) (pushOut, error) {
	p, err := c.pushing(ctx, in)
	if err != nil {
		return pushOut{}, err
	}
	from, err := p.to.refs(ctx, p.to.pushURL)
	if err != nil {
		return pushOut{}, err
	}
	now, there := from.branches[p.branch]
	if !there {
		return pushOut{}, types.Errorf(types.NotFound, "there is no branch %s on %s", p.branch, p.to.pushURL).
			WithHint("use --not-done if it was never pushed")
	}
	if ref != p.branch && ref != now.String() {
		return pushOut{}, types.Errorf(types.Conflict, "branch %s is at %s, not at %q", p.branch, now, ref).
			WithHint("name the commit that it is at, or the branch")
	}
	if now != p.w.head() {
		if err := p.equals(ctx, from, now); err != nil {
			return pushOut{}, err
		}
	}
	out := p.out()
	out.Sha = now.String()
	return out, p.pushed()
}

// equals refuses a tip that is not what this run made.
func (p *pushing) equals(ctx context.Context, from *remoteRefs, now plumbing.Hash) error {
	if _, err := p.w.ensureChain(ctx, p.to, from, now); err != nil {
		return err
	}
	theirs, err := object.GetCommit(p.w.objects, now)
	if err != nil {
		return readError("read "+short(now), p.to.pushURL, err)
	}
	ours, err := object.GetCommit(p.w.objects, p.w.head())
	if err != nil {
		return p.w.broken(err)
	}
	if theirs.TreeHash == ours.TreeHash && fmt.Sprint(theirs.ParentHashes) == fmt.Sprint(ours.ParentHashes) {
		return nil
	}
	return types.Errorf(types.Conflict, "branch %s is at %s, which holds other changes than this run's %s", p.branch, short(now), short(p.w.head())).
		WithHint("delete the branch and use --not-done, or start new work with --again 1")
}
