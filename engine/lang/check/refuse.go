package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// checkArguments asks the step whether it takes what is written out, and what its texts
// come to with each value of an enum. The diagnostic stands on the argument
// without which it would; it is a warning where the skill continues without the step.
func (c *checker) checkArguments(s step.Step, n, with *syntax.Node) {
	r := argumentProbe{step: s, with: with, scope: c.scope(), trial: c.trial}
	if err := r.check(literals{}); err != nil {
		at := with.Head()
		if part := r.blame(with, ""); part != nil {
			at = part.Range
		}
		c.reportArgument(s, n, at, err.Message, err.Hint)
		return
	}
	for _, p := range r.texts(with, "", s.In) {
		for _, v := range r.choices(p.node) {
			where := ", where " + v.name + " is " + strconv.Quote(v.value)
			if err := p.typ.Check(v.text); err != nil {
				c.reportArgument(s, n, p.node.Range, p.path+" "+err.Error()+where, "")
				break
			}
			if err := r.check(literals{path: p.path, value: v.text}); err != nil {
				c.reportArgument(s, n, p.node.Range, err.Message+where, err.Hint)
				break
			}
		}
	}
}

func (c *checker) reportArgument(s step.Step, n *syntax.Node, at diag.Range, message, hint string) {
	d := c.diags.Errorf("bad-value", at, "%s: %s", s.Name, message)
	d.Hint = hint
	if e := n.Get("on_error"); e != nil && e.Value == "continue" {
		d.Severity = diag.Warning
	}
}

// argumentProbe is the arguments of a step, before it is known what they are.
type argumentProbe struct {
	step  step.Step
	with  *syntax.Node
	scope expr.Scope
	trial *fuel.Tank // of the [family]
}

// check is what the step says to the arguments, but for one of them.
func (r argumentProbe) check(l literals) *types.Error {
	if !r.step.IsChecked() {
		return nil
	}
	l.scope = r.scope
	v, _ := l.of(r.with, "", r.step.In).(map[string]any)
	if err := r.step.CheckArguments(types.Encode(v), l.unknown); types.CodeOf(err) == types.BadInput {
		return types.AsError(err)
	}
	return nil
}

// blame finds the innermost part of the arguments without which nothing is
// refused. Of two that exclude each other it is the second.
func (r argumentProbe) blame(n *syntax.Node, at string) *syntax.Node {
	for _, p := range slices.Backward(children(n, at)) {
		if r.check(literals{path: p.path}) != nil {
			continue
		}
		if inner := r.blame(p.node, p.path); inner != nil {
			return inner
		}
		return p.node
	}
	return nil
}

// texts are the texts with holes in the arguments, where t is wanted.
func (r argumentProbe) texts(n *syntax.Node, at string, t types.Type) (out []part) {
	for _, p := range children(n, at) {
		p.typ = within(t, p.name)
		if p.node.Kind == syntax.Scalar && !isLiteral(p.node) {
			out = append(out, p)
		}
		out = append(out, r.texts(p.node, p.path, p.typ)...)
	}
	return out
}

func within(t types.Type, name string) types.Type {
	if f, ok := t.Field(name); ok {
		return f.Type
	}
	if t.Elem != nil {
		return *t.Elem
	}
	return types.Type{}
}

// choice is what a text comes to where the name in it has a value.
type choice struct{ name, value, text string }

// choices are what a text comes to that reads one name, which is one of an enum.
func (r argumentProbe) choices(n *syntax.Node) (out []choice) {
	t, problems := textOf(n)
	if len(problems) > 0 || len(t.Refs()) == 0 {
		return nil
	}
	path := t.Refs()[0].Path
	if slices.ContainsFunc(t.Refs(), func(x expr.Ref) bool { return !slices.Equal(x.Path, path) }) {
		return nil
	}
	name := strings.Join(path, ".")
	e, problems := expr.Parse(name)
	if len(problems) > 0 {
		return nil
	}
	typ, _ := e.Check(r.scope)
	for _, value := range typ.Enum {
		var v any = value
		for _, part := range slices.Backward(path) {
			v = map[string]any{part: v}
		}
		if text, ok := evaluated(t, v.(map[string]any), r.trial).(string); ok {
			out = append(out, choice{name, value, text})
		}
	}
	return out
}

// evaluated is what a text comes to, nil for nothing or when trial is used up.
func evaluated(t *expr.Text, vars map[string]any, trial *fuel.Tank) any {
	v, err := t.Eval(expr.Env{Vars: vars, Fuel: trial})
	if err != nil {
		return nil
	}
	return v
}

// part is a member or an element, and its path.
type part struct {
	name string // of a member
	node *syntax.Node
	path string
	typ  types.Type // that is wanted, where it was asked for
}

func children(n *syntax.Node, at string) (out []part) {
	for _, p := range n.Pairs {
		path := p.Key.Value
		if at != "" {
			path = at + "." + path
		}
		out = append(out, part{name: p.Key.Value, node: p.Value, path: path})
	}
	for i, item := range n.Items {
		out = append(out, part{node: item, path: at + "[" + strconv.Itoa(i) + "]"})
	}
	return out
}

// literals reads what is written out in a value; the rest is unknown.
type literals struct {
	scope   expr.Scope
	path    string // of the part that is something else than what is written:
	value   any    // this, or with nil it is not known
	unknown step.UnknownPaths
}

// of reads a value where t is wanted. The names in a map are always known.
func (l *literals) of(n *syntax.Node, at string, t types.Type) any {
	elem := within(t, "")
	switch n.Kind {
	case syntax.Mapping:
		out := map[string]any{}
		for _, p := range children(n, at) {
			if v, known := l.part(p, within(t, p.name)); known {
				out[p.name] = v
			} else if t.Kind == types.Map && p.path != l.path && (elem.Kind == types.String || elem.Kind == types.Any) {
				out[p.name] = ""
			} else if t.Kind == types.Map && p.path != l.path && elem.Kind == types.SecretKind {
				out[p.name] = types.SecretNamed("?")
			}
		}
		return out
	case syntax.Sequence:
		out := []any{}
		for _, p := range children(n, at) {
			if v, known := l.part(p, elem); known {
				out = append(out, v)
			}
		}
		return out
	}
	if n.Tag == "!!str" {
		return unescaped(n.Value)
	}
	return n.Data()
}

func (l *literals) part(p part, t types.Type) (v any, known bool) {
	switch {
	case p.path == l.path && l.value != nil:
		return l.value, true
	case p.path == l.path:
		l.unknown = append(l.unknown, p.path)
		return nil, false
	case p.node.Kind != syntax.Scalar || isLiteral(p.node):
		return l.of(p.node, p.path, t), true
	}
	l.unknown = append(l.unknown, p.path)
	if !l.maybeAbsent(p.node) {
		l.unknown = append(l.unknown, step.Provided(p.path))
	}
	return nil, false
}

func (l *literals) maybeAbsent(n *syntax.Node) bool {
	t, problems := textOf(n)
	if len(problems) > 0 {
		return true
	}
	typ, _ := t.Check(l.scope)
	return typ.Optional || typ.Kind == types.Invalid || typ.Kind == types.Any
}
