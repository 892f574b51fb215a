package expr

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

func (c *checker) unary(n *unary, s Scope) types.Type {
	if n.op == "!" {
		c.boolean(n.of, s)
		return types.OfKind(types.Boolean)
	}
	return stdlib.Bare(c.need(n.of, s, types.Number))
}

func (c *checker) binary(n *binary, s Scope) types.Type {
	yes := types.OfKind(types.Boolean)
	switch n.op {
	case "&&", "||":
		c.boolean(n.left, s)
		c.boolean(n.right, s.narrow(n.left, n.op == "&&"))
		return yes
	case "==", "!=":
		c.equality(n, s)
		return yes
	case "??":
		left, right := c.check(n.left, s), c.check(n.right, s)
		if left.Kind == types.Invalid && left.Optional {
			return right // nil ?? x
		}
		return c.merge(n, left.Present(), right)
	case "<", "<=", ">", ">=":
		c.ordering(n, s)
		return yes
	case "in":
		c.within(n, s)
		return yes
	case "contains":
		c.contains(n, s)
		return yes
	case "startsWith", "endsWith", "matches":
		c.need(n.left, s, types.String)
		c.need(n.right, s, types.String)
		return yes
	case "..":
		c.need(n.left, s, types.Integer)
		c.need(n.right, s, types.Integer)
		return types.ListOf(types.OfKind(types.Integer))
	}
	return c.arithmetic(n, s)
}

func (c *checker) contains(n *binary, s Scope) {
	left := c.operand(n.left, s)
	if left.Kind == types.List || left.Kind == types.Map {
		c.operand(n.right, s)
		c.fail(n, CodeTypeMismatch, "write "+operand(n.right)+" in "+operand(n.left), "contains searches a string; %s is %s", show(n.left), aType(left))
		return
	}
	c.needType(n.left, left, "", types.String)
	c.need(n.right, s, types.String)
}

func (c *checker) equality(n *binary, s Scope) {
	left, right := c.side(n.left, s), c.side(n.right, s)
	if isNil(n.left) || isNil(n.right) {
		return
	}
	for _, side := range []struct {
		node
		types.Type
	}{{n.left, left}, {n.right, right}} {
		if side.Type.HoldsSecret() {
			c.secret(side.node)
			return
		}
	}
	if why, hint, ok := comparable(left, right); !ok {
		c.fail(n, CodeTypeMismatch, hint, "%s and %s are never equal: %s", show(n.left), show(n.right), why)
	}
}

// side checks one side of a comparison, where quotes are often forgotten.
func (c *checker) side(n node, s Scope) types.Type {
	outer := c.compared
	c.compared = n
	t := c.check(n, s)
	c.compared = outer
	return t
}

// comparable reports whether a value of a can equal one of b.
func comparable(a, b types.Type) (why, hint string, ok bool) {
	if free(a) || free(b) {
		return "", "", true
	}
	numeric := func(t types.Type) bool { return t.Kind == types.Integer || t.Kind == types.Number }
	group := func(t types.Type) bool { return t.Kind == types.Object || t.Kind == types.Map }
	switch {
	case numeric(a) && numeric(b), group(a) && group(b):
		return "", "", true
	case a.Kind != b.Kind:
		if a.Kind == types.String || b.Kind == types.String {
			hint = "convert with string(x) or int(x)"
		}
		return "one is " + aType(a) + ", the other " + aType(b), hint, false
	case a.Kind == types.List:
		return comparable(stdlib.Elem(a), stdlib.Elem(b))
	case len(a.Enum) > 0 && len(b.Enum) > 0:
		return comparableEnums(a.Enum, b.Enum)
	}
	return "", "", true
}

// free reports whether t says nothing about its values.
func free(t types.Type) bool { return t.Kind == types.Any || t.Kind == types.Invalid }

func comparableEnums(a, b []string) (why, hint string, ok bool) {
	if slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) }) {
		return "", "", true
	}
	if len(a) == 1 && len(b) > 1 {
		a, b = b, a
	}
	if len(b) == 1 {
		if near := diag.Nearest(b[0], a); near != "" {
			hint = "did you mean " + near + "?"
		}
	}
	return "one can only be " + strings.Join(a, ", "), hint, false
}

func (c *checker) ordering(n *binary, s Scope) {
	left := c.need(n.left, s, types.Number, types.String)
	right := c.need(n.right, s, types.Number, types.String)
	if stdlib.Unclear(left) || stdlib.Unclear(right) {
		return
	}
	if (left.Kind == types.String) != (right.Kind == types.String) {
		c.fail(n, CodeTypeMismatch, "convert with int(x) or string(x)", "%s is %s and %s is %s: they cannot be compared",
			show(n.left), aType(left), show(n.right), aType(right))
	}
}

func (c *checker) within(n *binary, s Scope) {
	elem, group := c.check(n.left, s), c.check(n.right, s)
	if group.Kind != types.Object || group.Optional {
		group = c.usable(n.right, group)
	}
	if elem.HoldsSecret() {
		c.secret(n.left)
		return
	}
	switch group.Kind {
	case types.Invalid:
	case types.List:
		if why, hint, ok := comparable(elem, stdlib.Elem(group)); !ok {
			c.fail(n, CodeTypeMismatch, hint, "%s is never in %s: %s", show(n.left), show(n.right), why)
		}
	case types.Map:
		if elem.Optional {
			c.absent(n.left)
			return
		}
		c.needType(n.left, elem, "", types.String)
	case types.Object:
		c.fail(n, CodeTypeMismatch, "use has(x.name)", "the fields of %s are fixed", show(n.right))
	case types.String:
		c.fail(n, CodeTypeMismatch, "write "+operand(n.right)+" contains "+operand(n.left), "in searches a list; %s is a string", show(n.right))
	default:
		c.needType(n.right, group, "", types.List, types.Map)
	}
}

func (c *checker) arithmetic(n *binary, s Scope) types.Type {
	left, right := c.operand(n.left, s), c.operand(n.right, s)
	if stdlib.Unclear(left) || stdlib.Unclear(right) {
		return unclear
	}
	if n.op == "+" && (left.Kind == types.String || right.Kind == types.String) {
		return c.concatenation(n, left, right)
	}
	want := types.Number
	if n.op == "%" {
		want = types.Integer
	}
	left, right = c.needType(n.left, left, "", want), c.needType(n.right, right, "", want)
	switch {
	case stdlib.Unclear(left) || stdlib.Unclear(right):
		return unclear
	case n.op == "/", left.Kind == types.Number, right.Kind == types.Number:
		return types.OfKind(types.Number)
	}
	return types.OfKind(types.Integer)
}

func (c *checker) concatenation(n *binary, left, right types.Type) types.Type {
	for _, side := range []struct {
		node
		types.Type
	}{{n.left, left}, {n.right, right}} {
		hint := "write string(" + normalize(side.node) + ")"
		if side.Kind == types.List {
			hint = "write join(" + normalize(side.node) + `, ", ")`
		}
		c.needType(side.node, side.Type, hint, types.String)
	}
	return types.OfKind(types.String)
}
