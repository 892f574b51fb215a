package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
)

// Limits of one text.
const (
	maxText    = 1 << 20
	maxNesting = 16
)

// Text is a parsed text with holes. It is immutable and may be used by many
// goroutines at once.
type Text struct{ parts []part }

type part interface{ isPart() }

type (
	literalPart string
	// holePart is ${{ e }}.
	holePart struct{ e *Expr }
	// ifPart is %{{ if }}; a branch without a test is the else.
	ifPart struct{ branches []branch }
	branch struct {
		test *Expr
		body []part
	}
	// forPart is %{{ for name in e }}.
	forPart struct {
		name string
		at   span // of the name
		e    *Expr
		body []part
	}
)

func (literalPart) isPart() {}
func (*holePart) isPart()   {}
func (*ifPart) isPart()     {}
func (*forPart) isPart()    {}

// ParseText reads a text.
func ParseText(src string) (*Text, []Problem) {
	if len(src) > maxText {
		return nil, []Problem{{CodeTooBig, 0, len(src), fmt.Sprintf("the text has %d bytes; the most is %d", len(src), maxText), ""}}
	}
	if src != "" && !strings.Contains(src, "{{") { // as most are
		return &Text{[]part{literalPart(src)}}, nil
	}
	tokens, problems := scan(src)
	if len(problems) > 0 {
		return nil, problems
	}
	p := &textParser{tokens: tokens}
	parts := p.parts(0)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return &Text{parts}, nil
}

type textParser struct {
	tokens   []token
	problems []Problem
	// word and rest are of the directive at which parts stopped.
	stop       *token
	word, rest string
}

func (p *textParser) fail(t token, hint, format string, args ...any) {
	p.problems = append(p.problems, Problem{CodeSyntax, t.from, t.to, fmt.Sprintf(format, args...), hint})
}

// parts reads up to the end, or inside a directive up to its else or end.
func (p *textParser) parts(depth int) []part {
	var out []part
	for len(p.tokens) > 0 {
		t := p.tokens[0]
		p.tokens = p.tokens[1:]
		switch t.kind {
		case 0:
			if t.text != "" {
				out = append(out, literalPart(t.text))
			}
		case '$':
			if e := p.expr(t, t.text, t.inner); e != nil {
				out = append(out, &holePart{e})
			}
		default:
			word, rest := directive(t.text)
			if word == "else" || word == "end" {
				if depth > 0 {
					p.stop, p.word, p.rest = &t, word, rest
					return out
				}
				p.fail(t, "", "this %%{{ %s }} belongs to nothing", word)
				continue
			}
			if made := p.open(t, word, rest, depth+1); made != nil {
				out = append(out, made)
			}
		}
	}
	p.stop = nil
	return out
}

func directive(s string) (word, rest string) {
	s = strings.TrimSpace(s)
	end := strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end:]
}

// expr parses an expression that ends text, which begins at offset.
func (p *textParser) expr(t token, text string, offset int) *Expr {
	if strings.TrimSpace(text) == "" {
		p.fail(t, "", "there is no expression here")
		return nil
	}
	e, problems := parseAt(text, offset)
	p.problems = append(p.problems, problems...)
	return e
}

func (p *textParser) tail(t token, rest string) *Expr {
	return p.expr(t, rest, t.inner+len(strings.TrimRight(t.text, " \t\r\n"))-len(rest))
}

// open reads a directive and its body up to the end that belongs to it.
func (p *textParser) open(t token, word, rest string, depth int) part {
	if depth > maxNesting {
		p.fail(t, "", "directives are nested deeper than %d", maxNesting)
		p.tokens = nil
		return nil
	}
	switch word {
	case "if":
		return p.openIf(t, rest, depth)
	case "for":
		return p.openFor(t, rest, depth)
	}
	p.fail(t, "the directives are if, else, for and end; a value is ${{ }}", "there is no directive %q", strings.TrimSpace(t.text))
	return nil
}

func (p *textParser) openIf(t token, rest string, depth int) part {
	out := &ifPart{}
	opener, closed := t, false
	for test := p.tail(t, rest); ; {
		body := p.parts(depth)
		out.branches = append(out.branches, branch{test, body})
		if p.stop == nil {
			p.fail(opener, "", "this %%{{ if }} has no %%{{ end }}")
			return nil
		}
		t = *p.stop
		if p.word == "end" {
			p.bare(t)
			return out
		}
		if closed {
			p.fail(t, "", "nothing but %%{{ end }} can follow %%{{ else }}")
		}
		word, after := directive(p.rest)
		switch {
		case word == "if":
			test = p.tail(t, after)
		default:
			p.bare(t)
			test, closed = nil, true
		}
	}
}

func (p *textParser) bare(t token) {
	if rest := strings.TrimSpace(p.rest); rest != "" {
		p.fail(t, "", "%q is not expected after %s", rest, p.word)
	}
}

func (p *textParser) openFor(t token, rest string, depth int) part {
	before, after, found := strings.Cut(rest, " in ")
	name := strings.TrimSpace(before)
	out := &forPart{name: name}
	switch {
	case !found || !stdlib.IsName(name):
		p.fail(t, "such as %{{ for c in steps.log.commits }}", "a loop is written for NAME in LIST")
	default:
		at := t.inner + strings.Index(t.text, before) + strings.Index(before, name)
		out.at = span{at, at + len(name)}
		out.e = p.tail(t, after)
	}
	out.body = p.parts(depth)
	switch {
	case p.stop == nil:
		p.fail(t, "", "this %%{{ for }} has no %%{{ end }}")
	case p.word == "else":
		p.fail(*p.stop, "put %{{ if len(LIST) == 0 }} after its %{{ end }}", "a %%{{ for }} has no else")
		p.parts(depth) // up to its end, so that one mistake is one problem
	default:
		p.bare(*p.stop)
	}
	return out
}

// Literal reports whether the text has no holes and no directives. Its value
// may still differ from its source, by escapes.
func (t *Text) Literal() bool {
	return len(t.parts) == 0 || len(t.parts) == 1 && isLiteralPart(t.parts[0])
}

func isLiteralPart(p part) bool {
	_, ok := p.(literalPart)
	return ok
}

// single returns the expression of a text that is one hole and nothing else.
func (t *Text) single() *Expr {
	if len(t.parts) != 1 {
		return nil
	}
	if h, ok := t.parts[0].(*holePart); ok {
		return h.e
	}
	return nil
}

// Refs returns the names that the text reads, in the order of the source. The
// variables of its own loops are not among them.
func (t *Text) Refs() []Ref {
	var out []Ref
	collect(t.parts, nil, &out)
	return out
}

func collect(parts []part, own []string, out *[]Ref) {
	add := func(e *Expr) {
		for _, r := range e.Refs() {
			if !slices.Contains(own, r.Path[0]) {
				*out = append(*out, r)
			}
		}
	}
	for _, p := range parts {
		switch p := p.(type) {
		case *holePart:
			add(p.e)
		case *ifPart:
			for _, b := range p.branches {
				if b.test != nil {
					add(b.test)
				}
				collect(b.body, own, out)
			}
		case *forPart:
			add(p.e)
			collect(p.body, append(slices.Clone(own), p.name), out)
		}
	}
}
