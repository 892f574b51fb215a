package check

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// outputs checks the skill's results, and every return against them.
func (c *checker) outputs(n *syntax.Node) {
	if n == nil {
		n = &syntax.Node{Kind: syntax.Mapping}
	}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-outputs", n.Range, "outputs is a mapping of names to values")
		return
	}
	for _, p := range n.Pairs {
		if !idPattern().MatchString(p.Key.Value) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", p.Key.Value)
		}
		c.reads = map[string]bool{}
		var v any
		var f types.Field
		at := p.Value.Range
		if c.skill.isType {
			v, f = c.declaredOutput(p)
			if value := p.Value.Get("value"); value != nil {
				at = value.Range
			}
		} else {
			v, f.Type = c.typed(p.Value, c.scope())
			c.refuseSecret(p.Value, f.Type, "be an output")
			c.noteOutput(p, f.Type.Optional)
		}
		f.Name, f.Type = p.Key.Value, c.returned(p.Key.Value, f.Type)
		c.skill.outputs = append(c.skill.outputs, program.Output{Name: f.Name, Value: types.Dynamic{V: v}, Type: f.Type, At: at, Held: c.skill.isType})
		c.skill.Outputs.Fields = append(c.skill.Outputs.Fields, f)
	}
	for _, r := range c.early {
		for _, v := range r.values {
			if n.Get(v.key.Value) == nil {
				d := c.diags.Errorf("unknown-key", v.key.Range, "the %s has no output %s to return", c.skill.what(), v.key.Value)
				d.Suggest(v.key.Value, c.skill.Outputs.Names())
			}
		}
	}
}

// returned is the type of an output whose expression has type t, with all that
// a return may make of it: another value of that type, or none.
func (c *checker) returned(name string, t types.Type) types.Type {
	want, out := withoutConstraints(t), t
	for _, r := range c.early {
		named := false
		for _, v := range r.values {
			if v.key.Value != name {
				continue
			}
			named = true
			if v.typ.Kind != types.Invalid && t.Kind != types.Invalid {
				c.checkType(v.value, v.data, v.typ, want, name)
				out = types.Merge(out, v.typ)
			}
		}
		if !named && c.readsAfter(r.at.Start) && out.Kind != types.Invalid {
			out.Optional = true
		}
	}
	if t.Kind != types.Invalid && out.Kind != want.Kind && want.Kind != types.Invalid {
		return t // a return has a mistake
	}
	return out
}

// readsAfter reports whether the output being checked reads a step behind a place.
func (c *checker) readsAfter(at diag.Pos) bool {
	for id := range c.reads {
		start := c.ids[id].at.Start
		if cmp.Or(cmp.Compare(start.Line, at.Line), cmp.Compare(start.Col, at.Col)) > 0 {
			return true
		}
	}
	return false
}

// withoutConstraints is a type without what an expression says of its texts.
func withoutConstraints(t types.Type) types.Type {
	t.Enum, t.Pattern, t.Format = nil, "", ""
	if t.Elem != nil {
		elem := withoutConstraints(*t.Elem)
		t.Elem = &elem
	}
	if t.Kind == types.Integer {
		t.Minimum, t.Maximum = nil, nil
	}
	fields := make([]types.Field, len(t.Fields))
	for i, f := range t.Fields {
		f.Type = withoutConstraints(f.Type)
		fields[i] = f
	}
	t.Fields = fields
	return t
}
