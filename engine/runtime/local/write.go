package local

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/protocol"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// writing is one write in this process: it does what the protocol asks for.
type writing struct {
	*runner
	w         *worker
	a         machine.Action
	rec       journal.Record
	step      step.Step
	missing   error // why there is no step
	sent      bool  // an earlier process may have sent it
	announced bool  // by this one
}

func (r *runner) write(w *worker) {
	a := w.action
	x := &writing{runner: r, w: w, a: a, rec: runtime.RecordOf(a)}
	x.step, x.missing = r.step(a.Step)
	_, x.sent = r.Intents[a.Path]
	p, c := protocol.Begin(r.known(x.step, x.rec, a.Def.Repeatable))
	for ok := true; ok; {
		x.notice(c)
		var e protocol.Event
		if e, ok = x.perform(c); ok {
			c = p.On(e)
		}
	}
}

func (r *runner) known(s step.Step, rec journal.Record, repeatable bool) protocol.Known {
	key := r.key(rec).String()
	k := protocol.Known{
		Step: protocol.StepOf(s, repeatable), Resolve: r.Command("resolve", r.Header.ID, quoted(rec.Path)), Settle: r.Settle,
		Changing: r.Changing[rec.Path], Absent: r.Absent[rec.Path], Said: r.Said[key],
	}
	k.Since, k.Sent = r.Intents[rec.Path]
	_, k.Held = r.Found[rec.Path]
	if before, done := r.Finished[key]; done {
		k.Before = &protocol.Past{At: before.At, Output: types.Encode(before.Output)}
	}
	return k
}

func (x *writing) notice(c protocol.Command) {
	if c.Notice != "" {
		x.emit(runtime.Event{Type: runtime.EventNotice, ID: x.a.Node, Path: x.a.Path, Step: x.step.Name, Text: c.Notice})
	}
}

// permit gets leave to send the write. Without it one that nothing needs any more
// is given up, unless this process releases the run before it was begun.
func (x *writing) permit() protocol.Event {
	if x.allowed(x.w) {
		return protocol.Event{}
	}
	e := protocol.Event{Refused: true, Need: x.need()}
	if !x.announced && (!x.running() || x.w.ctx.Err() != nil) {
		e.Need = protocol.Needed
	}
	return e
}

func (x *writing) need() protocol.Need {
	stopping, live := x.Machine.Live(x.a.Path)
	switch {
	case stopping:
		return protocol.Needless
	case live && x.overdue(x.w):
		return protocol.TooLate
	}
	return protocol.Needed
}

// prepare makes ready what the step works in, and names the effect.
func (x *writing) prepare() error {
	if x.missing != nil {
		return x.missing
	}
	if err := x.ready(x.w.ctx, x.step, x.a.Input); err != nil {
		return err
	}
	x.rec.Key, x.rec.Digest = x.key(x.rec).String(), x.step.Digest(x.rec.Input)
	x.rec.Service, x.rec.Host = x.target(x.w.ctx, x.step, x.rec)
	return nil
}

// intend puts it on the disk that the write is about to be sent, or brought up to
// date: what is found after a lost answer is then not taken for what this run made.
func (x *writing) intend(outcome string) bool {
	if !x.announced && !x.sent && !x.running() {
		return false
	}
	intent := x.rec
	intent.Kind, intent.Outcome = journal.Intent, outcome
	if x.err = x.append(intent, true); x.err != nil {
		return false
	}
	switch {
	case x.announced:
		x.Changing[x.a.Path] = true
	case !x.sent:
		x.Intents[x.a.Path] = x.Clock.Now()
		x.Announced[x.a.Path] = x.Intents[x.a.Path]
	}
	x.announced = true
	delete(x.Absent, x.a.Path)
	return true
}

func (x *writing) update(ctx context.Context, out json.RawMessage) (_ json.RawMessage, err error) {
	defer runtime.Recovered(x.step.Name, &err)
	c := x.callOf(x.step, x.rec)
	defer x.unlock()()
	return x.step.Update(step.WithCall(ctx, c), c.Key, x.rec.Input, out)
}

// find asks the step whether its effect is there; hard is [step.Call].AfterUnknown.
// A step that cannot look says "absent" before its first send, and never after.
func (r *runner) find(ctx context.Context, s step.Step, rec journal.Record, hard bool) (found protocol.Found, err error) {
	defer runtime.Recovered(s.Name, &err)
	if !s.CanFind() {
		if hard {
			return step.Inconclusive[json.RawMessage]("look for the effect of " + s.Name + " yourself"), nil
		}
		return step.Absent[json.RawMessage](), nil
	}
	c := r.callOf(s, rec)
	r.afterUnknown(&c, hard)
	defer r.unlock()()
	return s.Find(step.WithCall(ctx, c), c.Key, rec.Input)
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.Contains(path, "[") {
		return "'" + path + "'"
	}
	return path
}

func (x *writing) end(c protocol.Command) {
	x.rec.Outcome = c.Outcome
	switch c.Do {
	case protocol.Done:
		x.done(x.rec, x.a, c.Output, true)
	case protocol.Fail:
		x.failed(x.rec, x.a, c.Err)
	case protocol.Park:
		x.park(x.a.Path, c.Reason, "", types.AsError(c.Err))
		if x.last != nil && x.last.Reason == runtime.ForRepeat {
			x.last.Key, x.last.Step = x.rec.Key, x.rec.Step
		}
	case protocol.GiveUp:
		if x.need() == protocol.Needless {
			x.drop(x.a)
		} else {
			x.expireOverdue(x.w)
		}
		delete(x.Intents, x.a.Path)
	}
}

// perform does what the protocol asks for next. It is false when that was the
// last, or when this process releases the run: INTENT without DONE, and the next
// one looks.
func (x *writing) perform(c protocol.Command) (e protocol.Event, ok bool) {
	ctx := x.w.ctx
	switch c.Do {
	case protocol.Permit:
		return x.permit(), true
	case protocol.Prepare:
		e.Err = x.prepare()
	case protocol.ReadBack:
		e.Output, e.Err = x.takeHeld()
	case protocol.Announce:
		return protocol.Event{At: x.Clock.Now()}, x.intend(c.Outcome)
	case protocol.Look:
		e.Found, e.Err = x.find(ctx, x.step, x.rec, c.Hard)
		e.At, e.Need = x.Clock.Now(), x.need()
	case protocol.Wait:
		return e, x.waitUntil(&worker{ctx: ctx, call: ctx}, c.Until)
	case protocol.Send:
		e.Output, e.Err = x.call(x.w.call, x.step, x.rec, c.Hard)
		e.At, e.Cut = x.Clock.Now(), x.w.call.Err() != nil
	case protocol.Update:
		e.Output, e.Err = x.update(ctx, c.Found.Out)
	default:
		x.end(c)
		return e, false
	}
	answered := e.Err == nil && (c.Do == protocol.Send || c.Do == protocol.Update)
	return e, answered || ctx.Err() == nil && x.err == nil
}

// takeHeld is the result that a person found, read back.
func (x *writing) takeHeld() (json.RawMessage, error) {
	held := x.Found[x.a.Path]
	x.rec.By = held.By
	if x.rec.Key != held.Key || x.rec.Digest != held.Digest {
		return nil, types.Errorf(types.Conflict, "step %s was resolved as %s, but has other arguments now", x.rec.Path, held.Ref).
			WithHint("change it there to match the skill, or start new work with --again 1")
	}
	return x.readBack(x.w.call, x.rec, x.step, held.Ref)
}
