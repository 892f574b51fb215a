// Package keys says how the mappings of skillrun's files are described: which keys
// one has, what each means, and what may stand behind it.
//
// Whoever reads a file keeps a table of its keys as [Mapping]s, and refuses the others
// by it; JSON Schemas, editors and pages are made of the same table. A mapping that
// stands in others is told by its name, so that a description may be recursive as the
// language is: steps stand in steps.
package keys

import (
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// Mapping is the keys of a mapping, in the order in which pages list them.
type Mapping []Key

// Key is a key of a mapping.
type Key struct {
	Name     string
	Doc      string // what it means: a sentence or two, in Markdown
	Value    Shape
	Required bool
	// Needs is another key, without which this one says nothing; "" is none.
	Needs string
}

// Has reports whether the mapping has a key of that name.
func (m Mapping) Has(name string) bool {
	return slices.ContainsFunc(m, func(k Key) bool { return k.Name == name })
}

// Key returns the key of that name.
func (m Mapping) Key(name string) (Key, bool) {
	i := slices.IndexFunc(m, func(k Key) bool { return k.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return m[i], true
}

// Names returns the names of all keys, in order.
func (m Mapping) Names() []string {
	names := make([]string, len(m))
	for i, k := range m {
		names[i] = k.Name
	}
	return names
}

// Without is the mapping without some of its keys.
func (m Mapping) Without(names ...string) Mapping {
	return slices.DeleteFunc(slices.Clone(m), func(k Key) bool { return slices.Contains(names, k.Name) })
}

// Reading is what a text behind a key is.
type Reading uint8

// The readings. The zero Reading is a text that stands for itself.
const (
	Plain  Reading = iota
	Filled         // a text may have ${{ }}, and where it has them it may give any type
	Bare           // a text is an expression, whose value has the type
)

// Shape is what may stand behind a key.
type Shape struct {
	// Type is what the value is. Of a list, a map or a mapping it only says which.
	Type    types.Type
	Reading Reading
	// Mapping is the name of the mapping that stands there, "" for none.
	Mapping string
	// Elem is what each element of a list is, or each value of a map; nil is anything.
	Elem *Shape
	// NotEmpty says that a list has at least one element.
	NotEmpty bool
	// Names is what the names in a map have to match, "" for any.
	Names string
	// Or is what else may stand there, nil for nothing.
	Or *Shape
}

// Text is a string that may have ${{ }}.
func Text() Shape { return Shape{Type: types.OfKind(types.String), Reading: Filled} }

// Literal is a string that stands for itself.
func Literal() Shape { return Shape{Type: types.OfKind(types.String)} }

// Matching is a string that matches a pattern.
func Matching(pattern string) Shape {
	return Shape{Type: types.Type{Kind: types.String, Pattern: pattern}}
}

// Format is a string of one of [types.Formats].
func Format(name string) Shape { return Shape{Type: types.Type{Kind: types.String, Format: name}} }

// Word is one of some words.
func Word(words ...string) Shape {
	return Shape{Type: types.Type{Kind: types.String, Enum: words}}
}

// Flag is true or false.
func Flag() Shape { return Shape{Type: types.OfKind(types.Boolean)} }

// Integer is an integer of at least and at most these.
func Integer(least, most int) Shape {
	return Shape{Type: types.Type{Kind: types.Integer, Minimum: &least, Maximum: &most}}
}

// Number is an integer or a decimal of at least and at most these.
func Number(least, most int) Shape {
	return Shape{Type: types.Type{Kind: types.Number, Minimum: &least, Maximum: &most}}
}

// AnyInteger is an integer.
func AnyInteger() Shape { return Shape{Type: types.OfKind(types.Integer)} }

// Duration is a text such as 90s, 5m or 3d.
func Duration() Shape { return Format("duration") }

// Condition is an expression that is true or false.
func Condition() Shape { return Shape{Type: types.OfKind(types.Boolean), Reading: Bare} }

// Expression is an expression.
func Expression() Shape { return Shape{Type: types.OfKind(types.Any), Reading: Bare} }

// Value is any value, whose texts may have ${{ }}.
func Value() Shape { return Shape{Type: types.OfKind(types.Any), Reading: Filled} }

// Data is any value as it stands there.
func Data() Shape { return Shape{Type: types.OfKind(types.Any)} }

// Of is the mapping of a name.
func Of(mapping string) Shape {
	return Shape{Type: types.OfKind(types.Object), Mapping: mapping}
}

// ListOf is a list of elements of a shape.
func ListOf(elem Shape) Shape { return Shape{Type: types.OfKind(types.List), Elem: &elem} }

// SomeOf is a list with at least one element.
func SomeOf(elem Shape) Shape {
	return Shape{Type: types.OfKind(types.List), Elem: &elem, NotEmpty: true}
}

// MapOf is a mapping of any names to values of a shape.
func MapOf(value Shape) Shape { return Shape{Type: types.OfKind(types.Map), Elem: &value} }

// Named is a mapping of names that match a pattern to values of a shape.
func Named(pattern string, value Shape) Shape {
	s := MapOf(value)
	s.Names = pattern
	return s
}

// OrElse is the shape, or another one.
func (s Shape) OrElse(other Shape) Shape {
	s.Or = &other
	return s
}
