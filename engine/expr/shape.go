package expr

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// shapeFunctions give a type to what may be anything: parsed JSON and YAML, and
// answers of services.
func shapeFunctions() []Function {
	return []Function{
		Function{Name: "as", Signature: "as(value: any, type) the type", Doc: "The value, of the type that is written out in quotes: string, integer, number, boolean, any, list<string>, map<integer>, {name: string, size: optional integer}. Members of an object that the type does not name are left out. It fails with the place that is wrong when the value is of another type.",
			Example: `as(from_json("[{\"n\": 1, \"x\": 2}]"), "list<{n: integer}>")`, Want: `[{"n":1}]`, prepare: prepareShape, lazy: runAs}.generic(2, 2, typeAs),
		Function{Name: "is", Signature: "is(value: any, type) boolean", Doc: "Whether as(value, type) would succeed.",
			Example: `is(from_json("[1]"), "list<string>")`, Want: `false`, prepare: prepareShape, lazy: runIs}.generic(2, 2, typeIs),
	}
}

// prepareShape reads the type, which has to be written out.
func prepareShape(l *lowerer, n *call) {
	lit, _ := n.args[1].(*literal)
	s, ok := "", false
	if lit != nil {
		s, ok = lit.value.(string)
	}
	if !ok {
		l.bad(n.args[1].at(), CodeTypeMismatch, "the type has to be a text in quotes", `such as as(x, "list<string>")`)
		return
	}
	p := shapeParser{rest: s}
	t := p.shape(0)
	if p.rest = strings.TrimSpace(p.rest); p.rest != "" && p.wrong == "" {
		p.wrong = p.rest
	}
	if p.wrong != "" {
		l.bad(n.args[1].at(), CodeTypeMismatch, "this is no type: "+p.wrong, `types are string, integer, number, boolean, any, list<T>, map<T>, {name: T} and optional T`)
		return
	}
	n.shape = t
}

// shapeParser reads a type as messages write it.
type shapeParser struct{ rest, wrong string }

// next takes a token if it is there.
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
	if p.wrong == "" {
		p.wrong = strings.TrimSpace(p.rest)
		if p.wrong == "" {
			p.wrong = "it ends too early"
		}
	}
}

func (p *shapeParser) name() string {
	p.next("")
	name := word(p.rest)
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
		name := p.name()
		p.need(":")
		t := p.shape(depth + 1)
		out = out.With(types.Field{Name: name, Type: t, Required: !t.Optional})
	}
	return out
}

func typeAs(c *checker, n *call, s Scope) types.Type {
	t := c.check(n.args[0], s)
	switch {
	case t.Optional && !n.shape.Optional:
		c.absent(n.args[0])
	case holdsSecret(t):
		c.secret(n.args[0])
	}
	return n.shape
}

func typeIs(c *checker, n *call, s Scope) types.Type {
	if t := c.check(n.args[0], s); holdsSecret(t) {
		c.secret(n.args[0])
	}
	return boolean
}

func runAs(ev *evaluator, n *call) (any, error) {
	v, err := ev.take(n.args[0])
	if err != nil {
		return nil, err
	}
	out, wrong, err := ev.shaped("", v, n.shape)
	if err == nil && wrong != "" {
		err = badArgument("%s is not what as() expects: %s", show(n.args[0]), wrong)
	}
	return out, err
}

func runIs(ev *evaluator, n *call) (any, error) {
	v, err := ev.take(n.args[0])
	if err != nil {
		return nil, err
	}
	_, wrong, err := ev.shaped("", v, n.shape)
	return wrong == "", err
}

// shaped returns what t names of v, or the place that is wrong.
func (ev *evaluator) shaped(at string, v any, t types.Type) (out any, wrong string, err error) {
	list, isList := v.([]any)
	object, isObject := v.(map[string]any)
	switch {
	case t.Kind == types.List && isList:
		return ev.shapedList(at, list, t)
	case t.Kind == types.Map && isObject:
		return ev.shapedMap(at, object, t)
	case t.Kind == types.Object && isObject:
		return ev.shapedObject(at, object, t)
	}
	if why := t.Check(v); why != nil {
		if at == "" {
			at = "it"
		}
		return nil, fmt.Sprintf("%s %v", strings.TrimPrefix(at, "."), why), ev.fuel.Spend(fuel.Call)
	}
	return v, "", nil
}

func (ev *evaluator) shapedList(at string, v []any, t types.Type) (any, string, error) {
	out, err := ev.fuel.Room(len(v))
	if err != nil {
		return nil, "", err
	}
	// The name of each place is made only to be thrown away.
	if err := ev.fuel.Spend((len(at) + fuel.Cell) * len(v)); err != nil {
		return nil, "", err
	}
	for i, e := range v {
		e, wrong, err := ev.shaped(at+"["+strconv.Itoa(i)+"]", e, *t.Elem)
		if wrong != "" || err != nil {
			return nil, wrong, err
		}
		out = append(out, e)
	}
	return out, "", nil
}

func (ev *evaluator) shapedMap(at string, v map[string]any, t types.Type) (any, string, error) {
	if err := ev.fuel.Spend(fuel.Object(len(v)) + (len(at)+fuel.Cell)*len(v)); err != nil {
		return nil, "", err
	}
	out := make(map[string]any, len(v))
	for _, k := range sortedNames(v) {
		e, wrong, err := ev.shaped(at+"."+k, v[k], *t.Elem)
		if wrong != "" || err != nil {
			return nil, wrong, err
		}
		out[k] = e
	}
	return out, "", nil
}

func (ev *evaluator) shapedObject(at string, v map[string]any, t types.Type) (any, string, error) {
	if err := ev.fuel.Spend(fuel.Object(len(t.Fields)) + (len(at)+2*fuel.Cell)*len(t.Fields)); err != nil {
		return nil, "", err
	}
	out := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		e, wrong, err := ev.shaped(at+"."+f.Name, v[f.Name], f.Type)
		if wrong != "" || err != nil {
			return nil, wrong, err
		}
		if e != nil {
			out[f.Name] = e
		}
	}
	return out, "", nil
}
