package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/revlist"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/step/outcome"
	"github.com/skillrun/skillrun/engine/types"
)

type pushIn struct {
	Workspace string `json:"workspace" doc:"The workspace whose commit is pushed." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Repo      string `json:"repo,omitempty" doc:"Where to, when that is not the repository itself: a fork." trusted:"true"`
	Branch    string `json:"branch,omitempty" doc:"The branch; without it the one of git_branch_create." pattern:"^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$"`
}

type pushOut struct {
	Branch string `json:"branch" doc:"The branch."`
	Sha    string `json:"sha" doc:"The commit it points at."`
	Remote string `json:"remote" doc:"The remote it is on."`
}

// pushing is one push, resolved.
type pushing struct {
	w      *workspace
	to     *repo
	branch string
	ref    plumbing.ReferenceName
}

func (c *client) pushing(ctx context.Context, in pushIn) (*pushing, error) {
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	p := &pushing{w: w, branch: in.Branch}
	if p.branch == "" {
		p.branch = w.meta.Branch
	}
	if p.branch == "" {
		return nil, types.Errorf(types.BadInput, "the workspace %s has no branch; git_branch_create names one", in.Workspace)
	}
	if err := checkBranch(p.branch); err != nil {
		return nil, err
	}
	p.ref = plumbing.NewBranchReferenceName(p.branch)
	if w.meta.Head == w.meta.Base {
		return nil, types.Errorf(types.Conflict, "the workspace %s has no commit to push", in.Workspace)
	}
	p.to, err = c.pushRepo(ctx, w, in.Repo)
	return p, err
}

func (p *pushing) out() pushOut {
	return pushOut{Branch: p.branch, Sha: p.w.meta.Head, Remote: p.to.pushURL}
}

func (c *client) push(ctx context.Context, in pushIn) (pushOut, error) {
	p, err := c.pushing(ctx, in)
	if err != nil {
		return pushOut{}, err
	}
	if err := p.unmoved(ctx); err != nil {
		return pushOut{}, err
	}
	if err := p.send(ctx); err != nil {
		return pushOut{}, err
	}
	return p.out(), nil
}

// unmoved refuses to push when somebody changed one of the files on the
// default branch since the workspace was checked out: what was checked is then
// no longer what would be edited.
func (p *pushing) unmoved(ctx context.Context) error {
	r := p.w.repo
	refs, err := r.refs(ctx, r.url)
	if err != nil {
		return err
	}
	tip := refs.branches[refs.defaultBranch]
	if tip == p.w.base() || tip.IsZero() {
		return nil
	}
	if err := r.bringTree(ctx, refs, tip); err != nil {
		return err
	}
	then, err := p.w.files(p.w.base())
	if err != nil {
		return readError("read history", r.url, err)
	}
	now, err := p.w.files(tip)
	if err != nil {
		return readError("read history", r.url, err)
	}
	for i, name := range p.w.meta.Files {
		if then[i] != now[i] {
			return types.Errorf(types.Conflict, "%s was changed on %s since this run looked: somebody moved production", name, refs.defaultBranch).
				WithHint("run the same command again: it looks anew").With("commit", tip.String())
		}
	}
	return nil
}

// send sends one reference update and a pack of just the new objects.
func (p *pushing) send(ctx context.Context) error {
	what := "push " + p.branch
	t, ep, auth, err := p.to.transport(ctx, p.to.pushURL)
	if err != nil {
		return err
	}
	session, err := t.NewReceivePackSession(ep, auth)
	if err != nil {
		return readError(what, p.to.pushURL, err)
	}
	defer session.Close()
	adv, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		adv, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		return readError(what, p.to.pushURL, err) // nothing was sent
	}
	old, err := p.expected(adv)
	if err != nil || old == p.w.head() {
		return err
	}
	pack, err := p.pack(ctx, adv)
	if err != nil {
		return err
	}
	req := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	if adv.Capabilities.Supports(capability.Sideband64k) {
		req.Capabilities.Delete(capability.Sideband64k) // the status alone is wanted
	}
	req.Commands = []*packp.Command{{Name: p.ref, Old: old, New: p.w.head()}}
	req.Packfile = io.NopCloser(pack)
	status, err := session.ReceivePack(ctx, req)
	return p.verdict(what, status, err)
}

// expected is the branch's value that the update replaces: nothing, or what
// was seen when the workspace took the branch up.
func (p *pushing) expected(adv *packp.AdvRefs) (plumbing.Hash, error) {
	now := adv.References[p.ref.String()]
	if now == p.w.head() || now.IsZero() && p.w.meta.Seen == "" || now.String() == p.w.meta.Seen {
		return now, nil
	}
	if now.IsZero() {
		return now, types.Errorf(types.Conflict, "branch %s was deleted since this run looked", p.branch)
	}
	return now, types.Errorf(types.Conflict, "branch %s moved to %s since this run looked", p.branch, now.String()[:12])
}

// pack holds the objects that the remote lacks: those made here, and, when the
// remote is behind the base, what lies between.
func (p *pushing) pack(ctx context.Context, adv *packp.AdvRefs) (*bytes.Buffer, error) {
	var known []plumbing.Hash
	for _, h := range adv.References {
		if p.w.objects.has(h) {
			known = append(known, h)
		}
	}
	objects, err := p.missing(ctx, known)
	if err != nil {
		return nil, readError("read history", p.w.repo.url, err)
	}
	var buf bytes.Buffer
	if _, err := packfile.NewEncoder(&buf, p.w.objects, false).Encode(objects, 0); err != nil {
		return nil, types.Errorf(types.Internal, "the pack cannot be made: %w", err)
	}
	return &buf, nil
}

func (p *pushing) missing(ctx context.Context, known []plumbing.Hash) ([]plumbing.Hash, error) {
	for _, h := range known {
		if h == p.w.base() || h.String() == p.w.meta.Seen {
			return p.made()
		}
	}
	if err := p.w.repo.bring(ctx, []plumbing.Hash{p.w.base()}); err != nil {
		return nil, err
	}
	return revlist.Objects(p.w.objects, []plumbing.Hash{p.w.head()}, known)
}

// made lists the objects that were made in the workspace.
func (p *pushing) made() ([]plumbing.Hash, error) {
	var out []plumbing.Hash
	iter, err := p.w.objects.top.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		return nil, err
	}
	err = iter.ForEach(func(o plumbing.EncodedObject) error {
		out = append(out, o.Hash())
		return nil
	})
	return out, err
}

// verdict sorts the end of the request: done, a definite no, or unknown.
func (p *pushing) verdict(what string, status *packp.ReportStatus, err error) error {
	if status != nil {
		for _, c := range status.CommandStatuses {
			if c.ReferenceName == p.ref && c.Status != "ok" {
				return types.Errorf(types.Forbidden, "%s: the server refused it: %s", what, c.Status).
					WithHint("a hook, a push rule or a protected branch; nothing was pushed")
			}
		}
		if status.UnpackStatus != "ok" {
			return types.Errorf(types.BadInput, "%s: the server could not take the objects: %s", what, status.UnpackStatus)
		}
	}
	switch {
	case err == nil && status != nil:
		return nil
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed), errors.Is(err, transport.ErrRepositoryNotFound):
		return readError(what, p.to.pushURL, err)
	case err == nil:
		return types.Errorf(types.UnknownOutcome, "%s: the server gave no status", what)
	}
	return outcome.Transport(http.MethodPost, what, err)
}

// findPush looks at the branch: ours at our commit, not there, or somebody
// else's.
func (c *client) findPush(ctx context.Context, key step.Key, in pushIn) (step.Found[pushOut], error) {
	var none step.Found[pushOut]
	p, err := c.pushing(ctx, in)
	if err != nil {
		return none, err
	}
	refs, err := p.to.refs(ctx, p.to.pushURL)
	if err != nil {
		return none, err
	}
	now, there := refs.branches[p.branch]
	switch {
	case now == p.w.head():
		return step.Here(p.branch, p.out()), nil
	case !there && p.w.meta.Seen == "", there && now.String() == p.w.meta.Seen:
		return step.Absent[pushOut](), nil
	case !there:
		return step.Over[pushOut](p.branch, "branch "+p.branch+" was deleted since this run looked", "run the same command again to push it anew"), nil
	}
	tip, err := c.bringTip(ctx, p.w, p.to, now)
	if err != nil {
		return none, err
	}
	if strings.HasPrefix(keyOf(tip), key.Work+"-") {
		return step.Differs(p.branch, p.out(), fmt.Sprintf("the branch is at %s, this run made %s", now.String()[:12], p.w.meta.Head[:12])), nil
	}
	return step.Over[pushOut](p.branch, fmt.Sprintf("branch %s is at %s by %s, which is not ours", p.branch, now.String()[:12], tip.Author.Name),
		"delete the branch, or make new work of it with --again 1"), nil
}

// previewPush shows the commit as a diff.
func (c *client) previewPush(ctx context.Context, in pushIn, unknown step.UnknownPaths) (step.Prediction[pushOut], error) {
	out := step.Prediction[pushOut]{Change: step.Change{Title: "push branch " + in.Branch}, Out: pushOut{Branch: in.Branch}, Unknown: step.UnknownPaths{"sha", "remote"}}
	if unknown.Has("branch") {
		out.Change.Title, out.Unknown = "push a branch", step.UnknownPaths{""}
	}
	if unknown.Has("workspace") {
		return out, nil
	}
	p, err := c.pushing(ctx, in)
	if err != nil {
		return out, nil // it has not been made yet: a plan shows what it can
	}
	out.Out, out.Unknown = p.out(), nil
	out.Change.Title = "push branch " + p.branch + " to " + p.to.pushURL
	out.Change.Diff = p.w.diff()
	return out, nil
}

// diff is the workspace's change as a unified diff.
func (w *workspace) diff() string {
	base, err := object.GetCommit(w.objects, w.base())
	if err != nil {
		return ""
	}
	head, err := object.GetCommit(w.objects, w.head())
	if err != nil {
		return ""
	}
	patch, err := base.Patch(head)
	if err != nil {
		return ""
	}
	return patch.String()
}
