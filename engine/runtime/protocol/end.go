package protocol

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (w *Write) done(outcome string, output json.RawMessage) Command {
	return w.do(Command{Do: Done, Outcome: outcome, Output: output})
}

func (w *Write) fail(outcome string, err error) Command {
	return w.do(Command{Do: Fail, Outcome: outcome, Err: err})
}

// endExisting ends a write whose effect is, or may be, there already.
func (w *Write) endExisting(f Found) Command {
	switch f.State {
	case step.StateExists:
		return w.done(w.existingOutcome(), f.Out)
	case step.StateDrifted:
		return w.fail("", types.Errorf(types.Conflict, "%s exists already, made from other arguments: %s", f.Ref, f.Why).
			WithHint("%s", cmp.Or(f.Hint, "change it back, or start new work with --again 1")))
	case step.StateEnded:
		return w.fail("", types.Errorf(types.Conflict, "%s", f.Why).
			WithHint("%s", cmp.Or(f.Hint, "bring it back, or start new work with --again 1")).With("ref", f.Ref))
	}
	return w.endUnknown(f)
}

// existingOutcome is the outcome of a write whose effect is there. What this run sent is its
// own, also when it was killed before the answer came.
func (w *Write) existingOutcome() string {
	switch {
	case w.Changing:
		return Updated
	case w.Sent || w.hard:
		return Confirmed
	}
	return Adopted
}

// endUnknown parks a write that may have happened, and fails one that did not:
// what this run did not send is not unknown, and a resume looks again.
func (w *Write) endUnknown(f Found) Command {
	if w.Sent || w.hard {
		err := types.Errorf(types.UnknownOutcome, "it is unknown whether %s happened: %s", w.Step.Name, f.Why).WithHint("%s", w.HowToResolve())
		return w.do(Command{Do: Park, Reason: ForUnknown, Err: w.withSendError(err)})
	}
	err := types.Errorf(types.Conflict, "cannot tell whether %s is done already, so nothing was sent: %s", w.Step.Name, f.Why).
		WithHint("resume the run, which looks again; or %s", w.HowToResolve())
	if w.Plan {
		err = types.Errorf(types.Conflict, "cannot tell whether %s is done already: %s", w.Step.Name, f.Why).
			WithHint("%s", cmp.Or(f.Hint, "look for it yourself, and plan again when it is clear"))
	}
	return w.fail(w.unknown(), w.withSendError(err))
}

// withSendError adds to an error why the last send was not a plain yes, without that
// one's hint: what to do now is what the error says itself.
func (w *Write) withSendError(err *types.Error) *types.Error {
	if w.last != nil {
		err.With("cause", types.AsError(w.last).Message)
	}
	return err
}

// HowToResolve says what a person can do about an outcome that is unknown.
func (k Known) HowToResolve() string {
	if !k.Step.Resolves {
		return "look for it, and if it certainly did not happen: " + k.Resolve + " --not-done"
	}
	return "look for it, then: " + k.Resolve + " --found REF, or --not-done; REF is " + k.Step.Ref
}

// wouldRepeat asks a person whether a write may be done again.
func (k Known) wouldRepeat() *types.Error {
	return types.Errorf(types.UnknownOutcome, "%s was done before, at %s UTC; the steps around it restart, and it cannot be determined whether it is safe to do it again",
		k.Step.Name, k.Before.At.UTC().Format(time.DateTime)).
		WithHint("to do it again: %s --not-done; to keep what it did: %s --done; a step that is always safe to do again has repeatable: true", k.Resolve, k.Resolve)
}
