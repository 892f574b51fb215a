package syntax

import (
	"sort"

	"github.com/skillrun/skillrun/engine/diag"
)

// span says that decoded bytes from on come from source bytes at on: one for
// one when copied, otherwise as a whole (an escape, a folded line break).
type span struct {
	from, decoded int // in Value
	at, source    int // in the text
	copied        bool
}

// Place returns where the bytes from..to of a scalar's decoded Value stand in
// the file, whatever quotes, escapes, indentation or line folding lie between
// the two. Offsets outside of Value are moved to its ends. A byte that came out
// of an escape is placed at the whole escape.
func (n *Node) Place(from, to int) diag.Range {
	if n.spans == nil {
		return n.Range
	}
	from = min(max(from, 0), len(n.Value))
	to = min(max(to, from), len(n.Value))
	if from == to {
		at := n.begin(from)
		return n.src.span(at, at)
	}
	return n.src.span(n.begin(from), n.finish(to))
}

// begin returns the offset in the source of the byte at i, and for the end of
// Value the offset after its last byte.
func (n *Node) begin(i int) int {
	if i == len(n.Value) {
		return n.finish(i)
	}
	s := n.spanAt(i)
	if s.copied {
		return s.at + i - s.from
	}
	return s.at
}

// finish returns the offset in the source after the byte before i.
func (n *Node) finish(i int) int {
	s := n.spanAt(max(i-1, 0))
	if s.copied {
		return s.at + i - s.from
	}
	return s.at + s.source
}

// spanAt finds the span that holds byte i; an empty Value has one empty span.
func (n *Node) spanAt(i int) span {
	k := sort.Search(len(n.spans), func(k int) bool { return n.spans[k].from > i })
	return n.spans[max(k-1, 0)]
}
