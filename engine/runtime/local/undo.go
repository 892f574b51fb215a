package local

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Reversal is an effect of a run, and what undoing it would do.
type Reversal struct {
	Path   string `json:"path"`
	Step   string `json:"step"`
	Say    string `json:"say,omitempty"` // "close merge request !12"; "" when there is nothing to undo
	Undone bool   `json:"undone"`        // it was reversed before
	Why    string `json:"why,omitempty"` // why it cannot be undone from here

	rec journal.Record
}

// Can reports whether undoing it does something.
func (x Reversal) Can() bool { return x.Say != "" && !x.Undone }

// Reversals lists the effects of a run, the latest first, which is the order in
// which they are undone. Nothing is asked of the world. A run with a write of
// unknown outcome has no list: what to undo is not known.
func Reversals(o Options) ([]Reversal, error) {
	r := newRunner(o)
	var out []Reversal
	undone := map[string]bool{}
	for _, rec := range sinceRestart(r.Journal.Records()) {
		switch {
		case rec.Kind == journal.Undone:
			undone[rec.Path] = true
		case rec.Kind == journal.Event && rec.Effect == string(step.Writes) && rec.Event.Kind == machine.Done:
			x, err := r.reversal(rec)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
	}
	if err := r.fold(sinceRestart(r.Journal.Records())); err != nil {
		return nil, err
	}
	for _, path := range types.SortedKeys(r.intents) {
		return nil, types.Errorf(types.Conflict, "nobody knows whether step %s happened", path).
			WithHint("find out first: skillrun resume %s looks, and skillrun resolve %s %s takes what you found", r.Header.ID, r.Header.ID, path)
	}
	for i := range out {
		out[i].Undone = undone[out[i].Path]
	}
	slices.Reverse(out)
	return out, nil
}

func (r *runner) reversal(rec journal.Record) (Reversal, error) {
	x := Reversal{Path: rec.Path, Step: rec.Step, rec: rec}
	s, err := r.step(rec.Step)
	switch {
	case err != nil:
		return x, err
	case !s.CanUndo():
		x.Why = s.Name + " cannot be undone from here"
	default:
		x.Say, err = s.SayUndo(rec.Input, types.Encode(rec.Event.Output))
	}
	return x, err
}

// Undo reverses what can be, in the order of the list. It is safe to do again
// after a kill: a step looks before it reverses.
func Undo(ctx context.Context, o Options, list []Reversal) error {
	r := newRunner(o)
	for _, x := range list {
		if !x.Can() {
			continue
		}
		s, err := r.step(x.Step)
		if err != nil {
			return err
		}
		rec := journal.Record{Kind: journal.Undoing, Path: x.Path, Step: x.Step, Key: x.rec.Key, By: o.User}
		if err := r.append(rec, true); err != nil {
			return err
		}
		if err := r.reverse(ctx, s, x); err != nil {
			e := *types.AsError(err)
			e.Message = x.Path + " (" + x.Say + "): " + e.Message
			return &e
		}
		rec.Kind = journal.Undone
		if err := r.append(rec, true); err != nil {
			return err
		}
		r.emit(Event{Type: "effect", Effect: &Effect{ID: x.Path, Path: x.Path, Step: x.Step, Key: x.rec.Key, Outcome: "undone", Result: x.rec.Event.Output}})
	}
	return r.append(journal.Record{Kind: journal.Finished, State: string(journal.StateUndone), By: o.User}, true)
}

func (r *runner) reverse(ctx context.Context, s step.Step, x Reversal) (err error) {
	defer recovered(s.Name, &err)
	c := r.callOf(s, x.rec)
	var out json.RawMessage = types.Encode(x.rec.Event.Output)
	defer r.free()()
	return s.Undo(step.WithCall(ctx, c), c.Key, x.rec.Input, out)
}
