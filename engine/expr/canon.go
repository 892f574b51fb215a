package expr

import (
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// canon writes n in one spelling: `not a` and `!a`, `x["b"]` and `x.b`, every
// layout and superfluous parenthesis come out the same.
func canon(n node) string {
	switch n := n.(type) {
	case *literal:
		return canonLiteral(n.value)
	case *name:
		return n.name
	case *member:
		return canonMember(n)
	case *index:
		return operand(n.of) + safe(n.optional) + "[" + canon(n.i) + "]"
	case *slice:
		return operand(n.of) + "[" + orEmpty(n.from) + ":" + orEmpty(n.to) + "]"
	case *chain:
		return canon(n.of)
	case *unary:
		return n.op + operand(n.of)
	case *binary:
		if n.op == "&&" {
			return canonSide(n.left) + " && " + canonSide(n.right)
		}
		return operand(n.left) + " " + n.op + " " + operand(n.right)
	case *cond:
		return operand(n.test) + " ? " + operand(n.yes) + " : " + operand(n.no)
	case *list:
		return "[" + canonAll(n.elems) + "]"
	case *object:
		parts := make([]string, len(n.keys))
		for i, k := range n.keys {
			parts[i] = strconv.Quote(k) + ": " + canon(n.values[i])
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case *call:
		return n.fn.Name + "(" + canonAll(n.args) + ")"
	}
	return "?"
}

func canonLiteral(v any) string {
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

func canonMember(n *member) string {
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

// canonSide leaves the parentheses off a && b && c, however it was grouped.
func canonSide(n node) string {
	if b, ok := n.(*binary); ok && b.op == "&&" {
		return canon(n)
	}
	return operand(n)
}

// operand puts n in parentheses where it could be read in another way.
func operand(n node) string {
	switch n.(type) {
	case *binary, *cond, *unary:
		return "(" + canon(n) + ")"
	}
	return canon(n)
}

func canonAll(nodes []node) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = canon(n)
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
	return canon(n)
}

// show is canon for messages: short.
func show(n node) string {
	s := canon(n)
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}
