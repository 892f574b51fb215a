package expr

import (
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// mapFunctions are the functions of maps and objects. Names always come in
// order, so that nothing depends on how a map lies in memory.
func mapFunctions() []Function {
	return []Function{
		Function{Name: "keys", Signature: "keys(map) list<string>", Doc: "The names in a map or an object that have a value, in order.",
			Example: `keys({"b": 1, "a": 2})`, Want: `["a","b"]`, lazy: runKeys}.generic(1, 1, typeKeys),
		Function{Name: "values", Signature: "values(map<T>) list<T>", Doc: "The values in a map or an object, in the order of their names.",
			Example: `values({"b": 1, "a": 2})`, Want: `[2,1]`, lazy: runValues}.generic(1, 1, typeValues),
		Function{Name: "entries", Signature: "entries(map<T>) list<{key: string, value: T}>", Doc: "The names and values in a map or an object, in the order of the names.",
			Example: `entries({"b": 1, "a": 2})`, Want: `[{"key":"a","value":2},{"key":"b","value":1}]`, lazy: runEntries}.generic(1, 1, typeEntries),
		Function{Name: "from_entries", Signature: "from_entries(list<{key: string, value: T}>) map<T>", Doc: "The map with these names and values; of two with one name the last counts.",
			Example: `from_entries([{"key": "a", "value": 1}])`, Want: `{"a":1}`, run: runFromEntries}.generic(1, 1, typeFromEntries),
		Function{Name: "merge", Signature: "merge(a, b, …) map or object", Doc: "One map or object with the members of all; of two with one name the last that has a value counts.",
			Example: `merge({"a": 1, "b": 1}, {"b": 2})`, Want: `{"a":1,"b":2}`, lazy: runMerge}.generic(2, unbounded, typeMerge),
		Function{Name: "get", Signature: "get(map<T> or list<T>, name or index) optional T", Doc: "The value of that name or at that place, absent when there is none; a negative index counts from the end.",
			Example: `get(["a", "b"], 5) ?? "none"`, Want: `"none"`, lazy: runGet}.generic(2, 2, typeGet),
	}
}

// members checks a map or an object, and returns the type of what is in it.
func (c *checker) members(n node, s Scope) types.Type {
	t := c.need(n, s, types.Map, types.Object)
	if t.Kind == types.Map {
		return elemOf(t)
	}
	out := unclear
	for _, f := range t.Fields {
		out = types.Merge(out, f.Type.Present())
	}
	return out
}

func typeKeys(c *checker, n *call, s Scope) types.Type {
	c.members(n.args[0], s)
	return types.ListOf(text)
}

func typeValues(c *checker, n *call, s Scope) types.Type {
	return types.ListOf(c.members(n.args[0], s))
}

func entry(value types.Type) types.Type {
	return types.ObjectOf(types.Field{Name: "key", Type: text, Required: true},
		types.Field{Name: "value", Type: value, Required: !value.Optional})
}

func typeEntries(c *checker, n *call, s Scope) types.Type {
	return types.ListOf(entry(c.members(n.args[0], s)))
}

func typeFromEntries(c *checker, n *call, s Scope) types.Type {
	t := c.need(n.args[0], s, types.List)
	elem := elemOf(t)
	if isUnclear(t) || isUnclear(elem) {
		return types.OfKind(types.Map)
	}
	key, hasKey := elem.Field("key")
	value, hasValue := elem.Field("value")
	if elem.Optional || !hasKey || !hasValue || key.Type.Kind != types.String || key.Type.Optional {
		return c.fail(n.args[0], CodeTypeMismatch, "map(list, ({key: .name, value: .size}))", "from_entries takes objects of key, a string, and value; elements of %s are %s", show(n.args[0]), elem)
	}
	return types.MapOf(value.Type)
}

func typeMerge(c *checker, n *call, s Scope) types.Type {
	var out types.Type
	for i, a := range n.args {
		t := c.need(a, s, types.Map, types.Object)
		switch {
		case isUnclear(t):
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

// anyMember is the type of whatever is in a map or an object.
func anyMember(t types.Type) types.Type {
	if t.Kind == types.Map {
		return elemOf(t)
	}
	out := unclear
	for _, f := range t.Fields {
		out = types.Merge(out, f.Type.Present())
	}
	return out
}

// mergedObject is the type of a with the members of b over it. One of b that
// may be absent leaves that of a where it is.
func mergedObject(a, b types.Type) types.Type {
	for _, f := range b.Fields {
		if under, ok := a.Field(f.Name); ok && f.Type.Optional {
			f.Type = types.Merge(under.Type, f.Type.Present())
			f.Required = under.Required
		}
		a = a.With(f)
	}
	return a
}

func typeGet(c *checker, n *call, s Scope) types.Type {
	t := c.need(n.args[0], s, types.Map, types.List)
	switch t.Kind {
	case types.Map:
		c.need(n.args[1], s, types.String)
	case types.List:
		c.need(n.args[1], s, types.Integer)
	default:
		c.check(n.args[1], s)
		return unclear
	}
	return elemOf(t).Maybe()
}

// members computes a map or an object without looking at its values, and its
// names in order. What is nil is not there.
func (ev *evaluator) members(n node) (map[string]any, []string, error) {
	v, err := ev.eval(n)
	if err != nil {
		return nil, nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		if err := ev.takeValue(v); err != nil {
			return nil, nil, err
		}
		return nil, nil, wrongKind(n, v, "map or object")
	}
	if err := ev.fuel.Spend(fuel.Element * len(m)); err != nil {
		return nil, nil, err
	}
	present := make([]string, 0, len(m))
	for _, k := range sortedNames(m) {
		if m[k] != nil {
			present = append(present, k)
		}
	}
	return m, present, ev.fuel.Spend(fuel.Element * len(m))
}

func runKeys(ev *evaluator, n *call) (any, error) {
	_, names, err := ev.members(n.args[0])
	if err != nil {
		return nil, err
	}
	return ev.fuel.Texts(names)
}

func runValues(ev *evaluator, n *call) (any, error) {
	m, names, err := ev.members(n.args[0])
	if err != nil {
		return nil, err
	}
	out, err := ev.fuel.Room(len(names))
	if err != nil {
		return nil, err
	}
	for _, k := range names {
		out = append(out, m[k])
	}
	return out, nil
}

func runEntries(ev *evaluator, n *call) (any, error) {
	m, names, err := ev.members(n.args[0])
	if err != nil {
		return nil, err
	}
	out, err := ev.fuel.Room(len(names))
	if err != nil {
		return nil, err
	}
	if err := ev.fuel.Spend((fuel.Object(2) + fuel.Cell) * len(names)); err != nil {
		return nil, err
	}
	for _, k := range names {
		out = append(out, map[string]any{"key": k, "value": m[k]})
	}
	return out, nil
}

func runFromEntries(ev *evaluator, args []any) (any, error) {
	elems, _ := args[0].([]any)
	if err := ev.fuel.Spend(fuel.Object(len(elems))); err != nil {
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

func runMerge(ev *evaluator, n *call) (any, error) {
	size := 0
	all := make([]map[string]any, len(n.args))
	for i, a := range n.args {
		m, _, err := ev.members(a)
		if err != nil {
			return nil, err
		}
		all[i] = m
		size += len(m)
	}
	if err := ev.fuel.Spend(fuel.Object(size)); err != nil {
		return nil, err
	}
	out := make(map[string]any, size)
	for _, m := range all {
		for k, v := range m {
			if v != nil {
				out[k] = v
			}
		}
	}
	return out, nil
}

func runGet(ev *evaluator, n *call) (any, error) {
	return ev.findIndex(&index{span: n.span, of: n.args[0], i: n.args[1]})
}
