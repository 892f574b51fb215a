package index

import (
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// mostMends bounds how many lines are taken for blank so that a text can be parsed.
const mostMends = 2

// mended is what a text can be parsed to that cannot be as it is: some lines are taken
// for blank, and all others stand where they stood. The likely one is near, the line
// that was edited last; then what stands before it is all there is. nil when too much is
// wrong.
func mended(file, text string, near int) *syntax.Node {
	lines := strings.Split(text, "\n")
	for _, n := range []int{near, near - 1} {
		if n < 1 || n > len(lines) {
			continue
		}
		rest := strings.Join(lines[:n-1], "\n") + "\n\n" + strings.Join(lines[n:], "\n")
		if root, _ := syntax.Try(file, []byte(rest)); root != nil {
			return root
		}
	}
	if near > 1 {
		if root, _ := syntax.Try(file, []byte(upTo(text, near-1))); root != nil {
			return root
		}
	}
	return unfolded(file, lines, 0)
}

// unfolded is what lines can be parsed to when those at which parsing fails are blank,
// but for the line keep, counted from 1.
func unfolded(file string, lines []string, keep int) *syntax.Node {
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
