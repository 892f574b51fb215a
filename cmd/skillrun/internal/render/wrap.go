package render

import (
	"io"
	"strings"
	"unicode"

	"github.com/skillrun/skillrun/engine/types"
)

// Wrapper is a writer to a terminal that breaks lines between words, so that the
// terminal puts nothing from outside where our own lines begin. Commands are broken so
// that a shell takes all rows for one.
type Wrapper struct {
	W     io.Writer
	Width func() int // of the terminal in cells; 0 is not known
}

// Write writes the lines, a write at a time.
func (x Wrapper) Write(p []byte) (int, error) {
	width, text := x.Width(), string(p)
	if width >= narrowest {
		lines := strings.SplitAfter(text, "\n")
		for i, line := range lines {
			switch {
			case !strings.HasSuffix(line, "\n"):
			case command().MatchString(styles().ReplaceAllString(line, "")):
				lines[i] = continued(line, width)
			default:
				lines[i] = broken(line, width)
			}
		}
		text = strings.Join(lines, "")
	}
	if _, err := io.WriteString(x.W, text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// narrowest is the terminal on which lines are worth breaking.
const narrowest = 20

// command matches the lines that people copy into a shell.
var command = types.Pattern(`^(skillrun | *[a-z ,]{2,40}: skillrun )`)

// word is a word with the blanks before it.
var word = types.Pattern(`[ \t\x{3000}]*[^ \t\x{3000}]+`)

// broken is a line on as many rows as it needs, each further one marked.
func broken(line string, width int) string {
	line = strings.TrimSuffix(line, "\n")
	if cells(line) <= width {
		return line + "\n"
	}
	var b strings.Builder
	at := 0
	for _, w := range word().FindAllString(line, -1) {
		n := cells(w)
		if at > 0 && at+n > width {
			b.WriteString("\n" + mark)
			w = strings.TrimLeft(w, " \t\u3000")
			at, n = len(mark), cells(w)
		}
		b.WriteString(w)
		at += n
	}
	return b.String() + "\n"
}

// continued is a line with a command on as many rows as it needs, each ended by a
// backslash, between words or where a quote is closed for it.
func continued(line string, width int) string {
	line = strings.TrimSuffix(line, "\n")
	if cells(line) <= width {
		return line + "\n"
	}
	row := &commandRows{width: width - len(" '\\")}
	text := []rune(styles().ReplaceAllString(line, ""))
	for i := 0; i < len(text); i++ {
		n := 1
		switch r := text[i]; {
		case row.quote == "" && r == '\'':
			row.quote = "'"
		case row.quote == "" && r == '$' && i+1 < len(text) && text[i+1] == '\'':
			row.quote, n = "$'", 2
		case row.quote == "" && r == '\\':
			n = 2
		case row.quote == "" && r == ' ':
			row.word(text[i+1:])
		case row.quote == "$'" && r == '\\':
			n = escapeLength(text[i:])
		case row.quote != "" && r == '\'':
			row.WriteRune(r) // there is room for it
			row.at, row.quote = row.at+1, ""
			continue
		}
		n = min(n, len(text)-i)
		row.put(string(text[i : i+n]))
		i += n - 1
	}
	return row.String() + "\n"
}

type commandRows struct {
	strings.Builder
	at, width int
	quote     string // that is open: ' or $', "" for none
}

// put adds a piece that cannot be torn, on a new row where it does not fit.
func (r *commandRows) put(piece string) {
	n := cells(piece)
	open := r.quote != "" && piece != "'" && piece != "$'"
	switch {
	case r.at+n <= r.width:
	case open:
		r.WriteString("'\\\n" + r.quote)
		r.at = len(r.quote)
	case piece == r.quote || piece[0] == '\\': // a quote begins, or stands alone
		r.WriteString("\\\n")
		r.at = 0
	}
	r.WriteString(piece)
	r.at += n
}

// word begins a new row for a word that does not fit on this one.
func (r *commandRows) word(rest []rune) {
	n := 0
	for _, c := range rest {
		if c == ' ' || n > r.width {
			break
		}
		n += cells(string(c))
	}
	if r.at+1+n > r.width {
		r.WriteString(" \\\n ")
		r.at = 1
	}
}

// escapeLength is how long an escape of $'…' is, as cli writes them.
func escapeLength(text []rune) int {
	switch {
	case len(text) < 2:
		return 1
	case text[1] == 'x':
		return 4
	case text[1] == 'U':
		return 10
	}
	return 2
}

// cells is how wide a text is at most: where terminals differ, the wider one.
func cells(s string) int {
	n := 0
	for _, r := range styles().ReplaceAllString(s, "") {
		switch {
		case r == '\t':
			n += 8
		case unicode.Is(unicode.Mn, r):
		case r >= 0x1100 && r < 0x2000, r >= 0x2300 && r < 0x2400, r >= 0x2600 && r < 0x2800, r >= 0x2b00:
			n += 2
		default:
			n++
		}
	}
	return n
}
