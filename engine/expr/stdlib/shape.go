package stdlib

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// shapeFunctions give a type to what may be anything, such as parsed JSON.
func shapeFunctions() []Function {
	return []Function{
		Function{Name: "as", Signature: "as(value: any, type) the type", Doc: "The value as the type in quotes: string, integer, number, boolean, any, list<string>, map<integer>, {name: string, size: optional integer}. Members of an object that the type does not name are left out; {name: string, …} keeps them, to be passed on. It fails when the value has another type, and names the place.",
			Example: `as(from_json("[{\"n\": 1, \"x\": 2}]"), "list<{n: integer}>")`, Want: `[{"n":1}]`, Second: Shape, Maybe: true, Form: true, Run: runAs}.generic(2, 2, typeAs),
		Function{Name: "is", Signature: "is(value: any, type) boolean", Doc: "Whether as(value, type) would succeed.",
			Example: `is(from_json("[1]"), "list<string>")`, Want: `false`, Second: Shape, Maybe: true, Run: runIs}.generic(2, 2, typeIs),
		Function{Name: "try", Signature: "try(value, fallback) value or fallback", Doc: "The value, or the fallback when a text in it cannot be read. It fails as without try when anything else is wrong. What can fail so:",
			Example: `try(int("12a"), 0)`, Want: `0`, Lazy: true, Run: runTry}.generic(2, 2, typeTry),
	}
}

func typeTry(a Args) types.Type {
	value, fallback := a.Check(0), a.Check(1)
	if !a.Parses(0) {
		return a.Fail(0, "?? stands for what is absent, get() for an index that is out of range", "nothing in %s reads a text, so the fallback is never used", a.Show(0))
	}
	return a.Merge(1, value, fallback)
}

func runTry(_ *Caller, args []any) (any, error) {
	v, err := args[0].(Later)()
	if _, ok := err.(Unreadable); ok {
		return args[1].(Later)()
	}
	return v, err
}

// ParseShape reads a type as messages write it. It fails with what is wrong.
func ParseShape(s string) (types.Type, error) {
	p := shapeParser{rest: s}
	t := p.shape(0)
	if wrong := cmp.Or(p.wrong, strings.TrimSpace(p.rest)); wrong != "" {
		return t, errors.New(wrong)
	}
	return t, nil
}

type shapeParser struct{ rest, wrong string }

func (p *shapeParser) next(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	after, ok := strings.CutPrefix(p.rest, token)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *shapeParser) need(token string) {
	if !p.next(token) {
		p.fail()
	}
}

func (p *shapeParser) fail() {
	p.wrong = cmp.Or(p.wrong, strings.TrimSpace(p.rest), "it ends too early")
}

func (p *shapeParser) name() string {
	p.next("")
	name := Word(p.rest)
	if name == "" {
		p.fail()
	}
	p.rest = p.rest[len(name):]
	return name
}

func (p *shapeParser) shape(depth int) types.Type {
	if p.wrong != "" || depth > 20 {
		p.fail()
		return unclear
	}
	if p.next("{") {
		return p.object(depth)
	}
	before := p.rest
	switch p.name() {
	case "string":
		return text
	case "integer":
		return integer
	case "number":
		return number
	case "boolean":
		return boolean
	case "any":
		return types.OfKind(types.Any)
	case "optional":
		return p.shape(depth + 1).Maybe()
	case "list":
		return types.ListOf(p.elem(depth))
	case "map":
		return types.MapOf(p.elem(depth))
	}
	p.rest = before
	p.fail()
	return unclear
}

func (p *shapeParser) elem(depth int) types.Type {
	p.need("<")
	t := p.shape(depth + 1)
	p.need(">")
	return t
}

func (p *shapeParser) object(depth int) types.Type {
	out := types.ObjectOf()
	for p.wrong == "" && !p.next("}") {
		if len(out.Fields) > 0 {
			p.need(",")
		}
		if p.next("…") || p.next("...") { // the last
			p.need("}")
			others := types.OfKind(types.Any)
			out.Elem = &others
			return out
		}
		name := p.name()
		p.need(":")
		t := p.shape(depth + 1)
		out = out.With(types.Field{Name: name, Type: t, Required: !t.Optional})
	}
	return out
}

func typeAs(a Args) types.Type {
	a.Whole(0, a.Shape().Optional)
	return a.Shape()
}

func typeIs(a Args) types.Type {
	a.Whole(0, true)
	return boolean
}

func runAs(by *Caller, args []any) (any, error) {
	out, err := by.shaped(args[0], args[1].(types.Type))
	if m, ok := err.(*mismatch); ok {
		err = Refused{0, "is not what as() expects: " + m.Error()}
	}
	return out, err
}

func runIs(by *Caller, args []any) (any, error) {
	_, err := by.shaped(args[0], args[1].(types.Type))
	if _, ok := err.(*mismatch); ok {
		return false, nil
	}
	return err == nil, err
}

// mismatch is a place in a value that is not of its type, and why.
type mismatch struct{ path, why string }

func (m *mismatch) Error() string { return cmp.Or(strings.TrimPrefix(m.path, "."), "it") + " " + m.why }

// within puts a step before the place of a mismatch.
func within(step string, err error) error {
	if m, ok := err.(*mismatch); ok {
		m.path = step + m.path
	}
	return err
}

// shaped returns what t names of v.
func (by *Caller) shaped(v any, t types.Type) (any, error) {
	list, isList := v.([]any)
	object, isObject := v.(map[string]any)
	switch {
	case t.Kind == types.List && isList:
		return by.shapedList(list, *t.Elem)
	case t.Kind == types.Map && isObject:
		return by.shapedMembers(object, sortedNames(object), t)
	case t.Kind == types.Object && isObject:
		names := t.Names()
		if t.Elem != nil {
			names = others(object, names)
		}
		return by.shapedMembers(object, names, t)
	}
	if why := t.Check(v); why != nil {
		if err := by.Spend(fuel.Call); err != nil {
			return nil, err
		}
		return nil, &mismatch{"", why.Error()}
	}
	return v, nil
}

func (by *Caller) shapedList(v []any, elem types.Type) (any, error) {
	out, err := by.Room(len(v))
	if err != nil {
		return nil, err
	}
	for i, e := range v {
		if e, err = by.shaped(e, elem); err != nil {
			return nil, within("["+strconv.Itoa(i)+"]", err)
		}
		out = append(out, e)
	}
	return out, nil
}

func (by *Caller) shapedMembers(v map[string]any, names []string, t types.Type) (any, error) {
	if err := by.Spend(fuel.Object(len(names)) + fuel.Element*len(names)); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(names))
	for _, k := range names {
		want := t.Elem
		if f, ok := t.Field(k); ok {
			want = &f.Type
		}
		e, err := by.shaped(v[k], *want)
		if err != nil {
			return nil, within("."+k, err)
		}
		if _, named := t.Field(k); e != nil || !named {
			out[k] = e
		}
	}
	return out, nil
}

// others puts the names in v that are not among names behind them.
func others(v map[string]any, names []string) []string {
	seen := make(map[string]bool, len(names))
	for _, k := range names {
		seen[k] = true
	}
	for _, k := range sortedNames(v) {
		if !seen[k] {
			names = append(names, k)
		}
	}
	return names
}
