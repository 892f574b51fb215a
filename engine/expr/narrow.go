package expr

import (
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// knowledge is what follows from a condition being true or false.
type knowledge struct {
	present [][]string // paths that are there
	choices []choice   // what paths can be, or cannot
	true    []node     // conditions that hold
}

// learn takes in that n is want. The texts of the parts are enough for what
// falls apart into parts.
func (k *knowledge) learn(n node, want bool) {
	b, _ := n.(*binary)
	if b != nil && (b.op == "&&" && want || b.op == "||" && !want) {
		k.learn(b.left, want)
		k.learn(b.right, want)
		return
	}
	k.hold(n, want)
	k.learnChoice(n, want)
	switch n := n.(type) {
	case *unary:
		if n.op == "!" {
			k.learn(n.of, !want)
		}
	case *let:
		k.learnBody(n, want)
	case *call:
		if n.fn.Name == "has" && want {
			k.exists(n.args[0])
		}
	case *binary:
		k.learnEquality(n, want)
	}
}

// learnBody takes in that the body of n is want. What it says of the name it says
// of the path that the name stands for.
func (k *knowledge) learnBody(n *let, want bool) {
	var inner knowledge
	inner.learn(n.body, want)
	for _, p := range inner.present {
		if p = n.unnamed(p); p != nil {
			k.present = append(k.present, p)
		}
	}
	for _, c := range inner.choices {
		if c.path = n.unnamed(c.path); c.path != nil {
			k.choices = append(k.choices, c)
		}
	}
}

// hold remembers a condition that is want.
func (k *knowledge) hold(n node, want bool) {
	if !want {
		n = negated(n)
	}
	k.true = append(k.true, n)
}

func (k *knowledge) learnEquality(n *binary, want bool) {
	switch {
	case n.op == "==" && want, n.op == "!=" && !want:
		// What equals a literal that is not nil is there.
		if isPresentLiteral(n.right) {
			k.exists(n.left)
		}
		if isPresentLiteral(n.left) {
			k.exists(n.right)
		}
	case n.op == "!=" && want, n.op == "==" && !want:
		if isNil(n.right) {
			k.exists(n.left)
		}
		if isNil(n.left) {
			k.exists(n.right)
		}
	}
}

func (k *knowledge) exists(n node) {
	if p := path(n); p != nil {
		k.present = append(k.present, p)
	}
}

// negated is the condition that holds when n does not, in its plain spelling.
func negated(n node) node {
	switch n := n.(type) {
	case *unary:
		if n.op == "!" {
			return n.of
		}
	case *binary:
		flipped := *n
		switch n.op {
		case "==":
			flipped.op = "!="
			return &flipped
		case "!=":
			flipped.op = "=="
			return &flipped
		}
	}
	return &unary{n.at(), "!", n}
}

func isNil(n node) bool {
	l, ok := n.(*literal)
	return ok && l.value == nil
}

func isPresentLiteral(n node) bool {
	l, ok := n.(*literal)
	return ok && l.value != nil
}

// choice is a condition on a text: it is one of some values, or none of them.
type choice struct {
	path   []string
	values []string
	none   bool
}

// learnChoice takes in what n being want says of a text.
func (k *knowledge) learnChoice(n node, want bool) {
	if b, ok := n.(*binary); ok && b.op == "!=" {
		flipped := *b
		flipped.op = "=="
		n, want = &flipped, !want
	}
	c, ok := choiceOf(n)
	if !ok {
		return
	}
	c.none = !want
	k.choices = append(k.choices, c)
	if want {
		k.present = append(k.present, c.path)
	}
}

// choiceOf reads x == "a", x in ["a", "b"], and such conditions with || between.
func choiceOf(n node) (choice, bool) {
	b, ok := n.(*binary)
	if !ok {
		return choice{}, false
	}
	switch b.op {
	case "==":
		if _, ok := b.left.(*literal); ok {
			return choiceAmong(b.right, []node{b.left})
		}
		return choiceAmong(b.left, []node{b.right})
	case "in":
		if l, ok := b.right.(*list); ok {
			return choiceAmong(b.left, l.elems)
		}
	case "||":
		left, ok := choiceOf(b.left)
		right, also := choiceOf(b.right)
		left.values = slices.Concat(left.values, right.values)
		return left, ok && also && slices.Equal(left.path, right.path)
	}
	return choice{}, false
}

func choiceAmong(of node, values []node) (choice, bool) {
	c := choice{path: path(of)}
	for _, v := range values {
		l, ok := v.(*literal)
		if !ok {
			return c, false
		}
		s, ok := l.value.(string)
		if !ok {
			return c, false
		}
		c.values = append(c.values, s)
	}
	return c, c.path != nil && len(c.values) > 0
}

// at returns t in which the text at the path is so chosen, and whether that says anything
// new. Where nothing would be left the place is never reached, and everything stays as it
// is: an enum of no values would mean any.
func (c choice) at(t types.Type, path []string) (types.Type, bool) {
	if len(path) > 0 {
		f, ok := t.Field(path[0])
		if !ok {
			return t, false
		}
		var is bool
		if f.Type, is = c.at(f.Type, path[1:]); !is {
			return t, false // nothing is copied
		}
		return t.With(f), true
	}
	if t.Kind != types.String || c.none && len(t.Enum) == 0 {
		return t, false
	}
	isLeft := func(s string) bool { return slices.Contains(c.values, s) != c.none }
	if len(t.Enum) > 0 && (!slices.ContainsFunc(t.Enum, isLeft) || !slices.ContainsFunc(t.Enum, func(s string) bool { return !isLeft(s) })) {
		return t, false // none would be left, or all are
	}
	left := slices.Compact(slices.Sorted(slices.Values(c.values)))
	if len(t.Enum) > 0 {
		left = slices.DeleteFunc(slices.Clone(t.Enum), func(s string) bool { return !isLeft(s) })
	}
	t.Enum = left
	return t, true
}
