package git

import (
	"container/heap"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// History is read from commits that are available with everything behind them:
// the cache's history store and the clone that lends. compare walks two sides
// at once, newest commit first, and paints what each reaches; a commit that
// both reach is stale, and so are its ancestors. Dates only order the walk:
// when nothing but stale commits waits, all of them older than what one side
// alone reaches, slop more are walked, in case clocks were wrong. So it costs
// the difference, not the history.

// slop is how many commits in a row may have a clock that is behind, and end no walk.
const slop = 256

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

// queue orders commits by their committer's time, newest first; see [newestFirst].
type queue []*painted

// The methods of heap.Interface.
func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return newestFirst(q[i].commit, q[j].commit) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*painted)) }
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
	// oldest is the earliest time of what only one side reached when it was painted.
	oldest time.Time
	ends   map[plumbing.Hash]bool // commits whose parents are nowhere
}

func newWalk(ctx context.Context, sto storer.EncodedObjectStorer) *walk {
	w := &walk{ctx: ctx, sto: sto, seen: map[plumbing.Hash]*painted{}}
	if s, ok := sto.(*store); ok {
		w.ends = s.ends()
	}
	return w
}

// compare returns what only to reaches and what only from reaches, newest first.
func compare(ctx context.Context, sto storer.EncodedObjectStorer, from []plumbing.Hash, to plumbing.Hash) (onlyTo, onlyFrom []*object.Commit, err error) {
	w := newWalk(ctx, sto)
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
	if err := w.whole(); err != nil {
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
	return inOrder(onlyTo), inOrder(onlyFrom), nil
}

// inOrder puts commits in the order of git log --date-order: none stands before
// a child of it, whatever the clocks said, and among those that may come next
// the newest is first. So what all others are behind of is the first.
func inOrder(list []*object.Commit) []*object.Commit {
	children := map[plumbing.Hash]int{}
	for _, c := range list {
		for _, p := range c.ParentHashes {
			children[p]++
		}
	}
	waiting := map[plumbing.Hash]*object.Commit{}
	var ready queue
	for _, c := range list {
		if waiting[c.Hash] = c; children[c.Hash] == 0 {
			ready = append(ready, &painted{commit: c})
		}
	}
	heap.Init(&ready)
	out := make([]*object.Commit, 0, len(list))
	for len(ready) > 0 {
		c := heap.Pop(&ready).(*painted).commit
		out = append(out, c)
		for _, p := range c.ParentHashes {
			if children[p]--; children[p] == 0 && waiting[p] != nil {
				heap.Push(&ready, &painted{commit: waiting[p]})
			}
		}
	}
	return out
}

// newestFirst orders commits by their committer's time and, in one second, by
// their names, so that the order is always the same.
func newestFirst(a, b *object.Commit) int {
	if c := b.Committer.When.Compare(a.Committer.When); c != 0 {
		return c
	}
	return slices.Compare(a.Hash[:], b.Hash[:])
}

// run walks until nothing that is left to walk can change what was painted.
func (w *walk) run() error {
	for spare := slop; len(w.queue) > 0 && spare > 0; {
		p, err := w.step()
		if err != nil {
			return err
		}
		if spare--; w.live > 0 || p.flags != both || !p.commit.Committer.When.Before(w.oldest) {
			spare = slop
		}
	}
	return nil
}

// step takes the newest commit that waits and paints its parents.
func (w *walk) step() (*painted, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	p := heap.Pop(&w.queue).(*painted)
	p.queued = false
	if p.flags != both {
		w.live--
	}
	for _, parent := range p.commit.ParentHashes {
		if err := w.paint(parent, p.flags); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// paint adds flags to a commit, and queues it when that says something new.
func (w *walk) paint(h plumbing.Hash, flags int) error {
	p, ok := w.seen[h]
	if !ok {
		c, err := object.GetCommit(w.sto, h)
		if err != nil {
			return err
		}
		if w.ends[h] {
			c.ParentHashes = nil
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
		if at := p.commit.Committer.When; w.oldest.IsZero() || at.Before(w.oldest) {
			w.oldest = at
		}
	}
	heap.Push(&w.queue, p)
	return nil
}

// reaches reports whether a tip reaches a commit. It looks no further than its time.
func reaches(ctx context.Context, sto storer.EncodedObjectStorer, tips []plumbing.Hash, h plumbing.Hash) (bool, error) {
	wanted, err := object.GetCommit(sto, h)
	if err != nil {
		return false, err
	}
	w := newWalk(ctx, sto)
	for _, tip := range tips {
		if err := w.paint(tip, fromSide); err != nil {
			return false, err
		}
	}
	for spare := slop; len(w.queue) > 0 && spare > 0; {
		p, err := w.step()
		if err != nil {
			return false, err
		}
		if p.commit.Hash == h {
			return true, nil
		}
		if spare--; !p.commit.Committer.When.Before(wanted.Committer.When) {
			spare = slop
		}
	}
	return false, w.unless(h)
}

// ensureHistory fetches commits that are not available with all their history, if
// possible without files. When what a clone lends has a hole, everything is fetched.
func (r *repo) ensureHistory(ctx context.Context, from *remoteRefs, wants []plumbing.Hash) error {
	missing := slices.DeleteFunc(slices.Clone(wants), r.history.has)
	known := r.known()
	if len(missing) > 0 {
		haves := r.historyHaves()
		if err := r.fetch(ctx, from, r.history, ask{wants: missing, haves: haves, filter: onlyAsked}); err != nil {
			return err
		}
		if err := r.history.noteEnds(ctx, from.ends); err != nil {
			return err
		}
		for _, h := range missing {
			known[h] = len(haves) == 0 // then all came
		}
	}
	err := r.complete(ctx, wants, known)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		r.history.alternates = nil
		err = r.fetch(ctx, from, r.history, ask{wants: wants, filter: onlyAsked})
	}
	if err != nil {
		return readError("read history", from.url, err)
	}
	return r.history.remember(ctx, from, wants)
}

// noteEnds notes where the remote's history ends, as the pack just added said. A
// commit is no end any more when its parents have come.
func (s *store) noteEnds(ctx context.Context, now []plumbing.Hash) error {
	was := s.ends()
	ends := map[plumbing.Hash]bool{}
	for _, h := range now {
		ends[h] = true
	}
	for h := range was {
		if c, err := object.GetCommit(s, h); err == nil && slices.ContainsFunc(c.ParentHashes, func(p plumbing.Hash) bool { return !s.has(p) }) {
			ends[h] = true
		}
	}
	if maps.Equal(was, ends) {
		return nil
	}
	unlock, err := s.locked(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return brokenCache(s.top.SetShallow(slices.Collect(maps.Keys(ends))))
}
