package diag

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Apply performs edits on the text of the file that they are of, and returns the new
// text. Their places are those of the old one, whatever their order. It fails when two of
// them touch the same characters, or one is at no place of the text. A text whose lines
// end in CRLF keeps that also where lines are added.
func Apply(text []byte, edits []Edit) ([]byte, error) {
	body, marked := bytes.CutPrefix(text, []byte("\ufeff")) // which no column counts
	lines := bytes.SplitAfter(body, []byte("\n"))
	edits = slices.SortedStableFunc(slices.Values(edits), func(a, b Edit) int {
		return cmp.Or(cmp.Compare(a.At.Start.Line, b.At.Start.Line), cmp.Compare(a.At.Start.Col, b.At.Start.Col))
	})
	var out bytes.Buffer
	if marked {
		out.WriteString("\ufeff")
	}
	done := 0
	for _, e := range edits {
		from, to := offset(lines, e.At.Start), offset(lines, e.At.End)
		if from < 0 || to < from {
			return nil, fmt.Errorf("%s is no place to edit", e.At)
		}
		if from < done {
			return nil, fmt.Errorf("%s is edited twice", e.At)
		}
		out.Write(body[done:from])
		out.WriteString(likeIn(body, e.Text))
		done = to
	}
	out.Write(body[done:])
	return out.Bytes(), nil
}

// offset is where a place is in a text of these lines, or -1.
func offset(lines [][]byte, p Pos) int {
	if p.Line < 1 || p.Line > len(lines) || p.Col < 1 {
		return -1
	}
	at := 0
	for _, line := range lines[:p.Line-1] {
		at += len(line)
	}
	line := lines[p.Line-1]
	for range p.Col - 1 {
		if len(line) == 0 {
			return -1
		}
		_, size := utf8.DecodeRune(line)
		line, at = line[size:], at+size
	}
	return at
}

// likeIn ends the lines of an insertion as those of the text end.
func likeIn(body []byte, insertion string) string {
	if bytes.Contains(body, []byte("\r\n")) {
		return strings.ReplaceAll(insertion, "\n", "\r\n")
	}
	return insertion
}

// Overlap reports whether two edits cannot be made together: they touch the same
// characters, or insert at the same place.
func (e Edit) Overlap(o Edit) bool {
	if e.At.File != o.At.File {
		return false
	}
	if e.At.Start == o.At.Start {
		return true
	}
	return before(e.At.Start, o.At.End) && before(o.At.Start, e.At.End)
}

func before(a, b Pos) bool { return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col }
