package check

import (
	"slices"
	"sync"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

var runType = sync.OnceValue(func() types.Type {
	return types.ObjectOf(
		types.Field{Name: "id", Doc: "The run's id.", Type: types.OfKind(types.String)},
		types.Field{Name: "again", Doc: "The N of --again, 0 without it.", Type: types.OfKind(types.Integer)},
		types.Field{Name: "key", Doc: "The same whenever the same work is done again: with the same identity and --again. Each call of a skill or a step type, and each item of a loop, has its own.", Type: types.OfKind(types.String)},
		types.Field{Name: "program", Doc: "How to call skillrun so that it comes to this run's site: with the --sandbox or --config that the run had.", Type: types.OfKind(types.String)},
		types.Field{Name: "started_at", Doc: "When the run started.", Type: types.Type{Kind: types.String, Format: "date-time"}},
	)
})

func errorType() types.Type {
	str := types.OfKind(types.String)
	return types.ObjectOf(
		types.Field{Name: "code", Type: str}, types.Field{Name: "message", Type: str},
		types.Field{Name: "step", Type: str}, types.Field{Name: "details", Type: types.MapOf(types.OfKind(types.Any))},
	)
}

// optional returns the type as it is read without a guard.
func (r result) optional() types.Type {
	if (r.unsure || len(r.parts) > 0) && r.typ.Kind != types.Invalid {
		return r.typ.Maybe()
	}
	return r.typ
}

// outsideGroup returns the result as it is seen from outside of a group.
func (r result) outsideGroup(cond condition, unsure bool) result {
	for _, p := range cond.parts {
		if !slices.Contains(r.parts, p) {
			r.parts = append(slices.Clip(r.parts), p)
		}
	}
	r.ofError, r.unsure = r.ofError || cond.ofError, r.unsure || unsure
	return r
}

func (c *checker) declared() expr.Scope {
	return c.skill.Scope().With("secrets", c.skill.Secrets)
}

// Scope is what the names of a skill mean that are known before it runs.
func (s *Skill) Scope() expr.Scope {
	return expr.Scope{Vars: types.ObjectOf(
		types.Field{Name: "inputs", Type: asValues(s.Inputs)},
		types.Field{Name: "config", Type: asValues(s.Config)},
	)}
}

// asValues is a declaration as expressions see it: some may be absent.
func asValues(t types.Type) types.Type {
	out := types.Type{Kind: types.Object, Fields: make([]types.Field, 0, len(t.Fields))}
	for _, f := range t.Fields {
		if !f.Required && f.Default == nil && f.Type.Kind != types.Invalid {
			f.Type.Optional = true
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// seeing are the names that every step sees, with the steps that this one does.
func (c *checker) seeing(steps types.Type) []types.Field {
	if c.base == nil {
		c.base = c.declared().With("steps", types.Type{}).With("run", runType()).Vars.Fields
	}
	names := slices.Clone(c.base)
	names[slices.IndexFunc(names, func(f types.Field) bool { return f.Name == "steps" })].Type = steps
	return names
}

// scope is what names mean at the node being checked. The conditions around it
// are part of that: what they leave no doubt about is present.
func (c *checker) scope() expr.Scope {
	if c.view.scope == nil {
		if c.view.known == nil {
			c.view.known = newKnown(c.view.steps)
		}
		steps, given := c.view.known.under(c.view.under)
		s := expr.Scope{Vars: types.ObjectOf(c.seeing(steps)...)}
		for _, f := range c.view.names {
			s.Vars = s.Vars.With(f)
		}
		known := make([]expr.Known, 0, len(c.view.under))
		for _, cond := range c.view.under {
			known = append(known, cond.known)
		}
		s = s.Knowing(known...)
		s.Given, s.Trust, s.Sets = given, c.view.trust, c.view.known.sets
		c.view.scope = &s
	}
	return *c.view.scope
}

// defineName gives a name a meaning in what is checked from here on.
func (c *checker) defineName(name string, t types.Type) {
	if name == "error" {
		c.forgetError()
	}
	c.view.names = append(slices.Clip(c.view.names), types.Field{Name: name, Type: t})
	c.view.scope = nil
}

// forgetError drops what is known of an outer `error`.
func (c *checker) forgetError() {
	c.view.under = slices.DeleteFunc(slices.Clone(c.view.under), func(u condition) bool { return u.ofError })
	c.view.steps, c.view.known = slices.Clone(c.view.steps), nil
	for i, p := range c.view.steps {
		if p.ofError {
			r := *p
			r.unsure = true
			c.view.steps[i] = &r
		}
	}
}

func readsError(e *expr.Expr) bool {
	return slices.ContainsFunc(e.Refs(), func(r expr.Ref) bool { return r.Path[0] == "error" })
}

// enclose notes what stands around everything that is checked from here on.
func (c *checker) enclose(e enclosure) { c.view.where = append(slices.Clip(c.view.where), e) }

func (c *checker) addResults(results ...result) {
	before := len(c.view.steps)
	steps := slices.Clip(c.view.steps)
	for _, r := range results {
		steps = append(steps, &r)
	}
	if c.view.known == nil {
		c.view.known = newKnown(steps[:before])
	}
	c.view.known = c.view.known.with(steps[before:])
	c.view.steps, c.view.scope = steps, nil
}

// leaveView goes back to a view, and returns the results that came since.
func (c *checker) leaveView(before view) []result {
	var inside []result
	for _, r := range c.view.steps[len(before.steps):] {
		inside = append(inside, *r)
	}
	c.view = before
	return inside
}

// ifOf checks a step's condition, which holds for everything inside of it.
func (c *checker) ifOf(n *syntax.Node) (text string, cond condition) {
	i := n.Get("if")
	if i == nil {
		return "", condition{}
	}
	text, e := c.condition(i, "if", c.scope())
	if e == nil {
		// It is not clear when the step runs; it has a mistake of its own.
		return text, condition{parts: []string{"?" + text}}
	}
	cond = holding(e)
	c.assume(cond)
	return text, cond
}

func holding(e *expr.Expr) condition {
	return condition{expr: e, known: e.Known(true), parts: e.Conjuncts(), ofError: readsError(e), follows: e.Follows(true)}
}

func (c *checker) assume(cond condition) {
	c.view.under, c.view.scope = append(slices.Clip(c.view.under), cond), nil
}

// assumeAfter takes in what a step leaves no doubt about for those behind it in its
// sequence: where a return or a fail has a condition it did not hold, and what
// is asserted does.
func (c *checker) assumeAfter(node *program.Node, cond condition, asserted *expr.Expr) {
	switch {
	case (node.Kind == program.Return || node.Kind == program.Fail) && cond.expr != nil:
		c.assume(condition{expr: cond.expr, known: cond.expr.Known(false), ofError: cond.ofError, follows: cond.expr.Follows(false)})
	case asserted != nil && node.If == "" && node.ForEach == "":
		c.assume(holding(asserted))
	}
}

// bare checks a bare expression, which is nil when it has mistakes.
func (c *checker) bare(n *syntax.Node, s expr.Scope) (e *expr.Expr, t types.Type) {
	if n.Kind != syntax.Scalar {
		d := c.diags.Errorf("not-an-expression", n.Range, "an expression is required here, not a %s", kindName(n))
		if n.Kind == syntax.Sequence {
			d.Hint = `quote an expression that is a list: "['a', 'b']"`
		}
		return nil, types.Type{}
	}
	e, problems := expr.Parse(n.Value)
	c.seeExpression(n, e, s)
	if len(problems) > 0 {
		c.problems(n, problems)
		return nil, types.Type{}
	}
	t, problems = e.Check(s)
	c.problems(n, problems)
	c.noteReads(e.Refs())
	if len(problems) > 0 {
		return nil, t
	}
	return e, t
}

// condition checks a boolean expression, which is nil when it has mistakes.
func (c *checker) condition(n *syntax.Node, key string, s expr.Scope) (text string, e *expr.Expr) {
	if n.Kind == syntax.Scalar {
		text = n.Value
	}
	e, t := c.bare(n, s)
	if e == nil || t.Kind == types.Invalid {
		return text, nil // its own diagnostics say why
	}
	if why, fits := types.OfKind(types.Boolean).Accepts(t); !fits {
		c.diags.Errorf("not-a-boolean", n.Range, "%s must be true or false: %s", key, why).
			Hint = "compare it with something: a string, number or list is not a condition"
		return text, nil
	}
	c.noteCondition(n, key, e, s)
	return text, e
}
