package git

import (
	"cmp"
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type pushIn struct {
	Workspace string `json:"workspace" workspace:"true" doc:"The workspace whose commit is pushed." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Repo      string `json:"repo,omitempty" doc:"The repository to push to, if that is a fork." trusted:"true"`
	Branch    string `json:"branch,omitempty" doc:"The branch; without it the one of git_branch_create." format:"git-branch"`
	// Cosmetic: what is watched does not make it another push.
	Watch []string `json:"watch,omitempty" doc:"Files that must not have changed on the default branch since the checkout; by default those of the workspace." cosmetic:"true"`
}

type pushOut struct {
	Branch string `json:"branch" doc:"The branch."`
	Sha    string `json:"sha" doc:"The commit it points at."`
	Remote string `json:"remote" doc:"The remote it is on."`
}

// preparePush says which branch of which remote a push is to.
func (c *client) preparePush(ctx context.Context, w *workspace, in pushIn) (*pushing, error) {
	p := &pushing{w: w, branch: cmp.Or(in.Branch, w.meta.Branch)}
	if p.branch == "" {
		return nil, types.Errorf(types.BadInput, "the workspace %s has no branch", in.Workspace).WithHint("name one with git_branch_create before, or in branch")
	}
	if err := step.CheckBranch(p.branch); err != nil {
		return nil, err
	}
	var err error
	p.to, err = c.pushRepo(ctx, w, cmp.Or(in.Repo, w.meta.Push))
	return p, err
}

func (p *pushing) out() pushOut {
	return pushOut{Branch: p.branch, Sha: p.w.meta.Head, Remote: p.to.pushURL}
}

func (in pushIn) check(unknown step.UnknownPaths) error {
	return cmp.Or(checkRepo(unknown, "repo", in.Repo), checkPaths(in.Watch...))
}

func (c *client) push(ctx context.Context, in pushIn) (pushOut, error) {
	watch := in.Watch
	p, err := c.pushing(ctx, in)
	if err != nil {
		return pushOut{}, err
	}
	if len(watch) == 0 {
		watch = p.w.meta.Files
	}
	if err := p.checkUnmoved(ctx, watch); err != nil {
		return pushOut{}, err
	}
	if err := p.change(ctx, "push "+p.branch, p.expected, p.pack); err != nil {
		return pushOut{}, err
	}
	return p.out(), p.pushed()
}

// pushed notes that the branch is at the head now, for the workspace's next push.
func (p *pushing) pushed() error {
	p.w.meta.Branch, p.w.meta.Seen = p.branch, p.w.meta.Head
	return p.w.save()
}

// checkUnmoved refuses to push when one of the files was changed on the default branch
// since the checkout: what was checked is no longer what would be edited.
func (p *pushing) checkUnmoved(ctx context.Context, watch []string) error {
	r := p.w.repo
	from, err := r.refs(ctx, r.url)
	if err != nil {
		return err
	}
	tip := from.branches[from.defaultBranch]
	if tip == p.w.base() || tip.IsZero() {
		return nil
	}
	var blobs [2][]plumbing.Hash
	for i, commit := range []plumbing.Hash{p.w.base(), tip} {
		err := r.retryDamaged(ctx, func() (err error) {
			if err = r.ensureFiles(ctx, from, commit, watch); err == nil {
				blobs[i], err = p.w.files(commit, watch)
			}
			return err
		})
		if err != nil {
			return readError("read history", r.url, err)
		}
	}
	for i, name := range watch {
		if blobs[0][i] != blobs[1][i] {
			return types.Errorf(types.Conflict, "%s was changed on %s after this run read it", name, from.defaultBranch).
				WithHint("run the same command again").With("commit", tip.String())
		}
	}
	return nil
}

// findPush looks at the branch: ours at our commit, not there, or someone else's.
func (c *client) findPush(ctx context.Context, key step.Key, in pushIn) (step.Found[pushOut], error) {
	var none step.Found[pushOut]
	p, err := c.pushing(ctx, in)
	if err != nil {
		return none, err
	}
	from, err := p.to.pushRefs(ctx)
	if err != nil {
		return none, err
	}
	if err := from.checkFree(p.branch); err != nil {
		return none, err
	}
	now, there := from.branches[p.branch]
	switch {
	case there && now == p.w.head():
		return step.Exists(p.branch, p.out()), p.pushed()
	case !there && p.w.meta.Seen == "":
		return step.Absent[pushOut](), nil
	case !there:
		return step.Ended[pushOut](p.branch, "branch "+p.branch+" was deleted since this run looked",
			"run the same command again to push it again"), nil
	}
	chain, err := p.w.ensureChain(ctx, p.to, from, now)
	if err != nil {
		return none, err
	}
	return p.compare(key, now, chain), nil
}

// compare says what a branch that is somewhere else, with this chain, is to this push.
func (p *pushing) compare(key step.Key, now plumbing.Hash, chain []*object.Commit) step.Found[pushOut] {
	at := fmt.Sprintf("branch %s is at %s by %s", p.branch, short(now), authorOf(chain))
	ours := ownWork(chain, key.Work)
	switch above := indexOf(chain, p.w.head()); {
	case above > 0 && len(ownWork(chain[:above], key.Work)) == above:
		return step.Exists(p.branch, p.out()) // with later work of ours above it
	case above > 0:
		return step.Ended[pushOut](p.branch, at+", above our commit "+short(p.w.head()),
			"remove that commit from the branch, or start new work with --again 1")
	case now.String() == p.w.meta.Seen && p.w.continues():
		return step.Absent[pushOut]()
	case len(ours) > 0:
		return step.Drifted(p.branch, p.out(), fmt.Sprintf("the branch is at %s, this run made %s", short(now), short(p.w.head())))
	}
	return step.Ended[pushOut](p.branch, at+", which is not from this work", "delete the branch, or start new work with --again 1")
}
