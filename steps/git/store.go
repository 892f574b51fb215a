package git

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// layer is one place where objects are.
type layer = storer.EncodedObjectStorer

// store is objects in layers: what we write to first, then those that only
// lend. It is a go-git object storer.
type store struct {
	storer.EncodedObjectStorer // the top layer: all that this type does not do itself
	top                        *filesystem.Storage
	alternates                 []layer
	lock                       string // a lock file, held while the top layer is written; "" for none
}

// openStores opens the cache of a remote, above a clone; a shallow one lends files only.
func (r *repo) openStores() error {
	if r.c.o.Cache == "" {
		return noCache()
	}
	dir := filepath.Join(r.c.o.Cache, "git", nameOf(r.url)+"-"+step.Hash(12, r.url)+".git")
	if err := replaceable(dir); err != nil {
		return err
	}
	for _, kind := range []string{"history", "trees"} {
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o700); err != nil {
			return brokenCache(err)
		}
	}
	lock := filepath.Join(dir, "lock")
	if err := cleanCache(lock, filepath.Join(dir, "history"), filepath.Join(dir, "trees")); err != nil {
		return err
	}
	r.history = storeOf(openObjects(filepath.Join(dir, "history")))
	if r.alternate != nil && !r.alternate.shallow {
		r.history.alternates = r.alternate.objects
	}
	r.trees = r.history.over(openObjects(filepath.Join(dir, "trees")))
	r.history.lock, r.trees.lock = lock, lock
	if r.alternate != nil && r.alternate.shallow {
		r.trees.alternates = append(r.trees.alternates, r.alternate.objects...)
	}
	return nil
}

func noCache() error {
	return types.Errorf(types.Internal, "there is no folder for fetched objects").WithHint("%s", reportBug)
}

// brokenCache is the error of a cache that cannot be used; nil stays nil.
func brokenCache(err error) error {
	if err == nil {
		return nil
	}
	return types.Errorf(types.Internal, "the cache of fetched objects cannot be used: %w", err).WithHint("%s", freeCache)
}

func openObjects(dir string) *filesystem.Storage {
	return filesystem.NewStorageWithOptions(openFolder(dir), cache.NewObjectLRUDefault(), filesystem.Options{KeepDescriptors: true})
}

// storeOf is a store of one layer of objects, and of others below it.
func storeOf(top *filesystem.Storage, alternates ...layer) *store {
	return &store{EncodedObjectStorer: top, top: top, alternates: alternates}
}

// over returns the store with a layer of objects on top that takes the writes.
func (s *store) over(top *filesystem.Storage) *store { return storeOf(top, s) }

// EncodedObject looks in every layer.
func (s *store) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	return inLayers(s, func(l layer) (plumbing.EncodedObject, error) { return l.EncodedObject(t, h) })
}

func (s *store) HasEncodedObject(h plumbing.Hash) error {
	_, err := inLayers(s, func(l layer) (bool, error) { return true, l.HasEncodedObject(h) })
	return err
}

func (s *store) EncodedObjectSize(h plumbing.Hash) (int64, error) {
	return inLayers(s, func(l layer) (int64, error) { return l.EncodedObjectSize(h) })
}

// inLayers asks layer after layer. What does not read counts if no other has the object.
func inLayers[T any](s *store, ask func(layer) (T, error)) (T, error) {
	got, err := ask(s.EncodedObjectStorer)
	result := err
	for i := 0; err != nil && i < len(s.alternates); i++ {
		if got, err = ask(s.alternates[i]); !errors.Is(err, plumbing.ErrObjectNotFound) {
			result = err
		}
	}
	switch {
	case err == nil:
		return got, nil
	case errors.Is(result, plumbing.ErrObjectNotFound):
		return got, plumbing.ErrObjectNotFound
	}
	return got, &damage{result}
}

func (s *store) has(h plumbing.Hash) bool { return s.HasEncodedObject(h) == nil }

// addPack writes a pack's objects, under the cache's lock.
func (s *store) addPack(ctx context.Context, pack io.Reader, loose bool) error {
	unlock, err := s.locked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if loose {
		return storeLoose(s.top, pack)
	}
	return storePack(s.top, pack)
}

// retryLock is how often a lock that another process holds is tried.
const retryLock = 20 * time.Millisecond

// locked takes the cache's kernel lock, which dies with the process.
func (s *store) locked(ctx context.Context) (unlock func(), err error) {
	if s.lock == "" {
		return func() {}, nil
	}
	return waitLock(ctx, s.lock)
}

// waitLock takes a kernel lock when no one else holds it any more.
func waitLock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		unlock, err := tryLock(path)
		if unlock != nil || err != nil {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(retryLock):
		}
	}
}

// tryLock takes a lock that no one holds; unlock is nil when someone does.
func tryLock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err == nil {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	switch {
	case err == nil:
		return func() { // a program that is being started has a copy of f, and the lock with it
			_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
			f.Close()
		}, nil
	case f != nil:
		f.Close()
	}
	if err == unix.EINTR || err == unix.EWOULDBLOCK {
		return nil, nil
	}
	return nil, brokenCache(err)
}

// Names of the references that a cache keeps for itself.
const (
	completeRefs = "refs/complete/" // a history store has all behind them
	seenRefs     = "refs/seen/"     // they were the tip of a branch of the remote
)

// known are commits that are complete by our notes, or as a clone's references are.
func (r *repo) known() map[plumbing.Hash]bool {
	known := map[plumbing.Hash]bool{}
	add := func(h plumbing.Hash) { known[h] = r.history.has(h) }
	eachRef(r.history.top, completeRefs, add)
	if len(r.history.alternates) > 0 {
		eachRef(r.alternate.refs, "refs/", add)
	}
	return known
}

// complete walks to what is known or to the roots; a hole is plumbing.ErrObjectNotFound.
func (r *repo) complete(ctx context.Context, tips []plumbing.Hash, known map[plumbing.Hash]bool) error {
	ends := r.history.ends()
	queued := slices.Clone(tips)
	for len(queued) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		h := queued[len(queued)-1]
		queued = queued[:len(queued)-1]
		if known[h] {
			continue
		}
		known[h] = true
		c, err := object.GetCommit(r.history, h)
		if err != nil {
			return err
		}
		if !ends[h] {
			queued = append(queued, c.ParentHashes...)
		}
	}
	return nil
}

// eachRef calls f for what a storage's references below a prefix point at.
func eachRef(sto *filesystem.Storage, prefix string, f func(plumbing.Hash)) {
	refs, err := sto.IterReferences()
	if err != nil {
		return // nothing is known: more is fetched than needed
	}
	refs.ForEach(func(r *plumbing.Reference) error {
		if r.Type() == plumbing.HashReference && strings.HasPrefix(r.Name().String(), prefix) {
			f(r.Hash())
		}
		return nil
	})
}

// remember notes that branches are available with all their history, one name a
// branch, so that the notes do not grow with time. What needs a clone's help
// is not noted: the clone may be gone the next time.
func (s *store) remember(ctx context.Context, from *remoteRefs, tips []plumbing.Hash) error {
	if len(s.alternates) > 0 {
		return nil
	}
	notes := map[string]plumbing.Hash{}
	for branch, h := range from.branches {
		if slices.Contains(tips, h) {
			notes[completeRefs+step.Hash(16, from.url, branch)] = h
		}
	}
	return s.note(ctx, notes)
}

// seenName has 4096 values: what falls out is asked for again.
func seenName(h plumbing.Hash) string { return seenRefs + h.String()[:3] }

// noteSeen notes that a commit is on the remote.
func (s *store) noteSeen(ctx context.Context, h plumbing.Hash) error {
	return s.note(ctx, map[string]plumbing.Hash{seenName(h): h})
}

func (s *store) wasSeen(h plumbing.Hash) bool {
	ref, err := s.top.Reference(plumbing.ReferenceName(seenName(h)))
	return err == nil && ref.Hash() == h
}

func (s *store) note(ctx context.Context, notes map[string]plumbing.Hash) error {
	unlock, err := s.locked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range types.SortedKeys(notes) {
		ref := plumbing.NewHashReference(plumbing.ReferenceName(name), notes[name])
		if old, err := s.top.Reference(ref.Name()); err == nil && old.Hash() == ref.Hash() {
			continue
		}
		if err := s.top.SetReference(ref); err != nil {
			return brokenCache(err)
		}
	}
	return nil
}

// maxHaves is how many commits a fetch says it has.
const maxHaves = 64

// haves are commits that are available with all their files and history: a clone's
// branches, and what was fetched from a remote that gives everything or nothing.
func (r *repo) haves(from *remoteRefs) []plumbing.Hash {
	var out []plumbing.Hash
	if !from.partial() {
		out = r.historyHaves()
	}
	if len(r.history.alternates) > 0 && !r.alternate.partial {
		out = append(out, r.alternateHaves()...)
	}
	return out[:min(len(out), maxHaves)]
}

// historyHaves are commits with all their history; none if that has an end, which moves.
func (r *repo) historyHaves() []plumbing.Hash {
	if len(r.history.ends()) > 0 {
		return nil
	}
	var out []plumbing.Hash
	eachRef(r.history.top, completeRefs, func(h plumbing.Hash) {
		if r.history.has(h) {
			out = append(out, h)
		}
	})
	if len(r.history.alternates) > 0 {
		out = append(out, r.alternateHaves()...)
	}
	return out[:min(len(out), maxHaves)]
}

// alternateHaves are the branches of the clone that lends, those of its remotes first.
func (r *repo) alternateHaves() []plumbing.Hash {
	var out []plumbing.Hash
	add := func(h plumbing.Hash) {
		if !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	eachRef(r.alternate.refs, "refs/remotes/", add)
	eachRef(r.alternate.refs, "refs/heads/", add)
	return out[:min(len(out), maxHaves)]
}

// ends are the commits where the history of a shallow remote ends.
func (s *store) ends() map[plumbing.Hash]bool {
	list, err := s.top.Shallow()
	if err != nil || len(list) == 0 {
		return nil // a hole in history tells
	}
	out := map[plumbing.Hash]bool{}
	for _, h := range list {
		out[h] = true
	}
	return out
}

// nameOf is what people call a repository: the last part of its URL.
func nameOf(remote string) string {
	name := strings.TrimSuffix(strings.TrimRight(remote, "/"), ".git")
	if i := strings.LastIndexAny(name, "/:"); i >= 0 {
		name = name[i+1:]
	}
	name = strings.ToLower(name)
	if workspaces.CheckName(name) != nil {
		return "w" + step.Hash(8, remote)
	}
	return name
}
