package local

import (
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
)

// Whose an effect is. What a run sent is its own, also when it was killed before
// the answer came and finds what it made. What was there before it had sent
// anything was made by another run of the same work: it is adopted, and belongs
// to that run. Only what a run made is taken back by its undo.

// Told is the outcome of a write as people are told it, where it was found when
// nothing was sent for it now, and whether the run may take it back.
func Told(outcome string) (told, found string, own bool) {
	switch outcome {
	case protocol.Adopted:
		return protocol.Adopted, "world", false
	case protocol.Confirmed:
		return protocol.Created, "world", true
	}
	return outcome, "", !elsewhere(outcome)
}

// elsewhere reports whether an outcome says that another run made the effect.
func elsewhere(outcome string) bool {
	return outcome == protocol.Adopted || outcome == protocol.Updated
}

// owns reports whether a record says for sure that its run made the effect.
func owns(rec journal.Record) bool {
	return rec.Outcome == protocol.Created || rec.Outcome == protocol.Resolved
}

// Maker returns which of the keys a run, by its journal, made the effects of and
// still has. What it found after it may have sent it counts where unsure is set.
func Maker(records []journal.Record, unsure bool) map[string]bool {
	made := map[string]bool{}
	for _, rec := range records {
		switch {
		case rec.Kind == journal.Undone:
			delete(made, rec.Key)
		case rec.Kind == journal.Event && rec.Effect == string(step.Writes) && rec.Event.Kind == machine.Done:
			if owns(rec) || unsure && rec.Outcome == protocol.Confirmed {
				made[rec.Key] = true
			}
		}
	}
	return made
}

// leaveTo leaves an effect, which this run did not surely make, to the run that
// did. What it may have sent, and was found, is its own unless another run is
// known to have made it.
func (r *runner) leaveTo(x *Reversal) {
	if x.Say == "" || x.Undone {
		return
	}
	if r.MadeBy != nil {
		x.Maker = r.MadeBy(x.rec.Key)
	}
	x.Adopted = x.Maker != "" || elsewhere(x.rec.Outcome)
	if !x.Adopted || r.Adopted {
		return
	}
	x.Left = true
	if x.Maker != "" {
		x.Why = "run " + x.Maker + " made it, and takes it back: " + r.Command("undo", x.Maker)
		return
	}
	x.Why = "another run of the same work made it; to take it back all the same: " + r.Command("undo", r.Header.ID) + " --adopted"
}
