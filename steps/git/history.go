package git

import (
	"container/heap"
	"context"
	"errors"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/types"
)

// History is read from commits that are at hand with everything behind them:
// the cache's history store and the clone that lends. compare walks two sides
// at once, newest commit first, and paints what each reaches; a commit that
// both reach is stale, and so are its ancestors. It ends when only stale
// commits wait, so it costs the difference, not the history.

const (
	fromSide = 1 << iota
	toSide
	both = fromSide | toSide
)

type painted struct {
	commit *object.Commit
	flags  int
	queued bool
}

// queue orders commits by their committer's time, newest first.
type queue []*painted

// The methods of heap.Interface.
func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].commit.Committer.When.After(q[j].commit.Committer.When)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*painted)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

type walk struct {
	ctx   context.Context
	sto   storer.EncodedObjectStorer
	seen  map[plumbing.Hash]*painted
	queue queue
	live  int // queued commits that only one side reaches
}

// compare returns the commits that only to reaches and those that only from
// reaches, newest first.
func compare(ctx context.Context, sto storer.EncodedObjectStorer, from []plumbing.Hash, to plumbing.Hash) (onlyTo, onlyFrom []*object.Commit, err error) {
	w := &walk{ctx: ctx, sto: sto, seen: map[plumbing.Hash]*painted{}}
	for _, h := range from {
		if err := w.paint(h, fromSide); err != nil {
			return nil, nil, err
		}
	}
	if err := w.paint(to, toSide); err != nil {
		return nil, nil, err
	}
	if err := w.run(); err != nil {
		return nil, nil, err
	}
	for _, p := range w.seen {
		switch p.flags {
		case toSide:
			onlyTo = append(onlyTo, p.commit)
		case fromSide:
			onlyFrom = append(onlyFrom, p.commit)
		}
	}
	slices.SortFunc(onlyTo, newestFirst)
	slices.SortFunc(onlyFrom, newestFirst)
	return onlyTo, onlyFrom, nil
}

func newestFirst(a, b *object.Commit) int {
	if c := b.Committer.When.Compare(a.Committer.When); c != 0 {
		return c
	}
	return slices.Compare(a.Hash[:], b.Hash[:])
}

func (w *walk) run() error {
	for w.live > 0 {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		p := heap.Pop(&w.queue).(*painted)
		p.queued = false
		if p.flags != both {
			w.live--
		}
		for _, parent := range p.commit.ParentHashes {
			if err := w.paint(parent, p.flags); err != nil {
				return err
			}
		}
	}
	return nil
}

// paint adds flags to a commit, and queues it when that says something new.
func (w *walk) paint(h plumbing.Hash, flags int) error {
	p, ok := w.seen[h]
	if !ok {
		c, err := object.GetCommit(w.sto, h)
		if err != nil {
			return err
		}
		p = &painted{commit: c}
		w.seen[h] = p
	}
	if p.flags|flags == p.flags {
		return nil
	}
	if p.queued && p.flags != both && p.flags|flags == both {
		w.live--
	}
	p.flags |= flags
	if p.queued {
		return nil
	}
	p.queued = true
	if p.flags != both {
		w.live++
	}
	heap.Push(&w.queue, p)
	return nil
}

// reaches reports whether one of the tips reaches a commit.
func reaches(ctx context.Context, sto storer.EncodedObjectStorer, tips []plumbing.Hash, h plumbing.Hash) (bool, error) {
	onlyTo, _, err := compare(ctx, sto, tips, h)
	return len(onlyTo) == 0, err
}

// withHistory makes the history of the remote's branches available: of the
// default branch, and of all others when a needed commit is on none that is at
// hand. It returns the tips.
func (r *repo) withHistory(ctx context.Context, refs *remoteRefs, need ...plumbing.Hash) ([]plumbing.Hash, error) {
	first := []plumbing.Hash{refs.branches[refs.defaultBranch]}
	if first[0].IsZero() {
		return nil, types.Errorf(types.NotFound, "%s has no default branch", nameOf(r.url))
	}
	if err := r.bring(ctx, first); err != nil {
		return nil, err
	}
	if on, err := r.allReached(ctx, first, need); err != nil || on {
		return first, err
	}
	all := slices.Clone(first)
	for _, name := range types.SortedKeys(refs.branches) {
		if h := refs.branches[name]; !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	if err := r.bring(ctx, all); err != nil {
		return nil, err
	}
	for _, h := range need {
		on, err := r.allReached(ctx, all, []plumbing.Hash{h})
		if err != nil {
			return nil, err
		}
		if !on {
			return nil, types.Errorf(types.NotFound, "commit %s is not on any branch of the remote %s", h, nameOf(r.url)).WithHint("push it first")
		}
	}
	return all, nil
}

// allReached reports whether the tips reach every commit. One that is not at
// hand is not reached.
func (r *repo) allReached(ctx context.Context, tips, need []plumbing.Hash) (bool, error) {
	for _, h := range need {
		if !r.history.has(h) {
			return false, nil
		}
		on, err := reaches(ctx, r.history, tips, h)
		if err != nil {
			return false, readError("read history", r.url, err)
		}
		if !on {
			return false, nil
		}
	}
	return true, nil
}

// bring fetches commits with all their history, unless they are at hand. The
// clone that lends may itself be shallow: when its history has a hole,
// everything is fetched.
func (r *repo) bring(ctx context.Context, wants []plumbing.Hash) error {
	missing := slices.DeleteFunc(slices.Clone(wants), r.history.has)
	if len(missing) > 0 {
		if err := r.fetch(ctx, r.history, missing, r.haves(), 0, ""); err != nil {
			return err
		}
	}
	err := r.history.complete(ctx, wants)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		r.history.lenders = nil
		if err = r.fetch(ctx, r.history, wants, nil, 0, ""); err == nil {
			err = r.history.complete(ctx, wants)
		}
	}
	if err != nil {
		return readError("read history", r.url, err)
	}
	return r.history.remember(wants)
}

// fetch brings objects of the remote that is read into a store.
func (r *repo) fetch(ctx context.Context, into *store, wants, haves []plumbing.Hash, depth int, filter packp.Filter) error {
	t, ep, auth, err := r.transport(ctx, r.url)
	if err != nil {
		return err
	}
	return fetchFrom(ctx, t, ep, auth, r.url, into, wants, haves, depth, filter)
}
