package git

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"

	"github.com/skillrun/skillrun/engine/types"
)

// What a pack may hold, in bytes. A few megabytes can say that they are gigabytes.
const (
	maxObject    = 32 << 20  // one object
	maxChain     = 128 << 20 // one that is told as differences, with all that it is made of
	maxInflated  = 256 << 20 // all of a pack that is more than maxRatio times what came
	maxRatio     = 100
	maxMade      = 1 << 30 // all that is made of differences and is more than maxMadeRatio times what came
	maxMadeRatio = 2000    // a large file that every commit changes a little has a thousand
	maxObjects   = 500_000 // each takes some hundred bytes of memory
	maxTiny      = 50_000  // objects of a pack in which one takes less than tiny
	tiny         = 64
)

// weigher adds up what a pack's objects take in memory while they are read.
type weigher struct {
	read     *counter
	inflated int64
	chains   map[int64]int64 // by where an object stands in the pack: it, and what it is made of
	made     int64           // of differences
	referred int64           // what is made of objects that a pack names by their hash
}

// objects refuses a pack of too many objects: n are to come, and done were read.
func (w *weigher) objects(n, done uint32) error {
	if n <= maxObjects && (done < maxTiny || w.read.n > tiny*int64(done)) {
		return nil
	}
	return types.Errorf(types.Unavailable, "the remote sends a pack of %d objects, which are too many", n).
		WithHint("skillrun does not read repositories of that size; check what the server sends")
}

// object refuses one that is too large, before any of it is inflated.
func (w *weigher) object(h *packfile.ObjectHeader) error {
	w.inflated += h.Length
	switch {
	case h.Length > maxObject:
		return tooLarge("an object of %d MiB", h.Length)
	case w.inflated > maxInflated && w.inflated/maxRatio > w.read.n:
		return tooLarge("%d MiB in a pack that is a hundredth of that", w.inflated)
	}
	if !h.Type.IsDelta() && h.Length > 1<<10 {
		w.chains[h.Offset] = h.Length
	}
	return nil
}

// delta refuses an object that is too large when it is made. begin is how the
// difference begins: with the sizes of what it is made of and of what it makes.
func (w *weigher) delta(h *packfile.ObjectHeader, begin []byte) error {
	_, n := binary.Uvarint(begin)
	size, m := binary.Uvarint(begin[max(n, 0):])
	if n <= 0 || m <= 0 || size > maxObject {
		return tooLarge("an object of %d MiB", int64(min(size, 1<<62)))
	}
	if w.made += int64(size); w.made > maxMade && w.made/maxMadeRatio > w.read.n {
		return tooLarge("differences that make %d MiB", w.made)
	}
	whole := int64(size)
	if h.Type == plumbing.OFSDeltaObject {
		whole += w.chains[h.OffsetReference]
		if whole > 1<<10 {
			w.chains[h.Offset] = whole
		}
	} else if whole > 1<<20 {
		w.referred += whole
		whole = w.referred
	}
	if whole > maxChain {
		return tooLarge("an object that is made of %d MiB", whole)
	}
	return nil
}

func tooLarge(format string, n int64) error {
	return types.Errorf(types.Unavailable, "the remote sends %s, which is too large", fmt.Sprintf(format, n>>20)).
		WithHint("skillrun does not read files of that size; check what the server sends")
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// head keeps the beginning of what is written.
type head struct{ bytes []byte }

// Write drops what comes later.
func (h *head) Write(p []byte) (int, error) {
	if room := 2*binary.MaxVarintLen64 - len(h.bytes); room > 0 {
		h.bytes = append(h.bytes, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// holder holds what was read of a pack until it may pass: one object, and what is ahead.
type holder struct {
	to     io.Writer
	held   []byte
	passed int64
}

// Write holds p. An object can be deflated to much more than it is.
func (h *holder) Write(p []byte) (int, error) {
	if len(h.held)+len(p) > maxObject+maxObject/8 {
		return 0, tooLarge("an object that takes %d MiB", int64(len(h.held)+len(p)))
	}
	h.held = append(h.held, p...)
	return len(p), nil
}

// release passes on what comes before a place in the pack.
func (h *holder) release(end int64) error {
	n, err := h.to.Write(h.held[:end-h.passed])
	h.passed += int64(n)
	h.held = append(h.held[:0], h.held[n:]...)
	return err
}
