package index

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
)

// spot is what stands around the cursor in its line.
type spot struct {
	line   string
	at     int    // the cursor, in bytes of the line
	from   int    // where the word at the cursor begins: the key, the value or the item
	key    string // the key whose value it is
	value  bool   // it is the value of a key
	dash   bool   // it is an item of a block list, or its first key
	open   string // the flow brackets around it, from the outside in
	quote  byte   // that the value begins with
	indent int    // where the first word of the line begins
}

// spotAt reads a line up to the cursor. A value of several lines is not seen as one.
func spotAt(line string, at int) spot {
	s := spot{line: line, at: at}
	skip := func(i int) int {
		for i < at && line[i] == ' ' {
			i++
		}
		return i
	}
	s.from = skip(0)
	s.indent = s.from
	for s.from < at && line[s.from] == '-' && (s.from+1 == at || line[s.from+1] == ' ') {
		s.dash, s.from = true, skip(s.from+1)
	}
	for i := s.from; i < at; i++ {
		c := line[i]
		switch {
		case s.quote != 0:
			if c == '\\' && s.quote == '"' {
				i++
			} else if c == s.quote {
				s.quote = 0
			}
		case i == s.from && (c == '"' || c == '\''):
			s.quote = c
		case i == s.from && (c == '{' || c == '['):
			s.open += string(c)
			s.from, s.value, s.key = skip(i+1), false, ""
			i = s.from - 1
		case s.open != "" && c == ',':
			s.from, s.value, s.key = skip(i+1), false, ""
			i = s.from - 1
		case s.open != "" && (c == '}' || c == ']') && !strings.Contains(line[s.from:i], "{{"):
			s.open = s.open[:len(s.open)-1]
		case !s.value && c == ':' && (i+1 == at || line[i+1] == ' '):
			s.key, s.value = strings.Trim(strings.TrimSpace(line[s.from:i]), `"'`), true
			s.from = skip(i + 1)
			i = s.from - 1
		}
	}
	return s
}

// typed is what of the word stands before the cursor, without the quote.
func (s spot) typed() string {
	t := s.line[s.from:s.at]
	if s.quote != 0 && t != "" {
		return t[1:]
	}
	return t
}

// rest is what follows the word at the cursor: in a flow collection up to where the next
// one begins. Brackets that nobody closed yet are closed.
func (s spot) rest() string {
	out := ""
	if s.open != "" {
		if i := strings.IndexAny(s.line[s.at:], ",]}"); i >= 0 {
			out = s.line[s.at+i:]
		}
	}
	closed := strings.Count(out, "}") + strings.Count(out, "]")
	for i := len(s.open) - 1 - closed; i >= 0; i-- {
		out += string(s.open[i] + 2) // '{' and '}', '[' and ']' are two apart
	}
	return out
}

// marker stands in the place of what is being typed.
const marker = "zz_being_typed_zz"

// nextIndent is where the first of some lines begins that is not blank.
func nextIndent(lines []string) int {
	for _, line := range lines {
		if rest := strings.TrimLeft(line, " "); strings.TrimSpace(rest) != "" {
			return len(line) - len(rest)
		}
	}
	return 0
}

// filled are texts in which the marker stands for the word at the cursor, the likely one
// first. Where the next line is indented further than an item, that is a mapping.
func (s spot) filled(next int) []string {
	head := s.line[:s.from]
	switch {
	case s.value && !strings.HasSuffix(head, " "):
		return []string{head + " " + marker + s.rest()}
	case s.value:
		return []string{head + marker + s.rest()}
	case strings.HasSuffix(s.open, "["):
		return []string{head + marker + s.rest()}
	case strings.HasSuffix(s.open, "{"):
		return []string{head + marker + ": 0" + s.rest()}
	case s.dash && strings.HasSuffix(head, "-"):
		head += " "
	}
	if s.dash && next <= s.indent {
		return []string{head + marker, head + marker + ":"}
	}
	return []string{head + marker + ":"}
}

// hole is where an expression in ${{ }} stands around an offset of a text.
type hole struct{ from, inner, to int }

// widestHole bounds how far back the ${{ of an expression is looked for.
const widestHole = 4 << 10

// holeAt is the hole in which a place is; a hole may have no end yet.
func holeAt(text string, at int) (hole, bool) {
	back := max(0, at-widestHole)
	open := max(strings.LastIndex(text[back:at], "${{"), strings.LastIndex(text[back:at], "%{{"))
	if open < 0 || strings.Contains(text[back+open:at], "}}") {
		return hole{}, false
	}
	h := hole{from: back + open, inner: back + open + 3}
	if at < h.inner {
		return hole{}, false
	}
	if strings.Count(text[h.inner:at], "\n") > 8 {
		return hole{}, false
	}
	line, _, _ := strings.Cut(text[at:], "\n")
	if next := strings.Index(line, "{{"); next >= 0 {
		line = line[:next]
	}
	if end := strings.Index(line, "}}"); end >= 0 {
		h.to = at + end + 2
	} else {
		h.to = at + len(strings.TrimRight(line, "\r$%"))
		if n := strings.IndexAny(line, `"`); n >= 0 {
			h.to = at + n
		}
	}
	return h, true
}

// byteAt is the offset of a place in a text, and whether there is one.
func byteAt(text string, at diag.Pos) int {
	from := 0
	for line := 1; line < at.Line; line++ {
		n := strings.IndexByte(text[from:], '\n')
		if n < 0 {
			return len(text)
		}
		from += n + 1
	}
	line, _, _ := strings.Cut(text[from:], "\n")
	return from + offset(strings.TrimSuffix(line, "\r"), at.Col)
}
