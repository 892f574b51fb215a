package expr

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// checker gives every node a type. A mistake is one problem: it has the type
// [unclear], which fits everywhere.
type checker struct {
	problems []Problem
	// maybe is set when a ?. of the chain being checked may find nothing.
	maybe bool
	// forgiving is set inside has(): every step of the path may be absent.
	forgiving bool
	// huge is set once a value of too many parts was reported: those that are
	// made of it are the same mistake.
	huge bool
	// compared is the operand of a comparison that is being checked.
	compared node
	// seen keeps the types of nodes, where someone asks for them; see [Expr.Mentions].
	seen map[node]types.Type
}

// unclear is the type of what is wrong. Together with Optional it is the type
// of nil, which has no values but the absent one.
var unclear = types.Type{}

func (c *checker) fail(n node, code diag.Code, hint, format string, args ...any) types.Type {
	return c.failAt(n.at(), code, hint, format, args...)
}

func (c *checker) failAt(at span, code diag.Code, hint, format string, args ...any) types.Type {
	c.problems = append(c.problems, Problem{code, at.from, at.to, fmt.Sprintf(format, args...), hint})
	return unclear
}

// maxType is how many parts a type may have. An object of two that are the same
// object of two and so on is small to write and has no end.
const maxType = 5000

func (c *checker) check(n node, s Scope) types.Type {
	t := c.typeOf(n, s)
	if c.seen != nil {
		c.seen[n] = t
	}
	switch n.(type) {
	case *object, *list, *call: // what types grow by
		switch {
		case parts(t, maxType) >= 0:
		case c.huge:
			return unclear
		default:
			c.huge = true
			return c.fail(n, CodeTooBig, "keep fewer of the members, or text made of them", "the value of %s has too many parts", show(n))
		}
	}
	return t
}

// parts counts the parts of a type down from left.
func parts(t types.Type, left int) int {
	left--
	if t.Elem != nil && left >= 0 {
		left = parts(*t.Elem, left)
	}
	for _, f := range t.Fields {
		if left < 0 {
			break
		}
		left = parts(f.Type, left)
	}
	return left
}

func (c *checker) typeOf(n node, s Scope) types.Type {
	switch n := n.(type) {
	case *literal:
		return literalType(n.value)
	case *name:
		return c.name(n, s)
	case *chain:
		return c.chain(n, s)
	case *member:
		return c.member(n, s)
	case *index:
		return c.index(n, s)
	case *slice:
		return c.slice(n, s)
	case *unary:
		return c.unary(n, s)
	case *binary:
		return c.binary(n, s)
	case *cond:
		return c.cond(n, s)
	case *let:
		return c.let(n, s)
	case *list:
		return c.list(n, s)
	case *object:
		out := types.ObjectOf()
		for i, k := range n.keys {
			t := c.check(n.values[i], s)
			out.Fields = append(out.Fields, types.Field{Name: k, Type: t, Required: !t.Optional})
		}
		return out
	case *call:
		return c.call(n, s)
	}
	return c.fail(n, CodeSyntax, "", "this is not part of the language")
}

func literalType(v any) types.Type {
	switch v := v.(type) {
	case nil:
		return unclear.Maybe()
	case string:
		return types.Type{Kind: types.String, Enum: []string{v}}
	}
	return types.OfKind(types.KindOf(v))
}

func (c *checker) name(n *name, s Scope) types.Type {
	f, ok := s.Vars.Field(n.name)
	if ok {
		return f.Type
	}
	if n.name == "#acc" {
		return c.fail(n, CodeUnknownName, "", "#acc has a meaning only inside reduce")
	}
	if strings.HasPrefix(n.name, "#") {
		return c.fail(n, CodeUnknownName, "", "%s has a meaning only inside a predicate", n.name)
	}
	names := slices.DeleteFunc(s.Vars.Names(), func(x string) bool { return strings.HasPrefix(x, "#") })
	hint := cmp.Or(nameHint(n, s, c.compared == node(n)), diag.DidYouMean(n.name, names))
	if slices.Contains(names, "inputs") && hint == "" {
		hint = "names begin with inputs, config, steps or run"
	}
	return c.fail(n, CodeUnknownName, hint, "there is no %s here", n.name)
}

func (c *checker) chain(n *chain, s Scope) types.Type {
	outer := c.maybe
	c.maybe = false
	t := c.check(n.of, s)
	if c.maybe && !stdlib.Unclear(t) {
		t = t.Maybe()
	}
	c.maybe = outer
	return t
}

func (c *checker) base(of node, optional bool, s Scope) types.Type {
	t := c.check(of, s)
	if t.Optional {
		switch {
		case optional, c.forgiving:
			c.maybe = true
		default:
			c.absent(of)
		}
		t = t.Present()
	}
	switch t.Kind {
	case types.Any:
		return c.any(of)
	case types.SecretKind:
		return c.secret(of)
	}
	return t
}

func (c *checker) absent(n node) {
	hint := "guard it with ??"
	if p := path(n); p != nil && p[0] != "#" {
		hint = fmt.Sprintf("guard it with ?., ??, has(%s) or the same if", strings.Join(p, "."))
	}
	c.fail(n, CodeMaybeAbsent, hint, "%s may be absent", show(n))
}

func (c *checker) any(n node) types.Type {
	return c.fail(n, CodeTypeAny, "convert it with string() or json(), or read a place whose type is declared",
		"%s may be of any type, so nothing can be done with it", show(n))
}

func (c *checker) secret(n node) types.Type {
	return c.fail(n, CodeSecretLeak, "pass it on whole, to a field that takes a secret", "%s is or holds a secret, which cannot be computed with", show(n))
}

func (c *checker) member(n *member, s Scope) types.Type {
	t := c.base(n.of, n.optional, s)
	switch t.Kind {
	case types.Invalid:
		return unclear
	case types.Map:
		if s.there[key(path(n))] {
			return stdlib.Elem(t).Present()
		}
		return stdlib.Elem(t).Maybe()
	case types.Object:
		if f, ok := t.Field(n.name); ok {
			return f.Type
		}
		if t.Elem != nil {
			return c.failAt(n.nameAt, CodeUnknownName, "name it in as(): {"+n.name+": any, …}", "%s may have a field %s, but its type does not name it", show(n.of), n.name)
		}
		return c.failAt(n.nameAt, CodeUnknownName, fieldHint(n, t), "%s", noField(n))
	}
	return c.failAt(n.nameAt, CodeTypeMismatch, fieldHint(n, t), "%s is %s and has no fields", show(n.of), aType(t))
}

func noField(n *member) string {
	switch of := normalize(n.of); of {
	case "inputs":
		return "there is no input " + n.name
	case "config":
		return "there is no config value " + n.name
	case "secrets":
		return "there is no secret " + n.name
	case "steps":
		return "there is no step " + n.name + " to read here"
	}
	return show(n.of) + " has no field " + n.name
}

func (c *checker) index(n *index, s Scope) types.Type {
	t := c.base(n.of, n.optional, s)
	switch t.Kind {
	case types.Invalid:
		c.check(n.i, s)
		return unclear
	case types.List:
		c.need(n.i, s, types.Integer)
		return stdlib.Elem(t)
	case types.Map:
		c.need(n.i, s, types.String)
		return stdlib.Elem(t).Maybe()
	case types.Object:
		return c.chosen(n, t, c.need(n.i, s, types.String))
	case types.String:
		return c.fail(n, CodeTypeMismatch, "a part of a text is x[0:1]", "%s is a string and has no elements", show(n.of))
	}
	return c.fail(n, CodeTypeMismatch, "", "%s is %s and has no elements", show(n.of), aType(t))
}

// chosen is a field of an object by a text that can only be one of a few.
func (c *checker) chosen(n *index, t, name types.Type) types.Type {
	out := unclear
	for i, one := range name.Enum {
		f, ok := t.Field(one)
		if !ok {
			return c.fail(n.i, CodeUnknownName, diag.DidYouMean(one, t.Names()), "%s has no field %s, which %s may be", show(n.of), one, show(n.i))
		}
		if out = c.merge(n, out, f.Type); i == 0 {
			out = f.Type
		}
	}
	if len(name.Enum) == 0 && !stdlib.Unclear(name) {
		return c.fail(n.i, CodeTypeMismatch, "write the name out: x.name, or choose by a value with an enum", "a field of %s cannot be chosen by a computed name", show(n.of))
	}
	return out
}

func (c *checker) slice(n *slice, s Scope) types.Type {
	t := c.need(n.of, s, types.String, types.List)
	for _, end := range []node{n.from, n.to} {
		if end != nil {
			c.need(end, s, types.Integer)
		}
	}
	if t.Kind == types.String {
		return types.OfKind(types.String)
	}
	return t
}

// operand checks a node that something is computed with: it has to be there,
// and be neither secret nor of any type. It is unclear when it is not.
func (c *checker) operand(n node, s Scope) types.Type {
	return c.usable(n, c.check(n, s))
}

func (c *checker) usable(n node, t types.Type) types.Type {
	switch {
	case t.Optional:
		c.absent(n)
		return unclear
	case t.Kind == types.Any:
		return c.any(n)
	case t.HoldsSecret():
		return c.secret(n)
	}
	return t
}

// need is operand for one of some kinds.
func (c *checker) need(n node, s Scope, kinds ...types.Kind) types.Type {
	return c.needType(n, c.operand(n, s), "", kinds...)
}

func (c *checker) needType(n node, t types.Type, hint string, kinds ...types.Kind) types.Type {
	if stdlib.Unclear(t) || slices.Contains(kinds, t.Kind) || t.Kind == types.Integer && slices.Contains(kinds, types.Number) {
		return t
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.String()
	}
	return c.fail(n, CodeTypeMismatch, hint, "%s is %s, not %s", show(n), aType(t), types.Article(strings.Join(names, " or ")))
}

// listOf checks a list of anything; its elements are only passed on.
func (c *checker) listOf(n node, s Scope) types.Type {
	t := c.check(n, s)
	switch {
	case t.Optional:
		c.absent(n)
	case t.Kind == types.Any:
		c.any(n)
	case t.Kind == types.SecretKind:
		c.secret(n)
	case t.Kind == types.List:
		return t
	default:
		c.needType(n, t, "", types.List)
	}
	return types.OfKind(types.List)
}

func (c *checker) boolean(n node, s Scope) {
	t := c.operand(n, s)
	c.needType(n, t, "compare it: only true and false decide", types.Boolean)
}

func (c *checker) cond(n *cond, s Scope) types.Type {
	c.boolean(n.test, s)
	yes := c.check(n.yes, s.narrow(n.test, true))
	no := c.check(n.no, s.narrow(n.test, false))
	return c.merge(n, yes, no)
}

func (c *checker) list(n *list, s Scope) types.Type {
	if len(n.elems) == 0 {
		return types.OfKind(types.List)
	}
	elem := unclear
	for i, e := range n.elems {
		t := c.check(e, s)
		if stdlib.Unclear(t) {
			elem = unclear
			continue
		}
		if i == 0 {
			elem = t
		}
		elem = c.merge(n, elem, t)
	}
	return types.ListOf(elem)
}

// merge is the type of what is either a or b. No secret hides behind "any".
func (c *checker) merge(n node, a, b types.Type) types.Type {
	if stdlib.Unclear(a) || stdlib.Unclear(b) {
		return unclear
	}
	out := types.Merge(a, b)
	if types.Mixed(a, b) || (a.HoldsSecret() || b.HoldsSecret()) && !out.HoldsSecret() {
		return c.secret(n)
	}
	return out
}

// aType writes a type with its article, without what it holds when that is long.
func aType(t types.Type) string {
	if s := t.Present().String(); len(s) < 60 && t.Kind != types.Object {
		return types.Article(s)
	}
	return types.Article(t.Kind.String())
}
