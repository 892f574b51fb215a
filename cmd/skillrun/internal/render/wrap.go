package render

import (
	"io"
	"regexp"
	"strings"
	"unicode"
)

// Wrapper is a writer to a terminal that breaks the lines which do not fit on it,
// between words. The terminal would break them anyhow, and could be made to do it
// so that what is from outside stands where our own lines begin. Commands stay
// whole, to be copied.
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
			if strings.HasSuffix(line, "\n") && !command.MatchString(line) {
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
var command = regexp.MustCompile(`^(skillrun | *[a-z ,]{2,40}: skillrun )`)

// word is a word with the blanks before it.
var word = regexp.MustCompile(`[ \t\x{3000}]*[^ \t\x{3000}]+`)

// broken is a line on as many rows as it needs, each further one marked.
func broken(line string, width int) string {
	line = strings.TrimSuffix(line, "\n")
	if cells(line) <= width {
		return line + "\n"
	}
	var b strings.Builder
	at := 0
	for _, w := range word.FindAllString(line, -1) {
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

// cells is how wide a text is at most. Where that depends on the terminal, the
// wider one counts: a row that is broken early is no harm.
func cells(s string) int {
	n := 0
	for _, r := range styles.ReplaceAllString(s, "") {
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
