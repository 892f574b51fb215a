package git

import (
	"cmp"
	"context"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skillrun/skillrun/engine/types"
)

func (c *client) open(ctx context.Context, service, spec string) (*repo, error) {
	r, err := c.resolve(ctx, service, spec)
	if err != nil {
		return nil, err
	}
	return r, r.openStores()
}

// look opens a repository and asks its remote what is there now.
func (c *client) look(ctx context.Context, service, spec string) (*repo, *remoteRefs, error) {
	r, err := c.open(ctx, service, spec)
	if err != nil {
		return nil, nil, err
	}
	refs, err := r.refs(ctx, r.url)
	return r, refs, err
}

// lookAt does the same for one ref, "" being the default branch.
func (c *client) lookAt(ctx context.Context, service, spec, ref string) (*repo, *remoteRefs, plumbing.Hash, error) {
	r, refs, err := c.look(ctx, service, spec)
	if err != nil {
		return nil, nil, plumbing.ZeroHash, err
	}
	h, err := r.resolve(refs, ref)
	return r, refs, h, err
}

// resolve takes a repository apart: a URL, or a clone that lends objects and names one.
func (c *client) resolve(ctx context.Context, service, spec string) (*repo, error) {
	s, err := c.service(ctx, service)
	if err != nil {
		return nil, err
	}
	r := &repo{c: c, service: s, url: spec, pushURL: spec}
	if isPath(spec) {
		if err := r.addAlternate(spec); err != nil {
			return nil, err
		}
	}
	for _, u := range []string{r.url, r.pushURL} {
		if err := allowed(u); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// resolve returns the commit that a branch, a SHA or nothing names.
func (r *repo) resolve(refs *remoteRefs, ref string) (plumbing.Hash, error) {
	if shaRE().MatchString(ref) {
		return plumbing.NewHash(ref), nil
	}
	if ref = cmp.Or(ref, refs.defaultBranch); ref == "" {
		return plumbing.ZeroHash, types.Errorf(types.NotFound, "%s has no default branch", nameOf(r.url)).WithHint("name a branch")
	}
	h, ok := refs.branches[ref]
	if !ok {
		return h, types.Errorf(types.NotFound, "the remote %s has no branch %q", nameOf(r.url), ref).WithHint("git_branch_list lists its branches; push it first if it is only in a clone").With(unseen, ref)
	}
	return h, nil
}
