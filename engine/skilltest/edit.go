package skilltest

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// edit puts another value in the place of one that is expected.
type edit struct {
	node *syntax.Node
	got  any
}

// Updated returns the text of a file of tests in which what was expected of a value is
// what was; n is how many values that are. All else, comments too, stays as it is.
// Failures of another kind, such as another state, are left alone.
func Updated(text []byte, failures []Failure) (out []byte, n int) {
	var edits []edit
	for _, f := range failures {
		if f.edit != nil {
			edits = append(edits, *f.edit)
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return offset(text, b.node.Range.Start) - offset(text, a.node.Range.Start) })
	out = slices.Clone(text)
	for _, e := range edits {
		from, to := offset(text, e.node.Range.Start), offset(text, e.node.Range.End)
		// A value that ends with its line, such as a block, keeps the end of the line.
		tail := text[from:to][len(strings.TrimRight(string(text[from:to]), " \n\r")):]
		out = slices.Replace(out, from, to, append(types.Encode(e.got), tail...)...)
	}
	return out, len(edits)
}

// NotUpdated returns the failures that [Updated] leaves alone.
func NotUpdated(failures []Failure) []Failure {
	return slices.DeleteFunc(slices.Clone(failures), func(f Failure) bool { return f.edit != nil })
}

// offset is where a place is in a text, in bytes.
func offset(text []byte, p diag.Pos) int {
	at := 0
	for range p.Line - 1 {
		i := slices.Index(text[at:], '\n')
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	col := 1
	for i := range string(text[at:]) {
		if col == p.Col {
			return at + i
		}
		col++
	}
	return len(text)
}
