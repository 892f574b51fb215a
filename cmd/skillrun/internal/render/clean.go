package render

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/skillrun/skillrun/engine/types"
)

// Clean makes visible what a text from outside could do to a terminal, or to the
// order and the look of what stands on it: control characters, marks of direction,
// what has no width, marks without end on one letter. Line breaks and tabs stay.
func Clean(s string) string {
	var x scanner
	return strings.Map(func(r rune) rune {
		switch does := x.isControl(r); {
		case r != ' ' && r != '\u3000' && unicode.Is(unicode.Zs, r):
			return ' '
		case r == '\n' || r == '\t' || !does:
			return r
		case r < 0x20:
			return r + 0x2400 // the control pictures block
		}
		return '\ufffd'
	}, s)
}

// scanner reads a text, of which one character can be harmless and many are not.
type scanner struct {
	before rune
	marks  int // that stand on the letter before
}

// mostMarks is how many marks a letter has in any script, and some more.
const mostMarks = 4

// isControl reports whether the next character does something instead of standing
// there. A mark needs a letter, and a selector of a look a symbol.
func (x *scanner) isControl(r rune) bool {
	before := x.before
	x.before = r
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		x.marks++
	default:
		x.marks = 0
	}
	switch {
	case r == 0xfe0e || r == 0xfe0f:
		return before == '\ufffd' || types.Steers(before) || !unicode.In(before, unicode.So, unicode.Sm, unicode.Sk, unicode.Po)
	case x.marks > 0:
		return x.marks > mostMarks || before <= ' ' || types.Steers(r)
	}
	return types.Steers(r)
}

// mark is what stands before the further lines of a text from outside, so that
// none of them can be taken for a line of ours.
const mark = "  | "

// Said is a text from outside that stands behind something on a line: what is on
// further lines of it is marked.
func Said(s string) string {
	return strings.ReplaceAll(strings.TrimRight(Clean(s), "\n\t "), "\n", "\n"+mark)
}

// Flat is a text from outside on one line.
func Flat(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(Clean(s))
}

// styles are the sequences that this program itself writes.
var styles = types.Pattern("\x1b\\[[0-9;]{0,12}m")

// Cleaner is a writer that cleans what goes through it, a write at a time. It is
// the last thing before a stream, whatever was cleaned before.
type Cleaner struct {
	W      io.Writer
	Styled bool // colours may pass
	// Obeyed says that the stream is read by a CI service that takes some lines for
	// commands, which it calls workflow or logging commands.
	Obeyed bool
	// Commands says that the lines which begin as workflow commands are meant as such,
	// and nothing else on the stream can begin a line.
	Commands bool
}

// opening matches what makes a line a command of GitHub Actions, behind any blanks.
var opening = types.Pattern(`(?m)^([ \t\x{3000}]*)::`)

// logging are what makes one for GitHub Actions, Azure Pipelines and TeamCity,
// wherever it stands on a line, and the same in JSON.
var logging, loggingJSON = strings.NewReplacer("##[", "## [", "##vso[", "## vso[", "##teamcity[", "## teamcity["),
	strings.NewReplacer("##[", `#\u0023[`, "##vso[", `#\u0023vso[`, "##teamcity[", `#\u0023teamcity[`)

// Write writes the cleaned text.
func (c Cleaner) Write(p []byte) (int, error) {
	text, out := string(p), strings.Builder{}
	for c.Styled {
		at := styles().FindStringIndex(text)
		if at == nil {
			break
		}
		out.WriteString(Clean(text[:at[0]]) + text[at[0]:at[1]])
		text = text[at[1]:]
	}
	out.WriteString(Clean(text))
	text = out.String()
	if c.Obeyed {
		if !c.Commands {
			text = opening().ReplaceAllString(text, "$1| ::")
		}
		text = logging.Replace(text)
	}
	if _, err := io.WriteString(c.W, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CleanJSON writes the characters that [Clean] makes visible as escapes, in JSON
// of which they can only be in texts. Tabs are no layout of ours.
func CleanJSON(data string) string {
	var b strings.Builder
	var x scanner
	for _, r := range data {
		switch does := x.isControl(r); {
		case r == '\n' || !does && !types.Steers(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return loggingJSON.Replace(b.String())
}
