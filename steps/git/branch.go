package git

import (
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// trailer marks our commits; its value is the effect's key.
const trailer = "Skillrun-Key"

type branchCreateIn struct {
	Workspace string `json:"workspace" workspace:"true" doc:"The workspace." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Branch    string `json:"branch" doc:"The branch's name." format:"git-branch"`
	PushRepo  string `json:"push_repo,omitempty" doc:"The repository that it will be pushed to, if that is a fork." trusted:"true"`
}

func (in branchCreateIn) check(unknown step.UnknownPaths) error {
	return checkRepo(unknown, "push_repo", in.PushRepo)
}

type branchCreateOut struct {
	Branch  string `json:"branch" doc:"The branch's name."`
	Base    string `json:"base" doc:"The commit the workspace was checked out at."`
	Tip     string `json:"tip" doc:"The commit the branch points at now."`
	Resumed bool   `json:"resumed" doc:"Whether the branch existed and was made by the same work, so that the workspace continues from it."`
}

func (c *client) branchCreate(ctx context.Context, in branchCreateIn) (branchCreateOut, error) {
	var out branchCreateOut
	if err := step.CheckBranch(in.Branch); err != nil {
		return out, err
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	push, err := c.pushRepo(ctx, w, in.PushRepo)
	if err != nil {
		return out, err
	}
	refs, err := push.pushRefs(ctx)
	if err != nil {
		return out, err
	}
	w.meta.Branch, w.meta.Push, w.meta.Seen, w.meta.Head = in.Branch, in.PushRepo, "", w.start().String()
	tip, there := refs.branches[in.Branch]
	if err := refs.checkFree(in.Branch); err != nil {
		return out, err
	}
	if !there {
		return branchCreateOut{Branch: in.Branch, Base: w.meta.Base, Tip: w.meta.Head}, w.save()
	}
	if err := w.repo.retryDamaged(ctx, func() error { return w.continueFrom(ctx, push, refs, tip) }); err != nil {
		return out, err
	}
	return branchCreateOut{Branch: in.Branch, Base: w.meta.Base, Tip: tip.String(), Resumed: true}, w.save()
}

// continueFrom takes up a branch that is there and holds our work. The files stay
// those of the base: the steps edit them as they did the first time, and
// git_commit finds what they came to among the branch's commits.
func (w *workspace) continueFrom(ctx context.Context, push *repo, from *remoteRefs, tip plumbing.Hash) error {
	chain, err := w.ensureChain(ctx, push, from, tip)
	if err != nil {
		return err
	}
	ours := ownWork(chain, step.CallOf(ctx).Key.Work)
	if applied := w.start() != w.base(); !applied && len(ours) == 0 || applied && !w.takeUp(chain, ours) {
		return types.Errorf(types.Conflict, "branch %s exists and is not from this work: its tip %s is by %s", w.meta.Branch, short(tip), authorOf(chain)).
			WithHint("delete it, or start new work with --again 1").With("tip", tip.String())
	}
	w.meta.Seen = tip.String()
	for _, c := range ours {
		for _, h := range []plumbing.Hash{c.Hash, c.ParentHashes[0]} {
			if err := push.ensureFiles(ctx, from, h, w.meta.Files); err != nil {
				return err
			}
			if err := w.keep(h, w.meta.Files); err != nil {
				return err
			}
		}
	}
	for _, c := range chain {
		if err := w.keepObject(c.Hash); err != nil {
			return w.broken(err)
		}
	}
	return nil
}

// takeUp takes up a branch that holds the commits which were applied here, made by an
// earlier run of the same work, and nothing above them but our own.
func (w *workspace) takeUp(chain, ours []*object.Commit) bool {
	applied, _ := w.chain(w.start())
	above := len(chain) - len(applied)
	if above != len(ours) || !slices.EqualFunc(chain[above:], applied, sameCommit) || !slices.Contains(chain[len(chain)-1].ParentHashes, w.base()) {
		return false
	}
	there := chain[above:]
	w.meta.Start = there[0].Hash.String()
	w.meta.Head = w.meta.Start
	return true
}

// sameCommit reports whether two commits differ at most in who committed them, and when.
func sameCommit(a, b *object.Commit) bool {
	return a.TreeHash == b.TreeHash && a.Message == b.Message && a.Author.Name == b.Author.Name && a.Author.Email == b.Author.Email && a.Author.When.Equal(b.Author.When)
}

// ensureChain returns the newest commits of a branch, down to the base.
func (w *workspace) ensureChain(ctx context.Context, push *repo, from *remoteRefs, tip plumbing.Hash) ([]*object.Commit, error) {
	if chain, whole := w.chain(tip); whole {
		return chain, nil
	}
	if err := push.ensureChain(ctx, from, tip); err != nil {
		return nil, err
	}
	chain, _ := w.chain(tip)
	if len(chain) == 0 && tip != w.base() {
		return nil, types.Errorf(types.Unavailable, "the remote %s did not send commit %s", nameOf(from.url), tip).WithHint("%s", goOn)
	}
	return chain, nil
}

// chain follows first parents from a commit to the base, which is not in it,
// for at most maxOurs commits. whole is false when one was not available.
func (w *workspace) chain(tip plumbing.Hash) (chain []*object.Commit, whole bool) {
	for h := tip; h != w.base() && len(chain) < maxOurs; {
		c, err := object.GetCommit(w.objects, h)
		if err != nil {
			return chain, false
		}
		chain = append(chain, c)
		if len(c.ParentHashes) == 0 {
			break
		}
		h = c.ParentHashes[0]
	}
	return chain, true
}

// ownWork are the commits of a chain that carry a key of this work.
func ownWork(chain []*object.Commit, work string) []*object.Commit {
	return slices.DeleteFunc(slices.Clone(chain), func(c *object.Commit) bool {
		return len(c.ParentHashes) == 0 || !strings.HasPrefix(keyOf(c), work+"-")
	})
}

func indexOf(chain []*object.Commit, h plumbing.Hash) int {
	return slices.IndexFunc(chain, func(c *object.Commit) bool { return c.Hash == h })
}

// authorOf names who made the newest commit of a chain.
func authorOf(chain []*object.Commit) string {
	if len(chain) == 0 {
		return "whoever made the base"
	}
	return chain[0].Author.Name
}

// files returns the blobs of paths at a commit, zero where there is none.
func (w *workspace) files(commit plumbing.Hash, paths []string) ([]plumbing.Hash, error) {
	out := make([]plumbing.Hash, len(paths))
	for i, name := range paths {
		entry, err := entryAt(w.objects, commit, name)
		if err != nil {
			return nil, err
		}
		if entry != nil {
			out[i] = entry.Hash
		}
	}
	return out, nil
}

// keyOf returns the key in a commit's trailer, "" when it has none.
func keyOf(c *object.Commit) string {
	lines := strings.Split(strings.TrimRight(c.Message, "\n"), "\n")
	key, _ := strings.CutPrefix(lines[len(lines)-1], trailer+": ")
	if key == lines[len(lines)-1] {
		return ""
	}
	return key
}
