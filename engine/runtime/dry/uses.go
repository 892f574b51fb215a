package dry

import (
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
			out = append(out, useOf(a))
		}
		if m.Apply(machine.Event{Kind: machine.Done, Path: a.Path, Unknown: true}) != nil {
			return out // a walk that cannot continue has seen what there is to see
		}
	}
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
