package git

import (
	"context"
	"fmt"
	"math"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

// previewCommit shows the change of a commit whose message is not known yet.
// Behind a step that was left out, its files are not known either.
func (c *client) previewCommit(ctx context.Context, in commitIn, unknown step.UnknownPaths) (step.Prediction[commitOut], error) {
	out := step.Prediction[commitOut]{Change: step.Change{Title: "commit"}, Unknown: step.UnknownPaths{""}}
	if unknown.Has("workspace") {
		return out, nil
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	if !step.CallOf(ctx).Unprepared {
		patches, err := w.pending(ctx, w.start())
		if err != nil {
			return out, err
		}
		files := filesOf(patches)
		out.Out, out.Unknown = commitOut{Files: files}, step.UnknownPaths{"sha", "short", "objects"}
		out.Change.Title = fmt.Sprintf("commit %d %s", len(files), plural("file", len(files)))
		out.Change.Diff, _ = unified(patches, math.MaxInt)
	}
	if w.meta.Branch != "" {
		out.Change.Title += " on " + w.meta.Branch
	}
	return out, nil
}

func plural(noun string, n int) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// previewPush shows what the branch would change: the workspace's files as they
// are now, committed or not. The commit's SHA is not told: it holds the time of
// the run that makes it. Behind an edit that was left out, no change is shown:
// it would not be what is pushed.
func (c *client) previewPush(ctx context.Context, in pushIn, unknown step.UnknownPaths) (step.Prediction[pushOut], error) {
	out := step.Prediction[pushOut]{Change: step.Change{Title: "push a branch"}, Unknown: step.UnknownPaths{""}}
	if in.Branch != "" && !unknown.Has("branch") {
		out.Change.Title = "push branch " + in.Branch
		out.Out, out.Unknown = pushOut{Branch: in.Branch}, step.UnknownPaths{"sha", "remote"}
	}
	if unknown.Has("workspace") || unknown.Has("repo") || unknown.Has("branch") {
		return out, nil
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, nil // it is not made in this plan: what is known is shown
	}
	p, err := c.preparePush(ctx, w, in)
	if err != nil {
		return out, err
	}
	out.Out, out.Unknown = pushOut{Branch: p.branch, Remote: p.to.pushURL}, step.UnknownPaths{"sha"}
	out.Change.Title = fmt.Sprintf("push branch %s to %s", p.branch, p.to.pushURL)
	if w.meta.Seen == "" {
		out.Change.Title += " (new branch)" // or the push stops: it does not replace one
	} else {
		out.Change.Title += " (moves it from " + w.meta.Seen[:12] + ")"
	}
	if step.CallOf(ctx).Unprepared {
		return out, nil
	}
	patches, err := w.pending(ctx, w.base())
	if err != nil {
		return out, err
	}
	out.Change.Diff, _ = unified(patches, math.MaxInt)
	return out, nil
}

// pending is what the workspace's files, and the commits that were applied there, change
// against one of its commits. The objects that it takes are made in the workspace; no
// reference or commit names them.
func (w *workspace) pending(ctx context.Context, from plumbing.Hash) ([]*filePatch, error) {
	edits, err := w.edits(ctx)
	if err != nil {
		return nil, err
	}
	tree, err := (&builder{sto: w.objects}).treeWithEdits(w.start(), edits)
	if err != nil {
		return nil, w.broken(err)
	}
	if w.start() != w.base() {
		return w.againstRemote(ctx, from, tree)
	}
	w.meta.Files = pathsOf(edits)
	return w.against(ctx, tree)
}

// againstRemote compares a tree with that of a commit. What the applied commits brought was
// not read as long as nobody wanted to see it.
func (w *workspace) againstRemote(ctx context.Context, from, tree plumbing.Hash) ([]*filePatch, error) {
	refs, err := w.repo.refs(ctx, w.repo.url)
	if err != nil {
		return nil, err
	}
	var patches []*filePatch
	err = w.repo.retryDamaged(ctx, func() error {
		before, err := object.GetCommit(w.objects, from)
		if err != nil {
			return err
		}
		view, of := w.view(), []plumbing.Hash{w.base()}
		list, err := view.changesOf(ctx, refs, of, folders{from: before.TreeHash, to: tree}, nil)
		if err != nil {
			return err
		}
		patches, err = view.patches(ctx, refs, of, list, committing)
		return err
	})
	return patches, w.broken(err)
}
