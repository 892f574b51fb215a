package expr

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

func conversionFunctions() []Function {
	return []Function{
		Function{Name: "string", Signature: "string(value: any) string", Doc: "The value as text: texts as they are, lists and objects as JSON.",
			Example: `string(1.5) + string(true)`, Want: `"1.5true"`, run: runString}.generic(1, 1, typeString),
		Function{Name: "json", Signature: "json(value: any) string", Doc: "The value as JSON on one line, names sorted.",
			Example: `json({"b": [1], "a": "<x>"})`, Want: `"{\"a\":\"<x>\",\"b\":[1]}"`, run: runJSON}.generic(1, 1, typeString),
		Function{Name: "int", Signature: "int(value: string or number) integer", Doc: "The integer that a text spells out, or a number without its fraction.",
			Example: `int("42") + int(1.9)`, Want: `43`, run: runInt}.generic(1, 1, typeConversion(integer)),
		Function{Name: "float", Signature: "float(value: string or number) number", Doc: "The number that a text spells out.",
			Example: `float("2.5")`, Want: `2.5`, run: runFloat}.generic(1, 1, typeConversion(number)),
		Function{Name: "len", Signature: "len(value: string, list or map) integer", Doc: "How many characters, elements or names there are.",
			Example: `len([1, 2]) + len("für")`, Want: `5`, lazy: runLen}.generic(1, 1, typeLen),
		Function{Name: "has", Signature: "has(path) boolean", Doc: "Whether there is something at the path. Where it is true, the path can be read without a guard.",
			Example: `has({"a": 1}.a)`, Want: `true`, lazy: runHas}.generic(1, 1, typeHas),
	}
}

func typeString(c *checker, n *call, s Scope) types.Type {
	t := c.check(n.args[0], s)
	switch {
	case t.Optional:
		c.absent(n.args[0])
	case holdsSecret(t):
		c.secret(n.args[0])
	}
	return text
}

func typeConversion(result types.Type) func(*checker, *call, Scope) types.Type {
	return func(c *checker, n *call, s Scope) types.Type {
		c.need(n.args[0], s, types.String, types.Number)
		return result
	}
}

func typeLen(c *checker, n *call, s Scope) types.Type {
	c.need(n.args[0], s, types.String, types.List, types.Map)
	return integer
}

// typeHas checks a path leniently: every step of it may be absent.
func typeHas(c *checker, n *call, s Scope) types.Type {
	if !isPlace(n.args[0]) {
		c.fail(n.args[0], CodeTypeMismatch, "such as has(steps.billing)", "has() asks about a path, not about a computed value")
		return boolean
	}
	outer := c.forgiving
	c.forgiving = true
	c.check(n.args[0], s)
	c.forgiving = outer
	return boolean
}

// isPlace reports whether n is a path, possibly with indexes.
func isPlace(n node) bool {
	switch n := n.(type) {
	case *name:
		return true
	case *chain:
		return isPlace(n.of)
	case *member:
		_, object := n.of.(*object)
		return object || isPlace(n.of)
	case *index:
		return isPlace(n.of)
	}
	return false
}

func runHas(ev *evaluator, n *call) (any, error) {
	v, err := ev.find(n.args[0])
	return v != nil, err
}

// find computes a path; what is not there is nil wherever it ends.
func (ev *evaluator) find(n node) (any, error) {
	switch n := n.(type) {
	case *chain:
		return ev.find(n.of)
	case *member:
		v, err := ev.find(n.of)
		if m, ok := v.(map[string]any); ok && err == nil {
			return leaf(m[n.name])
		}
		return nil, err
	case *index:
		return ev.findIndex(n)
	}
	return ev.eval(n)
}

func (ev *evaluator) findIndex(n *index) (any, error) {
	v, err := ev.find(n.of)
	if err != nil || v == nil {
		return nil, err
	}
	i, err := ev.take(n.i)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		key, _ := i.(string)
		return leaf(v[key])
	case []any:
		at, ok := i.(int)
		if at < 0 {
			at += len(v)
		}
		if ok && at >= 0 && at < len(v) {
			return leaf(v[at])
		}
	}
	return nil, nil
}

// runLen counts without looking at the elements, so that the length of a list
// is known though its elements are not.
func runLen(ev *evaluator, n *call) (any, error) {
	v, err := ev.eval(n.args[0])
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	}
	if err := ev.takeValue(v); err != nil {
		return nil, err
	}
	s, ok := v.(string)
	if !ok {
		return nil, wrongKind(n.args[0], v, "string, list or map")
	}
	return utf8.RuneCountInString(s), nil
}

func runString(ev *evaluator, args []any) (any, error) {
	return ev.spell(args[0])
}

func runJSON(ev *evaluator, args []any) (any, error) {
	return ev.json(args[0])
}

func runInt(_ *evaluator, args []any) (any, error) {
	switch v := args[0].(type) {
	case int:
		return v, nil
	case float64:
		if v >= math.MaxInt64 || v < math.MinInt64 {
			return nil, badArgument("%v does not fit an integer of 64 bits", v)
		}
		return int(v), nil
	case string:
		i, err := strconv.Atoi(v)
		if err != nil {
			return nil, badArgument("%q is not an integer", v)
		}
		return i, nil
	}
	return nil, badArgument("int() cannot take a %s", types.KindOf(args[0]))
}

func runFloat(_ *evaluator, args []any) (any, error) {
	if s, ok := args[0].(string); ok {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, badArgument("%q is not a number", s)
		}
		return f, nil
	}
	f, ok := float(args[0])
	if !ok {
		return nil, badArgument("float() cannot take a %s", types.KindOf(args[0]))
	}
	return f, nil
}
