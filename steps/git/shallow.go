package git

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// A repository on a server may be shallow: git clone --depth made it, and its
// history ends at commits whose parents are not there. What lies above them is
// answered as from any other; where an answer would depend on what lies behind
// them, it is refused, never guessed.

// cutOff is an answer that lies behind the end of a shallow history.
type cutOff struct{ at plumbing.Hash }

// Error says for which commit.
func (c *cutOff) Error() string {
	return "what is asked of commit " + short(c.at) + " lies behind the end of its history"
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

func endsOf(sto storer.EncodedObjectStorer) map[plumbing.Hash]bool {
	if s, ok := sto.(*store); ok {
		return s.ends()
	}
	return nil
}

// noteEnds notes where the remote's history ends, as it was said with the pack
// that was just added. A commit that was an end is none any more when its
// parents have come.
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
	if err := s.top.SetShallow(slices.Collect(maps.Keys(ends))); err != nil {
		return brokenCache(err)
	}
	return nil
}

// whole reports that a comparison does not depend on what lies behind an end:
// both sides reach all that do.
func (w *walk) whole() error {
	return w.cut(func(p *painted) bool { return p.flags != both })
}

// unless reports that a walk did not come to a commit because of an end that it
// came to. An end that the commit itself is above has it not behind it.
func (w *walk) unless(h plumbing.Hash) error {
	if w.cut(func(*painted) bool { return true }) == nil {
		return nil
	}
	below := newWalk(w.ctx, w.sto)
	err := below.paint(h, toSide)
	for err == nil && len(below.queue) > 0 {
		_, err = below.step()
	}
	if err != nil {
		return err
	}
	return w.cut(func(p *painted) bool { return below.seen[p.commit.Hash] == nil })
}

// cut returns an error that names the first of the ends that were walked to and
// that matter.
func (w *walk) cut(matters func(*painted) bool) error {
	var at []plumbing.Hash
	for h := range w.ends {
		if p, ok := w.seen[h]; ok && matters(p) {
			at = append(at, h)
		}
	}
	if len(at) == 0 {
		return nil
	}
	return &cutOff{slices.MinFunc(at, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })}
}
