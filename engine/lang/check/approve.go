package check

import (
	"cmp"
	"slices"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// approveType is who agreed to what, when (which a service may not say), and how known.
func approveType(dated bool) types.Type {
	return types.ObjectOf(
		types.Field{Name: "by", Doc: "Who agreed.", Type: types.OfKind(types.String), Required: true},
		types.Field{Name: "at", Doc: "When they did.", Type: types.Type{Kind: types.String, Format: "date-time", Optional: !dated}, Required: dated},
		types.Field{Name: "digest", Doc: "What they agreed to: the plan that was shown, or the commit.", Type: types.OfKind(types.String), Required: true},
		types.Field{Name: "known_by", Doc: "How it is known who that is: machine, or the host that they logged in to.", Type: types.OfKind(types.String), Required: true},
	)
}

// approve checks what a person is asked, and what they are shown.
func (c *checker) approve(n *syntax.Node, node *program.Node) outcome {
	a := n.Get("approve")
	question := a
	if a.Kind == syntax.Mapping {
		c.keys(a, "approve", approveKeys, nil)
		if question = a.Get("text"); question == nil {
			c.diags.Errorf("missing-key", a.Head(), "an approve needs a text").Hint = "say what is to be approved"
			return outcome{unclear: true}
		}
	}
	node.Message, _ = c.fits(question, types.OfKind(types.String), c.scope(), "approve").(string)
	if question.Kind == syntax.Scalar && question.Tag == "!!str" && question.Value == "" {
		c.diags.Errorf("bad-value", question.Range, "approve is empty").Hint = "say what is to be approved"
	}
	show := n.Get("show")
	if a.Get("uses") != nil {
		if show != nil {
			c.diags.Errorf("misplaced-key", show.Range, "show belongs to an approve without uses").
				Hint = "leave it out: approvers see the page of the service"
		}
		return c.serviceApproval(a, node)
	}
	c.checkNoRules(a)
	if show != nil {
		v, t := c.typed(show, c.scope())
		c.refuseSecret(show, t, "be shown")
		node.Show = types.Dynamic{V: v}
	}
	return outcome{out: approveType(true)}
}

// checkNoRules refuses rules where whoever runs the program says who they are.
func (c *checker) checkNoRules(a *syntax.Node) {
	hint := "leave it out: no step type here reports who approved"
	if names := c.approving(); names != "" {
		hint = "let a service authenticate the approver: add uses: " + names + " and with, or leave it out"
	}
	for _, key := range ruleKeys {
		if v := a.Get(key); v != nil {
			c.diags.Errorf("unauthenticated-rule", v.Range, "the approver is not authenticated here, so %s cannot be enforced", key).Hint = hint
		}
	}
	for _, key := range awaitedKeys {
		if v := a.Get(key); v != nil {
			c.diags.Errorf("misplaced-key", v.Range, "%s belongs to uses, and this approve has none", key).Hint = "leave it out, or add uses"
		}
	}
}

// serviceApproval makes an await of an approve that people answer at a service:
// it asks until someone has agreed who may. The rules are arguments of its step.
func (c *checker) serviceApproval(a *syntax.Node, node *program.Node) outcome {
	node.Kind = program.Await
	node.Name, node.Message = cmp.Or(node.Name, node.Message), ""
	u := a.Get("uses")
	if s, ok := c.world.Catalogue.Lookup(u.Value); ok && !s.Approves() {
		c.diags.Errorf("unauthenticated-rule", u.Range, "%s does not report who approved", s.Name).Hint = "use " + c.approving()
		return outcome{unclear: true}
	}
	s, ok := c.performs(c.withRules(a), node)
	node.Until = "result.approved"
	node.Every = c.duration(a, "every", "30s")
	node.Timeout = c.duration(a, "timeout", "")
	return outcome{out: approveType(false), who: s.Name, codes: awaitCodes(s.AllCodes(), node), unclear: !ok}
}

// withRules is an approve whose rules stand among the arguments of its step.
func (c *checker) withRules(a *syntax.Node) *syntax.Node {
	out, with := *a, syntax.Node{Kind: syntax.Mapping, Range: a.Get("uses").Range}
	if given := a.Get("with"); given != nil {
		with = *given
	}
	out.Pairs, with.Pairs = nil, slices.Clone(with.Pairs)
	for _, p := range a.Pairs {
		twice := with.Get(p.Key.Value)
		switch {
		case !slices.Contains(ruleKeys, p.Key.Value):
			if p.Key.Value != "with" {
				out.Pairs = append(out.Pairs, p)
			}
		case twice != nil:
			c.diags.Errorf("misplaced-key", twice.Range, "%s is given twice, in with and beside uses", p.Key.Value).Hint = "leave this one out"
		case c.rule(p):
			with.Pairs = append(with.Pairs, p)
		}
	}
	key := syntax.Node{Kind: syntax.Scalar, Value: "with", Range: with.Range}
	out.Pairs = append(out.Pairs, syntax.Pair{Key: &key, Value: &with})
	return &out
}

// rule reports whether a rule is one whatever happens, and cannot be absent.
func (c *checker) rule(p syntax.Pair) bool {
	want := types.ListOf(types.OfKind(types.String))
	if p.Key.Value == "not" {
		want = types.Type{Kind: types.String, Enum: []string{"requester"}}
	}
	before := len(c.diags)
	if c.fits(p.Value, want, c.scope(), p.Key.Value); c.diags[before:].HasErrors() {
		return false
	}
	for _, v := range append([]*syntax.Node{p.Value}, p.Value.Items...) {
		c.authoredOnly(v, c.scope(), p.Key.Value+" decides who may approve")
	}
	return !c.diags[before:].HasErrors()
}

// approving names the step types that say who agreed.
func (c *checker) approving() string {
	var names []string
	for _, name := range c.world.Catalogue.Names() {
		if s, _ := c.world.Catalogue.Lookup(name); s.Approves() {
			names = append(names, name)
		}
	}
	return listed(names, "or")
}
