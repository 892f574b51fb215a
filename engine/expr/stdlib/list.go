package stdlib

import (
	"math/bits"
	"slices"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

func listFunctions() []Function {
	return []Function{
		Function{Name: "first", Signature: "first(list<T>) optional T", Doc: "The first element, absent when there is none.",
			Example: `first(["a", "b"]) ?? "none"`, Want: `"a"`, Unread: true, Run: runEnd(func(l []any) any { return l[0] })}.generic(1, 1, typeEnd),
		Function{Name: "last", Signature: "last(list<T>) optional T", Doc: "The last element, absent when there is none.",
			Example: `last(["a", "b"]) ?? "none"`, Want: `"b"`, Unread: true, Run: runEnd(func(l []any) any { return l[len(l)-1] })}.generic(1, 1, typeEnd),
		Function{Name: "unique", Signature: "unique(list<T>) list<T>", Doc: "The elements, each once, in their order.",
			Example: `unique(["b", "a", "b"])`, Want: `["b","a"]`, Run: runUnique}.generic(1, 1, typeSameList),
		Function{Name: "reverse", Signature: "reverse(list<T>) list<T>", Doc: "The elements from the last to the first.",
			Example: `reverse([1, 2, 3])`, Want: `[3,2,1]`, Run: runReverse}.generic(1, 1, typeSameList),
		Function{Name: "sort", Signature: "sort(list<T>) list<T>", Doc: "The numbers or texts in ascending order; texts by their bytes.",
			Example: `sort(["b", "a", "C"])`, Want: `["C","a","b"]`, Run: runSort}.generic(1, 1, typeSorted),
		Function{Name: "flatten", Signature: "flatten(list<list<T>>) list<T>", Doc: "The elements of the lists in one list.",
			Example: `flatten([[1], [2, 3]])`, Want: `[1,2,3]`, Run: runFlatten}.generic(1, 1, typeFlatten),
		Function{Name: "concat", Signature: "concat(list<T>, list<T>, …) list<T>", Doc: "The elements of all lists in one list.",
			Example: `concat([1], [2, 3])`, Want: `[1,2,3]`, Unread: true, Run: runConcat}.generic(2, unbounded, typeConcat),
		Function{Name: "take", Signature: "take(list<T>, count: integer) list<T>", Doc: "The first elements, at most this many; a negative count takes from the end.",
			Example: `take([1, 2, 3], -2)`, Want: `[2,3]`, Unread: true, Run: runTake}.generic(2, 2, typeTake),
	}
}

func typeEnd(a Args) types.Type { return Elem(a.List(0)).Maybe() }

func typeConcat(a Args) types.Type {
	out := types.OfKind(types.List)
	for i := range a.Len() {
		t := a.List(i)
		if t.Elem != nil && out.Elem != nil {
			out = types.ListOf(a.Merge(i, *out.Elem, *t.Elem))
		} else if t.Elem != nil {
			out = types.ListOf(*t.Elem)
		}
	}
	return out
}

func typeTake(a Args) types.Type {
	a.Need(1, types.Integer)
	return a.List(0)
}

func typeSameList(a Args) types.Type { return a.Need(0, types.List) }

func typeFlatten(a Args) types.Type {
	t := a.List(0)
	elem := Elem(t)
	if Unclear(elem) {
		return types.OfKind(types.List)
	}
	if elem.Kind != types.List || elem.Optional {
		return a.Fail(0, "", "flatten takes a list of lists; %s is %s", a.Show(0), a.Named(t))
	}
	return elem
}

// runEnd looks at one element only, so that the others need not be known.
func runEnd(pick func([]any) any) func(*Caller, []any) (any, error) {
	return func(_ *Caller, args []any) (any, error) {
		elems, err := listAt(args, 0)
		if err != nil || len(elems) == 0 {
			return nil, err
		}
		return pick(elems), nil
	}
}

func listAt(args []any, i int) ([]any, error) {
	elems, ok := args[i].([]any)
	if !ok {
		return nil, WrongKind{i, args[i], "list"}
	}
	return elems, nil
}

func runUnique(by *Caller, args []any) (any, error) {
	elems, _ := args[0].([]any)
	if err := by.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(elems))
	out := make([]any, 0, len(elems))
	for _, e := range elems {
		key, err := by.json(e)
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

func runReverse(_ *Caller, args []any) (any, error) {
	elems, _ := args[0].([]any)
	out := slices.Clone(elems)
	slices.Reverse(out)
	return out, nil
}

func runSort(by *Caller, args []any) (any, error) {
	elems, _ := args[0].([]any)
	return by.sorted(elems, elems)
}

func (by *Caller) sorted(elems, keys []any) (any, error) {
	if err := by.Spend(fuel.Element * len(elems) * (2 + bits.Len(uint(len(elems))))); err != nil {
		return nil, err
	}
	order := make([]int, len(elems))
	for i := range order {
		order[i] = i
	}
	var err error
	slices.SortStableFunc(order, func(a, b int) int {
		c, ok := Compare(keys[a], keys[b])
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

func runConcat(by *Caller, args []any) (any, error) {
	for i := range args {
		if _, err := listAt(args, i); err != nil {
			return nil, err
		}
	}
	return by.joined(args)
}

func runTake(_ *Caller, args []any) (any, error) {
	elems, err := listAt(args, 0)
	if err != nil {
		return nil, err
	}
	count, ok := args[1].(int)
	if !ok {
		return nil, WrongKind{1, args[1], "integer"}
	}
	if count < 0 {
		return elems[len(elems)-min(len(elems), max(-count, 0)):], nil
	}
	return elems[:min(len(elems), count):min(len(elems), count)], nil
}

func runFlatten(by *Caller, args []any) (any, error) {
	lists, _ := args[0].([]any)
	return by.joined(lists)
}

func (by *Caller) joined(lists []any) (any, error) {
	size := 0
	for _, l := range lists {
		elems, ok := l.([]any)
		if !ok {
			return nil, badArgument("flatten takes a list of lists")
		}
		size += len(elems)
	}
	out, err := by.Room(size)
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		elems, _ := l.([]any)
		out = append(out, elems...)
	}
	return out, nil
}
