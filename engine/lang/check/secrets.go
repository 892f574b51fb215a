package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// secrets checks which secrets of the site are declared. They are read as
// secrets.NAME, and reach nothing but arguments that take a secret.
func (c *checker) secrets(n *syntax.Node) {
	if n == nil {
		return
	}
	if n.Kind != syntax.Mapping {
		c.diags.Errorf("bad-declaration", n.Range, "secrets is a mapping of names, such as {db: {description: The password of the database.}}")
		return
	}
	for _, p := range n.Pairs {
		name := p.Key.Value
		f := types.Field{Name: name, Type: types.OfKind(types.SecretKind), Required: true}
		switch {
		case !idPattern().MatchString(name):
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", name)
		case p.Value.Kind != syntax.Mapping:
			c.diags.Errorf("bad-declaration", p.Value.Range, "%s needs a description", name).
				Hint = "such as " + name + ": {description: The password of the database.}; where the secret is stands in skillrun.yaml"
		default:
			c.keys(p.Value, "a secret", secretKeys, nil)
			if f.Doc = c.str(p.Value, "description"); f.Doc == "" {
				c.diags.Errorf("missing-key", p.Key.Range, "a secret needs a description").Hint = "whoever configures it reads it"
			}
		}
		c.skill.Secrets.Fields = append(c.skill.Secrets.Fields, f)
		c.skill.NeedsSecret = append(c.skill.NeedsSecret, Need{Service: types.SitePrefix + name, Kind: step.SecretKind, At: p.Key.Range})
	}
}

// secretNames are the secrets of the site that a run needs, each once, sorted.
func (s *Skill) secretNames() []string {
	var out []string
	for _, n := range s.NeedsSecret {
		out = append(out, strings.TrimPrefix(n.Service, types.SitePrefix))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// hidden is a declared type, a secret where the declaration says so. Only step types
// take and give secrets: what a person types, and what a skill returns, is seen.
func (c *checker) hidden(n *syntax.Node, t types.Type, what string) types.Type {
	secret := n.Get("secret")
	if secret == nil {
		return t
	}
	at := keyOf(n, "secret")
	on, ok := secret.Data().(bool)
	switch {
	case !ok || secret.Tag != "!!bool":
		c.diags.Errorf("type-mismatch", secret.Range, "secret is true or false")
	case !on:
	case !c.skill.isType || what != "inputs" && what != "outputs":
		c.diags.Errorf("misplaced-key", at, "secret belongs to an input or an output of a step type").
			Hint = "declare a secret of the site under secrets"
	case t.Kind != types.String && t.Kind != types.Invalid || n.Get("enum") != nil || n.Get("pattern") != nil || n.Get("format") != nil || n.Get("default") != nil:
		c.diags.Errorf("misplaced-key", at, "a secret is a string, and nothing else is known of it").Hint = "drop the other keywords"
	default:
		return types.OfKind(types.SecretKind)
	}
	return t
}

// picked is a step type with the result of a call that names secrets in it.
func (c *checker) picked(s step.Step, with *syntax.Node) step.Step {
	if !s.Picks() {
		return s
	}
	n := with.Get("secret")
	if n == nil {
		n = &syntax.Node{Kind: syntax.Mapping}
	}
	if n.Kind != syntax.Mapping {
		s.Out = types.Type{} // it has a mistake of its own
		return s
	}
	var names []string
	for _, p := range n.Pairs {
		if !idPattern().MatchString(p.Key.Value) {
			c.diags.Errorf("bad-name", p.Key.Range, "name %q is not lower-case letters, digits and _, beginning with a letter", p.Key.Value)
		}
		names = append(names, p.Key.Value)
	}
	s.Out = s.PickedOut(names)
	return s
}
