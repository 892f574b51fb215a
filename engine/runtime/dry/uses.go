package dry

import (
	"maps"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Uses walks a program from its start without performing anything, and returns
// the steps it would come to with the arguments that are known already. A
// condition that is not known yet is taken to hold.
func Uses(p *program.Program, s machine.Start) []step.Use {
	m := machine.New(p, s)
	var out []step.Use
	for {
		actions := m.Next()
		if len(actions) == 0 {
			return out
		}
		a := actions[0]
		if a.Kind == machine.Call {
			out = append(out, usesOf(a)...)
		}
		if m.Apply(machine.Event{Kind: machine.Done, Path: a.Path, Unknown: true}) != nil {
			return out // a walk that cannot continue has seen what there is to see
		}
	}
}

// usesOf is what is known of a call, for each service that it may ask when it is not
// known which.
func usesOf(a machine.Action) []step.Use {
	u := useOf(a)
	if len(a.Def.Services) == 0 || !slices.Contains(u.Unknown, "service") {
		return []step.Use{u}
	}
	out := make([]step.Use, len(a.Def.Services))
	for i, name := range a.Def.Services {
		out[i] = u
		out[i].Args = maps.Clone(u.Args)
		out[i].Args["service"] = name
		out[i].Unknown = slices.DeleteFunc(slices.Clone(u.Unknown), func(arg string) bool { return arg == "service" })
	}
	return out
}

// useOf keeps what is known of a call's arguments, of mappings member by member.
func useOf(a machine.Action) step.Use {
	u := step.Use{Node: a.Node, Step: a.Step, Args: knownValues(a.Input)}
	for _, name := range types.SortedKeys(a.Input) {
		if _, known := u.Args[name]; known {
			continue
		}
		u.Unknown = append(u.Unknown, name)
		if members, ok := a.Input[name].(map[string]any); ok {
			partly := knownValues(members)
			for member := range members {
				if _, known := partly[member]; !known {
					partly[member] = nil
				}
			}
			u.Args[name] = map[string]any(partly)
		}
	}
	return u
}

// knownValues is the input without its unknown members.
func knownValues(input types.Values) types.Values {
	out := types.Values{}
	for k, v := range input {
		if _, unknown := types.FirstUnknown(v); !unknown {
			out[k] = v
		}
	}
	return out
}
