package local

import (
	"context"
	"errors"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/step"
)

// wait lets time pass. A process that takes the run up asks at once instead.
func (r *runner) wait(w *worker, fresh bool) {
	a := w.action
	if !fresh || a.Retry {
		until := a.At
		if !a.Deadline.IsZero() && a.Deadline.Before(until) {
			until = a.Deadline
		}
		if !r.waitUntil(w, until) || r.expireOverdue(w) {
			return
		}
	}
	_, live := r.Machine.Live(a.Path)
	switch {
	case !live:
	case a.Retry, a.Poll && a.Def.Call != nil: // of a poll by steps, polled decides what is kept
		r.event(machine.Woken, a.Path)
	case r.err == nil:
		r.err = r.tell(machine.Event{Kind: machine.Woken, Path: a.Path, At: r.Clock.Now().UTC()})
	}
}

// overdue reports whether the time of what bounds an action is up.
func (r *runner) overdue(w *worker) bool {
	at := w.action.Deadline
	return !at.IsZero() && !w.idle && (!r.Clock.Now().Before(at) || errors.Is(w.call.Err(), context.DeadlineExceeded))
}

// expireOverdue reports whether the time of an action is up, and ends what bounds it then.
func (r *runner) expireOverdue(w *worker) bool {
	if !r.overdue(w) {
		return false
	}
	a := w.action
	r.event(machine.TimedOut, a.Bounds)
	if _, live := r.Machine.Live(a.Path); live && a.Bounds != a.Path && a.Kind == machine.Call {
		r.drop(a)
	}
	return true
}

// waitUntil lets time pass while it looks at the inbox. It is false when the run
// ended meanwhile, when nothing needs the action any more, or when the process
// is to stop.
func (r *runner) waitUntil(w *worker, until time.Time) bool {
	for {
		left := until.Sub(r.Clock.Now())
		if left <= 0 {
			return true
		}
		if r.Inbox != nil {
			left = min(left, pause)
		}
		if r.sleep(w, left) != nil || w.idle {
			return false
		}
		if r.pollInbox(); !r.running() {
			return false
		}
	}
}

func (r *runner) sleep(w *worker, d time.Duration) error {
	ctx := w.call
	if w.action.Effect == string(step.Writes) {
		ctx = w.ctx
	}
	defer r.unlock()()
	return r.Clock.Sleep(ctx, d)
}
