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
	StateRefused     State = "refused"   // what was agreed to is not what would be written: it ended before its first write
	StateUndone      State = "undone"    // its effects were reversed
	StateDamaged     State = "damaged"   // its journal cannot be read; Error says why
	// StatePartlyUndone: some of its effects were reversed, or may have been;
	// undoing it continues from there, and nothing else does.
	StatePartlyUndone State = "partly_undone"
	// StateExported: the run continues where its archive is imported, and not here.
	StateExported State = "exported"
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
	Pending   []string     `json:"pending,omitempty"` // paths of writes of which no one recorded how they ended
	Error     *types.Error `json:"error,omitempty"`   // of the last parking or end
	Path      string       `json:"path,omitempty"`    // of StateParked: the step that it stands at
	Answer    *Said        `json:"answer,omitempty"`  // of StateParked: what a person said to it since
	Undone    int          `json:"undone,omitempty"`  // effects that were reversed
	Whole     *Summary     `json:"whole,omitempty"`   // of StatePartlyUndone and StateExported: what it was before
	Moved     *Moved       `json:"moved,omitempty"`   // who exported it; nil while it runs here
}

// Moved says who took a run to another place.
type Moved struct {
	By string    `json:"by,omitempty"`
	At time.Time `json:"at"`
	To []string  `json:"to,omitempty"` // the keys its archive is encrypted to
}

// Said is a person's word about what a run waits for, which is heard when a
// process resumes the run.
type Said struct {
	What Kind      `json:"what"` // approved or resolved
	By   string    `json:"by,omitempty"`
	At   time.Time `json:"at"`
	Plan string    `json:"plan,omitempty"` // of approved: the digest of what was shown
}

// Finished reports whether nothing more happens unless a person retries.
func (s Summary) Finished() bool {
	switch s.State {
	case StateDone, StateFailed, StateCancelled, StateRejected, StateRefused, StateUndone:
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
			s.Steps, s.Reason = 0, "" // it began again
		}
	case Finished:
		s.enter(State(r.State), r)
		if s.State != StatePartlyUndone {
			s.Whole = nil
		}
	case Resolved:
		s.Pending = slices.DeleteFunc(s.Pending, func(p string) bool { return p == r.Path })
		s.answered(r, r.Path == s.Path)
	case Approved:
		s.answered(r, r.Path == "" && s.Reason == reasonConfirm || r.Path != "" && r.Path == s.Path)
	case Undoing:
		s.undoing(r)
	case Undone:
		s.Undone++
		s.Pending = slices.DeleteFunc(s.Pending, func(p string) bool { return p == r.Path })
		s.enter(StatePartlyUndone, r)
	case Exported:
		s.exported(r)
	case Imported:
		s.imported(r)
	}
}

// exported notes that the run continues elsewhere, for the first time or another key.
func (s *Summary) exported(r *Record) {
	if s.State != StateExported {
		whole := *s
		s.Whole = &whole
		s.enter(StateExported, r)
	}
	s.Moved = &Moved{By: r.By, At: r.At, To: r.To}
}

// imported puts back what the run was. What a person said to it elsewhere is said
// no more: whoever continues with it here is asked.
func (s *Summary) imported(r *Record) {
	if s.Whole != nil {
		records := s.Records
		*s = *s.Whole
		s.Records, s.UpdatedAt = records, r.At
	}
	s.Moved, s.Answer = nil, nil
}

// undoing notes that an effect is about to be reversed, or with an Error that it
// surely was not: a run of which nothing was reversed stays what it was.
func (s *Summary) undoing(r *Record) {
	switch before := s.Whole; {
	case before == nil && r.Error == nil:
		whole := *s
		s.Whole = &whole
		s.enter(StatePartlyUndone, r)
	case before != nil && r.Error != nil && s.Undone == 0:
		before.UpdatedAt, before.Records = s.UpdatedAt, s.Records
		*s = *before
	default:
		s.enter(StatePartlyUndone, r)
	}
}

// reasonConfirm is the Reason of a run that parked before its first write.
const reasonConfirm = "confirm"

// answered notes what a person said to what the run waits for.
func (s *Summary) answered(r *Record, fits bool) {
	if s.State == StateParked && fits {
		s.Answer = &Said{What: r.Kind, By: r.By, At: r.At, Plan: r.Plan}
	}
}

func (s *Summary) enter(state State, r *Record) {
	s.State, s.Reason, s.Error, s.Path, s.Answer = state, r.Reason, r.Error, "", nil
	if state == StateParked {
		s.Path = r.Path
	}
}
