package machine

import (
	"github.com/skillrun/skillrun/engine/types"
)

func (m *Machine) note(a *activation, note Note) {
	if a.frame == nil || !m.start.Polls && a.awaitAround() != nil {
		return // the skill as a whole, or a part of one of many polls
	}
	note.Path, note.Node, note.Name, note.Def = a.Path, a.node.ID, m.title(a), a.node
	note.Item = a.Item != nil || a.frame.of.inLoop()
	note.NodeKind, note.Step, note.Effect = a.node.Kind, a.node.Step, a.node.Effect
	if a.polls() {
		note.Step, note.Effect = a.node.Call.Uses(), "read"
	}
	if m.start.Observe != nil {
		m.start.Observe(note)
		return
	}
	m.notes = append(m.notes, note)
}

func (a *activation) inLoop() bool {
	for ; a.frame != nil; a = a.frame.of {
		if a.Item != nil {
			return true
		}
	}
	return false
}

func (m *Machine) noteStarted(a *activation) {
	if a.Began {
		return
	}
	a.Began = true
	note := Note{Kind: Started}
	if a.Loop != nil {
		note.Items = len(a.Loop.items)
	}
	m.note(a, note)
}

// title is what people call an activation.
func (m *Machine) title(a *activation) string {
	if a.title != "" {
		return a.title
	}
	a.title = a.node.ID
	if a.node.Name != "" && (a.node.ForEach == "" || a.Item != nil) {
		fuel, at := m.fuel, m.at
		m.refuel()
		m.at = a.node
		x, err := m.text(a.names, a.node.Name, nil)
		if m.fuel, m.at = fuel, at; err == nil {
			a.title = types.Show(x)
		}
	}
	return a.title
}

// Notes returns what happened since it was last asked, and forgets it.
func (m *Machine) Notes() []Note {
	notes := m.notes
	m.notes = nil
	return notes
}
