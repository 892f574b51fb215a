package runtime

import (
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
)

// DescribeOutcome is the outcome of a write as people are told it, where it was found when
// nothing was sent for it now, and whether the run may take it back.
func DescribeOutcome(outcome string) (told, found string, own bool) {
	switch outcome {
	case protocol.Adopted:
		return protocol.Adopted, "world", false
	case protocol.Confirmed:
		return protocol.Created, "world", true
	}
	return outcome, "", !MadeElsewhere(outcome)
}

// MadeElsewhere reports whether an outcome says that another run made the effect.
func MadeElsewhere(outcome string) bool {
	return outcome == protocol.Adopted || outcome == protocol.Updated
}

// Owns reports whether a record says for sure that its run made the effect.
func Owns(rec journal.Record) bool {
	return rec.Outcome == protocol.Created || rec.Outcome == protocol.Resolved
}

// OwnedKeys returns which of the keys a run, by its journal, made the effects of and
// still has. What it found after it may have sent it counts where unsure is set.
func OwnedKeys(records []journal.Record, unsure bool) map[string]bool {
	made := map[string]bool{}
	for _, rec := range records {
		switch {
		case rec.Kind == journal.Undone:
			delete(made, rec.Key)
		case rec.Kind == journal.Event && rec.Effect == string(step.Writes) && rec.Event.Kind == machine.Done:
			if Owns(rec) || unsure && rec.Outcome == protocol.Confirmed {
				made[rec.Key] = true
			}
		}
	}
	return made
}
