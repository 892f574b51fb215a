package local

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Reversals is of [runtime.Runtime].
func (Runtime) Reversals(ctx context.Context, o runtime.Options) ([]runtime.Reversal, error) {
	r := newRunner(o)
	r.Inbox, r.Observe = nil, nil // what was is told already
	var recorded []journal.Record
	undone, own := map[string]bool{}, map[string]bool{}
	records := runtime.SinceRestart(r.Journal.Records())
	for _, rec := range records {
		switch {
		case rec.Kind == journal.Undone:
			undone[rec.Path] = true
		case rec.Kind == journal.Event && rec.Effect == string(step.Writes) && rec.Event.Kind == machine.Done:
			recorded = append(recorded, rec)
			own[rec.Path] = own[rec.Path] || runtime.Owns(rec)
		}
	}
	if err := r.fold(records); err != nil {
		return nil, err
	}
	var out []runtime.Reversal
	for _, rec := range recorded {
		x, err := r.reversal(rec, r.Undo[rec.Path])
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	r.Observe = o.Observe
	open, err := r.unsettled(ctx)
	if err != nil {
		return nil, err
	}
	out = latest(append(out, open...))
	for i := range out {
		out[i].Undone = undone[out[i].Path]
		if !own[out[i].Path] {
			r.leaveToOwner(&out[i])
		}
		if out[i].Can() {
			out[i].Stuck = r.lookUndo(ctx, out[i])
		}
	}
	slices.Reverse(out)
	return out, ctx.Err()
}

// latest are the reversals without those that a later one of the same path stands
// for: what begins again finds its effect, and it is one.
func latest(all []runtime.Reversal) []runtime.Reversal {
	var out []runtime.Reversal
	for _, x := range all {
		out = append(slices.DeleteFunc(out, func(o runtime.Reversal) bool { return o.Path == x.Path }), x)
	}
	return out
}

func (r *runner) lookUndo(ctx context.Context, x runtime.Reversal) *types.Error {
	s, err := r.undoing(x.Step, x.Call)
	if err == nil {
		err = r.with(ctx, s, x, s.CheckUndo)
	}
	if err == nil {
		return nil
	}
	return types.AsError(err)
}

// Undo is of [runtime.Runtime]: a step looks before it reverses.
func (Runtime) Undo(ctx context.Context, o runtime.Options, list []runtime.Reversal) error {
	r := newRunner(o)
	reversed := slices.ContainsFunc(list, func(x runtime.Reversal) bool { return x.Undone })
	var stuck error
	for _, x := range list {
		switch {
		case x.Absent:
			if err := r.append(journal.Record{Kind: journal.Resolved, Path: x.Path, Step: x.Step, Key: x.Record.Key}, true); err != nil {
				return err
			}
			continue
		case !x.Can():
			continue
		case x.Stuck != nil:
			stuck = cmp.Or[error](stuck, withEffect(x, x.Stuck))
			continue
		}
		err, maybe := r.undoOne(ctx, x)
		reversed = reversed || err == nil || maybe
		if err != nil {
			return errors.Join(err, r.leavePartly(reversed, err))
		}
	}
	if stuck != nil {
		return errors.Join(stuck, r.leavePartly(reversed, stuck))
	}
	return r.append(journal.Record{Kind: journal.Finished, State: string(journal.StateUndone), By: o.User}, true)
}

// undoOne reverses one effect. maybe is set when it failed, and may have happened.
func (r *runner) undoOne(ctx context.Context, x runtime.Reversal) (err error, maybe bool) {
	s, err := r.undoing(x.Step, x.Call)
	if err != nil {
		return err, false
	}
	rec := journal.Record{Kind: journal.Undoing, Path: x.Path, Step: x.Step, Key: x.Record.Key, By: r.User, Input: x.Call}
	rec.Service, rec.Host = r.target(ctx, s, x.Record)
	if err := r.append(rec, true); err != nil {
		return err, true
	}
	rec.Input = nil // it was said once
	if err := r.with(ctx, s, x, s.Undo); err != nil {
		if ctx.Err() != nil || !refused(err) {
			return withEffect(x, err), true
		}
		rec.Error = types.AsError(err)
		return errors.Join(withEffect(x, err), r.append(rec, true)), false
	}
	rec.Kind = journal.Undone
	if err := r.append(rec, true); err != nil {
		return err, true
	}
	r.emit(runtime.Event{Type: runtime.EventEffect, Effect: &runtime.Effect{ID: x.Path, Path: x.Path, Step: x.Step, Key: x.Record.Key, Outcome: "undone", Result: x.Record.Event.Output}})
	return nil, false
}

// undoing is a step as it takes its effect back: by itself, or by the call that the
// skill says.
func (r *runner) undoing(name string, call json.RawMessage) (step.Step, error) {
	s, err := r.step(name)
	if err == nil && call != nil {
		s = s.UndoneBy(call)
	}
	return s, err
}

// refused reports whether a failure is a definite no: nothing was changed.
func refused(err error) bool {
	switch types.CodeOf(err) {
	case types.Conflict, types.Forbidden, types.Auth, types.BadInput, types.NotFound:
		return true
	}
	return false
}

// leavePartly writes down that the undoing stopped, when something was reversed.
func (r *runner) leavePartly(reversed bool, why error) error {
	if !reversed || r.err != nil {
		return nil
	}
	return r.append(journal.Record{Kind: journal.Finished, State: string(journal.StatePartlyUndone), By: r.User, Error: types.AsError(why)}, true)
}

func withEffect(x runtime.Reversal, err error) error {
	return types.At(x.Path+" ("+x.Description+")", err)
}

// with does something about the effect of a reversal, as its step.
func (r *runner) with(ctx context.Context, s step.Step, x runtime.Reversal, do func(context.Context, step.Key, json.RawMessage, json.RawMessage) error) (err error) {
	defer runtime.Recovered(s.Name, &err)
	c := r.callOf(s, x.Record)
	var out json.RawMessage = types.Encode(x.Record.Event.Output)
	defer r.unlock()()
	return do(step.WithCall(ctx, c), c.Key, x.Record.Input, out)
}
