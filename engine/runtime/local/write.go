package local

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The protocol of a write. It holds for every write of every step, and keeps
// one promise: never a send without proof, since the last send, that the
// effect is not there.
//
//  1. Append INTENT with the key and the argument digest, on the disk.
//  2. Ask the world (Find). There and ours: take it, nothing is sent. There
//     from other arguments: update it when the step can, which is safe to do
//     twice, else stop with conflict. Ended by somebody: stop with conflict.
//     Cannot tell, or cannot look: when it may have been sent, stop with
//     unknown_outcome, else fail, and a resume looks again; unless a person has
//     said since the last intent that it is not there. Absent is proof: go on.
//  3. Send once.
//  4. A definite no fails the step. An answer that was lost goes back to 2,
//     with the wish to look harder; the effect of a late step is looked for
//     until it cannot appear any more. A conflict goes back to 2 once: somebody
//     may have made it between looking and sending.
//  5. Append DONE, on the disk.
//
// An INTENT without DONE, found when a run is taken up, is a lost answer. To look
// for it takes neither consent nor a lock, and it is looked for also when nothing
// needs it any more: what is there has to be known. Only to send it again takes
// both.

// outcomeUnknown marks the failure of a write that may have happened, and
// outcomeUnseen that of one that was not sent because its effect could not be
// looked for.
const (
	outcomeUnknown = "unknown"
	outcomeUnseen  = "unseen"
)

// maxSends is how often one write may be sent in one process, each time after
// proof of absence.
const maxSends = 3

func (r *runner) write(w *worker) {
	a := w.action
	since, maybeSent := r.intents[a.Path]
	if leaveFirst(maybeSent) && !r.permitted(w) {
		return
	}
	s, err := r.step(a.Step)
	rec := recordOf(a)
	if err == nil {
		err = r.ready(w.ctx, s, a.Input)
	}
	if w.ctx.Err() != nil {
		return
	}
	if err != nil {
		if maybeSent {
			rec.Outcome = outcomeUnknown
		}
		r.failed(rec, a, err)
		return
	}
	rec.Key, rec.Digest = r.key(rec).String(), s.Digest(rec.Input)
	rec.Service, rec.Host = r.where(w.ctx, s, rec)
	if held, ok := r.held[a.Path]; ok && !maybeSent {
		r.takeHeld(w, s, rec, held)
		return
	}
	hard := false
	if !maybeSent {
		var goesOn bool
		if hard, goesOn = r.comesAgain(w, s, rec); !goesOn || !r.going() {
			return
		}
	}
	intent := rec
	intent.Kind = journal.Intent
	if r.err = r.announce(intent); r.err != nil {
		return
	}
	if !maybeSent {
		since = r.Clock.Now()
	}
	r.intents[a.Path] = since
	x := &writing{
		runner: r, w: w, a: a, rec: rec, step: s, maybeSent: maybeSent, mayWrite: leaveFirst(maybeSent), hard: hard,
		word: r.absent[a.Path] || !maybeSent && r.said[rec.Key] == saidRepeat,
	}
	delete(r.absent, a.Path)
	if maybeSent {
		x.settled = r.settledAt(since)
	}
	x.settle(w.ctx)
}

// permitted gets leave to send a write of which nothing was sent yet. Without it
// one that nothing needs any more is dropped, and the time of one may be up.
func (r *runner) permitted(w *worker) bool {
	if r.allowed(w) {
		return true
	}
	stopping, live := r.m.Live(w.action.Path)
	_, sent := r.intents[w.action.Path]
	switch {
	case !r.going() || w.ctx.Err() != nil || !live || sent:
	case stopping:
		r.drop(w.action)
	default:
		r.late(w)
	}
	return false
}

// lifetime is longer than a process works on one write: its lookups, its waits
// for a busy service and its request together.
const lifetime = 10 * time.Minute

// settledAt is when the effect of a request that an earlier process may have
// sent cannot appear any more. Nobody knows when that process died: at the
// latest now, and at the latest a lifetime after its intent.
func (r *runner) settledAt(intent time.Time) time.Time {
	now := r.Clock.Now()
	if dead := intent.Add(lifetime); dead.Before(now) {
		now = dead
	}
	return now.Add(r.Settle)
}

// writing is one write, from its intent to its outcome.
type writing struct {
	*runner
	w         *worker
	a         machine.Action
	rec       journal.Record
	step      step.Step
	maybeSent bool
	mayWrite  bool      // there is consent, and the lock
	word      bool      // a person says that it is not there; it holds for one send
	hard      bool      // it is looked for as hard as after a lost answer: it was sent, or is done already
	settled   time.Time // until then, absent is no proof for a late step
	last      error     // why the last send is not a plain yes
}

// settle looks, sends and looks again until the outcome is known.
func (w *writing) settle(ctx context.Context) {
	for sends := 0; ; {
		found, told, err := w.look(ctx)
		if ctx.Err() != nil || w.err != nil || !told {
			return // INTENT without DONE: the next process looks
		}
		if w.word {
			found, err = w.takeWord(found, err)
		}
		if err != nil {
			w.cannotLook(err)
			return
		}
		update := found.State == step.StateDiffers && w.step.CanUpdate()
		if found.State != step.StateAbsent && !update {
			w.found(found)
			return
		}
		if w.needless() {
			return
		}
		if !w.mayWrite {
			if w.mayWrite = w.allowed(w.w); !w.mayWrite {
				w.needless()
				return
			}
			continue // that took its time
		}
		if update {
			w.update(ctx, found)
			return
		}
		if sends == maxSends || (w.last != nil && types.CodeOf(w.last) == types.Conflict) {
			w.failed(w.rec, w.a, w.last)
			return
		}
		if sends++; w.send(ctx) {
			return
		}
	}
}

// takeWord takes a person's word that it is not there for what a look could not
// say, or could not find out.
func (w *writing) takeWord(found step.Found[json.RawMessage], err error) (step.Found[json.RawMessage], error) {
	switch {
	case err != nil:
		w.emit(Event{Type: "notice", ID: w.a.Node, Path: w.a.Path, Step: w.step.Name,
			Text: "it could not be looked for, and was said not to be done, so it is sent: " + types.AsError(err).Message})
	case found.State != step.StateCannotTell:
		return found, nil
	}
	return step.Absent[json.RawMessage](), nil
}

// cannotLook fails a write whose effect could not be looked for. What was not
// sent is no unknown outcome.
func (w *writing) cannotLook(err error) {
	if w.rec.Outcome = outcomeUnseen; w.maybeSent {
		w.rec.Outcome = outcomeUnknown
	}
	w.failed(w.rec, w.a, err)
}

// send sends once. It is false when the world has to be asked what came of it.
func (w *writing) send(ctx context.Context) (settled bool) {
	w.word = false
	out, err := w.runner.call(w.w.call, w.step, w.rec)
	if err == nil {
		w.rec.Outcome = outcomeCreated
		w.done(w.rec, w.a, out, true)
		return true
	}
	w.last = err
	switch code := types.CodeOf(err); {
	case ctx.Err() != nil: // the call was cut, and its error tells of that
		return true // INTENT without DONE: the next process looks
	case code == types.UnknownOutcome, w.w.call.Err() != nil: // or its time is up
		w.maybeSent, w.settled = true, w.Clock.Now().Add(w.Settle)
	case code == types.Conflict:
	default:
		w.failed(w.rec, w.a, err)
		return true
	}
	return false
}

// needless gives the write up when nothing needs it any more, or its time is
// up. It is surely not there, or not as it is wanted.
func (w *writing) needless() bool {
	if stopping, _ := w.m.Live(w.a.Path); stopping {
		w.drop(w.a)
	} else if !w.late(w.w) {
		return false
	}
	delete(w.intents, w.a.Path)
	return true
}

// look asks the step whether its effect is there. Of a late step it asks until
// the effect is there or cannot appear any more; it is not told when this
// process stops before that.
func (w *writing) look(ctx context.Context) (found step.Found[json.RawMessage], told bool, err error) {
	for first := true; ; first = false {
		found, err = w.find(ctx, w.step, w.rec, w.maybeSent || w.word || w.hard)
		now := w.Clock.Now()
		if err != nil || found.State != step.StateAbsent || w.proves(now) {
			return found, true, err
		}
		if first {
			w.emit(Event{Type: "notice", ID: w.a.Node, Path: w.a.Path, Step: w.step.Name,
				Text: "it is not there; the request that may have been sent can take effect until " + w.settled.UTC().Format(time.TimeOnly) + " UTC, so it is looked for until then"})
		}
		next := now.Add(pause)
		if w.settled.Before(next) {
			next = w.settled
		}
		if !w.linger(&worker{ctx: ctx, call: ctx}, next) {
			return found, false, nil
		}
	}
}

// update brings an effect up to date that was made from other arguments. It may
// be sent again whatever came of it, so an unknown outcome simply fails. That it is
// an update is announced, so that what is found after a lost answer is not taken
// for what this run made.
func (w *writing) update(ctx context.Context, f step.Found[json.RawMessage]) {
	w.emit(Event{Type: "notice", ID: w.a.Node, Path: w.a.Path, Step: w.step.Name, Text: f.Ref + " is brought up to date: " + f.Why})
	intent := w.rec
	intent.Kind, intent.Outcome = journal.Intent, outcomeUpdated
	if w.err = w.announce(intent); w.err != nil {
		return
	}
	w.changing[w.a.Path] = true
	out, err := w.bring(ctx, f.Out)
	switch {
	case err == nil:
		w.rec.Outcome = outcomeUpdated
		w.done(w.rec, w.a, out, true)
	case ctx.Err() == nil:
		w.rec.Outcome = outcomeUnknown // it is ours and there: the next process looks
		w.failed(w.rec, w.a, err)
	}
}

func (w *writing) bring(ctx context.Context, out json.RawMessage) (_ json.RawMessage, err error) {
	defer recovered(w.step.Name, &err)
	c := w.callOf(w.step, w.rec)
	defer w.free()()
	return w.step.Update(step.WithCall(ctx, c), c.Key, w.rec.Input, out)
}

// find asks the step whether its effect is there; hard is [step.Call].AfterUnknown.
// A step that cannot look says "absent" before its first send, and never after.
func (r *runner) find(ctx context.Context, s step.Step, rec journal.Record, hard bool) (found step.Found[json.RawMessage], err error) {
	defer recovered(s.Name, &err)
	if !s.CanFind() {
		if hard {
			return step.CannotTell[json.RawMessage]("look for the effect of " + s.Name + " yourself"), nil
		}
		return step.Absent[json.RawMessage](), nil
	}
	c := r.callOf(s, rec)
	c.AfterUnknown = hard
	defer r.free()()
	return lookup(step.WithCall(ctx, c), s, c.Key, rec.Input)
}

// found acts on an effect that is, or may be, already there.
func (w *writing) found(f step.Found[json.RawMessage]) {
	switch f.State {
	case step.StateHere:
		w.rec.Outcome = outcomeAdopted
		switch {
		case w.changing[w.a.Path]:
			w.rec.Outcome = outcomeUpdated
		case w.maybeSent || w.hard:
			w.rec.Outcome = outcomeConfirmed
		}
		w.done(w.rec, w.a, f.Out, true)
	case step.StateDiffers:
		w.failed(w.rec, w.a, types.Errorf(types.Conflict, "%s is there already, made from other arguments: %s", f.Ref, f.Why).
			WithHint("%s", orElse(f.Hint, "change it back, or make new work of it with --again 1")))
	case step.StateOver:
		w.failed(w.rec, w.a, types.Errorf(types.Conflict, "%s", f.Why).
			WithHint("%s", orElse(f.Hint, "bring it back, or make new work of it with --again 1")).With("ref", f.Ref))
	default:
		w.nobodyKnows(f)
	}
}

// nobodyKnows parks a write that may have happened, and fails one that did not:
// what this run did not send is not unknown, and a resume looks again.
func (w *writing) nobodyKnows(f step.Found[json.RawMessage]) {
	sent := w.maybeSent || w.hard
	err := types.Errorf(types.UnknownOutcome, "nobody knows whether %s happened: %s", w.a.Step, f.Why).WithHint("%s", w.howToResolve())
	if !sent {
		err = types.Errorf(types.Conflict, "cannot tell whether %s is done already, so nothing was sent: %s", w.a.Step, f.Why).
			WithHint("go on with the run and it looks again; or %s", w.howToResolve())
	}
	if w.last != nil {
		err.With("cause", w.last.Error())
	}
	if sent {
		w.park(w.a.Path, ForUnknown, "", err)
		return
	}
	w.cannotLook(err)
}

// howToResolve says what a person can do about an outcome that nobody knows.
func (w *writing) howToResolve() string {
	command := w.Command("resolve", w.Header.ID, quoted(w.a.Path))
	if !w.step.CanResolve() {
		return "look, and when it surely did not happen, say so: " + command + " --not-done"
	}
	return "look, and then say what you found: " + command + " --found REF, or --not-done; REF is " + w.step.RefFormat
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.Contains(path, "[") {
		return "'" + path + "'"
	}
	return path
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
