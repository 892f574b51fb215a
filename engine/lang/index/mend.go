package index

import (
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// mostMends bounds how many lines are taken out of a text so that it can be parsed.
const mostMends = 6

// mended is a text that can be parsed: the lines at which parsing fails are blank, and
// all others stand where they stood. The line keep, counted from 1, stays; without it,
// or when too much is wrong, ok is false.
func mended(text string, keep int) (whole string, ok bool) {
	lines := strings.Split(text, "\n")
	for range mostMends {
		whole = strings.Join(lines, "\n")
		root, diags := syntax.Parse("", []byte(whole))
		if root != nil {
			return whole, true
		}
		at := diags.First().At.Start.Line
		if at == keep && at > 1 { // what stands before it may be what it does not fit
			at--
		}
		for at > 1 && (at > len(lines) || strings.TrimSpace(lines[at-1]) == "") {
			at--
		}
		if at < 1 || at == keep {
			return "", false
		}
		lines[at-1] = ""
	}
	return "", false
}

// upTo is the text up to and with a line.
func upTo(text string, line int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:min(line, len(lines))], "")
}
