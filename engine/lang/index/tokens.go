package index

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// TokenKind is what a word of an expression is.
type TokenKind string

// The kinds of tokens.
const (
	Keyword  TokenKind = "keyword"
	Variable TokenKind = "variable"
	Property TokenKind = "property"
	Function TokenKind = "function"
	String   TokenKind = "string"
	Number   TokenKind = "number"
	Operator TokenKind = "operator"
)

// TokenKinds are all of them, in an order that stays.
func TokenKinds() []TokenKind {
	return []TokenKind{Keyword, Variable, Property, Function, String, Number, Operator}
}

// Token is a word of an expression, on one line.
type Token struct {
	Kind TokenKind
	At   diag.Range

	from, to int // bytes of the line
}

// Tokens are the words of all expressions of the file, in its order.
func (x *Index) Tokens() []Token {
	var out []Token
	for _, n := range x.texts {
		for at := n.Range.Start.Line; at <= min(n.Range.End.Line, len(x.lines)); at++ {
			line := x.lines[at-1]
			from, to := 0, len(line)
			if at == n.Range.Start.Line {
				from = offset(line, n.Range.Start.Col)
			}
			if at == n.Range.End.Line {
				to = offset(line, n.Range.End.Col)
			}
			for _, hole := range x.holes(line[from:to], x.bare[n.Range.Start]) {
				for _, t := range lex(line[from+hole[0] : from+hole[1]]) {
					t.from, t.to = t.from+from+hole[0], t.to+from+hole[0]
					t.At = diag.Range{File: x.File, Start: diag.Pos{Line: at, Col: column(line, t.from)}, End: diag.Pos{Line: at, Col: column(line, t.to)}}
					out = append(out, t)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Token) int { return before(a.At.Start, b.At.Start) })
	return slices.CompactFunc(out, func(a, b Token) bool { return a.At == b.At })
}

// holes are where expressions stand in a part of a line, as bytes.
func (x *Index) holes(text string, bare bool) [][2]int {
	var out [][2]int
	for at := 0; ; {
		open := strings.Index(text[at:], "{{")
		if open < 0 || at+open == 0 || !strings.ContainsRune("$%", rune(text[at+open-1])) {
			break
		}
		from := at + open + 2
		end := strings.Index(text[from:], "}}")
		if end < 0 {
			return append(out, [2]int{from, len(text)})
		}
		out = append(out, [2]int{from, from + end})
		at = from + end + 2
	}
	if bare && out == nil {
		from, to := 0, len(text)
		if quoted := strings.Trim(text, `"'`); len(quoted) == len(text)-2 {
			from, to = 1, to-1
		}
		return [][2]int{{from, to}}
	}
	return out
}

var keywords = strings.Fields("let in not and or matches contains startsWith endsWith true false nil if else for end")

func word(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// lex cuts an expression, or a part of one, into words. It never fails.
func lex(text string) []Token {
	var out []Token
	for at := 0; at < len(text); {
		from, c := at, text[at]
		switch {
		case c == '"' || c == '\'' || c == '`':
			end := strings.IndexByte(text[at+1:], c)
			if at = at + end + 2; end < 0 {
				at = len(text)
			}
			out = append(out, Token{Kind: String, from: from, to: at})
		case word(c) || c == '#':
			for at++; at < len(text) && word(text[at]); at++ {
			}
			out = append(out, Token{Kind: wordKind(text, from, at), from: from, to: at})
		case strings.IndexByte("+-*/%<>=!&|?:", c) >= 0:
			for at++; at < len(text) && strings.IndexByte("<>=!&|?:", text[at]) >= 0; at++ {
			}
			out = append(out, Token{Kind: Operator, from: from, to: at})
		default:
			at++
		}
	}
	return out
}

func wordKind(text string, from, to int) TokenKind {
	name := text[from:to]
	dotted := from > 0 && text[from-1] == '.'
	switch {
	case name[0] >= '0' && name[0] <= '9':
		return Number
	case dotted:
		return Property
	case slices.Contains(keywords, name):
		return Keyword
	case strings.HasPrefix(strings.TrimLeft(text[to:], " "), "("):
		return Function
	}
	return Variable
}

// Hint is a type that is shown behind a name.
type Hint struct {
	At   diag.Pos
	Text string
}

// longest is how long a type may be that is shown within a line.
const longest = 60

// Hints are the types of what steps give and of what outputs are.
func (x *Index) Hints() []Hint {
	var out []Hint
	add := func(at diag.Pos, t types.Type) {
		text := []rune(t.String())
		if t.Kind == types.Invalid || t.Kind == types.Object && len(t.Fields) == 0 {
			return
		}
		if len(text) > longest {
			text = append(text[:longest-1], '…')
		}
		out = append(out, Hint{at, ": " + string(text)})
	}
	for _, s := range x.steps {
		if t, ok := x.results[s.id]; ok {
			add(s.node.Get("id").Range.End, t)
		}
	}
	if x.Skill != nil {
		for _, p := range pairs(x.Root.Get("outputs")) {
			f, _ := x.Skill.Outputs.Field(p.Key.Value)
			add(p.Key.Range.End, f.Type)
		}
	}
	return out
}
