package stdlib

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

func conversionFunctions() []Function {
	return []Function{
		Function{Name: "string", Signature: "string(value: any) string", Doc: "The value as text: texts as they are, lists and objects as JSON.",
			Example: `string(1.5) + string(true)`, Want: `"1.5true"`, Run: runString}.generic(1, 1, typeWhole),
		Function{Name: "json", Signature: "json(value: any) string", Doc: "The value as JSON on one line, names sorted.",
			Example: `json({"b": [1], "a": "<x>"})`, Want: `"{\"a\":\"<x>\",\"b\":[1]}"`, Run: runJSON}.generic(1, 1, typeWhole),
		Function{Name: "int", Signature: "int(value: string or number) integer", Doc: "The integer in a text, or a number without its fraction.",
			Example: `int("42") + int(1.9)`, Want: `43`, Form: true, Run: runInt}.generic(1, 1, typeConversion(integer)),
		Function{Name: "float", Signature: "float(value: string or number) number", Doc: "The number in a text.",
			Example: `float("2.5")`, Want: `2.5`, Form: true, Run: runFloat}.generic(1, 1, typeConversion(number)),
		Function{Name: "len", Signature: "len(value: string, list or map) integer", Doc: "The number of characters, elements or names.",
			Example: `len([1, 2]) + len("für")`, Want: `5`, Unread: true, Run: runLen}.generic(1, 1, typeLen),
		Function{Name: "has", Signature: "has(path) boolean", Doc: "Whether the path has a value. Where it is true, the path needs no guard.",
			Example: `has({"a": 1}.a)`, Want: `true`, Place: true, Run: runHas}.generic(1, 1, nil),
	}
}

func typeWhole(a Args) types.Type {
	a.Whole(0, false)
	return text
}

func typeConversion(result types.Type) func(Args) types.Type {
	return func(a Args) types.Type {
		a.Need(0, types.String, types.Number)
		return result
	}
}

func typeLen(a Args) types.Type {
	a.Need(0, types.String, types.List, types.Map)
	return integer
}

func runHas(_ *Caller, args []any) (any, error) { return args[0] != nil, nil }

// runLen does not look at the elements, which may be unknown.
func runLen(_ *Caller, args []any) (any, error) {
	switch v := args[0].(type) {
	case []any:
		return len(v), nil
	case map[string]any:
		return len(v), nil
	case string:
		return utf8.RuneCountInString(v), nil
	}
	return nil, WrongKind{0, args[0], "string, list or map"}
}

func runString(by *Caller, args []any) (any, error) { return by.Spell(args[0]) }

func runJSON(by *Caller, args []any) (any, error) { return by.json(args[0]) }

func runInt(_ *Caller, args []any) (any, error) {
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

func runFloat(_ *Caller, args []any) (any, error) {
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

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
