package local

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Resolve is of [runtime.Runtime].
func (Runtime) Resolve(ctx context.Context, o runtime.Options, x runtime.Resolution) (runtime.Effect, error) {
	r := newRunner(o)
	if err := r.fold(runtime.SinceRestart(r.Journal.Records())); err != nil {
		return runtime.Effect{}, err
	}
	if parked, asked := r.wouldRepeat(x.Path); asked {
		return r.permit(parked, x)
	}
	if x.Done {
		return runtime.Effect{}, types.Errorf(types.BadInput, "the output of step %s is unknown, so the run cannot continue with it", x.Path).
			WithHint("use --found with what you found, or --not-done if it certainly did not happen")
	}
	intent, s, err := r.announced(x.Path)
	if err != nil {
		return runtime.Effect{}, err
	}
	err = r.readyFor(ctx, s, intent)
	if x.NotDone {
		return runtime.Effect{}, r.notDone(ctx, intent, s, x, err)
	}
	if err != nil {
		return runtime.Effect{}, err
	}
	return r.foundBy(ctx, intent, s, x)
}

// announced is the intent of a write of unknown outcome, or one that was not looked for.
func (r *runner) announced(path string) (journal.Record, step.Step, error) {
	if _, unknown := r.Intents[path]; !unknown && !r.Unseen[path] {
		err := types.Errorf(types.BadInput, "the outcome of step %s is known, or it never started", path).
			WithHint("`%s` shows where the run stands", r.Command("runs", r.Header.ID))
		return journal.Record{}, step.Step{}, err
	}
	var intent journal.Record
	for _, rec := range r.Journal.Records() {
		if rec.Kind == journal.Intent && rec.Path == path {
			intent = rec
		}
	}
	s, err := r.step(intent.Step)
	return intent, s, err
}

// readyFor makes the workspaces that a recorded step needs.
func (r *runner) readyFor(ctx context.Context, s step.Step, rec journal.Record) error {
	var in types.Values
	if err := json.Unmarshal(rec.Input, &in); err != nil {
		return types.Errorf(types.Internal, "the arguments of %s do not decode: %w", rec.Path, err)
	}
	if !r.rebuilt && !r.rebuilds {
		r.cleanWorkspaces(ctx)
	}
	return r.ready(ctx, s, in)
}

// notDone takes a person's word that a write did not happen, unless it can be
// seen. That no one can look, or not now (unready says that it has nothing to
// look with), does not stand in the way: the record says that it is their word
// alone.
func (r *runner) notDone(ctx context.Context, intent journal.Record, s step.Step, x runtime.Resolution, unready error) error {
	found, err := step.Found[json.RawMessage]{}, unready
	if err == nil {
		found, err = r.find(ctx, s, intent, true)
	}
	rec := journal.Record{Kind: journal.Resolved, Path: x.Path, Step: s.Name, Key: intent.Key, By: x.By}
	switch {
	case ctx.Err() != nil:
		return types.Errorf(types.Cancelled, "stopped while step %s was looked for", x.Path)
	case err != nil:
		rec.Error = types.Errorf(types.CodeOf(err), "it could not be looked for: %s", types.AsError(err).Message)
	case found.State == step.StateExists, found.State == step.StateDrifted, found.State == step.StateEnded:
		return types.Errorf(types.Conflict, "step %s did happen: %s is there", x.Path, found.Ref).
			WithHint("resume it: %s", r.Command("resume", r.Header.ID))
	}
	return r.resolved(rec)
}

// foundBy reads back what a person found, and makes it the step's result. When
// the run has cleaned up since and comes to the step by way of others, it is
// kept until then.
func (r *runner) foundBy(ctx context.Context, intent journal.Record, s step.Step, x runtime.Resolution) (runtime.Effect, error) {
	if !s.CanResolve() {
		return runtime.Effect{}, types.Errorf(types.BadInput, "what %s did cannot be read back", s.Name).
			WithHint("if it certainly did not happen, use --not-done")
	}
	raw, err := r.readBack(ctx, intent, s, x.Ref)
	if err != nil {
		return runtime.Effect{}, err
	}
	e := machine.Event{Kind: machine.Done, Path: x.Path}
	if e.Output, err = output(s.Name, raw); err != nil {
		return runtime.Effect{}, err
	}
	rec := intent
	rec.Outcome, rec.By = protocol.Resolved, x.By
	if err := r.giveFound(rec, e, x.Ref); err != nil {
		return runtime.Effect{}, err
	}
	return r.effect(rec, "", e.Output), nil
}

func output(name string, raw []byte) (types.Values, error) {
	var out types.Values
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, types.Errorf(types.Internal, "result of %s does not decode: %w", name, err)
	}
	return out, nil
}

// giveFound writes down what a person found: as the step's result where the run
// waits for it, else for when the run comes to it, or is undone.
func (r *runner) giveFound(rec journal.Record, e machine.Event, ref string) error {
	if r.closedBy() == nil {
		if err := r.retry(); err != nil {
			return err
		}
		if _, live := r.Machine.Live(rec.Path); live {
			rec.Kind = journal.Event
			return r.apply(rec, e, true)
		}
	}
	rec.Kind, rec.Ref = journal.Resolved, ref
	return r.resolved(rec)
}

// resolved writes a resolution down. A run that a person ended stays ended.
func (r *runner) resolved(rec journal.Record) error {
	closed := r.closedBy()
	if err := r.append(rec, true); err != nil || closed == nil {
		return err
	}
	return r.append(*closed, true)
}

// closedBy is the record by which a person ended the run, nil when no one did.
func (r *runner) closedBy() *journal.Record {
	records := r.Journal.Records()
	last := records[len(records)-1]
	if s := runtime.State(last.State); last.Kind == journal.Finished && (s == runtime.Cancelled || s == runtime.Rejected) {
		return &last
	}
	return nil
}

func (r *runner) readBack(ctx context.Context, intent journal.Record, s step.Step, ref string) (_ json.RawMessage, err error) {
	defer runtime.Recovered(s.Name, &err)
	c := r.callOf(s, intent)
	defer r.unlock()()
	return s.Resolve(step.WithCall(ctx, c), ref, intent.Input)
}
