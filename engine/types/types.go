// Package types says what a value of a skill can be, and keeps the closed list
// of error codes.
//
// A [Type] is read by everybody: the checker asks [Type.Accepts], the command
// line turns flags into values with [Type.Parse], values from outside are
// checked against it by [Type.Check], and editors, agents and the reference pages
// get it as JSON Schema from [Type.Schema]. [Of] derives a Type from a Go
// struct, once, so that a step's fields are written down in one place.
//
// Values are plain Go: nil (absent), bool, string, int (64 bits: skillrun
// builds for 64-bit machines only), float64, []any and map[string]any. Two
// more exist inside the engine only: [Secret], which cannot be printed, and
// [Unknown], which stands for what a plan cannot know yet. [Read] makes such
// values from anybody's JSON, [Decode] from our own, without turning integers
// into floats.
package types

import (
	"slices"
	"strings"
)

// Kind is the outermost shape of a type. The zero Kind is invalid.
type Kind uint8

// The kinds.
const (
	Invalid Kind = iota
	Any          // every value; a step or an expression must narrow it before use
	String
	Integer
	Number // integer or floating point
	Boolean
	List   // every element has Elem's type
	Object // the Fields, and others only if it has an Elem
	Map    // any names, every value has Elem's type
	SecretKind
)

var kindNames = [...]string{"invalid", "any", "string", "integer", "number", "boolean", "list", "object", "map", "secret"}

// String returns the kind's name as people read it in messages.
func (k Kind) String() string { return kindNames[k] }

// Type is a set of values. Constraints that do not fit the kind are ignored.
type Type struct {
	Kind     Kind    `json:"kind"`
	Optional bool    `json:"optional,omitempty"` // the value may be absent (nil)
	Elem     *Type   `json:"elem,omitempty"`     // of a List or Map, and of the members of an Object beside its Fields; nil is none
	Fields   []Field `json:"fields,omitempty"`   // of an Object, in the order of declaration

	Enum    []string `json:"enum,omitempty"`    // the only strings allowed
	Pattern string   `json:"pattern,omitempty"` // RE2, searched in the string as in JSON Schema: anchor it yourself
	Format  string   `json:"format,omitempty"`  // one of Formats
	Minimum *int     `json:"minimum,omitempty"` // of an Integer or Number, inclusive
	Maximum *int     `json:"maximum,omitempty"`

	// Trusted marks a sink that decides where an effect lands (host, path
	// root, repository): it takes literals, configuration, and inputs that
	// have an enum or a pattern, and nothing that came from outside.
	Trusted bool `json:"trusted,omitempty"`
}

// Field is a named member of an Object.
type Field struct {
	Name     string `json:"name"`
	Doc      string `json:"doc,omitempty"`
	Type     Type   `json:"type"`
	Required bool   `json:"required,omitempty"` // as an argument it must be given
	Default  any    `json:"default,omitempty"`  // used when it is not given
	// Cosmetic marks an argument whose change does not make it another
	// effect: it is left out of the argument digest.
	Cosmetic bool `json:"cosmetic,omitempty"`
	// Workspace marks an argument that names a workspace of the run: the step
	// works in it, and it has to be there before.
	Workspace bool `json:"workspace,omitempty"`
	// Makes marks an argument that names a workspace which the step makes.
	Makes bool `json:"makes,omitempty"`
	// Literal marks an argument that is written out in the skill: what it says is
	// known before a run.
	Literal bool `json:"literal,omitempty"`
}

// OfKind returns the type of all values of a kind.
func OfKind(k Kind) Type { return Type{Kind: k} }

// ListOf returns a list of elements of a type.
func ListOf(elem Type) Type { return Type{Kind: List, Elem: &elem} }

// MapOf returns a map to values of a type.
func MapOf(elem Type) Type { return Type{Kind: Map, Elem: &elem} }

// ObjectOf returns an object with these fields.
func ObjectOf(fields ...Field) Type { return Type{Kind: Object, Fields: fields} }

// Maybe returns t made optional.
func (t Type) Maybe() Type { t.Optional = true; return t }

// Present returns t made not optional.
func (t Type) Present() Type { t.Optional = false; return t }

// Field returns the object's field of that name.
func (t Type) Field(name string) (Field, bool) {
	i := slices.IndexFunc(t.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return t.Fields[i], true
}

// Names returns the names of the object's fields in order.
func (t Type) Names() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// With returns the object with field f set or replaced.
func (t Type) With(f Field) Type {
	fields := append(make([]Field, 0, len(t.Fields)+1), t.Fields...)
	if i := slices.IndexFunc(fields, func(g Field) bool { return g.Name == f.Name }); i >= 0 {
		fields[i] = f
	} else {
		fields = append(fields, f)
	}
	t.Fields = fields
	return t
}

// String writes the type as people read it in messages: "list<string>",
// "{sha: string, size: integer}", "optional string".
func (t Type) String() string {
	s := t.Kind.String()
	switch t.Kind {
	case List, Map:
		if t.Elem != nil {
			s += "<" + t.Elem.String() + ">"
		}
	case Object:
		parts := make([]string, 0, len(t.Fields))
		for i, f := range t.Fields {
			if i == 6 && len(t.Fields) > 7 {
				parts = append(parts, "…")
				break
			}
			parts = append(parts, f.Name+": "+f.Type.String())
		}
		if t.Elem != nil && !slices.Contains(parts, "…") {
			parts = append(parts, "…")
		}
		s = "{" + strings.Join(parts, ", ") + "}"
	}
	if t.Optional {
		return "optional " + s
	}
	return s
}

// Accepts reports whether every value of type from may stand where t is
// wanted, and if not, why, in words that follow "cannot use X as Y: ". An Any
// is accepted nowhere but as Any: what may be anything has to be narrowed
// first. Constraints on strings (enum, pattern, format) are checked on the
// value at dispatch, not here, except that two disjoint enums never fit.
func (t Type) Accepts(from Type) (why string, ok bool) {
	if from.Optional && !t.Optional {
		return "it may be absent; guard it with ??, ?. or the same if", false
	}
	if t.Kind == Any {
		if from.Kind == SecretKind {
			return "a secret may only reach a secret field", false
		}
		return "", true
	}
	if t.Kind == Number && from.Kind == Integer {
		return "", true
	}
	if t.Kind == Map && from.Kind == Object {
		return t.acceptsObjectAsMap(from)
	}
	if t.Kind != from.Kind {
		return "it is " + article(from.Present()) + ", not " + article(t.Present()), false
	}
	return t.acceptsSameKind(from)
}

func (t Type) acceptsSameKind(from Type) (string, bool) {
	switch t.Kind {
	case List, Map:
		if t.Elem == nil || from.Elem == nil {
			return "", true
		}
		if why, ok := t.Elem.Accepts(*from.Elem); !ok {
			return "its elements do not fit: " + why, false
		}
	case Object:
		return t.acceptsObject(from)
	case String:
		if len(t.Enum) > 0 && len(from.Enum) > 0 && !slices.ContainsFunc(from.Enum, func(s string) bool { return slices.Contains(t.Enum, s) }) {
			return "it is one of " + strings.Join(from.Enum, ", ") + ", never one of " + strings.Join(t.Enum, ", "), false
		}
	}
	return "", true
}

func (t Type) acceptsObject(from Type) (string, bool) {
	for _, f := range from.Fields {
		want, ok := t.Field(f.Name)
		switch {
		case !ok && t.Elem == nil:
			return "field " + f.Name + " is not known there", false
		case !ok:
			want.Type = t.Elem.Maybe()
		}
		if want.Required {
			want.Type.Optional = false
		}
		if why, ok := want.Type.Accepts(f.Type); !ok {
			return "field " + f.Name + ": " + why, false
		}
	}
	for _, f := range t.Fields {
		_, ok := from.Field(f.Name)
		switch {
		case ok:
		case f.Required:
			return "field " + f.Name + " is missing", false
		case from.Elem != nil && f.Type.Kind != Any:
			return "field " + f.Name + " may be anything", false
		}
	}
	if from.Elem != nil && t.Elem == nil {
		return "it may have members that are not known there", false
	}
	return "", true
}

func (t Type) acceptsObjectAsMap(from Type) (string, bool) {
	if t.Elem != nil && from.Elem != nil {
		if why, ok := t.Elem.Accepts(*from.Elem); !ok {
			return "its other members: " + why, false
		}
	}
	for _, f := range from.Fields {
		if t.Elem == nil {
			break
		}
		if why, ok := t.Elem.Accepts(f.Type); !ok {
			return "field " + f.Name + ": " + why, false
		}
	}
	return "", true
}

// HoldsSecret reports whether a value of the type is a secret, or may hold one.
func (t Type) HoldsSecret() bool {
	return t.Kind == SecretKind || t.Elem != nil && t.Elem.HoldsSecret() ||
		slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Type.HoldsSecret() })
}

// Mixed reports whether one of two types is, or holds, a secret where the other has
// something else. No value may be either.
func Mixed(a, b Type) bool {
	if a.Kind == Invalid || b.Kind == Invalid {
		return false
	}
	if (a.Kind == SecretKind) != (b.Kind == SecretKind) {
		return a.HoldsSecret() || b.HoldsSecret()
	}
	if a.Elem != nil && b.Elem != nil && Mixed(*a.Elem, *b.Elem) {
		return true
	}
	return slices.ContainsFunc(a.Fields, func(f Field) bool {
		g, both := b.Field(f.Name)
		return both && Mixed(f.Type, g.Type)
	})
}

func article(t Type) string { return Article(t.String()) }

// Article returns the name of a type with "a" or "an".
func Article(name string) string {
	if strings.ContainsAny(name[:1], "aeiou") {
		return "an " + name
	}
	return "a " + name
}

// Merge returns the narrowest type that holds both the values of a and of b,
// Any when they have nothing in common. It is what a ?: or a list literal is.
func Merge(a, b Type) Type {
	optional := a.Optional || b.Optional
	m := mergePresent(a.Present(), b.Present())
	m.Optional = optional
	return m
}

func mergePresent(a, b Type) Type {
	switch {
	case a.Kind == Invalid:
		return b
	case b.Kind == Invalid:
		return a
	case a.Kind == SecretKind || b.Kind == SecretKind:
		return Type{Kind: SecretKind} // a secret on either side stays one
	case a.Kind == Integer && b.Kind == Number, a.Kind == Number && b.Kind == Integer:
		return Type{Kind: Number}
	case a.Kind != b.Kind:
		return Type{Kind: Any}
	}
	switch a.Kind {
	case List, Map:
		if a.Elem == nil {
			return b
		}
		if b.Elem == nil {
			return a
		}
		elem := Merge(*a.Elem, *b.Elem)
		return Type{Kind: a.Kind, Elem: &elem}
	case Object:
		return mergeObjects(a, b)
	case String:
		return mergeStrings(a, b)
	}
	return Type{Kind: a.Kind}
}

func mergeObjects(a, b Type) Type {
	out := Type{Kind: Object}
	for _, f := range a.Fields {
		g, ok := b.Field(f.Name)
		if !ok {
			out.Fields = append(out.Fields, f.beside(b))
			continue
		}
		f.Type = Merge(f.Type, g.Type)
		out.Fields = append(out.Fields, f)
	}
	for _, g := range b.Fields {
		if _, ok := a.Field(g.Name); !ok {
			out.Fields = append(out.Fields, g.beside(a))
		}
	}
	switch {
	case a.Elem != nil && b.Elem != nil:
		elem := Merge(*a.Elem, *b.Elem)
		out.Elem = &elem
	case a.Elem != nil:
		out.Elem = a.Elem
	default:
		out.Elem = b.Elem
	}
	return out
}

// beside is the field of what is either its object or another one that does not name it.
func (f Field) beside(other Type) Field {
	if other.Elem != nil {
		f.Type = Merge(f.Type, *other.Elem)
	}
	f.Type.Optional = true
	return f
}

func mergeStrings(a, b Type) Type {
	out := Type{Kind: String}
	if len(a.Enum) > 0 && len(b.Enum) > 0 {
		out.Enum = slices.Clone(a.Enum)
		for _, s := range b.Enum {
			if !slices.Contains(out.Enum, s) {
				out.Enum = append(out.Enum, s)
			}
		}
	}
	if a.Pattern == b.Pattern {
		out.Pattern = a.Pattern
	}
	if a.Format == b.Format {
		out.Format = a.Format
	}
	return out
}
