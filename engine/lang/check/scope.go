package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

func runType() types.Type {
	return types.ObjectOf(
		types.Field{Name: "id", Doc: "The run's id.", Type: types.OfKind(types.String)},
		types.Field{Name: "again", Doc: "The N of --again, 0 without it.", Type: types.OfKind(types.Integer)},
		types.Field{Name: "started_at", Doc: "When the run started.", Type: types.Type{Kind: types.String, Format: "date-time"}},
	)
}

func errorType() types.Type {
	str := types.OfKind(types.String)
	return types.ObjectOf(
		types.Field{Name: "code", Type: str}, types.Field{Name: "message", Type: str},
		types.Field{Name: "step", Type: str}, types.Field{Name: "details", Type: types.MapOf(types.OfKind(types.Any))},
	)
}

// declared is the scope before anything has run: inputs and config.
func (c *checker) declared() expr.Scope {
	return expr.Scope{Vars: types.ObjectOf(
		types.Field{Name: "inputs", Type: asValues(c.skill.Inputs)},
		types.Field{Name: "config", Type: asValues(c.skill.Config)},
	)}
}

// asValues is a declaration as expressions see it: what is neither required
// nor has a default may be absent.
func asValues(t types.Type) types.Type {
	out := types.Type{Kind: types.Object}
	for _, f := range t.Fields {
		if !f.Required && f.Default == nil && f.Type.Kind != types.Invalid {
			f.Type.Optional = true
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

// scope is what names mean at the node being checked.
func (c *checker) scope() expr.Scope {
	s := c.declared()
	s.Vars = s.Vars.With(types.Field{Name: "steps", Type: c.steps}).With(types.Field{Name: "run", Type: runType()})
	for _, name := range types.SortedKeys(c.extra) {
		s.Vars = s.Vars.With(types.Field{Name: name, Type: c.extra[name]})
	}
	s.Given = c.given
	return s
}

// under returns the steps that are present where all parts hold: those whose
// own condition has no part that is not among them.
func (c *checker) under(parts []string) types.Type {
	out := c.steps
	for id, own := range c.conds {
		f, ok := out.Field(id)
		if !ok || slices.ContainsFunc(own, func(p string) bool { return !slices.Contains(parts, p) }) {
			continue
		}
		f.Type = f.Type.Present()
		out = out.With(f)
	}
	return out
}

// problems adds what an expression in n complains of, at its exact place.
func (c *checker) problems(n *syntax.Node, problems []expr.Problem) {
	for _, p := range problems {
		d := c.diags.Errorf(p.Code, n.Place(p.From, p.To), "%s", p.Message)
		d.Hint = p.Hint
		c.laterStep(d, n, p)
	}
}

// laterStep explains a reference to a step that exists but cannot be read
// here.
func (c *checker) laterStep(d *diag.Diagnostic, n *syntax.Node, p expr.Problem) {
	if p.From < 0 || p.To > len(n.Value) || p.From > p.To {
		return
	}
	text := n.Value[p.From:p.To]
	_, after, found := strings.Cut(text, "steps.")
	if !found {
		after = text
	}
	id := after[:len(after)-len(strings.TrimLeft(after, "abcdefghijklmnopqrstuvwxyz0123456789_"))]
	at, exists := c.ids[id]
	if _, earlier := c.steps.Field(id); !exists || earlier || d.Code != "unknown-name" {
		return
	}
	d.Related = append(d.Related, diag.Note{At: at, Message: "step " + id + " stands here"})
	if c.noValue[id] {
		d.Message, d.Hint = "step "+id+" has no result to read", "assert and fail give none"
		return
	}
	d.Message, d.Hint = "step "+id+" has not run yet at this point", "move it before this step"
}

// bare checks a scalar that holds a bare expression, and returns its text.
func (c *checker) bare(n *syntax.Node, s expr.Scope) (text string, t types.Type, ok bool) {
	if n.Kind != syntax.Scalar {
		c.diags.Errorf("not-an-expression", n.Range, "an expression is wanted here, not a %s", kindName(n))
		return "", types.Type{}, false
	}
	e, problems := expr.Parse(n.Value)
	if len(problems) > 0 {
		c.problems(n, problems)
		return "", types.Type{}, false
	}
	t, problems = e.Check(s)
	c.problems(n, problems)
	c.read(e.Refs())
	return n.Value, t, len(problems) == 0
}

// condition checks a bare expression that must be a boolean, and returns its
// text and its parts.
func (c *checker) condition(n *syntax.Node, key string) (text string, parts []string) {
	text, t, ok := c.bare(n, c.scope())
	if !ok || t.Kind == types.Invalid {
		return text, nil // its own diagnostics say why
	}
	if why, fits := types.OfKind(types.Boolean).Accepts(t); !fits {
		c.diags.Errorf("not-a-boolean", n.Range, "%s must be true or false: %s", key, why).
			Hint = "compare it: there is no truth in texts, numbers or lists"
		return text, nil
	}
	e, _ := expr.Parse(n.Value)
	return text, e.Conjuncts()
}
