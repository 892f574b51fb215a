// Package dry walks a run to its end without performing anything that is left
// to do, and predicts each write. What a step that is not performed would
// return is unknown, and so is all that reads it; the rest is shown as it will
// be sent.
package dry

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Writes returns the writes that are left from the snapshot on. The machine
// the snapshot was taken of is not touched. A failure on the way ends the list:
// it would end the run too.
func Writes(ctx context.Context, cat *step.Catalogue, p *program.Program, s machine.Start, snapshot []byte) ([]plan.Write, error) {
	m, err := machine.Restore(p, s, snapshot)
	if err != nil {
		return nil, err
	}
	var out []plan.Write
	for {
		actions := m.Next()
		if len(actions) == 0 {
			return out, nil
		}
		for _, a := range actions {
			e, w := predict(ctx, cat, a)
			if w != nil {
				out = append(out, *w)
			}
			if err := m.Apply(e); err != nil {
				return out, err
			}
		}
	}
}

// predict returns the event that stands for an action not performed, and the
// write it would be.
func predict(ctx context.Context, cat *step.Catalogue, a machine.Action) (machine.Event, *plan.Write) {
	e := machine.Event{Kind: machine.Done, Path: a.Path, Unknown: true}
	s, ok := cat.Lookup(a.Step)
	if !ok || a.Kind != machine.Call || s.Effect != step.Writes {
		return e, nil
	}
	w := &plan.Write{
		Path: a.Path, Node: a.Node, Name: a.Name, Step: s.Name, Service: s.Touch.Service, Object: s.Touch.Object, Verb: s.Touch.Verb,
		Undecided: a.Undecided, Fields: plan.Fields(s.In.Names(), a.Input),
	}
	prediction, err := s.Preview(ctx, known(a.Input), step.UnknownPaths(a.Unknown))
	if err != nil {
		return e, w // the arguments themselves are shown
	}
	w.Title, w.Diff = prediction.Change.Title, prediction.Change.Diff
	var out types.Values
	if json.Unmarshal(prediction.Out, &out) != nil || prediction.Unknown.Has("") {
		return e, w
	}
	for _, path := range prediction.Unknown {
		hide(out, strings.Split(path, "."), types.Unknown{After: a.Node})
	}
	e.Unknown, e.Output = false, out
	return e, w
}

// hide puts u in the place of the member at path.
func hide(v map[string]any, path []string, u types.Unknown) {
	for len(path) > 1 {
		next, ok := v[path[0]].(map[string]any)
		if !ok {
			break
		}
		v, path = next, path[1:]
	}
	v[path[0]] = u
}

// known is the input without its unknown members, as a step can decode it.
func known(input types.Values) json.RawMessage { return types.Encode(knownValues(input)) }
