package dry

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// write foresees a write: it asks the world whether the effect is there, as
// long as that can be asked, and else the step what it would do.
func (w *walker) write(ctx context.Context, a machine.Action) machine.Event {
	s, ok := w.Catalogue.Lookup(a.Step)
	if !ok {
		return failed(a, unknownStep(a.Step))
	}
	x := w.writeOf(s, a)
	if !w.findable(ctx, s, a) {
		w.clear = false
		x.Outcome = plan.Create
		return w.preview(ctx, s, a, x, protocol.Found{})
	}
	found, err := w.find(ctx, s, a)
	switch c := protocol.Foresee(protocol.StepOf(s, false), found, err); c.Do {
	case protocol.Done:
		return w.adopt(s, a, x, found)
	case protocol.Update:
		x.Outcome, x.Ref, x.Why = plan.Update, found.Ref, found.Why
		return w.preview(ctx, s, a, x, found)
	case protocol.Send:
		w.clear = false
		x.Outcome = plan.Create
		return w.preview(ctx, s, a, x, found)
	default:
		return w.fails(ctx, s, a, x, c.Err)
	}
}

// findable reports whether the effect can be looked for, and is not presumed absent.
func (w *walker) findable(ctx context.Context, s step.Step, a machine.Action) bool {
	return w.clear && !w.withheld(ctx, a) && !a.Undecided && len(a.Unknown) == 0 && s.CanFind() && !w.unprepared(ctx, a)
}

func (w *walker) find(ctx context.Context, s step.Step, a machine.Action) (found protocol.Found, err error) {
	defer runtime.Recovered(s.Name, &err)
	rec := runtime.RecordOf(a)
	c := w.callOf(s, rec)
	return s.Find(step.WithCall(ctx, c), c.Key, rec.Input)
}

// writeOf is what is known of a write before anything is asked.
func (w *walker) writeOf(s step.Step, a machine.Action) plan.Write {
	x := plan.Write{
		Path: a.Path, Node: a.Node, Name: a.Name, Step: s.Name, Service: s.Touch.Service, Object: s.Touch.Object, Verb: s.Touch.Verb,
		Reversible: runtime.IsReversible(s, a.Def), Undecided: a.Undecided, If: undecidedCondition(a),
	}
	for _, b := range w.m.Preview(a.Path) {
		x.Preview = append(x.Preview, plan.Field{Name: b.Name, Value: w.neutral(types.Show(b.Value.V))})
	}
	service := s.Touch.Service
	if named, ok := a.Input["service"].(string); ok && named != "" {
		service = named
	}
	if w.Hosts != nil && service != "" {
		x.Host = w.Hosts(service)
	}
	return x
}

func (w *walker) adopt(s step.Step, a machine.Action, x plan.Write, f protocol.Found) machine.Event {
	x.Outcome, x.Ref = plan.Adopt, f.Ref
	e := machine.Event{Kind: machine.Done, Path: a.Path}
	if err := decodeOutput(s, f.Out, &e.Output); err != nil {
		return failed(a, err)
	}
	w.keep(x)
	return e
}

// fails notes a write that would fail. Whether the run continues without it is
// for the machine to say; a person is shown it in any case.
func (w *walker) fails(ctx context.Context, s step.Step, a machine.Action, x plan.Write, err error) machine.Event {
	x.Outcome, x.Error, x.Reversible = plan.Fail, types.AsError(err), false
	x.Fields = w.fields(s, a, nil)
	w.keep(x)
	if x.Error.Code.Transient() {
		w.markSkipped(ctx, a) // the run may have better luck
	}
	return failed(a, err)
}

// keep adds a write, with what was done in the workspace before it.
func (w *walker) keep(x plan.Write) {
	for _, l := range w.local {
		if l.Diff == x.Diff {
			l.Diff = "" // the write shows it
		}
		x.Local = append(x.Local, l)
	}
	w.local = nil
	if i := slices.IndexFunc(w.out.Writes, func(o plan.Write) bool { return o.Path == x.Path && o.Outcome == plan.Fail }); i >= 0 {
		x.Local = append(w.out.Writes[i].Local, x.Local...) // this is another attempt
		w.out.Writes = slices.Delete(w.out.Writes, i, i+1)
	}
	w.out.Writes = append(w.out.Writes, x)
}

var errWithheld = errors.New("it is withheld")

// preview asks the step what it would do. What an update finds tells what only
// the action itself could tell otherwise; without a state no one has looked.
func (w *walker) preview(ctx context.Context, s step.Step, a machine.Action, x plan.Write, found protocol.Found) machine.Event {
	var p step.Prediction[json.RawMessage]
	err := errWithheld
	if !w.withheld(ctx, a) {
		p, err = w.predict(ctx, s, a, found.State == "")
	}
	if err != nil && !a.Undecided && !w.unsure(ctx, a, err) {
		return w.fails(ctx, s, a, x, err)
	}
	if err != nil {
		p = step.Prediction[json.RawMessage]{Unknown: step.UnknownPaths{""}} // it may never come to that
	}
	x.Title, x.Diff = w.neutral(p.Change.Title), w.neutral(p.Change.Diff)
	x.Fields = w.fields(s, a, p.Change.Fields)
	e := outputOf(a, p, found.Out)
	if remote := hostOf(e.Output); remote != "" {
		x.Host = remote
	}
	w.keep(x)
	w.markSkipped(ctx, a)
	if a.Undecided {
		return unknown(a)
	}
	return e
}

// unsure reports whether what speaks against a step may be gone by the time the
// run comes to it: it was seen in a world in which a step before it has not
// happened.
func (w *walker) unsure(ctx context.Context, a machine.Action, err error) bool {
	if errors.Is(err, errWithheld) {
		return true
	}
	_, hidden := w.hiddenBy(ctx, a)
	return hidden && types.CodeOf(err) != types.BadInput
}

func (w *walker) predict(ctx context.Context, s step.Step, a machine.Action, presumed bool) (p step.Prediction[json.RawMessage], err error) {
	defer runtime.Recovered(s.Name, &err)
	rec := runtime.RecordOf(a)
	rec.Input = types.Encode(knownValues(a.Input)) // which the step can decode
	call := w.callOf(s, rec)
	call.Unprepared, call.Presumed = w.openFiles(ctx, a), presumed
	return s.Preview(step.WithCall(ctx, call), rec.Input, step.UnknownPaths(a.Unknown))
}

// neutral takes the folder of this walk out of a text that is shown.
func (w *walker) neutral(s string) string {
	if w.Workspaces == "" {
		return s
	}
	return strings.ReplaceAll(s, w.Workspaces, "(workspace)")
}

// outputOf is the output as far as it is known.
func outputOf(a machine.Action, p step.Prediction[json.RawMessage], there json.RawMessage) machine.Event {
	var out, found types.Values
	if json.Unmarshal(p.Out, &out) != nil || out == nil || p.Unknown.Has("") {
		out = nil
	}
	if json.Unmarshal(there, &found) != nil || found == nil {
		found = nil
	}
	switch {
	case out == nil && found == nil:
		return unknown(a)
	case out == nil:
		out = found
	default:
		for _, path := range p.Unknown {
			settle(out, found, strings.Split(path, "."), types.Unknown{After: a.Node})
		}
	}
	return machine.Event{Kind: machine.Done, Path: a.Path, Output: out}
}

// settle puts what was found, or else u, in the place of the member at path.
func settle(out, found map[string]any, path []string, u types.Unknown) {
	for len(path) > 1 {
		next, ok := out[path[0]].(map[string]any)
		if !ok {
			break
		}
		inner, _ := found[path[0]].(map[string]any)
		out, found, path = next, inner, path[1:]
	}
	if v, there := found[path[0]]; there {
		out[path[0]] = v
		return
	}
	out[path[0]] = u
}

// foresee notes a local step that is not done, since not all of its arguments
// are known. What follows in the same workspace is not done either.
func (w *walker) foresee(ctx context.Context, a machine.Action) machine.Event {
	s, ok := w.Catalogue.Lookup(a.Step)
	if !ok {
		return failed(a, unknownStep(a.Step))
	}
	l := plan.Local{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Foreseen: true, Undecided: a.Undecided, If: undecidedCondition(a)}
	e := unknown(a)
	var change step.Change
	if s.CanPreview() && !w.withheld(ctx, a) {
		p, err := w.predict(ctx, s, a, false)
		switch {
		case err == nil:
			change, e = p.Change, outputOf(a, p, nil)
		case !a.Undecided && !w.unsure(ctx, a, err):
			return failed(a, err)
		}
	}
	l.Title, l.Diff, l.Fields = w.neutral(change.Title), w.neutral(change.Diff), w.fields(s, a, change.Fields)
	w.local = append(w.local, l)
	w.markSkipped(ctx, a)
	if a.Undecided {
		return unknown(a)
	}
	return e
}
