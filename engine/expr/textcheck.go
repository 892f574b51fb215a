package expr

import (
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// Check gives the text its type in a scope and reports every mistake. A text
// that is one single hole has the type of the hole; all others are strings.
func (t *Text) Check(s Scope) (types.Type, []Problem) {
	if e := t.single(); e != nil {
		return e.Check(s)
	}
	c := &textChecker{}
	c.parts(t.parts, s)
	return types.OfKind(types.String), c.problems
}

type textChecker struct {
	problems []Problem
	mentions *[]Mention // all names, where someone asks for them
}

// expr runs a check over an expression and keeps what it found.
func (c *textChecker) expr(e *Expr, check func(*checker) types.Type) types.Type {
	inner := &checker{}
	if c.mentions != nil {
		inner.seen = map[node]types.Type{}
	}
	t := check(inner)
	if c.mentions != nil {
		*c.mentions = append(*c.mentions, e.mentions(inner)...)
	}
	for _, p := range inner.problems {
		c.problems = append(c.problems, p.shift(e.base))
	}
	return t
}

func (c *textChecker) parts(parts []part, s Scope) {
	for _, p := range parts {
		switch p := p.(type) {
		case *holePart:
			c.expr(p.e, func(in *checker) types.Type { return in.printed(p.e.root, s) })
		case *ifPart:
			c.branches(p, s)
		case *forPart:
			c.loop(p, s)
		}
	}
}

func (c *textChecker) branches(p *ifPart, s Scope) {
	for _, b := range p.branches {
		if b.test == nil {
			c.parts(b.body, s)
			continue
		}
		c.expr(b.test, func(in *checker) types.Type { in.boolean(b.test.root, s); return unclear })
		c.parts(b.body, b.test.Narrow(s))
		s = b.test.NarrowFalse(s)
	}
}

func (c *textChecker) loop(p *forPart, s Scope) {
	t := c.expr(p.e, func(in *checker) types.Type { return in.listOf(p.e.root, s) })
	if _, taken := s.Vars.Field(p.name); taken {
		c.problems = append(c.problems, Problem{CodeNameTaken, p.at.from, p.at.to, p.name + " already means something here", "choose another name for the loop's variable"})
		return
	}
	c.parts(p.body, s.With(p.name, stdlib.Elem(t)))
}

func (c *checker) printed(n node, s Scope) types.Type {
	t := c.operand(n, s)
	switch t.Kind {
	case types.List, types.Map, types.Object:
		hint := "write json(" + normalize(n) + ")"
		if t.Kind == types.List && stdlib.Elem(t).Kind == types.String {
			hint += " or join(" + normalize(n) + `, ", ")`
		}
		return c.fail(n, CodeTypeMismatch, hint, "%s is %s, which cannot be part of a string", show(n), aType(t))
	}
	return t
}
