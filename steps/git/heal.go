package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A clone may be pruned or gone, a process killed or the disk full while the cache was
// written. None of that may change an answer: a hole, or a file that does not read,
// makes a step begin again with what the remote alone gives.

// retryDamaged performs f, and again with the remote alone when something is missing.
func (r *repo) retryDamaged(ctx context.Context, f func() error) error {
	err := f()
	if !isMissing(err) || ctx.Err() != nil {
		return err
	}
	if err := r.discardCache(ctx); err != nil {
		return err
	}
	return f()
}

// discardCache empties the cache and does without the clone.
func (r *repo) discardCache(ctx context.Context) error {
	unlock, err := r.history.locked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	r.alternate, r.history.alternates, r.trees.alternates = nil, nil, []layer{r.history}
	for _, s := range []*store{r.history, r.trees} {
		dir := s.top.Filesystem().Root()
		for _, part := range []string{"refs", "objects", "shallow"} {
			if err := os.RemoveAll(filepath.Join(dir, part)); err != nil {
				return brokenCache(err)
			}
		}
		s.top = openObjects(dir)
		s.EncodedObjectStorer = s.top
	}
	return nil
}

// replaceable removes from the folder of a cache what is neither a file nor a
// folder, such as a pipe or a link: what was there is made again.
func replaceable(dir string) error {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Type().IsRegular() {
			return err
		}
		return os.Remove(path)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // another process was faster
		return brokenCache(err)
	}
	return nil
}
