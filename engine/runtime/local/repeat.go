package local

import (
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/types"
)

// wouldRepeat is the record with which the run parked before doing a write at
// path again; ok is false when it did not park there, or someone has answered.
func (r *runner) wouldRepeat(path string) (parked journal.Record, ok bool) {
	for _, rec := range r.Journal.Records() {
		switch {
		case rec.Kind == journal.Parked:
			parked, ok = rec, rec.Reason == runtime.ForRepeat && rec.Path == path
		case rec.Kind == journal.Event, rec.Kind == journal.Resolved && rec.Path == path:
			ok = false
		}
	}
	return parked, ok
}

// permit takes a person's word about a write that was done before.
func (r *runner) permit(parked journal.Record, x runtime.Resolution) (runtime.Effect, error) {
	rec := journal.Record{Kind: journal.Resolved, Path: x.Path, Step: parked.Step, Key: parked.Key, By: x.By, Reason: protocol.SaidRepeat}
	if x.Done {
		rec.Reason = protocol.SaidStands
	}
	if x.Ref != "" {
		return runtime.Effect{}, types.Errorf(types.BadInput, "step %s is done, so it needs no --found", x.Path).
			WithHint("use --done to keep what it did, or --not-done to do it again")
	}
	if err := r.append(rec, true); err != nil || !x.Done {
		return runtime.Effect{}, err
	}
	told := rec
	told.Outcome = protocol.Resolved
	return r.effect(told, "journal", r.Finished[rec.Key].Output), nil
}
