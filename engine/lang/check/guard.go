package check

import (
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// guarded asks a step that has a rule on it whether it takes what comes from
// outside. The diagnostic stands on the first text from outside without which it
// would.
func (c *checker) guarded(s step.Step, with *syntax.Node) {
	if !s.IsGuarded() {
		return
	}
	says := func(but string) *types.Error {
		m := marks{scope: c.scope(), but: but}
		v, _ := m.of(with, "", s.In).(map[string]any)
		if err := s.Guards(types.Encode(v), m.outside); err != nil {
			return types.AsError(err)
		}
		return nil
	}
	err := says("")
	if err == nil {
		return
	}
	at := with.Head()
	for _, p := range (argumentProbe{}).texts(with, "", s.In) {
		if says(p.path) == nil {
			at = p.node.Range
			break
		}
	}
	c.diags.Errorf("outside-code", at, "%s: %s", s.Name, err.Message).Hint = err.Hint
}

// marks reads arguments with marks in the place of their holes.
type marks struct {
	scope   expr.Scope
	but     string // a path that is taken for decided
	outside step.UnknownPaths
}

func (m *marks) of(n *syntax.Node, at string, t types.Type) any {
	switch n.Kind {
	case syntax.Mapping:
		out := map[string]any{}
		for _, p := range children(n, at) {
			if v := m.of(p.node, p.path, within(t, p.name)); v != nil {
				out[p.name] = v
			}
		}
		return out
	case syntax.Sequence:
		out := []any{}
		for _, p := range children(n, at) {
			if v := m.of(p.node, p.path, within(t, "")); v != nil {
				out = append(out, v)
			}
		}
		return out
	}
	if n.Tag != "!!str" {
		return n.Data()
	}
	return m.text(n, at, t)
}

// text is a text with its marks. A hole that is no text is named, or left out.
func (m *marks) text(n *syntax.Node, at string, want types.Type) any {
	t, problems := textOf(n)
	if len(problems) > 0 || t.Literal() {
		return unescaped(n.Value)
	}
	mark := step.Outside
	if at == m.but || t.Decided(m.scope) {
		mark = step.Decided
	}
	if want.Kind == types.String || want.Kind == types.Any {
		return t.Outline(mark)
	}
	if mark == step.Outside {
		m.outside = append(m.outside, at)
	}
	return nil
}
