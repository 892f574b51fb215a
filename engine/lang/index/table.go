package index

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Table describes the keys of a kind of file: its mappings by name, and the one that is
// the file.
type Table struct {
	Mappings map[string]keys.Mapping
	Top      string
	Diags    diag.List    // what is wrong with the file, where it is no skill
	Subject  *check.Skill // that tests are about; nil where they have none to be read
}

// namesInTests are the keys of a file of tests that are names of what they are about: what
// stands under the key, and what of it.
var namesInTests = map[string]Sort{"inputs": Input, "answers": Step, "calls": Step, "steps": Step, "undo": Step}

// subjects are the names that tests may have as keys at the end of a way.
func (t Table) subjects(way []string) []types.Field {
	if t.Subject == nil || len(way) == 0 {
		return nil
	}
	switch namesInTests[way[len(way)-1]] {
	case Input:
		return t.Subject.Inputs.Fields
	case Step:
		var out []types.Field
		program.Each(t.Subject.Steps, func(n *program.Node) { out = append(out, types.Field{Name: n.ID, Doc: n.Name}) })
		return out
	}
	return nil
}

// tested are the names of a skill in a file of tests about it.
func (x *Index) tested(n *syntax.Node) []Occurrence {
	var out []Occurrence
	for _, p := range pairs(n) {
		if sort := namesInTests[p.Key.Value]; sort != "" {
			for _, k := range p.Value.Pairs {
				id := k.Key.Value
				if end := strings.IndexAny(id, "[/"); end > 0 {
					id = id[:end]
				}
				out = append(out, Occurrence{Name{x.world.Table.Subject.File, sort, id}, k.Key.Place(0, len(id)), false})
			}
		}
		out = append(out, x.tested(p.Value)...)
	}
	if n != nil {
		for _, item := range n.Items {
			out = append(out, x.tested(item)...)
		}
	}
	return out
}

// table is that of a file.
func (w World) table(file string) Table {
	switch {
	case w.Table != nil:
		return *w.Table
	case check.IsStepType(file):
		return Table{Mappings: check.Keys(), Top: "step type"}
	}
	return Table{Mappings: check.Keys(), Top: "skill"}
}

// lists are the keys under which steps stand.
var lists = []string{"steps", "rescue", "always", "before"}

// shapes are what may stand at the end of a way of keys, "" for items.
func (w World) shapes(file string, way []string) []keys.Shape {
	t := w.table(file)
	at := []keys.Shape{keys.Of(t.Top)}
	for _, key := range way {
		var next []keys.Shape
		for _, s := range at {
			switch {
			case s.Mapping != "":
				if k, ok := t.Mappings[s.Mapping].Key(key); ok {
					next = append(next, alternatives(k.Value)...)
				}
			case s.Elem != nil && (s.Type.Kind == types.List) == (key == ""):
				next = append(next, alternatives(*s.Elem)...)
			}
		}
		at = next
	}
	return at
}

func alternatives(s keys.Shape) []keys.Shape {
	out := []keys.Shape{s}
	for s.Or != nil {
		s = *s.Or
		out = append(out, s)
	}
	return out
}

// mapping are the keys that may stand in the mapping in, at the end of a way. Of a
// step they are those that go with its kind.
func (w World) mapping(file string, way []string, in *syntax.Node) keys.Mapping {
	t := w.table(file)
	var out keys.Mapping
	for _, s := range w.shapes(file, way) {
		if s.Mapping == "step" && w.Table == nil {
			out = append(out, check.KeysWith(check.StepKind(in))...)
		} else {
			out = append(out, t.Mappings[s.Mapping]...)
		}
	}
	return out
}

// keyInfo tells of a key of the language.
func keyInfo(k keys.Key, at diag.Range) Info {
	info := Info{At: at, Title: k.Name, Doc: k.Doc}
	if len(k.Value.Type.Enum) > 0 || k.Value.Type.Kind == types.Boolean || k.Value.Type.Format != "" {
		info.Title += ": " + k.Value.Type.String()
		info.Facts = facts(types.Field{Type: k.Value.Type})
	}
	if k.Required {
		info.Facts = slices.Insert(info.Facts, 0, "required")
	}
	return info
}
