package expr

import (
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

func numberFunctions() []Function {
	return []Function{
		Function{Name: "min", Signature: "min(a, b, …) or min(list)", Doc: "The least of numbers or texts; of a list, absent when it is empty.",
			Example: `min(3, 1.5, 2)`, Want: `1.5`, run: runExtreme(-1)}.generic(1, unbounded, typeExtreme),
		Function{Name: "max", Signature: "max(a, b, …) or max(list)", Doc: "The greatest of numbers or texts; of a list, absent when it is empty.",
			Example: `max([3, 1, 2]) ?? 0`, Want: `3`, run: runExtreme(1)}.generic(1, unbounded, typeExtreme),
		Function{Name: "floor", Signature: "floor(x: number) integer", Doc: "The greatest integer that is not above x.",
			Example: `floor(7 / 2)`, Want: `3`, run: runRound(math.Floor)}.plain(integer, number),
		Function{Name: "ceil", Signature: "ceil(x: number) integer", Doc: "The least integer that is not below x.",
			Example: `ceil(7 / 2)`, Want: `4`, run: runRound(math.Ceil)}.plain(integer, number),
		Function{Name: "round", Signature: "round(x: number) integer", Doc: "The nearest integer; halves go away from zero.",
			Example: `round(2.5)`, Want: `3`, run: runRound(math.Round)}.plain(integer, number),
		Function{Name: "fixed", Signature: "fixed(x: number, digits: integer) string", Doc: "The number as text with so many digits behind the point, 0 to 20.",
			Example: `fixed(2 / 3 * 100, 1) + "%"`, Want: `"66.7%"`, run: runFixed}.plain(text, number, integer),
	}
}

func runFixed(ev *evaluator, args []any) (any, error) {
	digits := args[1].(int)
	if digits < 0 || digits > 20 {
		return nil, badArgument("fixed writes 0 to 20 digits, not %d", digits)
	}
	if err := ev.fuel.Spend(floatSize); err != nil {
		return nil, err
	}
	x, ok := args[0].(float64)
	if ok {
		return strconv.FormatFloat(x, 'f', digits, 64), nil
	}
	out := strconv.Itoa(args[0].(int)) // a float would round it
	if digits > 0 {
		out += "." + strings.Repeat("0", digits)
	}
	return out, nil
}

func typeExtreme(c *checker, n *call, s Scope) types.Type {
	if len(n.args) == 1 {
		t := c.sortable(n.args[0], s)
		return bare(elemOf(t)).Maybe()
	}
	out := unclear
	for i, a := range n.args {
		t := c.need(a, s, types.Number, types.String)
		if isUnclear(t) {
			return unclear
		}
		if i > 0 && (t.Kind == types.String) != (out.Kind == types.String) {
			return c.fail(a, CodeTypeMismatch, "", "%s compares numbers or texts, not both", n.fn.Name)
		}
		if i == 0 {
			out = t
		}
		out = types.Merge(out, t)
	}
	return bare(out)
}

// sortable checks a list whose elements have an order.
func (c *checker) sortable(n node, s Scope) types.Type {
	t := c.need(n, s, types.List)
	if isUnclear(t) {
		return types.OfKind(types.List)
	}
	c.scalar(n, elemOf(t))
	return t
}

func (c *checker) scalar(n node, t types.Type) {
	if isUnclear(t) {
		return
	}
	switch {
	case t.Optional:
		c.fail(n, CodeMaybeAbsent, "filter(list, # != nil) leaves the absent ones out", "elements of %s may be absent", show(n))
	case t.Kind != types.Integer && t.Kind != types.Number && t.Kind != types.String:
		c.fail(n, CodeTypeMismatch, "choose a field first: map(list, .field)", "only numbers and texts have an order; elements of %s are %s", show(n), t)
	}
}

func runExtreme(sign int) func(*evaluator, []any) (any, error) {
	return func(_ *evaluator, args []any) (any, error) {
		if len(args) == 1 {
			args, _ = args[0].([]any)
		}
		var best any
		for i, v := range args {
			if i == 0 {
				best = v
				continue
			}
			c, ok := compare(v, best)
			if !ok {
				return nil, noOrder()
			}
			if c == sign {
				best = v
			}
		}
		return best, nil
	}
}

func noOrder() error { return badArgument("only numbers or only texts have an order") }

func runRound(f func(float64) float64) func(*evaluator, []any) (any, error) {
	return func(ev *evaluator, args []any) (any, error) {
		if x, ok := args[0].(float64); ok {
			return runInt(ev, []any{f(x)})
		}
		return args[0], nil
	}
}

func listFunctions() []Function {
	return []Function{
		Function{Name: "first", Signature: "first(list<T>) optional T", Doc: "The first element, absent when there is none.",
			Example: `first(["a", "b"]) ?? "none"`, Want: `"a"`, lazy: runEnd(func(l []any) any { return l[0] })}.generic(1, 1, typeEnd),
		Function{Name: "last", Signature: "last(list<T>) optional T", Doc: "The last element, absent when there is none.",
			Example: `last(["a", "b"]) ?? "none"`, Want: `"b"`, lazy: runEnd(func(l []any) any { return l[len(l)-1] })}.generic(1, 1, typeEnd),
		Function{Name: "unique", Signature: "unique(list<T>) list<T>", Doc: "The elements, each once, in their order.",
			Example: `unique(["b", "a", "b"])`, Want: `["b","a"]`, run: runUnique}.generic(1, 1, typeSameList),
		Function{Name: "reverse", Signature: "reverse(list<T>) list<T>", Doc: "The elements from the last to the first.",
			Example: `reverse([1, 2, 3])`, Want: `[3,2,1]`, run: runReverse}.generic(1, 1, typeSameList),
		Function{Name: "sort", Signature: "sort(list<T>) list<T>", Doc: "The numbers or texts in ascending order; texts by their bytes.",
			Example: `sort(["b", "a", "C"])`, Want: `["C","a","b"]`, run: runSort}.generic(1, 1, func(c *checker, n *call, s Scope) types.Type { return c.sortable(n.args[0], s) }),
		Function{Name: "flatten", Signature: "flatten(list<list<T>>) list<T>", Doc: "The elements of the lists in one list.",
			Example: `flatten([[1], [2, 3]])`, Want: `[1,2,3]`, run: runFlatten}.generic(1, 1, typeFlatten),
		Function{Name: "concat", Signature: "concat(list<T>, list<T>, …) list<T>", Doc: "The elements of all lists in one list.",
			Example: `concat([1], [2, 3])`, Want: `[1,2,3]`, lazy: runConcat}.generic(2, unbounded, typeConcat),
		Function{Name: "take", Signature: "take(list<T>, count: integer) list<T>", Doc: "The first elements, at most so many; a negative count takes from the end.",
			Example: `take([1, 2, 3], -2)`, Want: `[2,3]`, lazy: runTake}.generic(2, 2, typeTake),
	}
}

func typeEnd(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	return elemOf(t).Maybe()
}

// listOf checks a list of anything; its elements are only passed on.
func (c *checker) listOf(n node, s Scope) types.Type {
	t := c.check(n, s)
	switch {
	case t.Optional:
		c.absent(n)
		return types.OfKind(types.List)
	case t.Kind == types.Any:
		c.any(n)
		return types.OfKind(types.List)
	case t.Kind == types.SecretKind:
		c.secret(n)
		return types.OfKind(types.List)
	}
	if isUnclear(c.needType(n, t, "", types.List)) {
		return types.OfKind(types.List)
	}
	return t
}

func typeConcat(c *checker, n *call, s Scope) types.Type {
	out := types.OfKind(types.List)
	for _, a := range n.args {
		t := c.listOf(a, s)
		if t.Elem != nil && out.Elem != nil {
			out = types.ListOf(c.merge(a, *out.Elem, *t.Elem))
		} else if t.Elem != nil {
			out = types.ListOf(*t.Elem)
		}
	}
	return out
}

func typeTake(c *checker, n *call, s Scope) types.Type {
	c.need(n.args[1], s, types.Integer)
	return c.listOf(n.args[0], s)
}

func typeSameList(c *checker, n *call, s Scope) types.Type { return c.need(n.args[0], s, types.List) }

func typeFlatten(c *checker, n *call, s Scope) types.Type {
	t := c.listOf(n.args[0], s)
	elem := elemOf(t)
	if isUnclear(elem) {
		return types.OfKind(types.List)
	}
	if elem.Kind != types.List || elem.Optional {
		return c.fail(n.args[0], CodeTypeMismatch, "", "flatten takes a list of lists; %s is %s", show(n.args[0]), aType(t))
	}
	return elem
}

// runEnd looks at one element only, so that the others need not be known.
func runEnd(pick func([]any) any) func(*evaluator, *call) (any, error) {
	return func(ev *evaluator, n *call) (any, error) {
		elems, err := ev.elements(n.args[0])
		if err != nil || len(elems) == 0 {
			return nil, err
		}
		return leaf(pick(elems))
	}
}

// elements computes a list without looking at what is in it.
func (ev *evaluator) elements(n node) ([]any, error) {
	v, err := ev.eval(n)
	if err != nil {
		return nil, err
	}
	elems, ok := v.([]any)
	if ok {
		return elems, nil
	}
	if err := ev.takeValue(v); err != nil {
		return nil, err
	}
	return nil, wrongKind(n, v, "list")
}

func runUnique(ev *evaluator, args []any) (any, error) {
	elems, _ := args[0].([]any)
	if err := ev.fuel.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(elems))
	out := make([]any, 0, len(elems))
	for _, e := range elems {
		key, err := ev.json(e)
		if err != nil {
			return nil, err
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out, nil
}

func runReverse(_ *evaluator, args []any) (any, error) {
	elems, _ := args[0].([]any)
	out := slices.Clone(elems)
	slices.Reverse(out)
	return out, nil
}

func runSort(ev *evaluator, args []any) (any, error) {
	elems, _ := args[0].([]any)
	return ev.sorted(elems, elems)
}

// sorted returns elems in the order of their keys.
func (ev *evaluator) sorted(elems, keys []any) (any, error) {
	if err := ev.fuel.Spend(fuel.Element * len(elems) * (2 + bits.Len(uint(len(elems))))); err != nil {
		return nil, err
	}
	order := make([]int, len(elems))
	for i := range order {
		order[i] = i
	}
	var err error
	slices.SortStableFunc(order, func(a, b int) int {
		c, ok := compare(keys[a], keys[b])
		if !ok {
			err = noOrder()
		}
		return c
	})
	sorted := make([]any, len(elems))
	for i, from := range order {
		sorted[i] = elems[from]
	}
	return sorted, err
}

func runConcat(ev *evaluator, n *call) (any, error) {
	lists := make([]any, len(n.args))
	for i, a := range n.args {
		elems, err := ev.elements(a)
		if err != nil {
			return nil, err
		}
		lists[i] = elems
	}
	return ev.joined(lists, "concat takes lists")
}

func runTake(ev *evaluator, n *call) (any, error) {
	elems, err := ev.elements(n.args[0])
	if err != nil {
		return nil, err
	}
	count, err := ev.integer(n.args[1])
	if err != nil {
		return nil, err
	}
	if count < 0 {
		return elems[len(elems)-min(len(elems), max(-count, 0)):], nil
	}
	return elems[:min(len(elems), count):min(len(elems), count)], nil
}

func runFlatten(ev *evaluator, args []any) (any, error) {
	lists, _ := args[0].([]any)
	return ev.joined(lists, "flatten takes a list of lists")
}

// joined puts lists together.
func (ev *evaluator) joined(lists []any, otherwise string) (any, error) {
	size := 0
	for _, l := range lists {
		elems, ok := l.([]any)
		if !ok {
			return nil, badArgument("%s", otherwise)
		}
		size += len(elems)
	}
	out, err := ev.fuel.Room(size)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		elems, _ := l.([]any)
		out = append(out, elems...)
	}
	return out, nil
}
