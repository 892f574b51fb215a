package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/lint"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
)

// lint adds the warnings about a file that has no mistakes: with mistakes in it, not all
// that it reads is known.
func (c *checker) lint(root *syntax.Node) {
	if c.diags.HasErrors() {
		return
	}
	called := map[*Skill]bool{}
	c.skill.reach(called)
	for _, key := range []string{"config", "secrets", "inputs"} {
		if n := root.Get(key); n != nil {
			for _, p := range n.Pairs {
				if key != "inputs" && declaredIn(called, key, p.Key.Value) {
					continue
				}
				c.facts.Declared = append(c.facts.Declared, lint.Name{Path: key + "." + p.Key.Value, At: p.Key.Range})
			}
		}
	}
	c.facts.Identity, c.facts.Steps, c.facts.Catalogue = root.Get("identity"), c.skill.Steps, c.world.Catalogue
	c.facts.Writes = func(call string) bool { return c.skill.calls[call].writes() }
	c.diags = append(c.diags, lint.Check(&c.facts)...)
}

// reach collects the skills that a skill calls, and those that they call.
func (s *Skill) reach(found map[*Skill]bool) {
	for _, called := range s.calls {
		if called != nil && !found[called] {
			found[called] = true
			called.reach(found)
		}
	}
}

// declaredIn reports whether a skill that is called declares a config value or a secret
// of a name: it is the same for both, and the caller says that it needs it.
func declaredIn(called map[*Skill]bool, key, name string) bool {
	for s := range called {
		declared := s.Config
		if key == "secrets" {
			declared = s.Secrets
		}
		if _, ok := declared.Field(name); ok {
			return true
		}
	}
	return false
}

// writes reports whether something that a skill does, or one that it calls, is a write.
func (s *Skill) writes() bool {
	return s != nil && slices.ContainsFunc(s.Uses, func(u step.Step) bool { return u.Effect == step.Writes })
}

// enter notes a step for the warnings, and returns what ends that.
func (c *checker) enter(n *syntax.Node) (leave func()) {
	outer := c.about
	c.about = c.facts.Enter(n)
	return func() { c.about = outer }
}

// noteCondition notes a condition that is decided where it stands.
func (c *checker) noteCondition(n *syntax.Node, key string, e *expr.Expr, s expr.Scope) {
	holds := func(text string) bool {
		for _, u := range c.view.under {
			for _, f := range u.follows {
				if f == text {
					return true
				}
			}
		}
		return false
	}
	if value, decided := e.Decided(s, holds); decided {
		c.facts.Conditions = append(c.facts.Conditions, lint.Condition{Key: key, At: n.Range, Value: value})
	}
}

// noteOutput notes an output of a skill whose value may be absent without a word. A set
// that it reads has said it.
func (c *checker) noteOutput(p syntax.Pair, optional bool) {
	plain := p.Value.Kind == syntax.Scalar && !strings.Contains(p.Value.Value, "?")
	for id := range c.reads {
		plain = plain && c.ids[id].kind != "set"
	}
	c.facts.Outputs = append(c.facts.Outputs, lint.Output{Name: p.Key.Value, At: p.Value.Range, Absent: optional && plain})
}
