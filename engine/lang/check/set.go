package check

import (
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// set checks the values that a step names, and says how far each can be trusted.
func (c *checker) set(n *syntax.Node, node *program.Node) (out types.Type, trust map[string]expr.Trust) {
	out = types.ObjectOf()
	if n.Kind != syntax.Mapping || len(n.Pairs) == 0 {
		c.diags.Errorf("bad-set", n.Range, "set is a mapping of names to values")
		return out, nil
	}
	trust = map[string]expr.Trust{}
	for _, p := range n.Pairs {
		if !idPattern().MatchString(p.Key.Value) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", p.Key.Value)
		}
		v, t := c.typed(p.Value, c.scope())
		node.Values = append(node.Values, program.Binding{Name: p.Key.Value, Value: types.Dynamic{V: v}})
		out.Fields = append(out.Fields, types.Field{Name: p.Key.Value, Type: t})
		trust[p.Key.Value] = c.trustOf(p.Value)
	}
	return out, trust
}

// trustOf is how far all of a value can be trusted.
func (c *checker) trustOf(n *syntax.Node) expr.Trust {
	out := expr.TrustFull
	for _, p := range children(n, "") {
		out = min(out, c.trustOf(p.node))
	}
	if n.Kind != syntax.Scalar || n.Tag != "!!str" {
		return out
	}
	t, problems := textOf(n)
	if len(problems) > 0 {
		return expr.TrustNone
	}
	return t.Trust(c.scope())
}
