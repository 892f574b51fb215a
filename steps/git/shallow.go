package git

import (
	"bytes"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
)

// A repository on a server may be shallow, as git clone --depth makes it: its history
// ends at commits whose parents are not there. An answer that depends on what lies
// behind them is refused, never guessed; any other is given.

// whole refuses a comparison that depends on an end, which not both sides reach.
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

// cut returns an error that names the first end that was walked to and matters.
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
	return &shallowError{slices.MinFunc(at, func(a, b plumbing.Hash) int { return bytes.Compare(a[:], b[:]) })}
}
