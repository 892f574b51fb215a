package git

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sys/unix"
)

// What is at hand may be less than it seems: a clone was pruned or is gone, a
// process was killed or the disk was full while the cache was written. None of
// that may change an answer. A hole or a file that does not read makes a step
// begin again with what the remote alone gives.

// damage is an object that is at hand and does not read.
type damage struct{ err error }

// Error says what could not be read.
func (d *damage) Error() string { return "an object does not read: " + d.err.Error() }

// Unwrap returns the cause.
func (d *damage) Unwrap() error { return d.err }

// lacking reports whether an error means that what should be at hand is not.
func lacking(err error) bool {
	var d *damage
	var c *cutOff // by a history that may have got longer since
	return errors.As(err, &d) || errors.As(err, &c) || errors.Is(err, plumbing.ErrObjectNotFound)
}

// trusting performs f, and once more with what the remote alone gives when
// something that should be at hand is not.
func (r *repo) trusting(ctx context.Context, f func() error) error {
	err := f()
	if !lacking(err) || ctx.Err() != nil {
		return err
	}
	if err := r.distrust(ctx); err != nil {
		return err
	}
	return f()
}

// distrust empties the cache and does without the clone.
func (r *repo) distrust(ctx context.Context) error {
	unlock, err := r.history.locked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	r.lender, r.history.lenders, r.trees.lenders = nil, nil, []layer{r.history}
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

// tidy sweeps the folders of a cache, unless somebody writes there now.
func tidy(lock string, dirs ...string) error {
	unlock, err := tryLock(lock)
	if err != nil || unlock == nil {
		return err
	}
	defer unlock()
	for _, dir := range dirs {
		if err := sweep(dir); err != nil {
			return err
		}
	}
	return nil
}

// sweep takes what a process left behind that was killed while it wrote: packs
// that are cut off, or without their index. The notes go with them. The caller
// holds the lock.
func sweep(dir string) error {
	packs := filepath.Join(dir, "objects", "pack")
	entries, err := os.ReadDir(packs)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var bad []string
	for _, e := range entries {
		stem, kind, _ := strings.Cut(e.Name(), ".")
		sound := strings.HasPrefix(stem, "pack-") && endsIn(filepath.Join(packs, stem+".pack"), stem, 0) &&
			endsIn(filepath.Join(packs, stem+".idx"), stem, len(plumbing.ZeroHash))
		if !sound || !slices.Contains([]string{"pack", "idx", "rev"}, kind) {
			bad = append(bad, filepath.Join(packs, e.Name()))
		}
	}
	if len(bad) > 0 {
		bad = append(bad, filepath.Join(dir, "refs"))
	}
	for _, path := range bad {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		return brokenCache(err)
	}
	return nil
}

// endsIn reports whether a file ends in the checksum that its pack is named
// after, but for some bytes that follow it.
func endsIn(path, pack string, before int) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // a pipe is not waited for
	if err != nil {
		return false
	}
	defer f.Close()
	sum := plumbing.NewHash(strings.TrimPrefix(pack, "pack-"))
	got := make([]byte, len(sum))
	if _, err := f.Seek(-int64(len(sum)+before), io.SeekEnd); err != nil {
		return false
	}
	_, err = io.ReadFull(f, got)
	return err == nil && bytes.Equal(got, sum[:])
}
