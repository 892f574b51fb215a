package render

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Clean makes visible what a text from outside could do to a terminal, or to the
// order and the look of what stands on it: control characters, marks of
// direction, what has no width. Line breaks and tabs stay.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r != ' ' && r != '\u3000' && unicode.Is(unicode.Zs, r):
			return ' '
		case r == '\n' || r == '\t' || !Steers(r):
			return r
		case r < 0x20:
			return r + 0x2400 // the control pictures block
		}
		return '\ufffd'
	}, s)
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

// Steers reports whether a character does something instead of standing there.
func Steers(r rune) bool {
	if r < 0x7f {
		return r < 0x20
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs) || unicode.Is(blank, r)
}

// blank are the characters without a look of their own that Unicode has among
// letters and marks; the selectors of an emoji's look are not.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, {Lo: 0x2065, Hi: 0x2065, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfe00, Hi: 0xfe0d, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, {Lo: 0xfff0, Hi: 0xfff8, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}},
}

// styles are the sequences that this program itself writes.
var styles = regexp.MustCompile("\x1b\\[[0-9;]{0,12}m")

// Cleaner is a writer that cleans what goes through it, a write at a time. It is
// the last thing before a stream, whatever was cleaned before.
type Cleaner struct {
	W      io.Writer
	Styled bool // colours may pass
}

// Write writes the cleaned text.
func (c Cleaner) Write(p []byte) (int, error) {
	text, out := string(p), strings.Builder{}
	for c.Styled {
		at := styles.FindStringIndex(text)
		if at == nil {
			break
		}
		out.WriteString(Clean(text[:at[0]]) + text[at[0]:at[1]])
		text = text[at[1]:]
	}
	out.WriteString(Clean(text))
	if _, err := io.WriteString(c.W, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CleanJSON writes the characters that [Clean] makes visible as escapes, in JSON
// of which they can only be in texts.
func CleanJSON(data string) string {
	if strings.IndexFunc(data, escaped) < 0 {
		return data
	}
	var b strings.Builder
	for _, r := range data {
		switch {
		case !escaped(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// escaped reports whether a character of JSON has to be an escape: what is below
// a blank is one already, or layout.
func escaped(r rune) bool { return r >= 0x7f && Steers(r) }
