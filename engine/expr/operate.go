package expr

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
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
		if err != nil || v != nil {
			return v, err
		}
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
		return holdsElement(group, left), nil // what is absent is in no list of texts
	}
	if left == nil {
		return nil, absent(n.left)
	}
	if right == nil {
		return nil, absent(n.right)
	}
	if err := ev.fuel.Spend(fuel.Cell); err != nil {
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
		if err := ev.fuel.Spend(len(left) + len(right)); err != nil {
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
		return ev.matches(n.pattern, left)
	case "<":
		return left < right, nil
	case "<=":
		return left <= right, nil
	case ">":
		return left > right, nil
	case ">=":
		return left >= right, nil
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
		c, ok := compare(left, right)
		if !ok {
			return nil, wrongKind(n.left, left, "number")
		}
		return ordered(n.op, c), nil
	}
	a, aInt := left.(int)
	b, bInt := right.(int)
	if aInt && bInt && n.op != "/" {
		return arithmetic(n.op, a, b)
	}
	x, ok := float(left)
	if !ok {
		return nil, wrongKind(n.left, left, "number")
	}
	y, ok := float(right)
	if !ok {
		return nil, wrongKind(n.right, right, "number")
	}
	return floating(n.op, x, y)
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

func holdsElement(group []any, v any) bool {
	return slices.ContainsFunc(group, func(e any) bool { return equal(v, e) })
}

func within(n *binary, left, right any) (any, error) {
	switch right := right.(type) {
	case map[string]any:
		key, ok := left.(string)
		if !ok {
			return nil, wrongKind(n.left, left, "string")
		}
		_, found := right[key]
		return found, nil
	}
	return nil, wrongKind(n.right, right, "list")
}

// span computes from..to.
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
	if err := ev.fuel.Iterate(size); err != nil {
		return nil, err
	}
	if err := ev.fuel.Spend(fuel.Cell * size); err != nil {
		return nil, err
	}
	out := make([]any, size)
	for i := range out {
		out[i] = from + i
	}
	return out, nil
}

// arithmetic computes on integers and fails where they would wrap.
func arithmetic(op string, a, b int) (any, error) {
	var out int
	fits := true
	switch op {
	case "+":
		out = a + b
		fits = (out > a) == (b > 0)
	case "-":
		out = a - b
		fits = (out < a) == (b > 0)
	case "*":
		out, fits = multiply(a, b)
	case "%":
		if b == 0 {
			return nil, types.Errorf(types.BadInput, "%d %% 0: division by zero", a)
		}
		out = a % b
	}
	if !fits {
		return nil, types.Errorf(types.BadInput, "%d %s %d does not fit an integer of 64 bits", a, op, b)
	}
	return out, nil
}

func multiply(a, b int) (int, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	negative := (a < 0) != (b < 0)
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return 0, false
	case negative:
		return int(-lo), true
	}
	return int(lo), true
}

func magnitude(a int) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func floating(op string, x, y float64) (any, error) {
	var out float64
	switch op {
	case "+":
		out = x + y
	case "-":
		out = x - y
	case "*":
		out = x * y
	case "/":
		if y == 0 {
			return nil, types.Errorf(types.BadInput, "%v / 0: division by zero", x)
		}
		out = x / y
	}
	if math.IsInf(out, 0) || math.IsNaN(out) {
		return nil, types.Errorf(types.BadInput, "%v %s %v does not fit a number", x, op, y)
	}
	return out, nil
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// compare orders two numbers, exactly also where a float is too coarse, or two
// texts by their bytes.
func compare(a, b any) (int, bool) {
	if x, ok := a.(string); ok {
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	}
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), true
		}
	}
	return compareNumbers(a, b)
}

func compareNumbers(a, b any) (int, bool) {
	switch a := a.(type) {
	case int:
		if b, ok := b.(float64); ok {
			return compareMixed(a, b)
		}
	case float64:
		switch b := b.(type) {
		case float64:
			return cmp.Compare(a, b), !math.IsNaN(a) && !math.IsNaN(b)
		case int:
			c, ok := compareMixed(b, a)
			return -c, ok
		}
	}
	return 0, false
}

// compareMixed compares exactly: the whole part as integers, then the rest,
// which only numbers below 2^53 have.
func compareMixed(i int, f float64) (int, bool) {
	switch {
	case math.IsNaN(f):
		return 0, false
	case f >= 1<<63:
		return -1, true
	case f < -1<<63:
		return 1, true
	}
	whole, rest := math.Modf(f)
	if c := cmp.Compare(i, int(whole)); c != 0 {
		return c, true
	}
	return cmp.Compare(0, rest), true
}

// equal compares any two values: numbers by their value, everything else by
// kind and content.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case int, float64:
		c, ok := compare(a, b)
		return ok && c == 0
	case []any:
		b, ok := b.([]any)
		return ok && equalLists(a, b)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && equalObjects(a, b)
	case string, bool:
		return a == b
	}
	return false
}

func equalLists(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func equalObjects(a, b map[string]any) bool {
	if len(a) != len(b) {
		return false
	}
	for k, x := range a {
		y, ok := b[k]
		if !ok || !equal(x, y) {
			return false
		}
	}
	return true
}
