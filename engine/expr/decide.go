package expr

import (
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// Follows returns the canonical texts of what leaves no doubt about itself where the
// expression has come to a value.
func (e *Expr) Follows(value bool) []string {
	var k knowledge
	k.learn(e.root, value)
	out := make([]string, len(k.true))
	for i, n := range k.true {
		out[i] = normalize(n)
	}
	return out
}

// Decided reports whether a boolean expression without mistakes comes to the same in
// every run that reaches it, and what to: because of its literals, of the types in the
// scope, and of conditions that are known to hold, by their canonical texts. Other
// conditions may be decided, too; none is said to be that is not.
func (e *Expr) Decided(s Scope, holds func(text string) bool) (value, decided bool) {
	d := decider{scope: s, holds: holds}
	return d.node(e.root)
}

type decider struct {
	scope Scope
	holds func(text string) bool
}

func (d decider) node(n node) (value, decided bool) {
	if l, ok := n.(*literal); ok {
		value, decided = l.value.(bool)
		return value, decided
	}
	if d.holds(normalize(n)) {
		return true, true
	}
	if d.holds(normalize(negated(n))) {
		return false, true
	}
	switch n := n.(type) {
	case *unary:
		value, decided = d.node(n.of)
		return !value, decided && n.op == "!"
	case *call:
		if n.fn.Name == "has" {
			return true, d.isThere(n.args[0])
		}
	case *binary:
		switch n.op {
		case "&&", "||":
			return d.joined(n)
		case "==", "!=":
			value, decided = d.equal(n)
			return value == (n.op == "=="), decided
		case "<", "<=", ">", ">=":
			return d.ordered(n)
		}
	}
	return false, false
}

// joined is a && b, which one false side decides, or a || b, which a true one does.
func (d decider) joined(n *binary) (value, decided bool) {
	decides := n.op == "||"
	left, leftDecided := d.node(n.left)
	if leftDecided && left == decides {
		return decides, true
	}
	d.scope = d.scope.narrow(n.left, n.op == "&&")
	right, rightDecided := d.node(n.right)
	if rightDecided && right == decides {
		return decides, true
	}
	return !decides, leftDecided && rightDecided
}

// equal compares two literals, a text that has one value left, or what is there with
// nil.
func (d decider) equal(n *binary) (value, decided bool) {
	left, right := n.left, n.right
	if _, ok := left.(*literal); ok {
		left, right = right, left
	}
	l, ok := right.(*literal)
	switch other, both := left.(*literal); {
	case !ok:
		return false, false
	case both:
		return other.value == l.value, true
	case l.value == nil:
		return false, d.isThere(left)
	}
	text, ok := l.value.(string)
	t := d.typeOf(left)
	return true, ok && t.Kind == types.String && !t.Optional && slices.Equal(t.Enum, []string{text})
}

// ordered compares two integers, of which one may have bounds.
func (d decider) ordered(n *binary) (value, decided bool) {
	op, left, right := n.op, n.left, n.right
	if _, ok := left.(*literal); ok {
		left, right = right, left
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	l, ok := right.(*literal)
	if !ok {
		return false, false
	}
	bound, ok := l.value.(int)
	least, most := d.bounds(left)
	if !ok {
		return false, false
	}
	switch op {
	case "<":
		return decidedBy(most != nil && *most < bound, least != nil && *least >= bound)
	case "<=":
		return decidedBy(most != nil && *most <= bound, least != nil && *least > bound)
	case ">":
		return decidedBy(least != nil && *least > bound, most != nil && *most <= bound)
	}
	return decidedBy(least != nil && *least >= bound, most != nil && *most < bound)
}

func decidedBy(always, never bool) (value, decided bool) { return always, always || never }

func (d decider) bounds(n node) (least, most *int) {
	if l, ok := n.(*literal); ok {
		if i, ok := l.value.(int); ok {
			return &i, &i
		}
		return nil, nil
	}
	if c, ok := n.(*call); ok && c.fn.Name == "len" {
		none := 0
		return &none, nil
	}
	t := d.typeOf(n)
	if t.Kind != types.Integer || t.Optional {
		return nil, nil
	}
	return t.Minimum, t.Maximum
}

// isThere reports whether a value cannot be absent.
func (d decider) isThere(n node) bool {
	t := d.typeOf(n)
	return !t.Optional && t.Kind != types.Invalid && t.Kind != types.Any
}

func (d decider) typeOf(n node) types.Type { return (&checker{}).check(n, d.scope) }
