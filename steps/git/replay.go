package git

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Commits are applied on top of others in a workspace without files: each is merged with
// what is there, and what comes of it is a commit with the same author, date of the
// author and message. The committer is ours, and its date the run's start, so that a
// resumed run makes the same commits. No key is written into them, since they are other
// people's: a branch that holds the same commits is taken for the same work.

// maxApplied is how many commits are applied by one step.
const maxApplied = 200

// replay is the applying of commits in a workspace.
type replay struct {
	w    *workspace
	r    *repo
	refs *remoteRefs
	view *repo // of the workspace
}

// replayOn makes a workspace whose head is a commit of the remote.
func (c *client) replayOn(ctx context.Context, name, service, spec string, onto plumbing.Hash) (*replay, error) {
	r, refs, err := c.look(ctx, service, spec)
	if err != nil {
		return nil, err
	}
	made := step.CallOf(ctx).Path
	name = cmp.Or(name, ownName(r.url, made))
	if err := c.checkVacant(ctx, name, made); err != nil {
		return nil, err
	}
	w, err := newWorkspace(ctx, name, r, meta{Repo: spec, Service: service, Base: onto.String(), Head: onto.String(), Made: made})
	if err != nil {
		return nil, err
	}
	return &replay{w: w, r: r, refs: refs}, nil
}

// name is what the workspace is called.
func (p *replay) name() string { return filepath.Base(p.w.dir) }

// begin begins at the base, with the history of commits at hand.
func (p *replay) begin(ctx context.Context, need ...plumbing.Hash) error {
	p.w.meta.Head = p.w.meta.Base
	p.view = p.w.view()
	return p.r.ensureSeen(ctx, p.refs, append(need, p.w.base()))
}

// ensureSeen makes the history of commits available that branches of the remote have. A
// commit that some run has found there may be on none any more: a run that is resumed
// may have replaced it.
func (r *repo) ensureSeen(ctx context.Context, from *remoteRefs, need []plumbing.Hash) error {
	err := r.withHistory(ctx, from, need...)
	if types.CodeOf(err) == types.NotFound {
		gone := slices.DeleteFunc(slices.Clone(need), func(h plumbing.Hash) bool { return !r.trees.wasSeen(h) })
		there := slices.DeleteFunc(slices.Clone(need), r.trees.wasSeen)
		if r.complete(ctx, gone, r.known()) == nil {
			err = r.withHistory(ctx, from, there...)
		}
	}
	if err != nil {
		return err
	}
	for _, h := range need {
		if err := r.trees.noteSeen(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// commits reads commits and makes the roots of their trees available, and of their parents'.
func (p *replay) commits(ctx context.Context, names []plumbing.Hash) ([]*object.Commit, error) {
	if len(names) > maxApplied {
		return nil, types.Errorf(types.BadInput, "%d commits are too many to apply; at most %d are", len(names), maxApplied).WithHint("apply them in a clone, or in several steps")
	}
	var out []*object.Commit
	all := []plumbing.Hash{p.w.base()}
	for _, h := range names {
		c, err := object.GetCommit(p.r.history, h)
		if err != nil {
			return nil, err
		}
		if len(c.ParentHashes) > 1 {
			return nil, types.Errorf(types.BadInput, "commit %s (%s) is a merge, which is not applied to other commits", short(h), subjectOf(c)).
				WithHint("name the commits that it merged one by one; for a branch that holds merges, merge instead of rebasing, or rebase it in a clone")
		}
		out = append(out, c)
		all = append(append(all, h), c.ParentHashes...)
	}
	if err := p.roots(ctx, all); err != nil {
		return nil, err
	}
	return out, p.prepare(ctx, out)
}

// fewMerges is how many merges are prepared at once.
const fewMerges = 32

// prepare asks for what the merges of many commits read together: they differ little
// from merges with the base. What cannot be prepared so is asked for when it is needed.
func (p *replay) prepare(ctx context.Context, list []*object.Commit) error {
	if !p.refs.partial() || len(list) < 2 {
		return nil
	}
	onto, err := object.GetCommit(p.w.objects, p.w.base())
	if err != nil {
		return err
	}
	for some := range slices.Chunk(list, fewMerges) {
		of, roots := []plumbing.Hash{onto.Hash}, []trio{}
		for _, c := range some {
			base, err := p.parentTree(c)
			if err != nil {
				return err
			}
			of, roots = append(of, c.Hash), append(roots, trio{base: base, ours: onto.TreeHash, theirs: c.TreeHash})
		}
		err := (&treeMerge{view: p.view}).survey(ctx, p.refs, of, roots...)
		if err != nil && types.CodeOf(err) != types.BadInput {
			return err
		}
	}
	return nil
}

// roots makes the trees of commits available, at once if the remote gives single objects.
func (p *replay) roots(ctx context.Context, of []plumbing.Hash) error {
	if p.refs.partial() {
		var trees []plumbing.Hash
		for _, h := range of {
			c, err := object.GetCommit(p.view.trees, h)
			if err != nil {
				return err
			}
			trees = append(trees, c.TreeHash)
		}
		return p.r.ensureObjects(ctx, p.refs, of, trees)
	}
	for _, h := range of {
		if _, err := p.r.rootOf(ctx, p.refs, h); err != nil {
			return err
		}
	}
	return nil
}

// apply applies one commit to the head, and reports whether that came to a new one: what is
// there already changes nothing. One that changed nothing where it was is kept if that
// is asked for.
func (p *replay) apply(ctx context.Context, c *object.Commit, keepEmpty bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	head, err := object.GetCommit(p.w.objects, p.w.head())
	if err != nil {
		return false, err
	}
	base, err := p.parentTree(c)
	if err != nil {
		return false, err
	}
	tree, err := p.merge(ctx, c, trio{base: base, ours: head.TreeHash, theirs: c.TreeHash})
	if err != nil || tree == head.TreeHash && !(keepEmpty && c.TreeHash == base) {
		return false, err
	}
	h, err := p.commit(ctx, c, tree)
	if err == nil {
		p.w.meta.Head = h.String()
	}
	return err == nil, err
}

// parentTree is what a commit changed, zero when it was the first.
func (p *replay) parentTree(c *object.Commit) (plumbing.Hash, error) {
	if len(c.ParentHashes) == 0 {
		return plumbing.ZeroHash, nil
	}
	parent, err := object.GetCommit(p.r.history, c.ParentHashes[0])
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return parent.TreeHash, nil
}

// merge puts what a commit changed onto the head's files.
func (p *replay) merge(ctx context.Context, c *object.Commit, root trio) (plumbing.Hash, error) {
	if h, settled := root.settled(); settled {
		return h, nil
	}
	m := &treeMerge{view: p.view, b: &builder{sto: p.w.objects}}
	if err := m.survey(ctx, p.refs, append([]plumbing.Hash{c.Hash, p.w.base()}, c.ParentHashes...), root); err != nil {
		return plumbing.ZeroHash, err
	}
	tree, err := m.folder(root)
	switch {
	case err != nil:
		return tree, err
	case len(m.conflicts) > 0:
		return tree, p.unfit(ctx, c, m)
	case tree.IsZero(): // every file is gone
		return m.b.encode(&object.Tree{})
	}
	return tree, nil
}

// unfit is the error of a commit that is in conflict.
func (p *replay) unfit(ctx context.Context, c *object.Commit, m *treeMerge) error {
	text, paths := m.words()
	const inClone = "apply it in a clone, where the conflict can be resolved, and push that"
	err := types.Errorf(types.Conflict, "commit %s (%s) does not apply: %s", short(c.Hash), subjectOf(c), text).WithHint(inClone)
	if behind, lost := reaches(ctx, p.r.history, []plumbing.Hash{p.w.base()}, c.Hash); lost == nil && behind {
		err = types.Errorf(types.Conflict, "commit %s (%s) is contained in %s already, and does not apply again: %s", short(c.Hash), subjectOf(c), short(p.w.base()), text).WithHint(inClone)
	}
	return err.With("commit", c.Hash.String()).With("files", paths)
}

// commit makes the commit anew on the head.
func (p *replay) commit(ctx context.Context, c *object.Commit, tree plumbing.Hash) (plumbing.Hash, error) {
	s := p.r.service
	_, committer, err := s.identities(step.CallOf(ctx).StartedAt)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	anew := &object.Commit{
		Author: c.Author, Committer: committer, Message: s.signedOff(c.Message, committer), Encoding: c.Encoding,
		TreeHash: tree, ParentHashes: []plumbing.Hash{p.w.head()},
	}
	if err := s.sign(ctx, anew); err != nil {
		return plumbing.ZeroHash, err
	}
	return (&builder{sto: p.w.objects}).encode(anew)
}

// end notes the head, from which steps go on in the workspace.
func (p *replay) end() error {
	p.w.meta.Start = p.w.meta.Head
	if err := p.w.keepObject(p.w.base()); err != nil {
		return p.w.broken(err)
	}
	return p.w.save()
}

// files are those that differ between the base and the head.
func (p *replay) files(ctx context.Context) ([]string, error) {
	base, err := object.GetCommit(p.w.objects, p.w.base())
	if err != nil {
		return nil, err
	}
	head, err := object.GetCommit(p.w.objects, p.w.head())
	if err != nil {
		return nil, err
	}
	list, err := p.view.changesOf(ctx, p.refs, []plumbing.Hash{base.Hash}, folders{from: base.TreeHash, to: head.TreeHash}, nil)
	out := []string{}
	for _, c := range list {
		out = append(out, valid(c.path))
		if c.old != "" {
			out = append(out, valid(c.old))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// reachApplied makes the way to paths readable in what was applied, of which a folder that came
// as a whole was not looked at.
func (w *workspace) reachApplied(ctx context.Context, paths []string) error {
	var refs *remoteRefs
	for _, name := range paths {
		for w.start() != w.base() {
			view := w.view()
			h, err := findMissing(view.trees, w.start(), name)
			if err != nil {
				return w.broken(err)
			}
			if h == nil {
				break
			}
			if refs == nil {
				if refs, err = w.repo.refs(ctx, w.repo.url); err != nil {
					return err
				}
			}
			if err := view.ensureObjects(ctx, refs, []plumbing.Hash{w.base()}, []plumbing.Hash{h.hash}); err != nil {
				return w.broken(err)
			}
		}
	}
	return nil
}

// brought are the objects that applied commits brought from others of the repository, which
// a fork may lack.
func (w *workspace) brought(ctx context.Context) ([]plumbing.Hash, error) {
	applied, _ := w.chain(w.start())
	if len(applied) == 0 {
		return nil, nil
	}
	refs, err := w.repo.refs(ctx, w.repo.url)
	if err != nil {
		return nil, err
	}
	var out []plumbing.Hash
	for _, c := range applied {
		parent, err := object.GetCommit(w.objects, c.ParentHashes[0])
		if err != nil {
			return nil, w.broken(err)
		}
		more, err := w.view().objectsOf(ctx, refs, []plumbing.Hash{w.base()}, folders{from: parent.TreeHash, to: c.TreeHash})
		if err != nil {
			return nil, w.broken(err)
		}
		out = append(out, more...)
	}
	return out, nil
}

// subjectOf is the first line of a commit's message, as an error may show it.
func subjectOf(c *object.Commit) string {
	const most = 72
	subject := commitOf(c, nil).Subject
	if runes := []rune(subject); len(runes) > most {
		subject = string(runes[:most]) + "…"
	}
	return (&remarks{text: []byte(strings.ReplaceAll(subject, "\r", ""))}).String()
}
