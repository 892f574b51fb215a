// Package syntax reads YAML into a tree in which every node knows its exact
// place in the file, or says why it cannot.
//
// It is the only package that touches the YAML library, and it uses it for
// nodes only: decoding into maps is quadratic on large mappings and can panic.
// What the library does not give is made here: end positions, the way from a
// byte of a decoded text back to the source (see [Node.Place]), linear-time
// duplicate keys, limits, and honest lines for syntax errors.
//
// # A smaller YAML
//
// A file is one document of scalars, sequences and mappings with plain keys.
// Anchors, aliases, merge keys, tags and second documents are refused: a file
// that decides about production is to be read from top to bottom, and nothing
// in it stands for something elsewhere. So are characters that editors do not
// show or that make editors and parsers count lines differently.
//
// Scalars without quotes are typed narrowly, as JSON would: true and false are
// booleans; null, ~ and nothing are null; 12 and -3 are integers when they fit
// 64 bits; 1.5 and 1.5e3 are floats. All else is text. In particular 010,
// 0x1F, 1_000, 1e3, yes, True and 2026-01-31 are text, and so is a commit id
// that happens to be all digits: what an author wrote is never silently
// turned into another number.
package syntax

import (
	"regexp"
	"strconv"
	"sync"

	"github.com/skillrun/skillrun/engine/diag"
)

// Limits of a file. They bound the time and memory that a hostile file costs.
const (
	MaxBytes = 256 << 10
	MaxNodes = 10_000
	MaxDepth = 64
)

// Limits of a file of data, which is longer than one that people write by hand.
const (
	MaxDataBytes = 1 << 20
	MaxDataNodes = 100_000
)

// Kind is the shape of a node.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota + 1
	Sequence
	Mapping
)

// String returns "scalar", "sequence" or "mapping".
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "scalar"
	case Sequence:
		return "sequence"
	case Mapping:
		return "mapping"
	}
	return "invalid"
}

// The tags of scalars.
const (
	Str   = "!!str"
	Int   = "!!int"
	Float = "!!float"
	Bool  = "!!bool"
	Null  = "!!null"
)

// Node is a value in the file.
type Node struct {
	Kind  Kind
	Range diag.Range // the whole node; a scalar's quotes and block header included

	Value string // of a Scalar: the decoded text
	Tag   string // of a Scalar: one of the tags above

	Items []*Node // of a Sequence
	Pairs []Pair  // of a Mapping, in the order of the file, keys unique

	// Memo is for whoever reads the tree: what a Scalar's Value was parsed to, so that it
	// is done once. The zero one is nothing.
	Memo any

	src   *source
	spans []span // how Value came out of the source; nil when unknown
}

// Pair is a key of a mapping, always a scalar, and its value.
type Pair struct{ Key, Value *Node }

// Get returns the value of a Mapping's key, or nil when n is nil, is no
// Mapping or has no such key.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, p := range n.Pairs {
		if p.Key.Value == key {
			return p.Value
		}
	}
	return nil
}

// Head is the place that stands for a whole mapping: its first key. Of anything else it
// is all of it.
func (n *Node) Head() diag.Range {
	if n.Kind == Mapping && len(n.Pairs) > 0 {
		return n.Pairs[0].Key.Range
	}
	return n.Range
}

// IsNull reports whether n is a scalar without a value.
func (n *Node) IsNull() bool { return n.Kind == Scalar && n.Tag == Null }

// Data returns the node as plain data: string, int, float64, bool, nil, []any
// or map[string]any.
func (n *Node) Data() any {
	switch n.Kind {
	case Sequence:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			list[i] = item.Data()
		}
		return list
	case Mapping:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			m[p.Key.Value] = p.Value.Data()
		}
		return m
	}
	return n.scalar()
}

// scalar relies on tagOf: what it calls a number is one.
func (n *Node) scalar() any {
	switch n.Tag {
	case Null:
		return nil
	case Bool:
		return n.Value == "true"
	case Int:
		i, _ := strconv.Atoi(n.Value)
		return i
	case Float:
		f, _ := strconv.ParseFloat(n.Value, 64)
		return f
	}
	return n.Value
}

var (
	intPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`) })
	floatPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^-?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]+)?$`) })
)

func tagOf(text string) string {
	switch text {
	case "", "~", "null":
		return Null
	case "true", "false":
		return Bool
	}
	if intPattern().MatchString(text) {
		if _, err := strconv.Atoi(text); err == nil {
			return Int
		}
	}
	if floatPattern().MatchString(text) {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return Float
		}
	}
	return Str
}
