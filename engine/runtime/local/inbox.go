package local

import (
	"context"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

func (r *runner) pollInbox() {
	if r.Inbox == nil {
		return
	}
	requests, err := r.Inbox.Requests()
	if err != nil {
		r.emit(runtime.Event{Type: runtime.EventNotice, Text: "the inbox: " + err.Error()})
	}
	for _, q := range requests {
		switch q.Kind {
		case journal.Cancel:
			r.endBy(runtime.Ending{State: runtime.Cancelled, By: q.By, Words: q.Reason})
		case journal.Reject:
			r.endBy(runtime.Ending{State: runtime.Rejected, By: q.By, Words: q.Reason})
		case journal.Approve:
			r.approvals = append(r.approvals, approval{path: q.Path, plan: q.Plan, by: q.By, at: q.At})
		}
		if r.err == nil {
			r.err = r.Inbox.Answered(q)
		}
		if !r.running() {
			return
		}
	}
}

// endBy ends the run for good, when it has cleaned up and knows what it has written.
func (r *runner) endBy(x runtime.Ending) {
	r.Ending, r.endedHere = &x, true
	if !r.NeedsStop() || !r.Consented { // no one agreed to a write, so nothing is there to clean up
		r.end(x)
		return
	}
	why := types.Errorf(types.Cancelled, "the run was %s", x.State)
	if x.By != "" {
		why.Message += " by " + x.By
	}
	rec := journal.Record{Kind: journal.Event, State: string(x.State), By: x.By, Reason: x.Words}
	r.err = r.apply(rec, machine.Event{Kind: machine.Stopped, Error: why}, true)
}

// listen obeys [Options.Interrupt], and what others ask of the run while what
// is in flight takes its time. What it returns ends that.
func (r *runner) listen(ctx context.Context, cut context.CancelFunc) func() {
	done := make(chan struct{})
	var look <-chan time.Time
	stop := func() {}
	if r.Inbox != nil {
		t := time.NewTicker(pause)
		look, stop = t.C, t.Stop
	}
	interrupt := r.Interrupt
	go func() {
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				return
			case <-interrupt:
				interrupt = nil
				r.locked(func() { r.interrupt(cut) })
			case <-look:
				r.locked(func() { r.checkInbox() })
			}
		}
	}()
	return func() { stop(); close(done) }
}

func (r *runner) checkInbox() {
	if !r.running() || r.replaying {
		return
	}
	r.pollInbox()
	r.dropUnneeded(r.Machine.Next())
	r.changed.Broadcast()
}

// interrupt stops the run as a person at the terminal wants it.
func (r *runner) interrupt(cut context.CancelFunc) {
	defer r.changed.Broadcast()
	switch {
	case !r.running():
		return
	case r.Ending != nil || !r.Machine.HasCleanup() || !r.Consented:
		cut()
		return
	}
	r.Ending, r.endedHere = &runtime.Ending{State: runtime.Interrupted, By: r.User}, true
	rec := journal.Record{Kind: journal.Event, State: string(runtime.Interrupted), By: r.User}
	r.err = r.apply(rec, machine.Event{Kind: machine.Stopped, Error: types.Errorf(types.Cancelled, "the run was interrupted")}, true)
	r.dropUnneeded(r.Machine.Next())
	r.emit(runtime.Event{Type: runtime.EventNotice, Text: "stopping: running steps finish, then the always steps run; a second signal stops at once"})
}
