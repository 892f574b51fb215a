package local

import (
	"context"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// unsettled are the reversals of what the run may have written: writes that it
// announced and whose end it did not record, and those that a person found and
// the run has not come to again. Each is looked for.
func (r *runner) unsettled(ctx context.Context) ([]runtime.Reversal, error) {
	var out []runtime.Reversal
	for _, path := range r.unknownWrites() {
		x, err := r.findUnknown(ctx, path)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	for _, path := range types.SortedKeys(r.Found) {
		held := r.Found[path]
		s, err := r.step(held.Step)
		if err == nil {
			err = r.readyFor(ctx, s, held)
		}
		if err != nil {
			return nil, err
		}
		there, err := r.readBack(ctx, held, s, held.Ref)
		x := runtime.Reversal{Path: path, Step: s.Name, Why: held.Ref + " is not there any more", Record: held}
		if err == nil {
			x, err = r.reversible(held, there)
		}
		if err != nil && types.CodeOf(err) != types.NotFound {
			return nil, types.At("looking for step "+path, err)
		}
		out = append(out, x)
	}
	return out, nil
}

// unknownWrites are the paths of the writes of unknown outcome, as they were announced.
func (r *runner) unknownWrites() []string {
	var out []string
	for _, rec := range r.Journal.Records() {
		if _, unknown := r.Intents[rec.Path]; rec.Kind == journal.Intent && unknown && !slices.Contains(out, rec.Path) {
			out = append(out, rec.Path)
		}
	}
	return out
}

// findUnknown looks for a write of unknown outcome, as the process that resumes
// the run would. Nothing is written down.
func (r *runner) findUnknown(ctx context.Context, path string) (runtime.Reversal, error) {
	intent, s, err := r.announced(path)
	if err == nil {
		err = r.readyFor(ctx, s, intent)
	}
	if err != nil {
		return runtime.Reversal{}, err
	}
	k := r.known(s, intent, false)
	found, told, err := r.search(ctx, k, intent, s)
	x := runtime.Reversal{Path: path, Step: s.Name, Record: intent}
	switch {
	case ctx.Err() != nil || !told && err == nil:
		return x, types.Errorf(types.Cancelled, "stopped while step %s was looked for", path)
	case err != nil:
		e := types.At("looking for step "+path, err)
		if e.Hint != "" {
			e.Hint += "; "
		}
		e.Hint += "if that cannot be fixed: " + k.HowToResolve()
		return x, e
	}
	switch found.State {
	case step.StateExists:
		return r.reversible(intent, found.Out)
	case step.StateAbsent:
		x.Absent = true
	case step.StateDrifted:
		x.Why = found.Ref + " is there, made from other arguments: " + found.Why
	case step.StateEnded:
		x.Why = found.Why
	default:
		return x, types.Errorf(types.Conflict, "it is unknown whether step %s happened: %s", path, found.Why).WithHint("%s", k.HowToResolve())
	}
	return x, nil
}

// search asks the world for a write until it is known whether it is there; it is not
// told when this process stops before that.
func (r *runner) search(ctx context.Context, k protocol.Known, intent journal.Record, s step.Step) (found protocol.Found, told bool, err error) {
	x := &writing{runner: r, w: &worker{ctx: ctx, call: ctx}, a: machine.Action{Path: intent.Path, Node: intent.Path}, rec: intent, step: s}
	p, c := protocol.Search(k, r.Clock.Now())
	for c.Do == protocol.Look || c.Do == protocol.Wait {
		x.notice(c)
		e, ok := x.perform(c)
		if !ok {
			return found, false, e.Err
		}
		if c.Do == protocol.Look {
			found, err = e.Found, e.Err
		}
		c = p.On(e)
	}
	return found, true, err
}

// reversible is the reversal of an effect that was found to be there.
func (r *runner) reversible(rec journal.Record, there []byte) (runtime.Reversal, error) {
	out, err := output(rec.Step, there)
	if err != nil {
		return runtime.Reversal{}, err
	}
	rec.Event = &machine.Event{Kind: machine.Done, Path: rec.Path, Output: out}
	return r.reversal(rec, r.UndoOf(rec.Path, out))
}

func (r *runner) reversal(rec journal.Record, undo runtime.Undo) (runtime.Reversal, error) {
	x := runtime.Reversal{Path: rec.Path, Step: rec.Step, Record: rec, Call: undo.Input}
	s, err := r.undoing(rec.Step, undo.Input)
	switch {
	case err != nil:
		return x, err
	case undo.Err != nil:
		x.Why = "its undo needs what the result does not have: " + undo.Err.Message
	case !s.CanUndo():
		x.Why = s.Name + " cannot be undone from here"
	default:
		x.Description, err = s.DescribeUndo(rec.Input, types.Encode(rec.Event.Output))
	}
	return x, err
}
