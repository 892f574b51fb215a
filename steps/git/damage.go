package git

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"golang.org/x/sys/unix"
)

// isMissing reports whether an error means that what should be available is not.
func isMissing(err error) bool {
	var d *damage
	var c *shallowError // by a history that may have got longer since
	return errors.As(err, &d) || errors.As(err, &c) || errors.Is(err, plumbing.ErrObjectNotFound)
}

// removeLeftovers removes what a killed process left behind, packs that are cut off
// or without their index, and the notes with them. The caller holds the lock.
func removeLeftovers(dir string) error {
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
	return brokenCache(err)
}

// damage is an object that is available and does not read.
type damage struct{ err error }

func (d *damage) Error() string { return "an object does not read: " + d.err.Error() }

func (d *damage) Unwrap() error { return d.err }

// cleanCache sweeps the folders of a cache, unless someone writes there now.
func cleanCache(lock string, dirs ...string) error {
	unlock, err := tryLock(lock)
	if err != nil || unlock == nil {
		return err
	}
	defer unlock()
	for _, dir := range dirs {
		if err := removeLeftovers(dir); err != nil {
			return err
		}
	}
	return nil
}

// endsIn reports whether a file ends in its pack's checksum, and some bytes after it.
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
