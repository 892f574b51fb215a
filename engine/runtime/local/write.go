package local

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The protocol of a write. It holds for every write of every step, and keeps
// one promise: never a send without proof, since the last send, that the
// effect is not there.
//
//  1. Append INTENT with the key and the argument digest, on the disk.
//  2. Ask the world (Find). There and ours: adopt it, nothing is sent. There
//     from other arguments, or ended by somebody: stop with conflict. Cannot
//     tell: stop with unknown_outcome. Absent is proof: go on.
//  3. Send once.
//  4. A definite no fails the step. An answer that was lost goes back to 2,
//     with the wish to look harder. A conflict goes back to 2 once: somebody
//     may have made it between looking and sending.
//  5. Append DONE, on the disk.
//
// An INTENT without DONE, found when a run is taken up, is a lost answer.

// outcomeUnknown marks the failure of a write that may have happened.
const outcomeUnknown = "unknown"

// maxSends is how often one write may be sent in one process, each time after
// proof of absence.
const maxSends = 3

func (r *runner) write(ctx context.Context, a machine.Action) {
	if !r.confirmed(ctx) {
		return
	}
	s, err := r.step(a.Step)
	in := types.Encode(a.Input)
	rec := journal.Record{Kind: journal.Event, Path: a.Path, Step: a.Step, Effect: a.Effect, Input: in}
	if err == nil {
		err = r.rebuild(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.failed(rec, a, err)
		return
	}
	rec.Key, rec.Digest = r.key(a.Path).String(), s.Digest(in)
	intent := rec
	intent.Kind = journal.Intent
	if r.err = r.append(intent, true); r.err != nil {
		return
	}
	maybeSent := r.intents[a.Path]
	r.intents[a.Path] = true
	r.settle(ctx, a, rec, s, maybeSent)
}

// confirmed asks for consent before the first write, and parks the run without
// it.
func (r *runner) confirmed(ctx context.Context) bool {
	if r.consent {
		return true
	}
	ok, err := r.Confirm(ctx, r.m.Snapshot())
	switch {
	case err != nil:
		r.err = err
	case ctx.Err() != nil:
	case ok:
		r.consent = true
		r.err = r.append(journal.Record{Kind: journal.Approved, By: r.User}, true)
	default:
		r.park(ForConfirm, nil)
	}
	return r.consent && r.err == nil
}

// settle looks, sends and looks again until the outcome is known.
func (r *runner) settle(ctx context.Context, a machine.Action, rec journal.Record, s step.Step, maybeSent bool) {
	var last error // why the last send is not a plain yes
	for sends := 0; ; sends++ {
		found, err := r.find(ctx, s, a.Path, rec.Input, maybeSent)
		if ctx.Err() != nil {
			return // INTENT without DONE: the next process looks
		}
		if err != nil {
			if maybeSent {
				rec.Outcome = outcomeUnknown
			}
			r.failed(rec, a, err)
			return
		}
		if found.State != step.StateAbsent {
			r.found(rec, a, found, last)
			return
		}
		if sends == maxSends || (last != nil && types.CodeOf(last) == types.Conflict) {
			r.failed(rec, a, last)
			return
		}
		out, err := r.call(ctx, s, a.Path, rec.Input)
		if err == nil {
			rec.Outcome = "created"
			r.done(rec, a, out, true)
			return
		}
		last = err
		switch types.CodeOf(err) {
		case types.UnknownOutcome:
			maybeSent = true
		case types.Conflict:
		default:
			r.failed(rec, a, err)
			return
		}
	}
}

// find asks the step whether its effect is there. A step that cannot look says
// "absent" before its first send, and never after.
func (r *runner) find(ctx context.Context, s step.Step, path string, in []byte, maybeSent bool) (found step.Found[json.RawMessage], err error) {
	defer recovered(s.Name, &err)
	if !s.CanFind() {
		if maybeSent {
			return step.CannotTell[json.RawMessage]("look for the effect of " + s.Name + " yourself"), nil
		}
		return step.Absent[json.RawMessage](), nil
	}
	c := r.callOf(s, path, in)
	c.AfterUnknown = maybeSent
	return s.Find(step.WithCall(ctx, c), c.Key, in)
}

// found acts on an effect that is, or may be, already there.
func (r *runner) found(rec journal.Record, a machine.Action, f step.Found[json.RawMessage], last error) {
	switch f.State {
	case step.StateHere:
		rec.Outcome = "adopted"
		r.done(rec, a, f.Out, true)
	case step.StateDiffers:
		r.failed(rec, a, types.Errorf(types.Conflict, "%s is there already, made from other arguments: %s", f.Ref, f.Why).
			WithHint("%s", orElse(f.Hint, "change it back, or make new work of it with --again 1")))
	case step.StateOver:
		r.failed(rec, a, types.Errorf(types.Conflict, "%s", f.Why).
			WithHint("%s", orElse(f.Hint, "bring it back, or make new work of it with --again 1")).With("ref", f.Ref))
	default:
		err := types.Errorf(types.UnknownOutcome, "nobody knows whether %s happened: %s", a.Step, f.Why)
		if last != nil {
			err.With("cause", last.Error())
		}
		r.park(ForUnknown, err)
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
