package index

import (
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// mostMends bounds how many lines are taken out of a text so that it can be parsed.
const mostMends = 6

// mended is what a text can be parsed to: the lines at which parsing fails are taken for
// blank, and all others stand where they stood. The line keep, counted from 1, stays;
// nil when that is what is in the way, or too much is.
func mended(file, text string, keep int) *syntax.Node {
	lines := strings.Split(text, "\n")
	for range mostMends {
		root, diags := syntax.Parse(file, []byte(strings.Join(lines, "\n")))
		if root != nil {
			return root
		}
		at := diags.First().At.Start.Line
		if at == keep { // what stands before it may be what it does not fit
			at--
		}
		for at > 1 && (at > len(lines) || strings.TrimSpace(lines[at-1]) == "") {
			at--
		}
		if at < 1 || at == keep {
			return nil
		}
		lines[at-1] = ""
	}
	return nil
}

// upTo is the text up to and with a line.
func upTo(text string, line int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[:min(line, len(lines))], "")
}
