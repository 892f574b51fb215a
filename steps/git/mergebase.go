package git

import (
	"context"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// relationOf names how two commits are related, by what only one of them reaches.
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

// mergeBase returns the newest commit that both reach and that is behind no other
// such one, or zero. onlyTo and onlyFrom are what [compare] found.
func (r *repo) mergeBase(ctx context.Context, from, to plumbing.Hash, onlyTo, onlyFrom []*object.Commit) (plumbing.Hash, error) {
	seen := map[plumbing.Hash]bool{} // those of one side alone, and those that were looked at
	below := []plumbing.Hash{from, to}
	for _, c := range slices.Concat(onlyTo, onlyFrom) {
		seen[c.Hash] = true
		below = append(below, c.ParentHashes...)
	}
	var shared []*object.Commit
	for _, h := range below {
		if seen[h] {
			continue
		}
		seen[h] = true
		c, err := object.GetCommit(r.history, h)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		shared = append(shared, c)
	}
	slices.SortFunc(shared, newestFirst)
	for i, c := range shared {
		var others []plumbing.Hash
		for _, o := range slices.Concat(shared[:i], shared[i+1:]) {
			others = append(others, o.Hash)
		}
		behind, err := reaches(ctx, r.history, others, c.Hash)
		if err != nil || !behind {
			return c.Hash, err
		}
	}
	return plumbing.ZeroHash, nil
}
