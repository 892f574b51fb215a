package machine

import (
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// snapshot is a machine as data.
type snapshot struct {
	Now  time.Time `json:"now"`
	Own  *memory   `json:"own"`
	Root *visit    `json:"root"`
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
			out.Ahead = append(out.Ahead, id)
		} else {
			out.Results[id] = s.steps[id]
		}
	}
	return out
}

// recall puts results back.
func (o *memory) recall(into map[string]any) {
	clear(into)
	for id, v := range o.Results {
		into[id] = v
	}
	for _, id := range o.Ahead {
		into[id] = types.Unknown{After: id}
	}
}

// save puts what is kept for speed into the fields that are data.
func (v *visit) save() {
	if v.Item != nil {
		v.Item.Own = own(v.names)
	}
	if l := v.Loop; l != nil {
		l.Items, l.Results = types.Dynamic{V: l.items}, types.Dynamic{}
		if l.results != nil {
			l.Results.V = l.results
		}
		for _, x := range l.Live {
			x.save()
		}
	}
	for _, f := range v.Frames {
		f.Own = nil
		if f.Part == before || v.node.Kind == program.Skill {
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
	m := blank(p, s)
	if snap.Root == nil || snap.Own == nil {
		return nil, types.Errorf(types.Internal, "snapshot is empty")
	}
	snap.Own.recall(m.names.steps)
	m.now, m.root = snap.Now, snap.Root
	top := m.top()
	m.root.node, m.root.names = top.node, top.names
	return m, m.link(m.root)
}

// link finds again what the data of a visit leaves out: its nodes and names.
func (m *Machine) link(v *visit) error {
	if v.Action != nil {
		v.Action.Def = v.node
		m.live[v.Path] = v
	}
	if l := v.Loop; l != nil {
		if err := m.linkLoop(v); err != nil {
			return err
		}
	}
	for _, f := range v.Frames {
		if err := m.linkFrame(v, f); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) linkLoop(v *visit) error {
	l := v.Loop
	l.items, _ = l.Items.V.([]any)
	l.results, _ = l.Results.V.([]any)
	for _, x := range l.Live {
		if x.Item == nil || x.Item.Index >= len(l.items) {
			return mismatch(x.Path)
		}
		x.node, x.frame = v.node, v.frame
		m.nameItem(v, x)
		if x.Item.Own != nil {
			x.Item.Own.recall(x.names.steps)
		}
		if err := m.link(x); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) linkFrame(v *visit, f *frame) error {
	f.of, f.names = v, v.names
	switch f.Part {
	case always:
		f.nodes = v.node.Always
	case rescue:
		f.nodes = v.node.Rescue
	case before:
		if v.node.Retry == nil {
			return mismatch(v.Path)
		}
		f.nodes = v.node.Retry.Before
	default:
		f.nodes = v.node.Steps
	}
	switch {
	case f.Part == steps && v.node.Kind == program.Skill:
		f.nodes, f.names = v.node.Call.Steps, m.called(v)
	case f.Part == steps && v.node.Parallel:
		if f.Index >= len(f.nodes) {
			return mismatch(v.Path)
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
