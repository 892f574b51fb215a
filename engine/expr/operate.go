package expr

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

func (ev *evaluator) unary(n *unary) (any, error) {
	if n.op == "!" {
		b, err := ev.boolean(n.of)
		return !b, err
	}
	v, err := ev.take(n.of)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case int:
		if v == math.MinInt {
			return nil, types.Errorf(types.BadInput, "-(%d) does not fit an integer of 64 bits", v)
		}
		return -v, nil
	case float64:
		return -v, nil
	}
	return nil, wrongKind(n.of, v, "number")
}

func (ev *evaluator) binary(n *binary) (any, error) {
	switch n.op {
	case "&&":
		return ev.decide(n, false)
	case "||":
		return ev.decide(n, true)
	case "??":
		v, err := ev.eval(n.left)
		if err != nil {
			return v, err
		}
		if v != nil {
			ev.note(n.left, ArmPresent)
			return v, nil
		}
		ev.note(n.right, ArmAbsent)
		return ev.eval(n.right)
	}
	left, err := ev.take(n.left)
	if err != nil {
		return nil, err
	}
	right, err := ev.take(n.right)
	if err != nil {
		return nil, err
	}
	switch n.op {
	case "==":
		return equal(left, right), nil
	case "!=":
		return !equal(left, right), nil
	}
	if group, ok := right.([]any); ok && n.op == "in" {
		// What is absent is in no list of texts.
		return slices.ContainsFunc(group, func(e any) bool { return equal(left, e) }), nil
	}
	if left == nil {
		return nil, absent(n.left)
	}
	if right == nil {
		return nil, absent(n.right)
	}
	if err := ev.Spend(fuel.Cell); err != nil {
		return nil, err
	}
	l, isText := left.(string)
	r, areTexts := right.(string)
	if isText && areTexts {
		return ev.onTexts(n, l, r)
	}
	return ev.onOthers(n, left, right)
}

// decide computes && (decisive false) and || (decisive true). One decisive
// side is enough, even when the other cannot be known yet.
func (ev *evaluator) decide(n *binary, decisive bool) (any, error) {
	left, err := ev.boolean(n.left)
	if err != nil && !isUnknown(err) {
		return nil, err
	}
	if err == nil {
		if left == decisive {
			return decisive, nil
		}
		return ev.eval(n.right)
	}
	// The right side may lean on the left one: a failure of it means nothing.
	if right, rightErr := ev.boolean(n.right); rightErr == nil && right == decisive {
		return decisive, nil
	}
	return nil, err
}

func (ev *evaluator) onTexts(n *binary, left, right string) (any, error) {
	switch n.op {
	case "+":
		if err := ev.Spend(len(left) + len(right)); err != nil {
			return nil, err
		}
		return left + right, nil
	case "contains":
		return strings.Contains(left, right), nil
	case "startsWith":
		return strings.HasPrefix(left, right), nil
	case "endsWith":
		return strings.HasSuffix(left, right), nil
	case "matches":
		return ev.Matches(n.pattern, left)
	case "<", "<=", ">", ">=":
		return ordered(n.op, strings.Compare(left, right)), nil
	}
	return nil, wrongKind(n.left, left, "number")
}

func (ev *evaluator) onOthers(n *binary, left, right any) (any, error) {
	switch n.op {
	case "in":
		return within(n, left, right)
	case "contains", "startsWith", "endsWith", "matches":
		if _, ok := left.(string); ok {
			return nil, wrongKind(n.right, right, "string")
		}
		return nil, wrongKind(n.left, left, "string")
	case "..":
		return ev.span(n, left, right)
	case "<", "<=", ">", ">=":
		c, ok := stdlib.Compare(left, right)
		if !ok {
			return nil, wrongKind(n.left, left, "number")
		}
		return ordered(n.op, c), nil
	}
	v, err := stdlib.Compute(n.op, left, right)
	if w, ok := err.(stdlib.WrongKind); ok {
		return nil, wrongKind([]node{n.left, n.right}[w.Arg], w.Value, w.Want)
	}
	return v, err
}

func ordered(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

func within(n *binary, left, right any) (any, error) {
	group, ok := right.(map[string]any)
	if !ok {
		return nil, wrongKind(n.right, right, "list")
	}
	key, ok := left.(string)
	if !ok {
		return nil, wrongKind(n.left, left, "string")
	}
	_, found := group[key]
	return found, nil
}

func (ev *evaluator) span(n *binary, left, right any) (any, error) {
	from, ok := left.(int)
	if !ok {
		return nil, wrongKind(n.left, left, "integer")
	}
	to, ok := right.(int)
	if !ok {
		return nil, wrongKind(n.right, right, "integer")
	}
	if to < from {
		return []any{}, nil
	}
	size := to - from + 1 // negative when it overflows, which no budget allows
	if err := ev.Iterate(size); err != nil {
		return nil, err
	}
	if err := ev.Spend(fuel.Cell * size); err != nil {
		return nil, err
	}
	out := make([]any, size)
	for i := range out {
		out[i] = from + i
	}
	return out, nil
}

// equal compares numbers by their value, everything else by kind and content.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case int, float64:
		c, ok := stdlib.Compare(a, b)
		return ok && c == 0
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case string, bool:
		return a == b
	}
	return false
}

func (ev *evaluator) slice(n *slice) (any, error) {
	v, err := ev.eval(n.of)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		if err := ev.Take(v); err != nil {
			return nil, err
		}
		from, to, err := ev.bounds(n, utf8.RuneCountInString(v))
		if err != nil {
			return nil, err
		}
		start := stdlib.RuneAt(v, from)
		return v[start : start+stdlib.RuneAt(v[start:], to-from)], ev.Spend(fuel.Cell)
	case []any:
		from, to, err := ev.bounds(n, len(v))
		if err != nil {
			return nil, err
		}
		return v[from:to:to], ev.Spend(fuel.Cell)
	}
	if err := ev.Take(v); err != nil {
		return nil, err
	}
	return nil, wrongKind(n.of, v, "list")
}

// bounds computes the ends of a slice; negative ones count from behind.
func (ev *evaluator) bounds(n *slice, length int) (from, to int, err error) {
	end := func(n node, otherwise int) int {
		i := otherwise
		if n != nil && err == nil {
			i, err = ev.integer(n)
		}
		if i < 0 {
			i += length
		}
		return max(0, min(i, length))
	}
	from, to = end(n.from, 0), end(n.to, length)
	return min(from, to), to, err
}
