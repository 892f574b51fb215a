package local

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A write that is done can be come to once more: a group whose rescue or always
// has run begins anew, and a retry of a group makes another attempt of all that
// stands in it. What the world can be asked about is looked for as hard as after
// a lost answer, and adopted when it is there. What nobody can look for is done
// again only when the step says that it may be ([program.Node.Repeatable]), or
// when a person does.

// ForRepeat is the reason of a run that parked before a write which is done, and
// which nobody can look for.
const ForRepeat = "repeat"

// What a person says about such a write; the Reason of a Resolved record. It is
// said of the next time that the run comes to the write, and of no other.
const (
	saidRepeat = "repeat" // do it again
	saidStands = "stands" // go on with the result that it had
)

// deed is a write that was done.
type deed struct {
	at     time.Time
	output types.Values
}

// didBefore notes a write that is done.
func (r *runner) didBefore(key string, e machine.Event) {
	r.finished[key] = deed{at: e.At, output: e.Output}
	delete(r.said, key)
}

// comesAgain decides about a write that was done before. hard says that it has
// to be looked for as hard as after a lost answer; it does not go on when the
// run parks for a person's word, or what the write did stands as it is.
func (r *runner) comesAgain(w *worker, s step.Step, rec journal.Record) (hard, goesOn bool) {
	before, done := r.finished[rec.Key]
	if !done {
		return false, true
	}
	found, err := r.find(w.ctx, s, rec, true)
	switch said := r.said[rec.Key]; {
	case w.ctx.Err() != nil:
	case err == nil && found.State != step.StateCannotTell:
		return true, true
	case said == saidStands:
		rec.Outcome = outcomeResolved
		r.done(rec, w.action, types.Encode(before.output), true)
	case said == saidRepeat:
		return false, true
	case err != nil:
		r.failed(rec, w.action, err)
	case w.action.Def.Repeatable:
		return false, true
	default:
		r.parkBefore(w.action, rec, before)
	}
	return false, false
}

// parkBefore asks a person whether a write may be done again.
func (r *runner) parkBefore(a machine.Action, rec journal.Record, before deed) {
	command := r.Command("resolve", r.Header.ID, quoted(a.Path))
	err := types.Errorf(types.UnknownOutcome, "%s was done before, at %s UTC; what stands around it begins anew, and nobody can look whether to do it again is safe",
		a.Step, before.at.UTC().Format(time.DateTime)).
		WithHint("to do it again: %s --not-done; when what it did stands: %s --done; a step that may always be done again says repeatable: true", command, command)
	r.park(a.Path, ForRepeat, "", err)
	if r.last != nil && r.last.Reason == ForRepeat {
		r.last.Key, r.last.Step = rec.Key, rec.Step
	}
}

// wouldRepeat is the record with which the run parked before doing a write at
// path again; ok is false when it did not park there, or somebody has answered.
func (r *runner) wouldRepeat(path string) (parked journal.Record, ok bool) {
	for _, rec := range r.Journal.Records() {
		switch {
		case rec.Kind == journal.Parked:
			parked, ok = rec, rec.Reason == ForRepeat && rec.Path == path
		case rec.Kind == journal.Event, rec.Kind == journal.Resolved && rec.Path == path:
			ok = false
		}
	}
	return parked, ok
}

// permit takes a person's word about a write that was done before.
func (r *runner) permit(parked journal.Record, x Resolution) (Effect, error) {
	rec := journal.Record{Kind: journal.Resolved, Path: x.Path, Step: parked.Step, Key: parked.Key, By: x.By, Reason: saidRepeat}
	if x.Done {
		rec.Reason = saidStands
	}
	if x.Ref != "" {
		return Effect{}, types.Errorf(types.BadInput, "it is known what step %s did; what is asked is whether to do it again", x.Path).
			WithHint("say --done when what it did stands, or --not-done to do it again")
	}
	if err := r.append(rec, true); err != nil || !x.Done {
		return Effect{}, err
	}
	r.effect(x.Path, rec.Step, rec.Key, outcomeResolved, "journal", r.finished[rec.Key].output)
	return r.out.Effects[len(r.out.Effects)-1], nil
}
