package git

import (
	"context"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
)

// previewCommit shows the change of a commit whose message is not known yet.
func (c *client) previewCommit(ctx context.Context, in commitIn, unknown step.UnknownPaths) (step.Prediction[commitOut], error) {
	out := step.Prediction[commitOut]{Change: step.Change{Title: "commit"}, Unknown: step.UnknownPaths{""}}
	if unknown.Has("workspace") {
		return out, nil
	}
	if !unknown.Has("message") {
		if err := checkMessage(in.Message); err != nil {
			return out, err
		}
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	edits, err := w.edits()
	if err != nil {
		return out, err
	}
	files := w.changed(func(name string) string { return string(edits[name].text) })
	out.Out, out.Unknown = commitOut{Files: files}, step.UnknownPaths{"sha", "short", "objects"}
	out.Change.Title = fmt.Sprintf("commit %d %s", len(files), plural("file", len(files)))
	if w.meta.Branch != "" {
		out.Change.Title += " on " + w.meta.Branch
	}
	out.Change.Diff, err = w.pending(edits)
	return out, err
}

func plural(noun string, n int) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// previewPush shows what the branch would change: the workspace's files as they
// are now, committed or not. The commit's SHA is not told: it holds the time of
// the run that makes it.
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
	p, err := c.towards(ctx, w, in)
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
	edits, err := w.edits()
	if err != nil {
		return out, err
	}
	out.Change.Diff, err = w.pending(edits)
	return out, err
}

// pending is what edits change, as a unified diff against the base. The objects
// that it takes are made in the workspace; no reference or commit names them.
func (w *workspace) pending(edits map[string]edit) (string, error) {
	base, err := object.GetCommit(w.objects, w.base())
	if err != nil {
		return "", w.broken(err)
	}
	hash, err := (&builder{sto: w.objects}).over(w.base(), edits)
	if err != nil {
		return "", w.broken(err)
	}
	before, err := base.Tree()
	if err != nil {
		return "", w.broken(err)
	}
	after, err := object.GetTree(w.objects, hash)
	if err != nil {
		return "", w.broken(err)
	}
	patch, err := before.Patch(after)
	if err != nil {
		return "", w.broken(err)
	}
	return patch.String(), nil
}
