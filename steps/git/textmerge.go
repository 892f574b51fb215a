package git

import (
	"slices"
	"strings"
)

// maxMergedLines is how many lines are merged, of all three texts together.
const maxMergedLines = 1 << 20

// binaryStart is how much of a file is looked at for a NUL, as git does.
const binaryStart = 8000

// isBinary reports whether git takes a text for none.
func isBinary(text string) bool {
	return strings.IndexByte(text[:min(len(text), binaryStart)], 0) >= 0
}

// mergeTexts puts the changes of two texts to a base together, line by line. It is no
// merge when both changed the same lines, or lines that touch, in different ways; what
// both changed in the same way is changed once.
func mergeTexts(base, ours, theirs string) (merged string, ok bool) {
	if isBinary(base) || isBinary(ours) || isBinary(theirs) {
		return "", false
	}
	n := lineNumbers{numbers: map[string]int{}}
	b, o, t := n.lines(base), n.lines(ours), n.lines(theirs)
	if len(b)+len(o)+len(t) > maxMergedLines {
		return "", false
	}
	lines, ok := mergeLines(b, o, t)
	if !ok {
		return "", false
	}
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(n.texts[l])
	}
	return out.String(), true
}

// lineNumbers gives equal lines equal numbers.
type lineNumbers struct {
	numbers map[string]int
	texts   []string
}

func (n *lineNumbers) lines(text string) []int {
	var out []int
	for line := range strings.Lines(text) {
		at, known := n.numbers[line]
		if !known {
			at = len(n.texts)
			n.numbers[line] = at
			n.texts = append(n.texts, line)
		}
		out = append(out, at)
	}
	return out
}

// mergeLines goes through the hunks of both sides, those that touch at once.
func mergeLines(base, ours, theirs []int) (merged []int, ok bool) {
	left, right := lineDiff(base, ours), lineDiff(base, theirs)
	at := 0
	for len(left) > 0 || len(right) > 0 {
		g := group{from: len(base)}
		for _, side := range [][]hunk{left, right} {
			if len(side) > 0 {
				g.from = min(g.from, side[0].from)
			}
		}
		g.to = g.from
		for g.takes(&left, &g.left) || g.takes(&right, &g.right) {
		}
		text, ok := g.text(base, ours, theirs)
		if !ok {
			return nil, false
		}
		merged = append(append(merged, base[at:g.from]...), text...)
		at = g.to
	}
	return append(merged, base[at:]...), true
}

// group is a part of the base, and the hunks in it.
type group struct {
	from, to    int
	left, right []hunk
}

// takes takes the next hunk of a side, if it touches what is there.
func (g *group) takes(side, into *[]hunk) bool {
	if len(*side) == 0 || (*side)[0].from > g.to {
		return false
	}
	g.to = max(g.to, (*side)[0].to)
	*into, *side = append(*into, (*side)[0]), (*side)[1:]
	return true
}

// text is what becomes of the part.
func (g *group) text(base, ours, theirs []int) ([]int, bool) {
	switch {
	case len(g.right) == 0:
		return g.of(base, ours, g.left), true
	case len(g.left) == 0:
		return g.of(base, theirs, g.right), true
	}
	text := g.of(base, ours, g.left)
	return text, slices.Equal(text, g.of(base, theirs, g.right))
}

// of is the part as one side has it.
func (g *group) of(base, side []int, hunks []hunk) []int {
	var out []int
	at := g.from
	for _, h := range hunks {
		out = append(append(out, base[at:h.from]...), side[h.newFrom:h.newTo]...)
		at = h.to
	}
	return append(out, base[at:g.to]...)
}
