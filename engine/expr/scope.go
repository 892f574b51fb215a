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
	// Given maps the id of a step to the conditions (see [Expr.Conjuncts]) that
	// all hold only where the step is present.
	Given map[string][]string
	// Trust says how far names other than inputs and config can be trusted:
	// the variable of a loop as far as the list, see [Expr.Trust].
	Trust map[string]Trust
	// Sets says so of steps.ID.NAME, where the step names values: by id, then name.
	Sets map[string]map[string]Trust

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

// Known is what follows from a condition that holds, or does not: it is found out once,
// and holds in many scopes.
type Known struct {
	of   knowledge
	n    node
	want bool
}

// Known is what follows where the expression is true or, without holds, false.
func (e *Expr) Known(holds bool) Known { return knownOf(e.root, holds) }

func knownOf(n node, want bool) Known {
	k := Known{n: n, want: want}
	k.of.learn(n, want)
	return k
}

// narrow returns the scope where n is known to be want.
func (s Scope) narrow(n node, want bool) Scope { return s.Knowing(knownOf(n, want)) }

// Knowing returns the scope where all of that is known.
func (s Scope) Knowing(all ...Known) Scope {
	if slices.ContainsFunc(all, func(k Known) bool { return len(k.of.present) > 0 }) {
		s.there = maps.Clone(s.there)
	}
	if len(s.Given) > 0 {
		s.facts = maps.Clone(s.facts)
	}
	for _, k := range all {
		for _, p := range k.of.present {
			s.Vars = presentAt(s.Vars, p)
			s.there = put(s.there, key(p))
		}
		for _, choice := range k.of.choices {
			s.Vars, _ = choice.at(s.Vars, choice.path)
		}
		if len(s.Given) == 0 {
			continue
		}
		k.of.true = slices.Clip(k.of.true)
		k.of.hold(k.n, k.want)
		for _, n := range k.of.true {
			s.facts = put(s.facts, normalize(n))
		}
	}
	if len(s.Given) == 0 {
		return s
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

func (s Scope) apply() Scope {
	for _, id := range slices.Sorted(maps.Keys(s.Given)) {
		if !slices.ContainsFunc(s.Given[id], func(condition string) bool { return !s.facts[condition] }) {
			s.Vars = presentAt(s.Vars, []string{"steps", id})
		}
	}
	return s
}

// presentAt returns t with everything along path made present.
func presentAt(t types.Type, path []string) types.Type {
	if isPresentAt(t, path) {
		return t // nothing is copied
	}
	f, _ := t.Field(path[0])
	f.Type = presentAt(f.Type.Present(), path[1:])
	return t.With(f)
}

// isPresentAt reports whether everything along path is present as far as it is there.
func isPresentAt(t types.Type, path []string) bool {
	for _, name := range path {
		i := slices.IndexFunc(t.Fields, func(f types.Field) bool { return f.Name == name })
		if i < 0 {
			return true
		}
		if t = t.Fields[i].Type; t.Optional {
			return false
		}
	}
	return true
}

// Trust is how far a value can be trusted to decide where an effect lands.
type Trust uint8

// The degrees of trust.
const (
	// TrustNone: it may hold what came from outside.
	TrustNone Trust = iota
	// TrustBounded: it came from outside, within types that the skill's author
	// declared. What in it is a boolean, or has an enum or a pattern, can be
	// trusted. Inputs are such values.
	TrustBounded
	// TrustFull: the authors of the skill and of the site decided it. Literals
	// and config are such values.
	TrustFull
)
