package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Scope is what names mean.
type Scope struct {
	// Vars is an object whose fields are the names that can be read.
	Vars types.Type
	// Given maps the canonical text of a condition (see [Expr.Canonical]) to
	// the ids of the steps that are present wherever the condition holds.
	Given map[string][]string
	// Trust says how far names other than inputs and config can be trusted:
	// the variable of a loop as far as the list, see [Expr.Trust].
	Trust map[string]Trust

	// facts are the canonical texts of the conditions that hold here.
	facts map[string]bool
	// there are the paths into maps that are known to lead somewhere. What is
	// known of objects is kept in Vars.
	there map[string]bool
}

// With returns the scope with one more name.
func (s Scope) With(name string, t types.Type) Scope {
	s.Vars = s.Vars.With(types.Field{Name: name, Type: t})
	return s
}

// typeAt returns the type of a path as it is declared, optional or not.
func (s Scope) typeAt(path []string) (types.Type, bool) {
	t := s.Vars
	for _, p := range path {
		f, ok := t.Field(p)
		if !ok {
			return types.Type{}, false
		}
		t = f.Type
	}
	return t, true
}

// narrow returns the scope where n is known to be want.
func (s Scope) narrow(n node, want bool) Scope {
	var k knowledge
	k.learn(n, want)
	if len(k.present) > 0 {
		s.there = maps.Clone(s.there)
	}
	for _, p := range k.present {
		s.Vars = presentAt(s.Vars, p)
		s.there = put(s.there, key(p))
	}
	for _, choice := range k.choices {
		s.Vars = choice.at(s.Vars, choice.path)
	}
	if len(s.Given) == 0 {
		return s
	}
	s.facts = maps.Clone(s.facts)
	k.hold(n, want)
	for _, n := range k.true {
		s.facts = put(s.facts, canon(n))
	}
	return s.apply()
}

func put(set map[string]bool, name string) map[string]bool {
	if set == nil {
		set = map[string]bool{}
	}
	set[name] = true
	return set
}

// key makes a path one string; no name holds a zero byte.
func key(path []string) string { return strings.Join(path, "\x00") }

// inside is the scope of a predicate over elements of type elem. What is known
// of an outer # says nothing about this one.
func (s Scope) inside(elem types.Type) Scope {
	s.there = maps.Clone(s.there)
	maps.DeleteFunc(s.there, func(path string, _ bool) bool { return strings.HasPrefix(path, "#") })
	return s.With("#", elem).With("#index", types.OfKind(types.Integer))
}

// apply makes present what is given by the facts.
func (s Scope) apply() Scope {
	for _, condition := range slices.Sorted(maps.Keys(s.Given)) {
		if !s.holds(condition) {
			continue
		}
		for _, id := range s.Given[condition] {
			s.Vars = presentAt(s.Vars, []string{"steps", id})
		}
	}
	return s
}

// holds reports whether a condition, or every part of it, is among the facts.
func (s Scope) holds(condition string) bool {
	if s.facts[condition] {
		return true
	}
	return !slices.ContainsFunc(splitCanonical(condition), func(part string) bool { return !s.facts[part] })
}

// splitCanonical cuts a canonical text into its conjuncts. In such a text, a
// && that joins the whole stands outside of all brackets and quotes.
func splitCanonical(text string) []string {
	var out []string
	start := 0
	outside(text, func(i int) {
		if strings.HasPrefix(text[i:], " && ") {
			out = append(out, unwrapped(text[start:i]))
			start = i + len(" && ")
		}
	})
	return append(out, unwrapped(text[start:]))
}

// unwrapped takes off parentheses around the whole of a conjunct.
func unwrapped(text string) string {
	plain := 0
	outside(text, func(int) { plain++ })
	// Only the closing bracket stands outside when one pair is around it all.
	if strings.HasPrefix(text, "(") && plain == 1 {
		return text[1 : len(text)-1]
	}
	return text
}

// outside calls f with the place of every byte that stands outside of brackets
// and quotes, counting closing brackets as outside.
func outside(text string, f func(i int)) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			if n := quoted(text[i:]); n > 0 {
				i += n - 1
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth == 0 {
			f(i)
		}
	}
}

// presentAt returns t with everything along path made present.
func presentAt(t types.Type, path []string) types.Type {
	if len(path) == 0 {
		return t
	}
	f, ok := t.Field(path[0])
	if !ok {
		return t
	}
	f.Type = presentAt(f.Type.Present(), path[1:])
	return t.With(f)
}

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
	case *call:
		if n.fn.Name == "has" && want {
			k.exists(n.args[0])
		}
	case *binary:
		k.learnEquality(n, want)
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
