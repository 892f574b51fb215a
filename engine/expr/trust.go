package expr

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Trusted reports whether the value is made of nothing but what the authors of
// the skill and of the site decided: literals, config, and inputs that are
// booleans or have an enum or a pattern. If not, it names the first offender.
func (e *Expr) Trusted(s Scope) (ok bool, offender Ref) { return trusted(e.Refs(), s) }

// Trusted is [Expr.Trusted] for a text.
func (t *Text) Trusted(s Scope) (ok bool, offender Ref) { return trusted(t.Refs(), s) }

// Trust returns how far the parts of the value can be trusted. What it is of
// the list of a loop, it is of the loop's variable.
func (e *Expr) Trust(s Scope) Trust {
	out := TrustFull
	for _, r := range e.Refs() {
		if !trustedPath(r.Path, s) {
			out = min(out, s.trust(r.Path), TrustBounded)
		}
	}
	return out
}

// Trust is [Expr.Trust] for a text.
func (t *Text) Trust(s Scope) Trust {
	if e := t.single(); e != nil {
		return e.Trust(s)
	}
	if ok, _ := t.Trusted(s); ok {
		return TrustFull
	}
	return TrustNone
}

func trusted(refs []Ref, s Scope) (bool, Ref) {
	for _, r := range refs {
		if !trustedPath(r.Path, s) {
			return false, r
		}
	}
	return true, Ref{}
}

func (s Scope) trust(path []string) Trust {
	switch path[0] {
	case "config":
		return TrustFull
	case "inputs":
		return TrustBounded
	case "steps":
		if len(path) < 3 {
			return TrustNone
		}
		// What stands in for a step that did not run is another value than its own.
		if t, ok := s.typeAt(path[:2]); !ok || t.Optional {
			return TrustNone
		}
		return s.Sets[path[1]][path[2]]
	}
	return s.Trust[path[0]]
}

func trustedPath(path []string, s Scope) bool {
	switch s.trust(path) {
	case TrustFull:
		return true
	case TrustBounded:
		t, ok := s.typeAt(path)
		return ok && closed(t, func(t types.Type) bool { return len(t.Enum) > 0 || t.Pattern != "" })
	}
	return false
}

// closed reports whether every text in a value of t is one that the skill's author
// bounded, as text says of its type, and nothing else is in it that could be one.
func closed(t types.Type, text func(types.Type) bool) bool {
	switch t.Kind {
	case types.String:
		return text(t)
	case types.Boolean, types.Integer, types.Number:
		return true
	case types.List, types.Map:
		return t.Elem != nil && closed(*t.Elem, text)
	}
	return false
}

// Decided reports whether what comes of the text was decided by the authors of the
// skill and of the site: it reads nothing but configuration, numbers, booleans, and
// inputs that are one of an enum. A pattern decides nothing here.
func (t *Text) Decided(s Scope) bool {
	for _, r := range t.Refs() {
		typ, ok := s.typeAt(r.Path)
		trust := s.trust(r.Path)
		enum := func(t types.Type) bool { return trust == TrustBounded && len(t.Enum) > 0 }
		if trust != TrustFull && (!ok || !closed(typ, enum)) {
			return false
		}
	}
	return true
}

// Outline is the text with something in the place of each hole and directive.
func (t *Text) Outline(hole string) string {
	var b strings.Builder
	for _, p := range t.parts {
		if l, ok := p.(literalPart); ok {
			b.WriteString(string(l))
			continue
		}
		b.WriteString(hole)
	}
	return b.String()
}
