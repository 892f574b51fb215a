package machine

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

type snapshot struct {
	Now  time.Time   `json:"now"`
	Own  *memory     `json:"own"`
	Root *activation `json:"root"`
}

// Snapshot returns the machine's state as JSON. Together with the program and
// the start it is everything.
func (m *Machine) Snapshot() []byte {
	m.root.save()
	return types.Encode(snapshot{Now: m.now, Own: remember(m.names), Root: m.root})
}

// remember is a map of results as data.
func remember(s *names) *memory {
	out := &memory{Results: types.Values{}}
	for _, id := range types.SortedKeys(s.steps) {
		if _, unknown := s.steps[id].(types.Unknown); unknown {
			out.Pending = append(out.Pending, id)
		} else {
			out.Results[id] = s.steps[id]
		}
	}
	return out
}

func (o *memory) recall(into map[string]any) {
	clear(into)
	maps.Copy(into, o.Results)
	for _, id := range o.Pending {
		into[id] = types.Unknown{After: id}
	}
}

// save puts what is kept for speed into the fields that are data.
func (a *activation) save() {
	if a.Item != nil {
		a.Item.Own = own(a.names)
	}
	if l := a.Loop; l != nil {
		l.Items, l.Results = types.Dynamic{V: l.items}, types.Dynamic{}
		if l.results != nil {
			l.Results.V = l.results
		}
		for _, x := range l.Live {
			x.save()
		}
	}
	for _, f := range a.Frames {
		f.Own = nil
		if f.Part == before || a.calls() {
			f.Own = own(f.names)
		}
		if f.Now != nil {
			f.Now.save()
		}
	}
}

func own(s *names) *memory {
	if !s.own {
		return nil
	}
	return remember(s)
}

// Restore returns the machine that Snapshot was taken of.
func Restore(p *program.Program, s Start, data []byte) (*Machine, error) {
	var snap snapshot
	if err := json.Unmarshal(data, &snap); err != nil {
		return nil, types.Errorf(types.Internal, "snapshot does not decode: %w", err)
	}
	m := newMachine(p, s)
	if snap.Root == nil || snap.Own == nil {
		return nil, types.Errorf(types.Internal, "snapshot is empty")
	}
	snap.Own.recall(m.names.steps)
	m.now, m.root = snap.Now, snap.Root
	top := m.rootActivation()
	m.root.node, m.root.names = top.node, top.names
	return m, m.link(m.root)
}

// link finds again what the data of an activation leaves out: its nodes and names.
func (m *Machine) link(a *activation) error {
	if a.Action != nil {
		a.Action.Def = a.node
		m.live[a.Path] = a
	}
	if l := a.Loop; l != nil {
		if err := m.linkLoop(a); err != nil {
			return err
		}
	}
	for _, f := range a.Frames {
		if err := m.linkFrame(a, f); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) linkLoop(a *activation) error {
	l := a.Loop
	l.items, _ = l.Items.V.([]any)
	l.results, _ = l.Results.V.([]any)
	for _, x := range l.Live {
		if x.Item == nil || x.Item.Index >= len(l.items) {
			return mismatch(x.Path)
		}
		x.node, x.frame = a.node, a.frame
		m.nameItem(a, x)
		if x.Item.Own != nil {
			x.Item.Own.recall(x.names.steps)
		}
		if err := m.link(x); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) linkFrame(a *activation, f *frame) error {
	f.of, f.names = a, a.names
	switch f.Part {
	case always:
		f.nodes = a.node.Always
	case rescue:
		f.nodes = a.node.Rescue
	case before:
		if a.node.Retry == nil {
			return mismatch(a.Path)
		}
		f.nodes = a.node.Retry.Before
	default:
		f.nodes = a.node.Steps
	}
	switch {
	case f.Part == steps && a.calls():
		f.nodes, f.names = a.node.Call.Steps, m.calleeNames(a)
	case f.Part == steps && a.node.Parallel:
		if f.Index >= len(f.nodes) {
			return mismatch(a.Path)
		}
		f.nodes = f.nodes[f.Index : f.Index+1]
	}
	if f.Error != nil {
		f.names = f.names.with("error", map[string]any(f.Error))
	}
	if f.Part == before {
		f.names = f.names.inside(f.nodes)
	}
	if f.Own != nil {
		f.Own.recall(f.names.steps)
	}
	if f.Now == nil {
		return nil
	}
	if f.At >= len(f.nodes) {
		return mismatch(f.Now.Path)
	}
	f.Now.node, f.Now.frame, f.Now.names = &f.nodes[f.At], f, f.names
	return m.link(f.Now)
}

func mismatch(path string) error {
	return types.Errorf(types.Internal, "the snapshot is of another program, at %q", path)
}
