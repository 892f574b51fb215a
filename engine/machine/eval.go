package machine

import (
	"maps"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// refuel gives the texts of a node, or an output, a budget that they share.
func (m *Machine) refuel() { m.fuel = fuel.Full() }

// condition evaluates a bare expression of a node; an empty one holds.
func (m *Machine) condition(a *activation, src string, extra map[string]any) (holds, undecided bool, err *types.Error) {
	if src == "" {
		return true, false, nil
	}
	m.at = a.node
	env := m.env(a.names, extra)
	env.Fuel = nil // a condition has a budget of its own
	v, err := m.bare(src, env)
	if err != nil {
		return false, false, err
	}
	switch v := v.(type) {
	case bool:
		m.traceCondition(src, v)
		return v, false, nil
	case types.Unknown:
		if t := m.start.Trace; t != nil {
			t.Undecided(m.at, src)
		}
		return true, true, nil
	}
	return false, false, types.Errorf(types.Internal, "condition %q gave a %s, not a boolean", src, types.KindOf(v))
}

func (m *Machine) bare(src string, env expr.Env) (any, *types.Error) {
	e, err := parsed(m.exprs, "expression", src, expr.Parse)
	if err != nil {
		return nil, err
	}
	env.Took = m.trace(src)
	v, evalErr := e.Eval(env)
	if evalErr != nil {
		return nil, types.AsError(evalErr)
	}
	return v, nil
}

// parsed keeps what was parsed by its text, so that a loop parses once.
func parsed[T any](kept map[string]T, what, src string, parse func(string) (T, []expr.Problem)) (T, *types.Error) {
	if x, ok := kept[src]; ok {
		return x, nil
	}
	x, problems := parse(src)
	if len(problems) > 0 {
		return x, types.Errorf(types.Internal, "%s %q: %s", what, src, problems[0].Message)
	}
	kept[src] = x
	return x, nil
}

// text evaluates a text; what it cannot know yet comes back as
// [types.Unknown], or inside the text when only a part is unknown. What it came to
// is data forever, whatever it looks like.
func (m *Machine) text(s *names, src string, extra map[string]any) (any, *types.Error) {
	t, err := parsed(m.texts, "text", src, expr.ParseText)
	if err != nil {
		return nil, err
	}
	env := m.env(s, extra)
	env.Took = m.trace(src)
	v, evalErr := t.Eval(env)
	if evalErr != nil {
		return nil, types.AsError(evalErr)
	}
	return v, nil
}

// value evaluates every text inside v.
func (m *Machine) value(s *names, v any, extra map[string]any) (any, *types.Error) {
	out, err := types.MapTexts(v, func(src string) (any, error) {
		x, err := m.text(s, src, extra)
		if err != nil {
			return nil, err
		}
		return x, nil
	})
	if err != nil {
		return nil, types.AsError(err)
	}
	return out, nil
}

// unknownPaths lists the members of v that a plan cannot know, dot-separated.
func unknownPaths(at string, v any) []string {
	switch v := v.(type) {
	case types.Unknown, types.PartlyUnknown:
		return []string{at}
	case map[string]any:
		var out []string
		for _, k := range types.SortedKeys(v) {
			name := k
			if at != "" {
				name = at + "." + k
			}
			out = append(out, unknownPaths(name, v[k])...)
		}
		return out
	case []any:
		for _, e := range v {
			if len(unknownPaths("", e)) > 0 {
				return []string{at}
			}
		}
	}
	return nil
}

func (m *Machine) env(s *names, extra map[string]any) expr.Env {
	vars := s.vars
	if len(extra) > 0 {
		vars = maps.Clone(s.vars)
		maps.Copy(vars, extra)
	}
	return expr.Env{Vars: vars, Now: m.start.StartedAt, Zone: m.start.Zone, Fuel: m.fuel}
}

// trace is told of the arms that the evaluation of a source takes, nil for nobody.
func (m *Machine) trace(src string) expr.Took {
	if m.start.Trace == nil {
		return nil
	}
	n := m.at
	return func(a expr.Arm) { m.start.Trace.Arm(n, src, a) }
}

func (m *Machine) traceCondition(src string, holds bool) {
	if took := m.trace(src); took != nil {
		took(expr.WholeArm(src, holds))
	}
}
