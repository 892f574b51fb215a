package stdlib

import (
	"slices"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// predicateFunctions are the functions that run an expression for each element
// of a list. Inside it, # is the element, .x its field x, #index its position.
func predicateFunctions() []Function {
	return []Function{
		Function{Name: "map", Signature: "map(list, value) list", Doc: "The value for each element.",
			Example: `map([1, 2], # * 10)`, Want: `[10,20]`, Second: Body, Run: runMap}.generic(2, 2, typeMap),
		Function{Name: "filter", Signature: "filter(list<T>, condition) list<T>", Doc: "The elements for which the condition holds.",
			Example: `filter([{"a": 1}, {"a": 2}], .a > 1)`, Want: `[{"a":2}]`, Second: Body, Run: runFilter}.generic(2, 2, Args.Filter),
		Function{Name: "find", Signature: "find(list<T>, condition) optional T", Doc: "The first element for which the condition holds, absent when there is none.",
			Example: `find(["a", "bb"], len(#) == 2) ?? ""`, Want: `"bb"`, Second: Body, Run: runFind}.generic(2, 2, typeFind),
		Function{Name: "any", Signature: "any(list, condition) boolean", Doc: "Whether the condition holds for at least one element.",
			Example: `any([1, 2], # > 1)`, Want: `true`, Second: Body, Run: runQuantifier(true, true)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "all", Signature: "all(list, condition) boolean", Doc: "Whether the condition holds for every element; true for an empty list.",
			Example: `all([1, 2], # > 1)`, Want: `false`, Second: Body, Run: runQuantifier(false, false)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "none", Signature: "none(list, condition) boolean", Doc: "Whether the condition holds for no element.",
			Example: `none([1, 2], # > 2)`, Want: `true`, Second: Body, Run: runQuantifier(true, false)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "count", Signature: "count(list, condition) integer", Doc: "The number of elements for which the condition holds.",
			Example: `count([1, 2, 3], # > 1)`, Want: `2`, Second: Body, Run: runCount}.generic(2, 2, typeCondition(integer)),
		Function{Name: "sum", Signature: "sum(list) or sum(list, value)", Doc: "The sum of the numbers, or of the value for each element.",
			Example: `sum([{"n": 1}, {"n": 2}], .n)`, Want: `3`, Second: Body, Run: runSum}.generic(1, 2, typeSum),
		Function{Name: "reduce", Signature: "reduce(list, value, start) as start", Doc: "One value made of all elements: #acc is what came of those before, at first start. Its type is that of start.",
			Example: `reduce([1, 2, 3], #acc * 10 + #, 0)`, Want: `123`, Second: Folding, Run: runReduce}.generic(3, 3, typeReduce),
		Function{Name: "sort_by", Alias: "sortBy", ParsedAs: "sortBy", Signature: "sort_by(list<T>, value) list<T>", Doc: "The elements in ascending order of the value, a number or a text. sortBy is the same.",
			Example: `sort_by([{"n": 2}, {"n": 1}], .n)`, Want: `[{"n":1},{"n":2}]`, Second: Body, Run: runSortBy}.generic(2, 2, typeSortBy),
		Function{Name: "group_by", ParsedAs: "groupBy", Signature: "group_by(list<T>, value) list<{key, items: list<T>}>", Doc: "The elements grouped by the value (a text, an integer or a boolean), in the order of the first element of each.",
			Example: `map(group_by([{"a": "x"}, {"a": "y"}, {"a": "x"}], .a), .key + string(len(.items)))`, Want: `["x2","y1"]`, Second: Body, Run: runGroupBy}.generic(2, 2, typeGroupBy),
		Function{Name: "unique_by", ParsedAs: "sortBy", Signature: "unique_by(list<T>, value) list<T>", Doc: "The first element of each value (a text, an integer or a boolean).",
			Example: `unique_by([{"a": "x", "n": 1}, {"a": "x", "n": 2}], .a)`, Want: `[{"a":"x","n":1}]`, Second: Body, Run: runUniqueBy}.generic(2, 2, typeUniqueBy),
	}
}

func groupKey(a Args) (elem, key types.Type) {
	elem = Elem(a.List(0))
	return elem, a.Body(elem, types.String, types.Integer, types.Boolean)
}

func typeGroupBy(a Args) types.Type {
	elem, key := groupKey(a)
	return types.ListOf(types.ObjectOf(types.Field{Name: "key", Type: key, Required: true},
		types.Field{Name: "items", Type: types.ListOf(elem), Required: true}))
}

func typeUniqueBy(a Args) types.Type {
	elem, _ := groupKey(a)
	return types.ListOf(elem)
}

func typeMap(a Args) types.Type { return types.ListOf(a.Body(Elem(a.List(0)))) }

func typeFind(a Args) types.Type { return Elem(a.Filter()).Maybe() }

func typeCondition(result types.Type) func(Args) types.Type {
	return func(a Args) types.Type {
		a.Filter()
		return result
	}
}

func typeSum(a Args) types.Type {
	elem := Elem(a.List(0))
	switch {
	case a.Len() > 1:
		return Bare(a.Body(elem, types.Number))
	case Unclear(elem):
		return integer
	case elem.Kind == types.String && !elem.Optional:
		return a.Fail(0, "join() puts texts together", "sum adds numbers; elements of %s are strings", a.Show(0))
	}
	a.Ordered(0, elem)
	return Bare(elem)
}

func typeReduce(a Args) types.Type {
	elem, start := Elem(a.List(0)), a.Whole(2, false)
	if Unclear(start) {
		return unclear
	}
	acc := kindsOf(start)
	if vague(acc) {
		return a.Fail(2, `as() says it, such as as([], "list<string>")`, "it is not clear what %s is made of, which all values have to be", a.Show(2))
	}
	next := a.Fold(elem, acc)
	if why, ok := acc.Accepts(next); !ok && !Unclear(next) {
		a.Fail(1, "begin with a value of the type that it has in the end, such as 0.0", "%s cannot follow %s: %s", a.Show(1), a.Show(2), why)
	}
	return acc
}

// kindsOf is t without the constraints of anything in it.
func kindsOf(t types.Type) types.Type {
	out := Bare(t)
	out.Optional = t.Optional
	if t.Elem != nil {
		elem := kindsOf(*t.Elem)
		out.Elem = &elem
	}
	for _, f := range t.Fields {
		out.Fields = append(out.Fields, types.Field{Name: f.Name, Type: kindsOf(f.Type), Required: f.Required})
	}
	return out
}

// vague reports whether something in a value of t may be anything: then it could
// hold itself, once more with each element.
func vague(t types.Type) bool {
	switch t.Kind {
	case types.Invalid, types.Any:
		return true
	case types.List, types.Map:
		return t.Elem == nil || vague(*t.Elem)
	}
	return t.Elem != nil && vague(*t.Elem) || slices.ContainsFunc(t.Fields, func(f types.Field) bool { return vague(f.Type) })
}

func typeSortBy(a Args) types.Type {
	t := a.List(0)
	a.Body(Elem(t), types.Number, types.String)
	return t
}

// where runs the condition for every element until do says stop, also with errors.
func where(args []any, do func(elem any, holds bool, err error) (stop bool, failure error)) error {
	body := args[1].(Each)
	for i, e := range args[0].([]any) {
		v, err := body(e, i)
		holds, ok := v.(bool)
		if p, open := v.(types.PartlyUnknown); open {
			err = NotKnown{types.Unknown{After: p.After}}
		} else if !ok && err == nil {
			err = WrongKind{1, v, "boolean"}
		}
		if stop, err := do(e, holds && err == nil, err); stop || err != nil {
			return err
		}
	}
	return nil
}

func runMap(by *Caller, args []any) (any, error) {
	elems, body := args[0].([]any), args[1].(Each)
	out, err := by.Room(len(elems))
	if err != nil {
		return nil, err
	}
	for i, e := range elems {
		v, err := Inside(body(e, i))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func runFilter(by *Caller, args []any) (any, error) {
	out, err := by.Room(len(args[0].([]any)))
	if err != nil {
		return nil, err
	}
	err = where(args, func(e any, holds bool, err error) (bool, error) {
		if holds {
			out = append(out, e)
		}
		return false, err
	})
	return out, err
}

func runReduce(_ *Caller, args []any) (any, error) {
	body, acc := args[1].(Fold), args[2]
	var err error
	for i, e := range args[0].([]any) {
		if acc, err = Inside(body(acc, e, i)); err != nil {
			return nil, err
		}
	}
	return acc, nil
}

func runFind(_ *Caller, args []any) (any, error) {
	var found any
	err := where(args, func(e any, holds bool, err error) (bool, error) {
		if holds {
			found = e
		}
		return holds, err
	})
	return found, err
}

// runQuantifier looks for an element whose condition is sought; finding one
// decides, even when the condition of another cannot be known yet.
func runQuantifier(sought, whenFound bool) func(*Caller, []any) (any, error) {
	return func(_ *Caller, args []any) (any, error) {
		out := !whenFound
		var open error
		err := where(args, func(_ any, holds bool, err error) (bool, error) {
			if _, ok := err.(NotKnown); ok {
				open = err
				return false, nil
			}
			if err == nil && holds == sought {
				out, open = whenFound, nil
				return true, nil
			}
			return false, err
		})
		if err == nil {
			err = open
		}
		return out, err
	}
}

func runCount(_ *Caller, args []any) (any, error) {
	count := 0
	err := where(args, func(_ any, holds bool, err error) (bool, error) {
		if holds {
			count++
		}
		return false, err
	})
	return count, err
}

// keyed computes the body for each element; what it gives is read.
func (by *Caller) keyed(args []any) (elems, keys []any, err error) {
	elems, body := args[0].([]any), args[1].(Each)
	if keys, err = by.Room(len(elems)); err != nil {
		return nil, nil, err
	}
	for i, e := range elems {
		key, err := body(e, i)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
	}
	return elems, keys, by.Take(keys)
}

func runSum(by *Caller, args []any) (any, error) {
	values := args[0].([]any)
	var err error
	if len(args) > 1 {
		_, values, err = by.keyed(args)
	} else {
		err = by.Take(values)
	}
	if err != nil {
		return nil, err
	}
	if err := by.Spend(fuel.Cell * len(values)); err != nil {
		return nil, err
	}
	var sum any = 0
	for _, v := range values {
		if v == nil {
			return nil, badArgument("sum cannot add what is absent")
		}
		if _, ok := float(v); !ok {
			return nil, WrongKind{-1, v, "number"}
		}
		if sum, err = Compute("+", sum, v); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func runSortBy(by *Caller, args []any) (any, error) {
	elems, keys, err := by.keyed(args)
	if err != nil {
		return nil, err
	}
	return by.sorted(elems, keys)
}

// runGroupBy and runUniqueBy tell values apart as Go does: they are texts,
// integers and booleans.
func runGroupBy(by *Caller, args []any) (any, error) {
	elems, keys, err := by.keyed(args)
	if err != nil {
		return nil, err
	}
	if err := by.Spend(fuel.Object(len(elems)) + fuel.Grown*len(elems)); err != nil {
		return nil, err
	}
	groups := map[any]*[]any{}
	order := []any{}
	for i, key := range keys {
		g, ok := groups[key]
		if !ok {
			if err := by.Spend(fuel.Object(2) + 2*fuel.Cell + fuel.Grown); err != nil {
				return nil, err
			}
			g = new([]any)
			groups[key] = g
			order = append(order, key)
		}
		*g = append(*g, elems[i])
	}
	for i, key := range order {
		order[i] = map[string]any{"key": key, "items": *groups[key]}
	}
	return order, nil
}

func runUniqueBy(by *Caller, args []any) (any, error) {
	elems, keys, err := by.keyed(args)
	if err != nil {
		return nil, err
	}
	if err := by.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	seen, out := make(map[any]bool, len(keys)), []any{}
	for i, key := range keys {
		if seen[key] {
			continue
		}
		if err := by.Spend(fuel.Grown); err != nil {
			return nil, err
		}
		seen[key] = true
		out = append(out, elems[i])
	}
	return out, nil
}
