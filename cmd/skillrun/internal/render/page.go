package render

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// pageLink is a link of a page: to another one, or to a place on the web.
var pageLink = types.Pattern(`\[([^\[\]]+)\]\([^\s()]+\)`)

// Page draws a part of a page of the book, as plain text of the given width: its
// paragraphs are wrapped anew, what stands between fences is indented and kept as it is,
// and of a link the text is left.
func Page(text string, width int) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, reflowed(pageLink().ReplaceAllString(strings.Join(paragraph, " "), "$1"), width))
			paragraph = nil
		}
	}
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			fenced = !fenced
		case fenced:
			out = append(out, strings.TrimRight("    "+line, " "))
		case line == "":
			flush()
			out = append(out, "")
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}

// reflowed breaks a paragraph between words.
func reflowed(text string, width int) string {
	var b strings.Builder
	at := 0
	for _, w := range strings.Fields(text) {
		n := cells(w)
		switch {
		case at > 0 && at+1+n > width:
			b.WriteByte('\n')
			at = 0
		case at > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += n
	}
	return b.String()
}
