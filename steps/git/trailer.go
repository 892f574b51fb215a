package git

import (
	"slices"
	"strings"
)

// trailerStart is where the trailers of a message begin, which ends in a line
// break: its length when there are none. The rule is find_trailer_start's in
// git's trailer.c: they are the last paragraph, which is not the first one, when
// all its lines are trailers or continue with one, or when git itself wrote one of
// them and at least a quarter of the lines are some. Lines that begin with # do
// not count.
func trailerStart(message string) int {
	lines := slices.Collect(strings.Lines(message))
	title := slices.IndexFunc(lines, func(l string) bool { return l[0] != '#' && isBlank(l) })
	if title < 0 {
		return len(message)
	}
	var b block
	at := len(message)
	for i := len(lines) - 1; i >= title; i-- {
		if isBlank(lines[i]) && lines[i][0] != '#' {
			if b.lines() == 0 {
				at -= len(lines[i])
				continue
			}
			if b.ends() {
				return at
			}
			return len(message)
		}
		at -= len(lines[i])
		b.add(lines[i])
	}
	return len(message)
}

// block counts the lines of a paragraph, from its last one up.
type block struct {
	trailers, others, indented int
	byGit                      bool
}

func (b *block) add(line string) {
	switch {
	case line[0] == '#':
		b.others, b.indented = b.others+b.indented, 0
	case strings.HasPrefix(line, "Signed-off-by: "), strings.HasPrefix(line, "(cherry picked from commit "):
		b.trailers, b.indented, b.byGit = b.trailers+1, 0, true
	case isSpace(line[0]):
		b.indented++
	case separator(line) > 0:
		b.trailers, b.indented = b.trailers+1, 0
	default:
		b.others, b.indented = b.others+b.indented+1, 0
	}
}

func (b *block) lines() int { return b.trailers + b.others + b.indented }

// ends reports whether the paragraph, counted to its first line, is one of trailers.
func (b *block) ends() bool {
	others := b.others + b.indented
	return b.byGit && b.trailers*3 >= others || b.trailers > 0 && others == 0
}

// separator is where the colon of a trailer is, or -1: find_separator in git's trailer.c.
func separator(line string) int {
	blank := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == ':':
			return i
		case !blank && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'):
		case i > 0 && (c == ' ' || c == '\t'):
			blank = true
		default:
			return -1
		}
	}
	return -1
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isBlank(line string) bool { return strings.Trim(line, " \t\r\n") == "" }

// withoutBlankEnd is a message without the blank lines and the line break at its end.
func withoutBlankEnd(message string) string {
	for {
		at := strings.LastIndexByte(strings.TrimSuffix(message, "\n"), '\n')
		if at < 0 || !isBlank(message[at:]) {
			return strings.TrimSuffix(message, "\n")
		}
		message = message[:at+1]
	}
}

func trailersOf(message string) []Trailer {
	out := []Trailer{}
	message = withoutBlankEnd(message) + "\n"
	for line := range strings.Lines(message[trailerStart(message):]) {
		at := separator(line)
		switch {
		case line[0] == '#':
		case isSpace(line[0]) && len(out) > 0:
			last := &out[len(out)-1]
			last.Value = strings.TrimSpace(last.Value + " " + strings.TrimSpace(line))
		case at > 0:
			out = append(out, Trailer{strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:])})
		}
	}
	return out
}

// Trailer is a line such as "Signed-off-by: Ada" at the end of a message.
type Trailer struct {
	Name  string `json:"name" doc:"What stands before the colon."`
	Value string `json:"value" doc:"What stands after it."`
}
