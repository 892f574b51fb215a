package git

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// store is objects in layers: what we write to first, then those that only
// lend. It is a go-git object storer.
type store struct {
	storer.EncodedObjectStorer // the top layer: all that this type does not do itself
	top                        *filesystem.Storage
	lenders                    []storer.EncodedObjectStorer
	lent                       *filesystem.Storage // the clone that lends, when there is one
	lock                       string              // a lock file, held while a pack is written; "" for none
}

// openStores opens the cache of a remote, above a clone that lends.
func (r *repo) openStores(lender *filesystem.Storage) error {
	if r.c.o.Cache == "" {
		return types.Errorf(types.Internal, "there is no folder for fetched objects")
	}
	dir := filepath.Join(r.c.o.Cache, "git", nameOf(r.url)+"-"+step.Hash(12, r.url))
	for _, kind := range []string{"history", "trees"} {
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o700); err != nil {
			return types.Errorf(types.Internal, "the cache cannot be made: %w", err)
		}
	}
	history := openObjects(filepath.Join(dir, "history"))
	r.history = &store{EncodedObjectStorer: history, top: history, lock: filepath.Join(dir, "lock")}
	if lender != nil {
		r.history.lenders = append(r.history.lenders, lender)
		r.history.lent = lender
	}
	r.trees = r.history.over(openObjects(filepath.Join(dir, "trees")))
	r.trees.lock = r.history.lock
	return nil
}

func openObjects(dir string) *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRUDefault())
}

// over returns the store with a layer of objects on top that takes the writes.
func (s *store) over(top *filesystem.Storage) *store {
	return &store{EncodedObjectStorer: top, top: top, lenders: append([]storer.EncodedObjectStorer{s.EncodedObjectStorer}, s.lenders...)}
}

// EncodedObject looks in every layer.
func (s *store) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	o, err := s.EncodedObjectStorer.EncodedObject(t, h)
	for i := 0; err != nil && i < len(s.lenders); i++ {
		o, err = s.lenders[i].EncodedObject(t, h)
	}
	return o, err
}

// HasEncodedObject looks in every layer.
func (s *store) HasEncodedObject(h plumbing.Hash) error {
	err := s.EncodedObjectStorer.HasEncodedObject(h)
	for i := 0; err != nil && i < len(s.lenders); i++ {
		err = s.lenders[i].HasEncodedObject(h)
	}
	return err
}

// EncodedObjectSize looks in every layer.
func (s *store) EncodedObjectSize(h plumbing.Hash) (int64, error) {
	n, err := s.EncodedObjectStorer.EncodedObjectSize(h)
	for i := 0; err != nil && i < len(s.lenders); i++ {
		n, err = s.lenders[i].EncodedObjectSize(h)
	}
	return n, err
}

func (s *store) has(h plumbing.Hash) bool { return s.HasEncodedObject(h) == nil }

// addPack writes a pack's objects, under the cache's lock.
func (s *store) addPack(r interface{ Read([]byte) (int, error) }) error {
	unlock, err := s.locked()
	if err != nil {
		return err
	}
	defer unlock()
	return packfile.UpdateObjectStorage(s.top, r)
}

// locked takes the cache's kernel lock, which dies with the process.
func (s *store) locked() (unlock func(), err error) {
	if s.lock == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(s.lock, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, types.Errorf(types.Internal, "the cache cannot be locked: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, types.Errorf(types.Internal, "the cache cannot be locked: %w", err)
	}
	return func() { f.Close() }, nil
}

// complete walks from tips to the roots or to what is known to be complete,
// and returns plumbing.ErrObjectNotFound at a hole.
func (s *store) complete(ctx context.Context, tips []plumbing.Hash) error {
	known := map[plumbing.Hash]bool{}
	s.eachRef(func(h plumbing.Hash) { known[h] = true })
	todo := slices.Clone(tips)
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if known[h] {
			continue
		}
		known[h] = true
		c, err := object.GetCommit(s, h)
		if err != nil {
			return err
		}
		todo = append(todo, c.ParentHashes...)
	}
	return nil
}

// eachRef calls f for commits that a history store has remembered as complete.
func (s *store) eachRef(f func(plumbing.Hash)) {
	refs, err := s.top.IterReferences()
	if err != nil {
		return // nothing is known: more is fetched than needed
	}
	refs.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference {
			f(r.Hash())
		}
		return nil
	})
}

// remember notes that commits are at hand with all their history.
func (s *store) remember(tips []plumbing.Hash) error {
	unlock, err := s.locked()
	if err != nil {
		return err
	}
	defer unlock()
	for _, h := range tips {
		name := plumbing.ReferenceName("refs/complete/" + h.String()[:8])
		if err := s.top.SetReference(plumbing.NewHashReference(name, h)); err != nil {
			return types.Errorf(types.Internal, "the cache cannot be written: %w", err)
		}
	}
	return nil
}

// maxHaves is how many commits a fetch says it has.
const maxHaves = 64

// haves are commits at hand that the remote may know too: what was fetched
// before, and the branches of the clone that lends.
func (r *repo) haves() []plumbing.Hash {
	var out []plumbing.Hash
	add := func(h plumbing.Hash) {
		if len(out) < maxHaves && !slices.Contains(out, h) && r.history.has(h) {
			out = append(out, h)
		}
	}
	r.history.eachRef(add)
	if r.history.lent == nil {
		return out
	}
	refs, err := r.history.lent.IterReferences()
	if err != nil {
		return out
	}
	refs.ForEach(func(ref *plumbing.Reference) error {
		if ref.Type() == plumbing.HashReference && (ref.Name().IsRemote() || ref.Name().IsBranch()) {
			add(ref.Hash())
		}
		return nil
	})
	return out
}
