package expr

import (
	"cmp"
	"slices"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

func (c *checker) call(n *call, s Scope) types.Type {
	switch {
	case n.fn.Place:
		return c.has(n, s)
	case n.fn.Type != nil:
		return n.fn.Type(args{c, n, s})
	}
	before := len(c.problems)
	for i, a := range n.args {
		c.plain(n, a, n.fn.Params[min(i, len(n.fn.Params)-1)], s)
	}
	if len(c.problems) == before {
		c.constant(n)
	}
	return n.fn.Result
}

// plain checks an argument of a fixed type. The texts that it can only be are
// checked against the form of its parameter.
func (c *checker) plain(n *call, a node, want types.Type, s Scope) {
	t := c.operand(a, s)
	if stdlib.Unclear(t) {
		return
	}
	if why, ok := want.Accepts(t); !ok {
		c.fail(a, CodeTypeMismatch, n.fn.Signature, "%s cannot take %s: %s", n.fn.Name, show(a), why)
		return
	}
	for _, text := range t.Enum {
		if err := stdlib.Refuse(want.Format, text); err != nil {
			c.refused(a, n, err)
			return
		}
	}
}

func (c *checker) refused(at node, n *call, err error) {
	e := types.AsError(err)
	c.fail(at, CodeBadValue, cmp.Or(e.Hint, n.fn.Signature), "%s", e.Message)
}

// constant tries a call of literals: what it refuses now it refuses always.
func (c *checker) constant(n *call) {
	if n.fn.Second != stdlib.Value || slices.ContainsFunc(n.args, func(a node) bool { _, ok := a.(*literal); return !ok }) {
		return
	}
	if _, err := newEvaluator(Env{}).call(n); types.CodeOf(err) == types.BadInput {
		c.refused(n, n, err)
	}
}

// has checks a path leniently: every step of it may be absent.
func (c *checker) has(n *call, s Scope) types.Type {
	if !isPlace(n.args[0]) {
		c.fail(n.args[0], CodeTypeMismatch, "such as has(steps.billing)", "has() takes a path, not a computed value")
		return types.OfKind(types.Boolean)
	}
	outer := c.forgiving
	c.forgiving = true
	c.check(n.args[0], s)
	c.forgiving = outer
	return types.OfKind(types.Boolean)
}

func isPlace(n node) bool {
	switch n := n.(type) {
	case *name:
		return true
	case *chain:
		return isPlace(n.of)
	case *member:
		_, object := n.of.(*object)
		return object || isPlace(n.of)
	case *index:
		return isPlace(n.of)
	}
	return false
}

// args are the [stdlib.Args] of a call.
type args struct {
	c *checker
	n *call
	s Scope
}

func (a args) Len() int                  { return len(a.n.args) }
func (a args) Show(i int) string         { return show(a.n.args[i]) }
func (a args) Named(t types.Type) string { return aType(t) }
func (a args) Pattern() *stdlib.Pattern  { return a.n.pattern }
func (a args) Shape() types.Type         { return a.n.shape }
func (a args) Check(i int) types.Type    { return a.c.check(a.n.args[i], a.s) }
func (a args) List(i int) types.Type     { return a.c.listOf(a.n.args[i], a.s) }

func (a args) Need(i int, kinds ...types.Kind) types.Type {
	return a.c.need(a.n.args[i], a.s, kinds...)
}

func (a args) Kind(i int, t types.Type, kinds ...types.Kind) types.Type {
	return a.c.needType(a.n.args[i], t, "", kinds...)
}

func (a args) Merge(i int, x, y types.Type) types.Type { return a.c.merge(a.n.args[i], x, y) }

func (a args) Fail(i int, hint, format string, of ...any) types.Type {
	return a.c.fail(a.n.args[i], CodeTypeMismatch, hint, format, of...)
}

func (a args) Parses(i int) bool { return parses(a.n.args[i]) }

// parses reports whether a function is called in n that may fail to read a text.
func parses(n node) bool {
	c, ok := n.(*call)
	return ok && c.fn.Parses() || slices.ContainsFunc(children(n), parses)
}

func (a args) Whole(i int, absent bool) types.Type {
	t := a.Check(i)
	switch {
	case t.Optional && !absent:
		a.c.absent(a.n.args[i])
		return unclear
	case t.HoldsSecret():
		return a.c.secret(a.n.args[i])
	}
	return t
}

func (a args) Ordered(i int, t types.Type) {
	switch {
	case stdlib.Unclear(t):
	case t.Optional:
		a.c.fail(a.n.args[i], CodeMaybeAbsent, "filter(list, # != nil) leaves the absent ones out", "elements of %s may be absent", a.Show(i))
	case t.Kind != types.Integer && t.Kind != types.Number && t.Kind != types.String:
		a.Fail(i, "choose a field first: map(list, .field)", "only numbers and texts have an order; elements of %s are %s", a.Show(i), t)
	}
}

func (a args) Body(elem types.Type, kinds ...types.Kind) types.Type {
	in := a.s.inside(elem)
	if len(kinds) == 0 {
		return a.c.check(a.n.args[1], in)
	}
	return a.c.need(a.n.args[1], in, kinds...)
}

func (a args) Fold(elem, acc types.Type) types.Type {
	return a.c.check(a.n.args[1], a.s.inside(elem).With("#acc", acc))
}

func (a args) Filter() types.Type {
	t := a.List(0)
	in := a.s.inside(stdlib.Elem(t))
	a.c.boolean(a.n.args[1], in)
	// What the condition says of # is true of every element that is left.
	if f, ok := in.narrow(a.n.args[1], true).Vars.Field("#"); ok && t.Elem != nil {
		return types.ListOf(f.Type)
	}
	return t
}
