package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// defaulted refuses a default with which a step would never be performed: what
// its texts come to is checked against what the arguments take, when no one gives
// the inputs that they read. A step that is not sure to be reached may be meant
// for those who do give them.
func (c *checker) defaulted(s step.Step, n, with *syntax.Node) {
	if !c.alwaysRuns() || n.Get("on_error") != nil {
		return
	}
	r := argumentProbe{step: s, with: with, scope: c.scope(), trial: c.trial}
	for _, p := range r.texts(with, "", s.In) {
		v, names := c.byDefault(p.node)
		if v == nil {
			continue
		}
		where := ", where " + strings.Join(names, " and ") + " has its default"
		if len(names) > 1 {
			where = ", where " + strings.Join(names, " and ") + " have their defaults"
		}
		if err := p.typ.Check(v); err != nil {
			d := c.diags.Errorf("bad-value", p.node.Range, "%s %v%s", p.path, err, where)
			d.Hint = "give another default, or none and required: true"
		} else if err := r.check(literals{path: p.path, value: v}); err != nil {
			c.reportArgument(s, n, p.node.Range, err.Message+where, err.Hint)
		}
	}
}

// alwaysRuns reports whether a step here is performed in every run that comes so far.
func (c *checker) alwaysRuns() bool {
	return len(c.view.under) == 0 &&
		!slices.ContainsFunc(c.view.names, func(f types.Field) bool { return f.Name == "error" }) &&
		!slices.ContainsFunc(c.view.where, func(e enclosure) bool { return e.kind == inLoop || e.kind == inRemedy })
}

// byDefault is what a text comes to that reads nothing but inputs and config with
// a default that is written out, and their names; nil when it reads others.
func (c *checker) byDefault(n *syntax.Node) (v any, names []string) {
	t, problems := textOf(n)
	if len(problems) > 0 || len(t.Refs()) == 0 {
		return nil, nil
	}
	vars := map[string]any{}
	for _, ref := range t.Refs() {
		declared, ok := map[string]types.Type{"inputs": c.skill.Inputs, "config": c.skill.Config}[ref.Path[0]]
		if !ok || len(ref.Path) < 2 {
			return nil, nil
		}
		f, ok := declared.Field(ref.Path[1])
		if text, isText := f.Default.(string); !ok || f.Default == nil || isText && strings.Contains(text, "{{") {
			return nil, nil
		}
		root, _ := vars[ref.Path[0]].(map[string]any)
		if root == nil {
			root = map[string]any{}
			vars[ref.Path[0]] = root
		}
		root[ref.Path[1]] = f.Default
		if name := strings.Join(ref.Path[:2], "."); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return evaluated(t, vars, c.trial), names
}
