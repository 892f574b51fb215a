package expr

import (
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// predicateFunctions are the functions that run an expression for each element
// of a list. Inside it, # is the element, .x its field x, #index its position.
func predicateFunctions() []Function {
	return []Function{
		Function{Name: "map", Signature: "map(list, value) list", Doc: "The value for each element.",
			Example: `map([1, 2], # * 10)`, Want: `[10,20]`, lazy: runMap}.generic(2, 2, typeMap),
		Function{Name: "filter", Signature: "filter(list<T>, condition) list<T>", Doc: "The elements for which the condition holds.",
			Example: `filter([{"a": 1}, {"a": 2}], .a > 1)`, Want: `[{"a":2}]`, lazy: runFilter}.generic(2, 2, typeFilter),
		Function{Name: "find", Signature: "find(list<T>, condition) optional T", Doc: "The first element for which the condition holds, absent when there is none.",
			Example: `find(["a", "bb"], len(#) == 2) ?? ""`, Want: `"bb"`, lazy: runFind}.generic(2, 2, typeFind),
		Function{Name: "any", Signature: "any(list, condition) boolean", Doc: "Whether the condition holds for at least one element.",
			Example: `any([1, 2], # > 1)`, Want: `true`, lazy: runQuantifier(true, true)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "all", Signature: "all(list, condition) boolean", Doc: "Whether the condition holds for every element; true for an empty list.",
			Example: `all([1, 2], # > 1)`, Want: `false`, lazy: runQuantifier(false, false)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "none", Signature: "none(list, condition) boolean", Doc: "Whether the condition holds for no element.",
			Example: `none([1, 2], # > 2)`, Want: `true`, lazy: runQuantifier(true, false)}.generic(2, 2, typeCondition(boolean)),
		Function{Name: "count", Signature: "count(list, condition) integer", Doc: "For how many elements the condition holds.",
			Example: `count([1, 2, 3], # > 1)`, Want: `2`, lazy: runCount}.generic(2, 2, typeCondition(integer)),
		Function{Name: "sum", Signature: "sum(list) or sum(list, value)", Doc: "The sum of the numbers, or of the value for each element.",
			Example: `sum([{"n": 1}, {"n": 2}], .n)`, Want: `3`, lazy: runSum}.generic(1, 2, typeSum),
		Function{Name: "sort_by", alias: "sortBy", parsedAs: "sortBy", Signature: "sort_by(list<T>, value) list<T>", Doc: "The elements in ascending order of the value, a number or a text. sortBy is the same.",
			Example: `sort_by([{"n": 2}, {"n": 1}], .n)`, Want: `[{"n":1},{"n":2}]`, lazy: runSortBy}.generic(2, 2, typeSortBy),
		Function{Name: "group_by", parsedAs: "groupBy", Signature: "group_by(list<T>, value) list<{key, items: list<T>}>", Doc: "The elements in groups of one value each (a text, an integer or a boolean), in the order in which the values come first.",
			Example: `map(group_by([{"a": "x"}, {"a": "y"}, {"a": "x"}], .a), .key + string(len(.items)))`, Want: `["x2","y1"]`, lazy: runGroupBy}.generic(2, 2, typeGroupBy),
		Function{Name: "unique_by", parsedAs: "sortBy", Signature: "unique_by(list<T>, value) list<T>", Doc: "The first element of each value (a text, an integer or a boolean).",
			Example: `unique_by([{"a": "x", "n": 1}, {"a": "x", "n": 2}], .a)`, Want: `[{"a":"x","n":1}]`, lazy: runUniqueBy}.generic(2, 2, typeUniqueBy),
	}
}

// groupKey checks the value that elements are told apart by.
func (c *checker) groupKey(n *call, s Scope) (elem, key types.Type) {
	elem = elemOf(c.listOf(n.args[0], s))
	key = c.need(n.args[1], s.inside(elem), types.String, types.Integer, types.Boolean)
	return elem, key
}

func typeGroupBy(c *checker, n *call, s Scope) types.Type {
	elem, key := c.groupKey(n, s)
	return types.ListOf(types.ObjectOf(types.Field{Name: "key", Type: key, Required: true},
		types.Field{Name: "items", Type: types.ListOf(elem), Required: true}))
}

func typeUniqueBy(c *checker, n *call, s Scope) types.Type {
	elem, _ := c.groupKey(n, s)
	return types.ListOf(elem)
}

// runGroupBy and runUniqueBy tell values apart as Go does: they are texts,
// integers and booleans.
func runGroupBy(ev *evaluator, n *call) (any, error) {
	elems, keys, err := ev.keyed(n)
	if err != nil {
		return nil, err
	}
	if err := ev.fuel.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	groups := map[any]*gather{}
	out := gather{fuel: ev.fuel}
	var order []any
	for i, key := range keys {
		g, ok := groups[key]
		if !ok {
			if err := ev.fuel.Spend(fuel.Object(2) + 6*fuel.Element + fuel.Cell); err != nil {
				return nil, err
			}
			g = &gather{fuel: ev.fuel}
			groups[key] = g
			order = append(order, key)
		}
		if err := g.add(elems[i]); err != nil {
			return nil, err
		}
	}
	for _, key := range order {
		if err := out.add(map[string]any{"key": key, "items": groups[key].list()}); err != nil {
			return nil, err
		}
	}
	return out.list(), nil
}

func runUniqueBy(ev *evaluator, n *call) (any, error) {
	elems, keys, err := ev.keyed(n)
	if err != nil {
		return nil, err
	}
	if err := ev.fuel.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	seen := make(map[any]bool, len(keys))
	out := gather{fuel: ev.fuel}
	for i, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := out.add(elems[i]); err != nil {
			return nil, err
		}
	}
	return out.list(), nil
}

func typeMap(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	return types.ListOf(c.check(n.args[1], s.inside(elemOf(t))))
}

func typeFilter(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	in := s.inside(elemOf(t))
	c.boolean(n.args[1], in)
	// What the condition says of # is true of every element that is left.
	if f, ok := in.narrow(n.args[1], true).Vars.Field("#"); ok && t.Elem != nil {
		return types.ListOf(f.Type)
	}
	return t
}

func typeFind(c *checker, n *call, s Scope) types.Type { return elemOf(typeFilter(c, n, s)).Maybe() }

func typeCondition(result types.Type) func(*checker, *call, Scope) types.Type {
	return func(c *checker, n *call, s Scope) types.Type {
		typeFilter(c, n, s)
		return result
	}
}

func typeSum(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	if len(n.args) == 1 {
		elem := elemOf(t)
		if isUnclear(elem) {
			return integer
		}
		c.scalar(n.args[0], elem)
		if elem.Kind == types.String {
			c.fail(n.args[0], CodeTypeMismatch, "join() puts texts together", "sum adds numbers; elements of %s are strings", show(n.args[0]))
		}
		return bare(elem)
	}
	return bare(c.need(n.args[1], s.inside(elemOf(t)), types.Number))
}

func typeSortBy(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	c.need(n.args[1], s.inside(elemOf(t)), types.Number, types.String)
	return t
}

// each runs the body of n for every element until do says stop. The result of
// a body that cannot be known yet comes as an error to do.
func (ev *evaluator) each(n *call, elems []any, do func(elem, v any, err error) (stop bool, failure error)) error {
	elem, place := ev.elem, ev.place
	defer func() { ev.elem, ev.place = elem, place }()
	for i, e := range elems {
		if err := ev.fuel.Turn(); err != nil {
			return err
		}
		ev.elem, ev.place = e, i
		v, err := ev.eval(n.args[1])
		if stop, err := do(e, v, err); stop || err != nil {
			return err
		}
	}
	return nil
}

func runMap(ev *evaluator, n *call) (any, error) {
	elems, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	out, err := ev.fuel.Room(len(elems))
	if err != nil {
		return nil, err
	}
	err = ev.each(n, elems, func(_, v any, err error) (bool, error) {
		if u, ok := err.(unknownRead); ok {
			v, err = u.unknown, nil
		}
		out = append(out, v)
		return false, err
	})
	return out, err
}

// holds is the result of a condition for one element.
func holds(n *call, v any, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	if p, ok := v.(types.PartlyUnknown); ok {
		return false, unknownRead{types.Unknown{After: p.After}}
	}
	b, ok := v.(bool)
	if !ok {
		return false, wrongKind(n.args[1], v, "boolean")
	}
	return b, nil
}

func runFilter(ev *evaluator, n *call) (any, error) {
	elems, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	out := gather{fuel: ev.fuel}
	err = ev.each(n, elems, func(e, v any, err error) (bool, error) {
		b, err := holds(n, v, err)
		if b {
			err = out.add(e)
		}
		return false, err
	})
	return out.list(), err
}

func runFind(ev *evaluator, n *call) (any, error) {
	elems, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	var found any
	err = ev.each(n, elems, func(e, v any, err error) (bool, error) {
		b, err := holds(n, v, err)
		if b {
			found = e
		}
		return b, err
	})
	return found, err
}

// runQuantifier looks for an element whose condition is sought; finding one
// decides, even when the condition of another cannot be known yet.
func runQuantifier(sought, whenFound bool) func(*evaluator, *call) (any, error) {
	return func(ev *evaluator, n *call) (any, error) {
		elems, err := ev.elements(n.args[0])
		if err != nil {
			return nil, err
		}
		out := !whenFound
		var open error
		err = ev.each(n, elems, func(_, v any, err error) (bool, error) {
			b, err := holds(n, v, err)
			if isUnknown(err) {
				open = err
				return false, nil
			}
			if err == nil && b == sought {
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

func runCount(ev *evaluator, n *call) (any, error) {
	elems, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	count := 0
	err = ev.each(n, elems, func(_, v any, err error) (bool, error) {
		b, err := holds(n, v, err)
		if b {
			count++
		}
		return false, err
	})
	return count, err
}

// keyed computes a list and the value of the body for each element; both have
// been read.
func (ev *evaluator) keyed(n *call) (elems, keys []any, err error) {
	if elems, err = ev.elements(n.args[0]); err != nil {
		return nil, nil, err
	}
	if keys, err = ev.fuel.Room(len(elems)); err != nil {
		return nil, nil, err
	}
	err = ev.each(n, elems, func(_, v any, err error) (bool, error) {
		keys = append(keys, v)
		return false, err
	})
	if err == nil {
		err = ev.takeValue(keys)
	}
	return elems, keys, err
}

func runSum(ev *evaluator, n *call) (any, error) {
	if len(n.args) > 1 {
		_, values, err := ev.keyed(n)
		if err != nil {
			return nil, err
		}
		return add(ev, n, values)
	}
	values, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	if err := ev.takeValue(values); err != nil {
		return nil, err
	}
	return add(ev, n, values)
}

func add(ev *evaluator, n *call, values []any) (any, error) {
	var sum any = 0
	plus := &binary{span: n.span, op: "+", left: n, right: n}
	for _, v := range values {
		if v == nil {
			return nil, badArgument("sum cannot add what is absent")
		}
		if err := ev.fuel.Spend(fuel.Cell); err != nil {
			return nil, err
		}
		var err error
		if sum, err = ev.onOthers(plus, sum, v); err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func runSortBy(ev *evaluator, n *call) (any, error) {
	elems, keys, err := ev.keyed(n)
	if err != nil {
		return nil, err
	}
	return ev.sorted(elems, keys)
}
