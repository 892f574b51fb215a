package protocol

import (
	"cmp"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

const (
	// maxSends is how often one write may be sent in one process, each time after
	// proof of absence.
	maxSends = 3
	// pause is how often the effect of a late step is looked for.
	pause = 2 * time.Second
	// lifetime is longer than a process works on one write: its lookups, its waits
	// for a busy service and its request together.
	lifetime = 10 * time.Minute
)

// Write is where one write stands in one process.
type Write struct {
	Known
	doing     Verb      // the command that is to be answered
	announced bool      // INTENT is on the disk
	again     bool      // it was done before, and is looked for before INTENT
	allowed   bool      // there is consent, and the lock
	word      bool      // a person says that it is not there; it holds for one send
	hard      bool      // it is looked for as hard as after a lost answer: it is done already
	found     Found     // what is to be brought up to date
	settled   time.Time // until then, absent is no proof for a late step
	waited    bool      // people know that it is looked for until then
	sends     int
	last      error // why the last send is not a plain yes
}

// Begin begins a write. One of which nothing was sent needs leave to be sent
// before it is looked for; what may have been sent is looked for in any case.
func Begin(k Known) (*Write, Command) {
	w := &Write{Known: k, word: k.Absent}
	if k.Sent {
		return w, w.do(Command{Do: Prepare})
	}
	return w, w.do(Command{Do: Permit})
}

// Search begins at looking for a write of unknown outcome, without a word in the
// journal. Whatever it asks beside [Look] and [Wait] is what a process that resumes
// the run would do.
func Search(k Known, now time.Time) (*Write, Command) {
	w := &Write{Known: k, announced: true, settled: k.settledAt(now)}
	return w, w.look()
}

// Foresee is what a run would do about a write of which nothing was sent, when
// a person agrees to it and looking for it says this: Send, Update, Done or Fail.
func Foresee(s Step, found Found, err error) Command {
	w, c := Begin(Known{Step: s, Plan: true})
	for c.Do != Look {
		c = w.On(Event{})
	}
	if c = w.On(Event{Found: found, Err: err}); c.Do == Announce {
		c = w.On(Event{})
	}
	return c
}

func (w *Write) do(c Command) Command {
	w.doing = c.Do
	return c
}

// On takes what came of the last command, and returns the next one.
func (w *Write) On(e Event) Command {
	switch w.doing {
	case Permit:
		return w.permitted(e)
	case Prepare:
		return w.prepared(e)
	case ReadBack:
		return w.readBack(e)
	case Announce:
		return w.intended(e)
	case Look:
		return w.looked(e)
	case Wait:
		return w.retryLook()
	case Send:
		return w.sent(e)
	case Update:
		return w.updated(e)
	}
	return Command{Do: Leave} // it has ended
}

func (w *Write) permitted(e Event) Command {
	switch {
	case e.Refused && e.Need != Needed:
		return w.do(Command{Do: GiveUp})
	case e.Refused:
		return w.do(Command{Do: Leave})
	}
	if w.allowed = true; w.announced {
		return w.look() // that took its time
	}
	return w.do(Command{Do: Prepare})
}

func (w *Write) prepared(e Event) Command {
	switch {
	case e.Err != nil && w.Sent:
		return w.fail(Unknown, e.Err)
	case e.Err != nil:
		return w.fail("", e.Err)
	case w.Held && !w.Sent:
		return w.do(Command{Do: ReadBack})
	case w.Before != nil && !w.Sent:
		w.again = true
		return w.do(Command{Do: Look, Hard: true})
	}
	return w.do(Command{Do: Announce})
}

func (w *Write) readBack(e Event) Command {
	if e.Err != nil {
		return w.fail(Resolved, e.Err)
	}
	return w.done(Resolved, e.Output)
}

// decideRepeat decides about a write that was done before.
func (w *Write) decideRepeat(e Event) Command {
	w.again, w.word = false, w.word || w.Said == SaidRepeat
	switch {
	case e.Err == nil && e.Found.State != step.StateInconclusive:
		w.hard = true
	case w.Said == SaidStands:
		return w.done(Resolved, w.Before.Output)
	case w.Said == SaidRepeat:
	case e.Err != nil:
		return w.fail("", e.Err)
	case !w.Step.Repeatable:
		return w.do(Command{Do: Park, Reason: ForRepeat, Err: w.wouldRepeat()})
	}
	return w.do(Command{Do: Announce})
}

// intended continues when INTENT is on the disk.
func (w *Write) intended(e Event) Command {
	if w.announced {
		w.Changing = true
		return w.do(Command{Do: Update, Found: w.found})
	}
	if w.announced = true; w.Sent {
		w.settled = w.settledAt(e.At)
	}
	return w.look()
}

// settledAt is when the effect of a request that an earlier process may have
// sent cannot appear any more. It is unknown when that process died: at the
// latest now, and at the latest a lifetime after its intent.
func (k Known) settledAt(now time.Time) time.Time {
	if dead := k.Since.Add(lifetime); dead.Before(now) {
		now = dead
	}
	return now.Add(k.Settle)
}

func (w *Write) look() Command {
	w.waited = false
	return w.retryLook()
}

func (w *Write) retryLook() Command {
	return w.do(Command{Do: Look, Hard: w.Sent || w.word || w.hard})
}

func (w *Write) looked(e Event) Command {
	if w.again {
		return w.decideRepeat(e)
	}
	if e.Err == nil && e.Found.State == step.StateAbsent && !w.absenceProved(e.At) {
		return w.wait(e.At)
	}
	notice := ""
	if w.word && (e.Err != nil || e.Found.State == step.StateInconclusive) {
		if e.Err != nil {
			notice = "it could not be looked for, and was resolved as not done, so it is sent: " + types.AsError(e.Err).Message
		}
		e.Found, e.Err = Found{State: step.StateAbsent}, nil
	}
	c := w.onFound(e)
	c.Notice = cmp.Or(c.Notice, notice)
	return c
}

// absenceProved reports whether "absent" is a proof now: nothing may have been sent, or
// what was sent cannot take effect any more.
func (w *Write) absenceProved(now time.Time) bool {
	return !w.Sent || !w.Step.EventuallyConsistent || !now.Before(w.settled)
}

// wait lets time pass until it is looked for again.
func (w *Write) wait(now time.Time) Command {
	c := Command{Do: Wait, Until: now.Add(pause)}
	if w.settled.Before(c.Until) {
		c.Until = w.settled
	}
	if !w.waited {
		c.Notice = "what may have been sent can take effect until " + w.settled.UTC().Format(time.TimeOnly) + " UTC; it is done again only after that, unless it is there by then"
	}
	w.waited = true
	return w.do(c)
}

// onFound acts on what looking said.
func (w *Write) onFound(e Event) Command {
	update := e.Found.State == step.StateDrifted && w.Step.Updates
	switch {
	case e.Err != nil:
		return w.fail(w.unknown(), e.Err)
	case e.Found.State != step.StateAbsent && !update:
		return w.endExisting(e.Found)
	case e.Need != Needed: // it is surely not there, or not as it is wanted
		return w.do(Command{Do: GiveUp})
	case !w.allowed:
		return w.do(Command{Do: Permit})
	case update:
		w.found = e.Found
		return w.do(Command{Do: Announce, Outcome: Updated, Notice: e.Found.Ref + " is updated: " + e.Found.Why})
	case w.sends == maxSends, w.last != nil && types.CodeOf(w.last) == types.Conflict:
		return w.fail("", w.last)
	}
	w.sends++
	w.word = false
	return w.do(Command{Do: Send, Hard: w.Sent})
}

// unknown is the outcome of a write whose effect could not be looked for.
func (w *Write) unknown() string {
	if w.Sent {
		return Unknown
	}
	return Unseen
}

// sent sorts the answer to a send. What may have happened, and what someone else
// may have done, is looked for.
func (w *Write) sent(e Event) Command {
	if e.Err == nil {
		return w.done(Created, e.Output)
	}
	w.last = e.Err
	switch code := types.CodeOf(e.Err); {
	case code == types.UnknownOutcome, e.Cut:
		w.Sent, w.settled = true, e.At.Add(w.Settle)
	case code == types.Conflict:
	default:
		return w.fail("", e.Err)
	}
	return w.look()
}

// updated ends a write that was brought up to date. It may be sent again whatever
// came of it, so an unknown outcome simply fails: it is ours and there, and the
// next process looks.
func (w *Write) updated(e Event) Command {
	if e.Err != nil {
		return w.fail(Unknown, e.Err)
	}
	return w.done(Updated, e.Output)
}
