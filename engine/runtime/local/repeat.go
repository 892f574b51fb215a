package local

import (
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/types"
)

// ForRepeat is the reason of a run that parked before a write which is done, and
// which nobody can look for.
const ForRepeat = protocol.ForRepeat

// past is a write that was done.
type past struct {
	at     time.Time
	output types.Values
}

// didBefore notes a write that is done.
func (r *runner) didBefore(key string, e machine.Event) {
	r.finished[key] = past{at: e.At, output: e.Output}
	delete(r.said, key)
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
	rec := journal.Record{Kind: journal.Resolved, Path: x.Path, Step: parked.Step, Key: parked.Key, By: x.By, Reason: protocol.SaidRepeat}
	if x.Done {
		rec.Reason = protocol.SaidStands
	}
	if x.Ref != "" {
		return Effect{}, types.Errorf(types.BadInput, "it is known what step %s did; what is asked is whether to do it again", x.Path).
			WithHint("say --done when what it did stands, or --not-done to do it again")
	}
	if err := r.append(rec, true); err != nil || !x.Done {
		return Effect{}, err
	}
	r.effect(x.Path, rec.Step, rec.Key, protocol.Resolved, "journal", r.finished[rec.Key].output)
	return r.out.Effects[len(r.out.Effects)-1], nil
}
