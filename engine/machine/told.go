package machine

import (
	"slices"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// What is told of a write that waits, for people and for an undo; it has no part in what
// happens next.

// Undo are the arguments of the call that takes back the write at a path, which gave an
// output. They are asked for before that is applied. Nil: the node does not say how.
func (m *Machine) Undo(path string, output types.Values) (types.Values, *types.Error) {
	m.advanceAll()
	a := m.live[path]
	if a == nil || a.node.Undo == nil {
		return nil, nil
	}
	m.refuel()
	m.at = a.node
	seen := a.names.inside(nil)
	seen.steps[a.node.ID] = map[string]any(output)
	return m.evaluated(seen, a.node, a.node.Undo)
}

// Preview is what people are shown of the action at a path beside its input; see
// [program.Node.Preview]. What cannot be told, or not yet, is said so: it decides nothing.
func (m *Machine) Preview(path string) []program.Binding {
	a := m.live[path]
	if a == nil {
		return nil
	}
	m.refuel()
	m.at = a.node
	out := slices.Clone(a.node.Preview)
	for i, b := range out {
		x, err := m.value(a.names, b.Value.V, nil)
		if err != nil {
			x = "(cannot be told: " + err.Message + ")"
		}
		out[i].Value = types.Dynamic{V: x}
	}
	return out
}
