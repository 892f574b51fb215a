package machine

import (
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// NoteKind says what the machine did with a node.
type NoteKind string

// The kinds of notes.
const (
	Started      NoteKind = "started"
	Finished     NoteKind = "done"
	Skipped      NoteKind = "skipped"
	Set          NoteKind = "set"
	Asserted     NoteKind = "asserted"
	Undecided    NoteKind = "undecided" // in a plan only
	StillWaiting NoteKind = "waiting"
	Retrying     NoteKind = "retrying"  // an attempt failed, and another follows
	Continued    NoteKind = "continued" // it failed, and the skill goes on without it
	Rescued      NoteKind = "rescued"   // its steps failed, and its rescue did well
	Returned     NoteKind = "returned"  // it ended the skill, well
	GivenUp      NoteKind = "stopped"   // it was begun, and nothing needs it any more
	FailedNote   NoteKind = "failed"
)

// Note tells a surface what happened to a node. It has no part in what happens
// next.
type Note struct {
	Kind     NoteKind
	Path     string
	Node     string
	Name     string // the node's name for people, or its id
	NodeKind program.Kind
	Step     string
	Effect   string
	Result   map[string]any
	Error    *types.Error // of failed, retrying, continued, stopped and rescued
	Attempt  int          // of retrying: which one failed,
	Attempts int          // and how many there may be
	Items    int          // of a loop that starts
	Next     time.Time    // of waiting: when its read is due again; of retrying: when its pause ends, zero when no attempt comes of it
	Item     bool         // it is, or stands in, an item of a loop
	Def      *program.Node
}

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

// Result is where a run stands.
type Result struct {
	State   State
	Outputs map[string]any
	// Missing names the outputs that read a step which has not run.
	Missing []string
	// Problem is why an output cannot be computed, nil when all can.
	Problem *Failure
	Failure *Failure
}

// Result evaluates the outputs that can be evaluated. It may be asked at any
// time; people see it when a run ends or parks.
func (m *Machine) Result() Result {
	r := Result{State: m.State(), Outputs: map[string]any{}, Failure: m.root.Fail}
	for _, o := range m.prog.Outputs {
		v, err := m.output(m.root, m.names, o)
		if err != nil {
			r.Problem = &Failure{Path: "outputs/" + o.Name, Node: o.Name, At: o.At, Error: err}
			continue
		}
		if len(unknownPaths("", v)) > 0 {
			r.Missing = append(r.Missing, o.Name)
			continue
		}
		r.Outputs[o.Name] = v
	}
	return r
}
