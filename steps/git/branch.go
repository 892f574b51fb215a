package git

import (
	"context"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// trailer marks our commits; its value is the effect's key.
const trailer = "Skillrun-Key"

// maxOurs is how many commits above the base are looked through for ours.
const maxOurs = 50

type branchCreateIn struct {
	Workspace string `json:"workspace" doc:"The workspace." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Branch    string `json:"branch" doc:"The branch's name." pattern:"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$"`
	PushRepo  string `json:"push_repo,omitempty" doc:"Where it will be pushed, when that is not the repository itself: a fork." trusted:"true"`
}

type branchCreateOut struct {
	Branch  string `json:"branch" doc:"The branch's name."`
	Base    string `json:"base" doc:"The commit the workspace was checked out at."`
	Tip     string `json:"tip" doc:"The commit the branch points at now."`
	Resumed bool   `json:"resumed" doc:"Whether the branch was there and is ours, so that the workspace goes on from it."`
}

func (c *client) branchCreate(ctx context.Context, in branchCreateIn) (branchCreateOut, error) {
	var out branchCreateOut
	if err := checkBranch(in.Branch); err != nil {
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
	refs, err := push.refs(ctx, push.pushURL)
	if err != nil {
		return out, err
	}
	w.meta.Branch, w.meta.Push, w.meta.Seen, w.meta.Head = in.Branch, in.PushRepo, "", w.meta.Base
	tip, there := refs.branches[in.Branch]
	if there {
		if err := c.goOn(ctx, w, push, tip); err != nil {
			return out, err
		}
	}
	return branchCreateOut{Branch: in.Branch, Base: w.meta.Base, Tip: w.meta.Head, Resumed: there}, w.save()
}

// pushRepo is the repository a workspace's branch is pushed to.
func (c *client) pushRepo(ctx context.Context, w *workspace, spec string) (*repo, error) {
	if spec == "" {
		return w.repo, nil
	}
	r, err := c.open(ctx, w.meta.Service, spec)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// goOn takes up a branch that is there: ours, with the work's key on its tip.
func (c *client) goOn(ctx context.Context, w *workspace, push *repo, tip plumbing.Hash) error {
	commit, err := c.bringTip(ctx, w, push, tip)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(keyOf(commit), step.CallOf(ctx).Key.Work+"-") {
		return types.Errorf(types.Conflict, "branch %s is there and is not ours: its tip %s is by %s", w.meta.Branch, tip.String()[:12], commit.Author.Name).
			WithHint("delete it, or make new work of it with --again 1").With("tip", tip.String())
	}
	w.meta.Seen, w.meta.Head = tip.String(), tip.String()
	for _, name := range w.meta.Files {
		f, err := lookUp(w.objects, tip, name)
		if err != nil {
			return readError("read "+name, push.url, err)
		}
		if err := w.lay(f); err != nil {
			return err
		}
	}
	return nil
}

// bringTip fetches a branch's tip with its files.
func (c *client) bringTip(ctx context.Context, w *workspace, push *repo, tip plumbing.Hash) (*object.Commit, error) {
	if _, err := w.files(tip); err != nil {
		t, ep, auth, err := push.transport(ctx, push.pushURL)
		if err != nil {
			return nil, err
		}
		if err := fetchFrom(ctx, t, ep, auth, push.pushURL, w.repo.trees, []plumbing.Hash{tip}, w.repo.haves(), 0, ""); err != nil {
			return nil, err
		}
		if _, err := w.files(tip); err != nil {
			return nil, readError("read branch "+w.meta.Branch, push.url, err)
		}
	}
	return object.GetCommit(w.objects, tip)
}

// files returns the blobs of the workspace's files at a commit, zero where
// there is none.
func (w *workspace) files(commit plumbing.Hash) ([]plumbing.Hash, error) {
	c, err := object.GetCommit(w.objects, commit)
	if err != nil {
		return nil, err
	}
	out := make([]plumbing.Hash, len(w.meta.Files))
	for i, name := range w.meta.Files {
		entry, err := findEntry(w.objects, c.TreeHash, name)
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

// findKey looks for our commit with exactly this key, from head down to the
// base.
func findKey(sto storer.EncodedObjectStorer, head, base plumbing.Hash, key string) *object.Commit {
	for range maxOurs {
		if head == base {
			return nil
		}
		c, err := object.GetCommit(sto, head)
		if err != nil || len(c.ParentHashes) == 0 {
			return nil
		}
		if keyOf(c) == key {
			return c
		}
		head = c.ParentHashes[0]
	}
	return nil
}
