package local

import (
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// replay folds the journal's events, and resumes a failed run where it
// failed.
//
// A run that has written nothing yet begins again instead: its reads and checks
// may be hours old, and what they saw is what a person would agree to.
func (r *runner) replay() error {
	all := r.Journal.Records()
	for _, rec := range all {
		switch rec.Kind {
		case journal.Imported:
			r.approvals = nil // see fold
		case journal.Approved:
			r.approvals = append(r.approvals, approval{path: rec.Path, plan: rec.Plan, by: rec.By, at: rec.At, kept: true})
		}
	}
	records := runtime.SinceRestart(all)
	begun := slices.ContainsFunc(records, func(rec journal.Record) bool { return rec.Kind == journal.Event })
	r.anew = runtime.NothingWritten(records) || !begun
	if runtime.NothingWritten(records) && r.End == nil {
		if err := r.append(journal.Record{Kind: journal.Resumed, Reason: journal.Restart}, false); err != nil {
			return err
		}
		return r.Machine.Apply(machine.Event{Kind: machine.Resumed, At: r.Clock.Now().UTC()})
	}
	r.replaying = begun
	if err := r.fold(records); err != nil {
		return err
	}
	r.replaying = false
	for _, a := range r.Machine.Next() {
		r.fresh[a.Path] = true
	}
	if r.End != nil {
		r.endBy(*r.End)
		return r.err
	}
	if !begun || r.Ending != nil && r.Machine.Failure() == nil {
		return nil // what fails now fails here; or it was stopped, and cleans up before it continues
	}
	return r.retry()
}

func (r *runner) fold(records []journal.Record) error {
	err := r.Add(records)
	r.Consented = r.Consented || r.Decide == nil
	return err
}

func (r *runner) retry() error {
	f := r.Machine.Failure()
	if f == nil {
		return nil
	}
	r.Ending = nil
	return r.apply(journal.Record{Kind: journal.Event, Path: f.Path}, machine.Event{Kind: machine.Retried, Path: f.Path}, false)
}
