package expr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/skillrun/skillrun/engine/types"
)

// Expr is a parsed expression. It is immutable and may be used by many
// goroutines at once.
type Expr struct {
	src  string
	base int // where src begins in the source that was given
	root node
}

// Parse reads a bare expression. `${{ e }}` around the whole is accepted.
func Parse(src string) (*Expr, []Problem) {
	inner, offset, problem := unwrap(src)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	return parseAt(inner, offset)
}

// parseAt parses an expression that stands at offset in a larger source.
func parseAt(src string, offset int) (*Expr, []Problem) {
	e, problems := parse(src)
	for i := range problems {
		problems[i] = problems[i].shift(offset)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	e.base = offset
	return e, nil
}

const wholeHint = "put all of it inside ${{ }}, or leave ${{ }} out"

// holeIn returns where a ${{ stands in an expression, outside of strings, or -1.
func holeIn(src string) int {
	quote := byte(0)
	for i := 0; i < len(src); i++ {
		switch c := src[i]; {
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\'' || c == '`'):
			quote = c
		case quote == 0 && strings.HasPrefix(src[i:], "${{"):
			return i
		}
	}
	return -1
}

// unwrap returns what stands inside of the ${{ }} around a whole expression, and where.
func unwrap(src string) (inner string, offset int, problem *Problem) {
	trimmed := strings.TrimLeft(src, " \t\r\n")
	offset = len(src) - len(trimmed)
	if i := holeIn(trimmed); i > 0 {
		return "", 0, &Problem{CodeSyntax, offset, offset + len(strings.TrimRight(trimmed[:i], " \t\r\n")), "there is text before ${{ }}; this place takes one expression", wholeHint}
	} else if i < 0 {
		return src, 0, nil
	}
	end := closing(trimmed[3:])
	if end < 0 {
		return "", 0, &Problem{CodeSyntax, offset, offset + 3, "${{ has no }}", ""}
	}
	if rest := strings.TrimSpace(trimmed[3+end+2:]); rest != "" {
		from := strings.LastIndex(src, rest)
		return "", 0, &Problem{CodeSyntax, from, from + len(rest), "there is text after ${{ }}; this place takes one expression", wholeHint}
	}
	return trimmed[3 : 3+end], offset + 3, nil
}

func parse(src string) (*Expr, []Problem) {
	whole := span{0, len(src)}
	switch {
	case strings.TrimSpace(src) == "":
		return nil, []Problem{{CodeSyntax, 0, len(src), "there is no expression here", ""}}
	case len(src) > maxSource:
		return nil, []Problem{{CodeTooBig, 0, len(src), fmt.Sprintf("the expression has %d bytes; the most is %d", len(src), maxSource),
			"move parts of it into a `set` step"}}
	case !utf8.ValidString(src):
		return nil, []Problem{{CodeSyntax, 0, len(src), "the expression is not valid UTF-8", ""}}
	}
	forParser, problem := prescan(src)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	l := &lowerer{src: src, bytes: runeOffsets(src)}
	tree, err := parseTree(forParser)
	if err != nil {
		return nil, []Problem{l.syntax(err, whole)}
	}
	root := l.lower(tree)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return &Expr{src: src, root: root}, nil
}

// parseTree runs the parser, a panic of which is a mistake.
func parseTree(src string) (n ast.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser cannot read this: %v", r)
		}
	}()
	tree, err := parser.ParseWithConfig(src, &conf.Config{MaxNodes: maxNodes, DisableIfOperator: true})
	if err != nil {
		return nil, err
	}
	return tree.Node, nil
}

func (l *lowerer) syntax(err error, whole span) Problem {
	at, message := whole, err.Error()
	var fe *file.Error
	if errors.As(err, &fe) {
		at, message = l.span(fe.Location), fe.Message
	}
	if at.from == at.to {
		at.from = max(0, at.from-1)
	}
	hint := ""
	switch {
	case strings.Contains(message, "out of range"):
		at, message = whole, "an integer has at most 64 bits"
	case strings.Contains(message, "not terminated"):
		message = "a text in quotes has no end"
	case strings.Contains(message, "EOF"), strings.Contains(message, "end of expression"):
		at, message = whole, "the expression ends too early"
	case strings.Contains(message, "maximum allowed nodes"):
		return Problem{CodeTooBig, whole.from, whole.to, "the expression has too many parts", "move parts of it into a `set` step"}
	case strings.Contains(message, "coalesce"):
		message, hint = "?? cannot be combined with another operator without parentheses", `such as (a ?? "x") + b`
	case strings.Contains(message, `Operator("=")`) && strings.HasSuffix(l.src[:at.from], "=="):
		at.from -= len("==")
		message, hint = "=== is not an operator", "use == to compare"
	case strings.Contains(message, `Operator("=")`):
		message, hint = "a single = is not an operator", "use == to compare"
	case strings.HasPrefix(message, `unexpected token Operator(":")`):
		message, hint = "a : is not expected here", "put an object inside a predicate in parentheses: map(list, ({a: .b}))"
	case strings.HasPrefix(message, "unexpected token "):
		message = "this is not expected here: " + strings.TrimSpace(l.src[at.from:at.to])
	}
	if hint == "" {
		hint = elsewhereSyntax(l.src)
	}
	return Problem{CodeSyntax, at.from, at.to, strings.ToLower(message[:1]) + message[1:], hint}
}

// Source returns the expression as it was written, without `${{ }}`.
func (e *Expr) Source() string { return strings.TrimSpace(e.src) }

// Conjuncts returns the canonical texts of the parts that are joined by &&.
func (e *Expr) Conjuncts() []string {
	var out []string
	for _, n := range conjuncts(e.root, nil) {
		out = append(out, normalize(n))
	}
	return out
}

func conjuncts(n node, out []node) []node {
	if b, ok := n.(*binary); ok && b.op == "&&" {
		return conjuncts(b.right, conjuncts(b.left, out))
	}
	return append(out, n)
}

// Refs returns the names that the expression reads, also inside predicates, in
// the order of the source.
func (e *Expr) Refs() []Ref {
	out := refs(e.root, nil)
	for i := range out {
		out[i].From += e.base
		out[i].To += e.base
	}
	return out
}

// Check gives the expression its type in a scope and reports every mistake.
// With mistakes, the type is of what could be understood.
func (e *Expr) Check(s Scope) (types.Type, []Problem) {
	c := &checker{}
	t := c.check(e.root, s)
	for i := range c.problems {
		c.problems[i] = c.problems[i].shift(e.base)
	}
	return t, c.problems
}

// Narrow returns the scope in places that are reached only when the expression
// is true.
func (e *Expr) Narrow(s Scope) Scope { return s.narrow(e.root, true) }

// NarrowFalse returns the scope in places that are reached only when the
// expression is false.
func (e *Expr) NarrowFalse(s Scope) Scope { return s.narrow(e.root, false) }

// Eval computes the value. What cannot be known yet comes back as
// [types.Unknown]; an error is a [*types.Error].
func (e *Expr) Eval(env Env) (any, error) {
	ev := newEvaluator(env)
	ev.offset = e.base
	v, err := ev.eval(e.root)
	if err == nil {
		// A small value in memory can be a huge one when it is written down:
		// [x, x] of [x, x] of …
		_, err = ev.Read(v)
	}
	return settle(v, err)
}
