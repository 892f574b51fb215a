package expr

import (
	"slices"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// node is one of the closed set of things an expression is made of. The
// parser's own tree is turned into nodes once ([lowerer]); the checker, the
// evaluator and everything else know only these.
type node interface{ at() span }

// span is a stretch of the source in bytes.
type span struct{ from, to int }

func (s span) at() span { return s }

type (
	// literal is nil, a bool, int, float64 or string.
	literal struct {
		span
		value any
	}
	// name is a variable; "#" and "#index" are a predicate's element and
	// its position, "#acc" what reduce has so far.
	name struct {
		span
		name string
	}
	// member is x.name, x?.name or x["name"].
	member struct {
		span
		of       node
		name     string
		nameAt   span
		optional bool
	}
	// index is x[i] or x?.[i] with an i that is not a literal text.
	index struct {
		span
		of, i    node
		optional bool
	}
	// slice is x[from:to]; either end may be nil.
	slice struct {
		span
		of, from, to node
	}
	// chain ends the reach of the ?. inside: when one finds nothing, the
	// whole chain is absent.
	chain struct {
		span
		of node
	}
	unary struct {
		span
		op string // ! or -
		of node
	}
	binary struct {
		span
		op          string
		left, right node
		pattern     *stdlib.Pattern // of matches
	}
	cond struct {
		span
		test, yes, no node
	}
	// let is let name = value; body.
	let struct {
		span
		name        string
		nameAt      span
		value, body node
	}
	list struct {
		span
		elems []node
	}
	object struct {
		span
		keys   []string // in the order of the source
		values []node
	}
	call struct {
		span
		fn   *stdlib.Function
		args []node // a predicate's body is an argument
		// What was written out, by the kind of the function's second argument.
		pattern *stdlib.Pattern
		pieces  []piece
		shape   types.Type
	}
	// piece is a part of a replacement: what was written out, or an expression.
	piece struct {
		stdlib.Piece
		of node
	}
)

func children(n node) []node {
	switch n := n.(type) {
	case *member:
		return []node{n.of}
	case *index:
		return []node{n.of, n.i}
	case *slice:
		out := []node{n.of}
		if n.from != nil {
			out = append(out, n.from)
		}
		if n.to != nil {
			out = append(out, n.to)
		}
		return out
	case *chain:
		return []node{n.of}
	case *unary:
		return []node{n.of}
	case *binary:
		return []node{n.left, n.right}
	case *cond:
		return []node{n.test, n.yes, n.no}
	case *let:
		return []node{n.value, n.body}
	case *list:
		return n.elems
	case *object:
		return n.values
	case *call:
		return n.args
	}
	return nil
}

// path returns the names of a plain path such as steps.image.digest, or nil.
func path(n node) []string {
	switch n := n.(type) {
	case *name:
		return []string{n.name}
	case *chain:
		return path(n.of)
	case *member:
		if p := path(n.of); p != nil {
			return append(p, n.name)
		}
	}
	return nil
}

func refs(n node, out []Ref) []Ref {
	if p := path(n); p != nil {
		if p[0][0] == '#' {
			return out
		}
		return append(out, Ref{Path: p, From: n.at().from, To: n.at().to})
	}
	if n, ok := n.(*let); ok {
		return n.refs(out)
	}
	for _, c := range children(n) {
		out = refs(c, out)
	}
	return out
}

// refs are those of the value and of the body. Where the value is a plain path,
// what is read of it is what the body reads.
func (n *let) refs(out []Ref) []Ref {
	alias, read := path(n.value), false
	var body []Ref
	for _, r := range refs(n.body, nil) {
		switch own := r.Path[0] == n.name; {
		case !own:
			body = append(body, r)
		case alias != nil:
			read = true
			if r.Path = n.unnamed(r.Path); r.Path[0][0] != '#' {
				body = append(body, r)
			}
		}
	}
	if !read {
		out = refs(n.value, out)
	}
	return append(out, body...)
}

// unnamed is a path of the body as it is without the name, or nil when the name
// stands for no path.
func (n *let) unnamed(p []string) []string {
	if p[0] != n.name {
		return p
	}
	if alias := path(n.value); alias != nil {
		return slices.Concat(alias, p[1:])
	}
	return nil
}
