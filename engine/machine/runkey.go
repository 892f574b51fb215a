package machine

import (
	"maps"
	"strings"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// runOf is the run as it is seen in an item of a loop, and in a skill that is called
// there. Its key is that of the place: what is made by run.key for one item, or by one
// call of a step type, is not taken for what is to be made for another one. In a plan
// that does not know the item, the key is not known either.
func (m *Machine) runOf(a *activation) map[string]any {
	whole, _ := m.names.vars["run"].(map[string]any)
	out := maps.Clone(whole)
	if u, ok := a.unknownItem(); ok {
		out["key"] = u
		return out
	}
	out["key"] = program.KeyOf(append([]string{types.Show(whole["key"]), a.Path, a.Identity}, a.identity()...))
	return out
}

// unknownItem is what the key of an item that a is, or stands in, is known after.
func (a *activation) unknownItem() (types.Unknown, bool) {
	for ; a.frame != nil; a = a.frame.of {
		if a.Item == nil || !strings.HasPrefix(a.Path[strings.LastIndexByte(a.Path, '[')+1:], "*") {
			continue
		}
		if u, ok := types.FirstUnknown(a.names.vars[a.itemName()]); ok {
			return u, true
		}
		return types.Unknown{After: a.node.ID}, true
	}
	return types.Unknown{}, false
}
