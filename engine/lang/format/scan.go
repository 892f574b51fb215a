package format

import (
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// kind is what a token is.
type kind uint8

const (
	scalar  kind = iota + 1 // a key or a value, of one line or several
	mark                    // one of - : , [ ] { }
	comment                 // to the end of its line
	marker                  // --- or ... or a directive, which is not indented
)

// token is a piece of a text; between two of them is only white space.
type token struct {
	kind kind
	text string
	node *syntax.Node // of a scalar

	line, last int // where it begins and ends, from 0
	col        int // where it begins on its line, in bytes
	gap        int // of a comment: the blanks before it, behind another token of its line

	level  *level // the innermost block collection around it; nil of a comment
	indent int    // where it is to stand when it is the first of its line
	inner  int    // where the further lines of a scalar are to stand
	inFlow bool   // of a comment: in brackets, so that its indent is known
}

func (t token) is(text string) bool { return t.kind == mark && t.text == text }

// multi reports whether a token goes over several lines.
func (t token) multi() bool { return t.last > t.line }

// block reports whether a scalar is a block of text, with a header.
func (t token) block() bool {
	return t.kind == scalar && (t.text[0] == '|' || t.text[0] == '>')
}

// scanner cuts a text into tokens.
type scanner struct {
	text   string
	at     int      // what is before is done
	end    int      // of the last token
	pos    diag.Pos // the place of a node that was found last, and its offset
	place  int
	line   int // of at, from 0
	begin  int // of that line
	tokens []token
	bad    bool // there was something that is no token
}

// scan returns the tokens of a text. The tree knows where the scalars are, and what is
// between them is easily read.
func scan(root *syntax.Node, text string) ([]token, bool) {
	s := &scanner{text: text, pos: diag.Pos{Line: 1, Col: 1}}
	s.leaves(root)
	s.between(len(text))
	return s.tokens, !s.bad
}

func (s *scanner) leaves(n *syntax.Node) {
	for _, item := range n.Items {
		s.leaves(item)
	}
	for _, p := range n.Pairs {
		s.leaves(p.Key)
		s.leaves(p.Value)
	}
	if n.Kind != syntax.Scalar || n.Range.Start == n.Range.End {
		return // nothing is written for it
	}
	from := s.offset(n.Range.Start)
	to := s.offset(n.Range.End)
	s.between(from)
	if from < s.at || to <= from {
		s.bad = true
		return
	}
	t := token{kind: scalar, node: n, text: s.text[from:to]}
	if header, _, _ := strings.Cut(t.text, "\n"); t.block() && strings.Contains(firstWord(header), "+") {
		t.text = s.text[from:blankLines(s.text, to)]
	}
	s.add(t, from)
}

// offset goes forward to a place.
func (s *scanner) offset(to diag.Pos) int {
	for s.place < len(s.text) && (s.pos.Line < to.Line || s.pos.Line == to.Line && s.pos.Col < to.Col) {
		r, size := utf8.DecodeRuneInString(s.text[s.place:])
		s.place += size
		if s.pos.Col++; r == '\n' {
			s.pos = diag.Pos{Line: s.pos.Line + 1, Col: 1}
		}
	}
	return s.place
}

// blankLines is the end of the last of the blank lines that follow the line which ends at
// a place: a block of text that keeps them (|+) has them, too.
func blankLines(text string, at int) int {
	for at < len(text) {
		line, _, whole := strings.Cut(text[at+1:], "\n")
		if !whole || strings.Trim(line, " ") != "" {
			break
		}
		at += 1 + len(line)
	}
	return at
}

func (s *scanner) add(t token, at int) {
	t.line, t.col, t.gap = s.line, at-s.begin, 1
	if between := s.text[s.end:at]; strings.Trim(between, " ") == "" {
		t.gap = len(between)
	}
	s.at, s.end = at+len(t.text), at+len(t.text)
	if i := strings.LastIndexByte(t.text, '\n'); i >= 0 {
		s.line, s.begin = s.line+strings.Count(t.text, "\n"), at+i+1
	}
	t.last = s.line
	s.tokens = append(s.tokens, t)
}

// between reads what stands between two scalars, up to a place.
func (s *scanner) between(to int) {
	for s.at < to && !s.bad {
		switch c := s.text[s.at]; {
		case c == '\n':
			s.at++
			s.line, s.begin = s.line+1, s.at
		case c == ' ' || c == '\t':
			s.at++
		case c == '#', s.at == s.begin && c == '%':
			line, _, _ := strings.Cut(s.text[s.at:to], "\n")
			next := s.at + len(line)
			s.add(token{kind: map[bool]kind{true: comment, false: marker}[c == '#'], text: strings.TrimRight(line, " \t")}, s.at)
			s.at = next
		case s.at == s.begin && (strings.HasPrefix(s.text[s.at:to], "---") || strings.HasPrefix(s.text[s.at:to], "...")):
			s.add(token{kind: marker, text: s.text[s.at : s.at+3]}, s.at)
		case strings.IndexByte("-:,[]{}", c) >= 0:
			s.add(token{kind: mark, text: s.text[s.at : s.at+1]}, s.at)
		default:
			s.bad = true
		}
	}
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}
