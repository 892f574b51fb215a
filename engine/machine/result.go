package machine

import (
	"encoding/json"

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
	FailedNote   NoteKind = "failed"
)

// Note tells a surface what happened to a node. It has no part in what happens
// next.
type Note struct {
	Kind   NoteKind
	Path   string
	Node   string
	Name   string // the node's name for people, or its id
	Step   string
	Effect string
	Result map[string]any
	Error  *types.Error
}

func (m *Machine) note(f *frame, n *program.Node, kind NoteKind, result map[string]any) {
	note := Note{Kind: kind, Path: m.path(f), Node: n.ID, Name: m.title(n), Step: n.Step, Effect: n.Effect, Result: result}
	if kind == FailedNote {
		note.Error = m.fail.Error
	}
	m.notes = append(m.notes, note)
}

func (m *Machine) title(n *program.Node) string {
	if n.Name == "" {
		return n.ID
	}
	v, err := m.text(n.Name, nil)
	if err != nil {
		return n.ID
	}
	return types.Show(v)
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
	r := Result{State: m.State(), Outputs: map[string]any{}, Failure: m.fail}
	for _, o := range m.prog.Outputs {
		v, err := m.value(o.Value.V, nil)
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

// snapshot is a machine as data.
type snapshot struct {
	Root  *frame       `json:"root"`
	Steps types.Values `json:"steps"` // only what has run; null when skipped
	Fail  *Failure     `json:"fail,omitempty"`
}

// Snapshot returns the machine's state as JSON. Together with the program and
// the start it is everything.
func (m *Machine) Snapshot() []byte {
	ran := types.Values{}
	for id, v := range m.steps {
		if _, unknown := v.(types.Unknown); !unknown {
			ran[id] = v
		}
	}
	return types.Encode(snapshot{Root: m.root, Steps: ran, Fail: m.fail})
}

// Restore returns the machine that Snapshot was taken of.
func Restore(p *program.Program, s Start, data []byte) (*Machine, error) {
	var snap snapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return nil, types.Errorf(types.Internal, "snapshot does not decode: %w", err)
	}
	m := New(p, s)
	m.fail = snap.Fail
	if snap.Root != nil {
		m.root = snap.Root
	}
	for i, n := range p.Steps {
		if v, ran := snap.Steps[n.ID]; ran {
			m.steps[n.ID] = v
		} else if i < m.root.At {
			delete(m.steps, n.ID) // dropped: nothing reads it any more
		}
	}
	return m, nil
}
