package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/types"
)

// change sends one reference update: from what expected says to the workspace's head,
// with a pack unless that is nil. Where it is at the head already, nothing is sent.
func (p *pushing) change(ctx context.Context, what string, expected func(*packp.AdvRefs) (plumbing.Hash, error),
	pack func(context.Context, *packp.AdvRefs) (*bytes.Buffer, error)) error {
	session, err := p.to.receivePack(ctx, p.to.pushURL)
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
	old, err := expected(adv)
	if err != nil || old == p.w.head() {
		return err
	}
	req := p.update(adv, old)
	if pack != nil {
		text, err := pack(ctx, adv)
		if err != nil {
			return err
		}
		req.Packfile = io.NopCloser(text)
	}
	status, err := session.ReceivePack(ctx, req)
	return p.verdict(ctx, what, old, status, err)
}

// update is the reference update, which a server does only while the branch is at old.
func (p *pushing) update(adv *packp.AdvRefs, old plumbing.Hash) *packp.ReferenceUpdateRequest {
	req := packp.NewReferenceUpdateRequestFromCapabilities(adv.Capabilities)
	if adv.Capabilities.Supports(capability.Sideband64k) {
		req.Capabilities.Set(capability.Sideband64k) // hooks speak beside the status
		req.Progress = &p.remarks
	}
	if adv.Capabilities.Supports(capability.Quiet) {
		req.Capabilities.Set(capability.Quiet) // hooks alone
	}
	req.Commands = []*packp.Command{{Name: p.ref(), Old: old, New: p.w.head()}}
	return req
}

// expected is what the update replaces: nothing, or the tip that the workspace took up.
func (p *pushing) expected(adv *packp.AdvRefs) (plumbing.Hash, error) {
	if err := refsOf(p.to.pushURL, adv).checkFree(p.branch); err != nil {
		return plumbing.ZeroHash, err
	}
	now := adv.References[p.ref().String()]
	switch {
	case now == p.w.head(), now.IsZero() && p.w.meta.Seen == "":
		return now, nil
	case now.IsZero():
		return now, types.Errorf(types.Conflict, "branch %s was deleted since this run looked", p.branch).WithHint("run the same command again to push it again")
	case now.String() != p.w.meta.Seen:
		return now, types.Errorf(types.Conflict, "branch %s moved to %s since this run looked", p.branch, short(now)).
			WithHint("see who pushed there; delete the branch, or start new work with --again 1").With("tip", now.String())
	case !p.w.continues():
		return now, types.Errorf(types.Conflict, "branch %s is at %s, and this run's commit %s is not based on it", p.branch, short(now), short(p.w.head())).
			WithHint("delete the branch, or start new work with --again 1")
	}
	return now, nil
}

// pack holds the objects made here and, for a fork that is behind the base, those between.
func (p *pushing) pack(ctx context.Context, adv *packp.AdvRefs) (*bytes.Buffer, error) {
	objects, err := hashesIn(p.w.objects.top)
	if err != nil {
		return nil, p.w.broken(err)
	}
	from := p.w.objects
	if !p.hasBase(adv) {
		between, err := p.between(ctx, adv)
		if err != nil {
			return nil, err
		}
		more, err := hashesIn(between.top)
		if err != nil {
			return nil, p.w.broken(err)
		}
		objects = append(objects, more...)
		from = from.over(between.top)
	}
	if p.to.pushURL != p.w.repo.url { // a fork
		brought, err := p.w.brought(ctx)
		if err != nil {
			return nil, err
		}
		objects = append(objects, brought...)
	}
	pack, err := packOf(from, objects)
	return pack, p.w.broken(err)
}

func packOf(sto *store, objects []plumbing.Hash) (*bytes.Buffer, error) {
	var buf bytes.Buffer
	_, err := packfile.NewEncoder(&buf, sto, false).Encode(objects, 0)
	return &buf, err
}

// hasBase reports whether the remote surely has the base: we read there, or a ref is it.
func (p *pushing) hasBase(adv *packp.AdvRefs) bool {
	if p.to.pushURL == p.w.repo.url {
		return true
	}
	for _, h := range adv.References {
		if h == p.w.base() || h.String() == p.w.meta.Seen {
			return true
		}
	}
	return false
}

// between fetches what the base has and a fork has not, from where the base
// is: the fork's references are what we say we have.
func (p *pushing) between(ctx context.Context, adv *packp.AdvRefs) (*store, error) {
	r := p.w.repo
	from, err := r.refs(ctx, r.url)
	if err != nil {
		return nil, err
	}
	if !from.isTip(p.w.base()) && !from.caps.Supports(capability.AllowReachableSHA1InWant) {
		return nil, types.Errorf(types.Conflict, "the fork %s lacks commit %s, and it is no longer the tip of any branch", nameOf(p.to.pushURL), short(p.w.base())).
			WithHint("bring the fork up to date and resume")
	}
	into := storeOf(openObjects(filepath.Join(p.w.dir, "between.git")))
	var haves []plumbing.Hash
	for _, name := range append([]string{"refs/heads/" + from.defaultBranch}, types.SortedKeys(adv.References)...) {
		if h, ok := adv.References[name]; ok && len(haves) < maxHaves {
			haves = append(haves, h)
		}
	}
	return into, r.fetch(ctx, from, into, ask{wants: []plumbing.Hash{p.w.base()}, haves: haves})
}

func hashesIn(sto *filesystem.Storage) ([]plumbing.Hash, error) {
	var out []plumbing.Hash
	iter, err := sto.IterEncodedObjects(plumbing.AnyObject)
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
func (p *pushing) verdict(ctx context.Context, what string, old plumbing.Hash, status *packp.ReportStatus, err error) error {
	if status != nil {
		return p.reported(ctx, what, old, status)
	}
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed), errors.Is(err, transport.ErrRepositoryNotFound):
		return readError(what, p.to.pushURL, err)
	case err == nil:
		return types.Errorf(types.UnknownOutcome, "%s: the server gave no status", what).WithHint("%s", looksFirst)
	}
	return httpError(http.MethodPost, what, err)
}

// reported reads what the server says of the branch.
func (p *pushing) reported(ctx context.Context, what string, old plumbing.Hash, status *packp.ReportStatus) error {
	for _, c := range status.CommandStatuses {
		switch {
		case c.ReferenceName != p.ref():
		case c.Status == "ok":
			return nil
		default:
			return p.refused(ctx, what, old, c.Status)
		}
	}
	if status.UnpackStatus != "ok" {
		return types.Errorf(types.BadInput, "%s: the server could not take the objects: %s", what, (&remarks{text: []byte(status.UnpackStatus)}).String()).
			WithHint("nothing was pushed; its disk may be full or the repository damaged: ask its administrator, then resume the run")
	}
	return types.Errorf(types.UnknownOutcome, "%s: the server did not report the result of the push", what).WithHint("%s", looksFirst)
}

// refused tells a branch that moved meanwhile from a server that does not want
// the push. It looks; what the server says is for people.
func (p *pushing) refused(ctx context.Context, what string, old plumbing.Hash, said string) error {
	now, err := p.now(ctx)
	if types.CodeOf(err) == types.Conflict {
		return err
	}
	if err == nil && now != old {
		moved := types.Errorf(types.Conflict, "%s: the %s moved while it was pushed: %s", what, p.kind(), p.remarks.after(said)).
			WithHint("see who pushed there; delete the branch, or start new work with --again 1")
		if p.hint != "" {
			return moved.WithHint(lookAgain)
		}
		return moved
	}
	refusal := types.Errorf(types.Forbidden, "%s: the server refused it: %s", what, p.remarks.after(said)).With("remote", p.remarks.lines()).
		WithHint("a hook, a push rule or a protected branch; nothing was pushed. Do as it says; when that changes the commit (author, committer, sign_off, signing_key in skillrun.yaml), start new work with --again 1")
	if p.hint != "" {
		return refusal.WithHint("%s", p.hint)
	}
	return refusal
}

// pushing is one push, resolved.
type pushing struct {
	w      *workspace
	to     *repo
	branch string
	tag    string // in the place of a branch
	hint   string // what to do when the server refuses it, if that is not as it says
	// remarks is what the server said beside its status.
	remarks remarks
}

func (p *pushing) ref() plumbing.ReferenceName {
	if p.tag != "" {
		return plumbing.NewTagReferenceName(p.tag)
	}
	return plumbing.NewBranchReferenceName(p.branch)
}

// kind is what people call the reference.
func (p *pushing) kind() string {
	if p.tag != "" {
		return "tag"
	}
	return "branch"
}

// now is where the reference is; a name that git cannot keep beside another is refused.
func (p *pushing) now(ctx context.Context) (plumbing.Hash, error) {
	from, err := p.to.pushRefs(ctx)
	switch {
	case err != nil:
		return plumbing.ZeroHash, err
	case p.tag == "":
		return from.branches[p.branch], from.checkFree(p.branch)
	}
	tags, err := p.to.tags(ctx, from, "")
	if err == nil {
		err = checkFreeTag(p.tag, types.SortedKeys(tags))
	}
	return tags[p.tag].at, err
}

func (c *client) pushing(ctx context.Context, in pushIn) (*pushing, error) {
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return nil, err
	}
	p, err := c.preparePush(ctx, w, in)
	if err == nil && w.meta.Head == w.meta.Base {
		return nil, types.Errorf(types.Conflict, "the workspace %s has no commit to push", in.Workspace).WithHint("make one with git_commit before")
	}
	return p, err
}
