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
	// Absent is set of a write that may have been sent, and did not happen.
	Absent bool `json:"absent,omitempty"`

	rec journal.Record
}

// Can reports whether undoing it does something.
func (x Reversal) Can() bool { return x.Say != "" && !x.Undone }

// Reversals lists the effects of a run, the latest first, which is the order in
// which they are undone. The world is asked for nothing but the writes of unknown
// outcome. When it cannot tell of one there is no list: what to undo is not known.
func Reversals(ctx context.Context, o Options) ([]Reversal, error) {
	r := newRunner(o)
	r.Inbox, r.Observe = nil, nil // what was is told already
	var out []Reversal
	undone := map[string]bool{}
	records := sinceRestart(r.Journal.Records())
	for _, rec := range records {
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
	if err := r.fold(records); err != nil {
		return nil, err
	}
	r.Observe = o.Observe
	open, err := r.unsettled(ctx)
	if err != nil {
		return nil, err
	}
	out = append(out, open...)
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
		if x.Absent {
			if err := r.append(journal.Record{Kind: journal.Resolved, Path: x.Path, Step: x.Step, Key: x.rec.Key}, true); err != nil {
				return err
			}
		}
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
