package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// approveType is the result of an approve: who agreed, and when.
func approveType() types.Type {
	return types.ObjectOf(
		types.Field{Name: "by", Doc: "Who agreed.", Type: types.OfKind(types.String), Required: true},
		types.Field{Name: "at", Doc: "When they did.", Type: types.Type{Kind: types.String, Format: "date-time"}, Required: true},
	)
}

// approve checks what a person is asked, and what they are shown.
func (c *checker) approve(n *syntax.Node, node *program.Node) types.Type {
	question := n.Get("approve")
	node.Message, _ = c.fits(question, types.OfKind(types.String), c.scope(), "approve").(string)
	if question.Kind == syntax.Scalar && question.Tag == "!!str" && question.Value == "" {
		c.diags.Errorf("bad-value", question.Range, "approve is empty").Hint = "say what the person agrees to"
	}
	if show := n.Get("show"); show != nil {
		v, t := c.typed(show, c.scope())
		c.open(show, t, "be shown")
		node.Show = types.Dynamic{V: v}
	}
	return approveType()
}

// open refuses a secret, also one inside of a value, where people will see it.
func (c *checker) open(n *syntax.Node, t types.Type, what string) {
	if holdsSecret(t) {
		c.diags.Errorf("secret-leak", n.Range, "a secret cannot %s", what).Hint = "leave it out: it may only reach an argument that takes a secret"
	}
}

func holdsSecret(t types.Type) bool {
	return t.Kind == types.SecretKind || t.Elem != nil && holdsSecret(*t.Elem) ||
		slices.ContainsFunc(t.Fields, func(f types.Field) bool { return holdsSecret(f.Type) })
}
