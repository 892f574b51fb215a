package expr

import (
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// normalize writes n in one spelling: `not a` and `!a`, `x["b"]` and `x.b`, every
// layout and superfluous parenthesis come out the same.
func normalize(n node) string {
	switch n := n.(type) {
	case *literal:
		return normalizeLiteral(n.value)
	case *name:
		return n.name
	case *member:
		return normalizeMember(n)
	case *index:
		return operand(n.of) + safe(n.optional) + "[" + normalize(n.i) + "]"
	case *slice:
		return operand(n.of) + "[" + orEmpty(n.from) + ":" + orEmpty(n.to) + "]"
	case *chain:
		return normalize(n.of)
	case *unary:
		return n.op + operand(n.of)
	case *binary:
		if n.op == "&&" {
			return normalizeSide(n.left) + " && " + normalizeSide(n.right)
		}
		return operand(n.left) + " " + n.op + " " + operand(n.right)
	case *cond:
		return operand(n.test) + " ? " + operand(n.yes) + " : " + operand(n.no)
	case *let:
		return "let " + n.name + " = " + operand(n.value) + "; " + normalize(n.body)
	case *list:
		return "[" + normalizeAll(n.elems) + "]"
	case *object:
		parts := make([]string, len(n.keys))
		for i, k := range n.keys {
			parts[i] = strconv.Quote(k) + ": " + normalize(n.values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *call:
		return n.fn.Name + "(" + normalizeAll(n.args) + ")"
	}
	return "?"
}

func normalizeLiteral(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return strconv.Quote(v)
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // or it would read as an integer
		}
		return s
	}
	return string(types.Encode(v))
}

func normalizeMember(n *member) string {
	of := operand(n.of)
	if of == "#" {
		of = "" // .name is #.name
	}
	if stdlib.IsName(n.name) {
		if n.optional {
			return of + "?." + n.name
		}
		return of + "." + n.name
	}
	return of + safe(n.optional) + "[" + strconv.Quote(n.name) + "]"
}

// normalizeSide leaves the parentheses off a && b && c, however it was grouped.
func normalizeSide(n node) string {
	if b, ok := n.(*binary); ok && b.op == "&&" {
		return normalize(n)
	}
	return operand(n)
}

// operand puts n in parentheses where it could be read in another way.
func operand(n node) string {
	switch n.(type) {
	case *binary, *cond, *unary, *let:
		return "(" + normalize(n) + ")"
	}
	return normalize(n)
}

func normalizeAll(nodes []node) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = normalize(n)
	}
	return strings.Join(parts, ", ")
}

func safe(optional bool) string {
	if optional {
		return "?."
	}
	return ""
}

func orEmpty(n node) string {
	if n == nil {
		return ""
	}
	return normalize(n)
}

// show is normalize for messages: short.
func show(n node) string { return types.Clip(normalize(n)) }
