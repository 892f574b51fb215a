package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// linker gives the skills that a skill calls, and those that they call, their
// configuration. Nodes of a checked skill are shared by all its bindings, so
// those that change are copied.
type linker struct {
	binding Binding
	diags   *diag.List
	known   map[*Skill]linked
	sketch  bool // what is missing is unknown
}

// linked is a called skill with what it is the same in all its calls.
type linked struct {
	config, defaults types.Values
	steps            []program.Node
}

func (l *linker) link(s *Skill, nodes []program.Node) []program.Node {
	if len(s.calls) == 0 || len(nodes) == 0 {
		return nodes
	}
	out := slices.Clone(nodes)
	for i := range out {
		n := &out[i]
		n.Steps, n.Rescue, n.Always = l.link(s, n.Steps), l.link(s, n.Rescue), l.link(s, n.Always)
		if n.Retry != nil {
			r := *n.Retry
			r.Before = l.link(s, r.Before)
			n.Retry = &r
		}
		if n.Call != nil {
			call, of := *n.Call, l.skill(s.calls[n.Call.Key()])
			call.Config, call.Defaults, call.Steps = of.config, of.defaults, of.steps
			n.Call = &call
		}
	}
	return out
}

// skill binds a called skill, once: all its calls see the same configuration.
func (l *linker) skill(s *Skill) linked {
	if done, ok := l.known[s]; ok {
		return done
	}
	b := l.binding.of(s.label(s.Name))
	config := s.bindConfig(b, l.diags)
	if l.sketch {
		fillUnknown(config, s.Config, "config")
	}
	env := b.env(config)
	out := linked{config: config, defaults: types.Values{}}
	for name, v := range s.applyDefaults("inputs", s.Inputs, nil, env, l.diags) {
		if f, _ := s.Inputs.Field(name); f.Type.Check(v) != nil {
			l.diags.Errorf("bad-default", s.places["inputs."+name], "default of %s %v", name, f.Type.Check(v))
		}
		out.defaults[name] = escaped(v)
	}
	out.steps = l.link(s, s.Steps)
	l.known[s] = out
	return out
}

// escaped writes a value, which is data, as texts that come to it.
func escaped(v any) any {
	marks := strings.NewReplacer("${{", "$${{", "%{{", "%%{{")
	out, _ := types.MapTexts(v, func(s string) (any, error) { return marks.Replace(s), nil })
	return out
}
