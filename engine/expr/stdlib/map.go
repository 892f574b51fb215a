package stdlib

import (
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// mapFunctions are the functions of maps and objects. Names always come in
// order, so that nothing depends on how a map lies in memory.
func mapFunctions() []Function {
	return []Function{
		Function{Name: "keys", Signature: "keys(map) list<string>", Doc: "The names in a map or an object that have a value, in order.",
			Example: `keys({"b": 1, "a": 2})`, Want: `["a","b"]`, Unread: true,
			Run: runMembers(fuel.Cell, func(name string, _ any) any { return name })}.generic(1, 1, typeKeys),
		Function{Name: "values", Signature: "values(map<T>) list<T>", Doc: "The values in a map or an object, in the order of their names.",
			Example: `values({"b": 1, "a": 2})`, Want: `[2,1]`, Unread: true,
			Run: runMembers(0, func(_ string, value any) any { return value })}.generic(1, 1, typeValues),
		Function{Name: "entries", Signature: "entries(map<T>) list<{key: string, value: T}>", Doc: "The names and values in a map or an object, in the order of the names.",
			Example: `entries({"b": 1, "a": 2})`, Want: `[{"key":"a","value":2},{"key":"b","value":1}]`, Unread: true,
			Run: runMembers(fuel.Object(2)+fuel.Cell, func(name string, value any) any { return map[string]any{"key": name, "value": value} })}.generic(1, 1, typeEntries),
		Function{Name: "from_entries", Signature: "from_entries(list<{key: string, value: T}>) map<T>", Doc: "The map with these names and values; of a repeated name, the last one is used.",
			Example: `from_entries([{"key": "a", "value": 1}])`, Want: `{"a":1}`, Run: runFromEntries}.generic(1, 1, typeFromEntries),
		Function{Name: "merge", Signature: "merge(a, b, …) map or object", Doc: "One map or object with the members of all; of a repeated name, the last one that has a value is used.",
			Example: `merge({"a": 1, "b": 1}, {"b": 2})`, Want: `{"a":1,"b":2}`, Unread: true, Run: runMerge}.generic(2, unbounded, typeMerge),
		Function{Name: "get", Signature: "get(map<T> or list<T>, name or index) optional T", Doc: "The value with that name or index, absent when there is none; a negative index counts from the end.",
			Example: `get(["a", "b"], 5) ?? "none"`, Want: `"none"`, Unread: true, Run: runGet}.generic(2, 2, typeGet),
	}
}

// members checks a map or an object, and returns the type of what is in it.
func members(a Args, i int) types.Type { return anyMember(a.Need(i, types.Map, types.Object)) }

func typeKeys(a Args) types.Type {
	members(a, 0)
	return types.ListOf(text)
}

func typeValues(a Args) types.Type { return types.ListOf(members(a, 0)) }

func typeEntries(a Args) types.Type {
	value := members(a, 0)
	return types.ListOf(types.ObjectOf(types.Field{Name: "key", Type: text, Required: true},
		types.Field{Name: "value", Type: value, Required: !value.Optional}))
}

func typeFromEntries(a Args) types.Type {
	t := a.Need(0, types.List)
	elem := Elem(t)
	if Unclear(t) || Unclear(elem) {
		return types.OfKind(types.Map)
	}
	key, hasKey := elem.Field("key")
	value, hasValue := elem.Field("value")
	if elem.Optional || !hasKey || !hasValue || key.Type.Kind != types.String || key.Type.Optional {
		return a.Fail(0, "map(list, ({key: .name, value: .size}))", "from_entries takes objects of key, a string, and value; elements of %s are %s", a.Show(0), elem)
	}
	return types.MapOf(value.Type)
}

func typeMerge(a Args) types.Type {
	var out types.Type
	for i := range a.Len() {
		t := a.Need(i, types.Map, types.Object)
		switch {
		case Unclear(t):
			return unclear
		case i == 0:
			out = t
		case out.Kind == types.Object && t.Kind == types.Object:
			out = mergedObject(out, t)
		default:
			out = types.MapOf(types.Merge(anyMember(out), anyMember(t)))
		}
	}
	return out
}

func anyMember(t types.Type) types.Type {
	if t.Kind == types.Map {
		return Elem(t)
	}
	out := Elem(t)
	for _, f := range t.Fields {
		out = types.Merge(out, f.Type.Present())
	}
	return out
}

// mergedObject is the type of a with the members of b over it, where b has them.
func mergedObject(a, b types.Type) types.Type {
	if b.Elem != nil { // it may have each of the members of a, too
		for _, f := range a.Fields {
			f.Type = types.Merge(f.Type, *b.Elem)
			a = a.With(f)
		}
		a.Elem = b.Elem
	}
	for _, f := range b.Fields {
		if under, ok := a.Field(f.Name); ok && f.Type.Optional {
			f.Type = types.Merge(under.Type, f.Type.Present())
			f.Required = under.Required
		}
		a = a.With(f)
	}
	return a
}

func typeGet(a Args) types.Type {
	t := a.Need(0, types.Map, types.List)
	switch t.Kind {
	case types.Map:
		a.Need(1, types.String)
	case types.List:
		a.Need(1, types.Integer)
	default:
		a.Check(1)
		return unclear
	}
	return Elem(t).Maybe()
}

func mapAt(args []any, i int) (map[string]any, error) {
	m, ok := args[i].(map[string]any)
	if !ok {
		return nil, WrongKind{i, args[i], "map or object"}
	}
	return m, nil
}

// runMembers lists what of makes of each member that is there, at this cost.
func runMembers(cost int, of func(name string, value any) any) func(*Caller, []any) (any, error) {
	return func(by *Caller, args []any) (any, error) {
		m, err := mapAt(args, 0)
		if err != nil {
			return nil, err
		}
		if err := by.Spend((fuel.Element + cost) * len(m)); err != nil {
			return nil, err
		}
		out, err := by.Room(len(m))
		if err != nil {
			return nil, err
		}
		for _, k := range sortedNames(m) {
			if m[k] != nil {
				out = append(out, of(k, m[k]))
			}
		}
		return out, nil
	}
}

func runFromEntries(by *Caller, args []any) (any, error) {
	elems, _ := args[0].([]any)
	if err := by.Spend(fuel.Object(len(elems))); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(elems))
	for _, e := range elems {
		m, _ := e.(map[string]any)
		key, ok := m["key"].(string)
		if !ok {
			return nil, badArgument("from_entries takes objects of key, a text, and value")
		}
		out[key] = m["value"]
	}
	return out, nil
}

func runMerge(by *Caller, args []any) (any, error) {
	size := 0
	for i := range args {
		m, err := mapAt(args, i)
		if err != nil {
			return nil, err
		}
		size += len(m)
	}
	if err := by.Spend(fuel.Object(size)); err != nil {
		return nil, err
	}
	out := make(map[string]any, size)
	for _, m := range args {
		for k, v := range m.(map[string]any) {
			if v != nil {
				out[k] = v
			}
		}
	}
	return out, nil
}

func runGet(_ *Caller, args []any) (any, error) { return Lookup(args[0], args[1]), nil }

// Lookup is the member of a name, or the element at an index, nil when there is
// none. A negative index counts from the end.
func Lookup(of, at any) any {
	switch of := of.(type) {
	case map[string]any:
		key, _ := at.(string)
		return of[key]
	case []any:
		i, ok := at.(int)
		if i < 0 {
			i += len(of)
		}
		if ok && i >= 0 && i < len(of) {
			return of[i]
		}
	}
	return nil
}
