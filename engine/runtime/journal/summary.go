package journal

import (
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/types"
)

// State is where a run stands.
type State string

// The states.
const (
	StateRunning     State = "running"     // a process is at it
	StateInterrupted State = "interrupted" // no process is at it, and it is not finished
	StateParked      State = "parked"      // it waits for what Reason says
	StateDone        State = "done"
	StateFailed      State = "failed"
	StateCancelled   State = "cancelled" // a person ended it
	StateRejected    State = "rejected"  // a person said no to what it asked
	StateUndone      State = "undone"    // its effects were reversed
	StateDamaged     State = "damaged"   // its journal cannot be read; Error says why
)

// Summary is what a listing tells of a run.
type Summary struct {
	ID        string       `json:"id"`
	Skill     string       `json:"skill"`
	State     State        `json:"state"`
	Reason    string       `json:"reason,omitempty"` // of StateParked
	Work      string       `json:"work"`
	Command   string       `json:"command"`
	StartedAt time.Time    `json:"started_at"`
	UpdatedAt time.Time    `json:"updated_at"` // of the last record
	Steps     int          `json:"steps"`      // done
	Records   int          `json:"records"`
	Pending   []string     `json:"pending,omitempty"` // paths of writes of which nobody recorded how they ended
	Error     *types.Error `json:"error,omitempty"`   // of the last parking or end
}

// Finished reports whether nothing more happens unless a person retries.
func (s Summary) Finished() bool {
	switch s.State {
	case StateDone, StateFailed, StateCancelled, StateRejected, StateUndone:
		return true
	}
	return false
}

// Summarize folds records into a summary. Records cannot say whether a process
// is at the run: it is [StateInterrupted] here and [Store.List] knows better.
func Summarize(records []Record) Summary {
	var s Summary
	for i := range records {
		s.add(&records[i])
	}
	return s
}

func (s *Summary) add(r *Record) {
	s.UpdatedAt = r.At
	s.Records++
	switch r.Kind {
	case Header:
		s.ID, s.Skill, s.Work = r.Run.ID, r.Run.Skill, r.Run.Work
		s.Command, s.StartedAt = r.Run.Command, r.Run.StartedAt
		s.enter(StateInterrupted, r)
	case Intent:
		s.enter(StateInterrupted, r)
		if !slices.Contains(s.Pending, r.Path) {
			s.Pending = append(s.Pending, r.Path)
		}
	case Event:
		s.enter(StateInterrupted, r)
		s.Pending = slices.DeleteFunc(s.Pending, func(p string) bool { return p == r.Event.Path })
		if r.Event.Kind == machine.Done {
			s.Steps++
		}
	case Parked:
		s.enter(StateParked, r)
	case Resumed:
		s.enter(StateInterrupted, r)
		if s.Reason == Restart {
			s.Steps, s.Reason = 0, "" // it began anew
		}
	case Finished:
		s.enter(State(r.State), r)
	case Resolved, Undone:
		s.Pending = slices.DeleteFunc(s.Pending, func(p string) bool { return p == r.Path })
	case Undoing:
		s.enter(StateInterrupted, r)
	case Approved: // the run stays where it is until a process goes on
	}
}

func (s *Summary) enter(state State, r *Record) {
	s.State, s.Reason, s.Error = state, r.Reason, r.Error
}
