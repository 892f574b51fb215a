package local

import (
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// replay folds the journal's events, and takes up a failed run where it
// failed.
//
// A run that has written nothing yet begins anew instead: its reads and checks
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
	records := sinceRestart(all)
	begun := slices.ContainsFunc(records, func(rec journal.Record) bool { return rec.Kind == journal.Event })
	r.anew = nothingWritten(records) || !begun
	if nothingWritten(records) && r.End == nil {
		if err := r.append(journal.Record{Kind: journal.Resumed, Reason: journal.Restart}, false); err != nil {
			return err
		}
		return r.m.Apply(machine.Event{Kind: machine.Resumed, At: r.Clock.Now().UTC()})
	}
	r.replaying = begun
	if err := r.fold(records); err != nil {
		return err
	}
	r.replaying = false
	for _, a := range r.m.Next() {
		r.fresh[a.Path] = true
	}
	if r.End != nil {
		r.endBy(*r.End)
		return r.err
	}
	if !begun || r.ending != nil && r.m.Failure() == nil {
		return nil // what fails now fails here; or it was stopped, and cleans up before it goes on
	}
	return r.retry()
}

// fold gives the machine what happened before.
func (r *runner) fold(records []journal.Record) error {
	for _, rec := range records {
		switch rec.Kind {
		case journal.Intent:
			r.intents[rec.Path] = rec.At
			r.changing[rec.Path] = r.changing[rec.Path] || rec.Outcome == protocol.Updated
			delete(r.absent, rec.Path)
			r.consent = true // nothing is announced without
		case journal.Resolved:
			delete(r.intents, rec.Path)
			delete(r.unseen, rec.Path)
			r.absent[rec.Path] = rec.Ref == "" && rec.Reason != protocol.SaidStands
			switch {
			case rec.Ref != "":
				r.held[rec.Path] = rec
			case rec.Reason == protocol.SaidRepeat || rec.Reason == protocol.SaidStands:
				r.said[rec.Key] = rec.Reason
			}
		case journal.Undone:
			delete(r.intents, rec.Path)
			delete(r.held, rec.Path)
		case journal.Imported:
			// Who agreed elsewhere is a word of the archive's: here a person is asked
			// for what is left.
			r.anewHere, r.consent = r.anewHere || r.consent, r.Decide == nil
		case journal.Resumed, journal.Event:
			if err := Fold(r.m, rec); err != nil {
				return err
			}
			if rec.Kind == journal.Event {
				r.remember(rec)
			}
		}
	}
	return nil
}

// Fold gives a machine what a record says; most say nothing to it.
func Fold(m *machine.Machine, rec journal.Record) error {
	switch rec.Kind {
	case journal.Resumed:
		return m.Apply(machine.Event{Kind: machine.Resumed, At: rec.At})
	case journal.Event:
		if err := m.Apply(*rec.Event); err != nil {
			return types.Errorf(types.Conflict, "record %d of the journal does not belong to its program: %w", rec.Seq, err).
				WithHint("the journal was changed, or another skillrun wrote it: look with that one")
		}
	}
	return nil
}

// retry takes up a failed run where it failed.
func (r *runner) retry() error {
	f := r.m.Failure()
	if f == nil {
		return nil
	}
	r.ending = nil
	return r.apply(journal.Record{Kind: journal.Event, Path: f.Path}, machine.Event{Kind: machine.Retried, Path: f.Path}, false)
}

// sinceRestart returns the records that count, from the restart on.
func sinceRestart(records []journal.Record) []journal.Record {
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Kind == journal.Resumed && records[i].Reason == journal.Restart {
			return records[i:]
		}
	}
	return records
}

// nothingWritten reports whether a run that is taken up has done reads and
// local steps only, and nobody has answered a question of it: what was seen is
// then what they agreed to. One that waits in an await goes on too: its time-out
// counts from its first poll.
func nothingWritten(records []journal.Record) bool {
	events := false
	for _, rec := range records {
		events = events || rec.Kind == journal.Event
		switch {
		case rec.Kind == journal.Intent,
			rec.Kind == journal.Event && rec.By != "",
			rec.Kind == journal.Finished && rec.State == string(Done),
			rec.Kind == journal.Parked && rec.Reason == ForAwait:
			return false
		}
	}
	return events
}

// remember notes what a replayed event means for what is left to do.
func (r *runner) remember(rec journal.Record) {
	switch {
	case rec.Event.Kind == machine.Stopped:
		r.ending = &ending{state: State(rec.State), by: rec.By, words: rec.Reason}
	case rec.Event.Kind == machine.Retried:
		r.ending = nil
	case rec.Event.Kind == machine.Dropped, rec.Event.Kind == machine.TimedOut:
		delete(r.intents, rec.Path)
	case rec.Event.Kind == machine.Done, rec.Event.Kind == machine.Failed, rec.Event.Kind == machine.Unanswered:
		r.left(rec)
	}
	if rec.Effect != string(step.Writes) {
		return
	}
	r.consent = true
	r.unseen[rec.Path] = rec.Outcome == protocol.Unseen
	if rec.Outcome != protocol.Unknown {
		delete(r.intents, rec.Path)
	}
	if rec.Event.Kind == machine.Done {
		delete(r.held, rec.Path)
		r.didBefore(rec.Key, *rec.Event)
		r.effect(rec.Path, rec.Step, rec.Key, rec.Outcome, "journal", rec.Event.Output)
	}
}
