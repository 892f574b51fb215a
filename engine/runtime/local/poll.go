package local

import (
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// Of the polls of an await, the first and the last are written down. One that repeats a
// step type of a file makes several records a poll, of which nobody knows before its end
// whether it is the last. They are held back until then, and dropped when the
// await continues: the journal then stands at the wait before the poll, and so does a
// process that takes the run up. What ends the await from outside gives a poll up,
// in the machine and when the journal is folded, so that its records are dropped too.

// polled folds an event of a poll, and writes the poll down when it was the last one.
func (r *runner) polled(p machine.Poll, rec journal.Record) error {
	if rec.Event.Kind == machine.Woken && rec.Path == p.Path() {
		delete(r.polls, p.Path()) // of one that was given up
	}
	held := append(r.polls[p.Path()], rec)
	r.polls[p.Path()] = held
	err := r.tell(*rec.Event)
	if err != nil || p.UnderWay() {
		return err
	}
	delete(r.polls, p.Path())
	if p.WillRepeat() {
		return nil
	}
	for _, rec := range held {
		if err := r.append(rec, false); err != nil {
			return err
		}
	}
	return nil
}
