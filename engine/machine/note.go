package machine

import (
	"github.com/skillrun/skillrun/engine/types"
)

func (m *Machine) note(v *visit, note Note) {
	if v.frame == nil {
		return // the skill as a whole
	}
	note.Path, note.Node, note.Name, note.Def = v.Path, v.node.ID, m.title(v), v.node
	note.Item = v.Item != nil || v.frame.of.looped()
	note.NodeKind, note.Step, note.Effect = v.node.Kind, v.node.Step, v.node.Effect
	if m.start.Observe != nil {
		m.start.Observe(note)
		return
	}
	m.notes = append(m.notes, note)
}

// looped reports whether v is, or stands in, an item of a loop.
func (v *visit) looped() bool {
	for ; v.frame != nil; v = v.frame.of {
		if v.Item != nil {
			return true
		}
	}
	return false
}

// started tells once that a node began.
func (m *Machine) started(v *visit) {
	if v.Began {
		return
	}
	v.Began = true
	note := Note{Kind: Started}
	if v.Loop != nil {
		note.Items = len(v.Loop.items)
	}
	m.note(v, note)
}

// title is what people call a visit.
func (m *Machine) title(v *visit) string {
	if v.title != "" {
		return v.title
	}
	v.title = v.node.ID
	if v.node.Name != "" && (v.node.ForEach == "" || v.Item != nil) {
		fuel := m.fuel
		m.refuel()
		x, err := m.text(v.names, v.node.Name, nil)
		if m.fuel = fuel; err == nil {
			v.title = types.Show(x)
		}
	}
	return v.title
}

// Notes returns what happened since it was last asked, and forgets it.
func (m *Machine) Notes() []Note {
	notes := m.notes
	m.notes = nil
	return notes
}
