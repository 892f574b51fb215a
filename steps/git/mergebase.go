package git

import (
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// relationOf names how two commits are related, by what only one of them
// reaches.
func relationOf(onlyTo, onlyFrom []*object.Commit) string {
	switch {
	case len(onlyTo) == 0 && len(onlyFrom) == 0:
		return "same"
	case len(onlyFrom) == 0:
		return "forward"
	case len(onlyTo) == 0:
		return "rollback"
	}
	return "diverged"
}

// mergeBase returns the newest commit that both reach and that is behind no
// other such one; zero when the two have no history in common. onlyTo and
// onlyFrom are what [compare] found.
func (r *repo) mergeBase(ctx context.Context, from, to plumbing.Hash, onlyTo, onlyFrom []*object.Commit) (plumbing.Hash, error) {
	alone := map[plumbing.Hash]bool{}
	for _, c := range slices.Concat(onlyTo, onlyFrom) {
		alone[c.Hash] = true
	}
	var shared []*object.Commit
	add := func(h plumbing.Hash) error {
		if alone[h] || slices.ContainsFunc(shared, func(c *object.Commit) bool { return c.Hash == h }) {
			return nil
		}
		c, err := object.GetCommit(r.history, h)
		shared = append(shared, c)
		return err
	}
	below := []plumbing.Hash{from, to}
	for _, c := range slices.Concat(onlyTo, onlyFrom) {
		below = append(below, c.ParentHashes...)
	}
	for _, h := range below {
		if err := add(h); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	slices.SortFunc(shared, newestFirst)
	for i, c := range shared {
		behind, err := r.behindAny(ctx, c, slices.Concat(shared[:i], shared[i+1:]))
		if err != nil || !behind {
			return c.Hash, err
		}
	}
	return plumbing.ZeroHash, nil
}

func (r *repo) behindAny(ctx context.Context, c *object.Commit, others []*object.Commit) (bool, error) {
	if len(others) == 0 {
		return false, nil
	}
	var tips []plumbing.Hash
	for _, o := range others {
		tips = append(tips, o.Hash)
	}
	return reaches(ctx, r.history, tips, c.Hash)
}
