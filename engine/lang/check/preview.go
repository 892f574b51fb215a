package check

import (
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// shown is what a step type says of a write, for people who are asked to agree to it. It
// stands beside the program or the request that is shown, and never in its place.
type shown struct {
	title  string
	fields []program.Binding
}

// preview checks what is shown of a write. Its texts see what the body sees: nothing has
// happened yet.
func (c *checker) preview(root *syntax.Node) (out shown) {
	n := root.Get("preview")
	at := keyOf(root, "preview")
	switch {
	case n == nil:
		return out
	case root.Get("steps") != nil:
		c.diags.Errorf("misplaced-key", at, "preview belongs to exec, http and mcp").Hint = "give the steps inside a name"
		return out
	case c.skill.Effect != step.Writes:
		c.diags.Errorf("misplaced-key", at, "preview belongs to what writes, and the effect is %s", c.skill.Effect).Hint = "leave it out: nobody is asked about a read"
		return out
	case n.Kind != syntax.Mapping:
		c.diags.Errorf("bad-with", n.Range, "preview is a mapping with title and fields, not a %s", kindName(n))
		return out
	}
	c.keys(n, "preview", previewKeys, nil)
	if title := n.Get("title"); title != nil {
		out.title, _ = c.fits(title, types.OfKind(types.String), c.scope(), "title").(string)
	}
	fields := n.Get("fields")
	if fields != nil && fields.Kind != syntax.Mapping {
		c.diags.Errorf("bad-with", fields.Range, "fields is a mapping of names to texts, not a %s", kindName(fields))
		return out
	}
	if fields == nil {
		return out
	}
	for _, p := range fields.Pairs {
		v, t := c.typed(p.Value, c.scope())
		c.refuseSecret(p.Value, t, "be shown")
		out.fields = append(out.fields, program.Binding{Name: p.Key.Value, Value: types.Dynamic{V: v}})
	}
	return out
}
