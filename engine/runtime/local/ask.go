package local

import (
	"context"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Questions. A run asks before its first write, and at each approve step. What
// a person agrees to is a plan, by its digest: of the same run with another
// plan, they have to be asked again. A yes comes from this process's terminal,
// from the journal (somebody approved while the run was parked), or from the
// inbox (somebody approves while this process waits).

// approval is a yes that was given.
type approval struct {
	path, plan, by string
	at             time.Time
	kept           bool // it stands in the journal
	nothing        bool // there is nothing to agree to
}

// begin takes the lock of a run that begins, before its first read: what it
// checks then holds until it is written. A run that only waits needs none.
func (r *runner) begin(ctx context.Context) {
	if r.exclusive || !r.anew || !r.going() {
		return
	}
	if actions := r.Machine.Next(); len(actions) > 0 {
		r.exclude(&worker{ctx: ctx, call: ctx, action: machine.Action{Path: actions[0].Path}})
	}
}

// allowed gets consent before the first write and, unless it has it from the
// beginning, the lock. Without them the run parks.
func (r *runner) allowed(w *worker) (yes bool) {
	w.asks = true
	defer func() { w.asks = false }()
	r.alone(func() {
		if !r.Consented && r.going() && !w.idle {
			r.Consented, _ = r.decide(w, runtime.Question{Name: w.action.Name}, runtime.ForConfirm)
		}
		yes = r.Consented && r.going() && r.exclude(w)
	})
	return yes
}

// mayLook gets consent before a read that could see what a write beside it
// changes; see [runtime.Options.Withhold].
func (r *runner) mayLook(w *worker) (yes bool) {
	if r.Consented || r.Withhold == nil || !r.Withhold(w.call, w.action) {
		return true
	}
	w.asks = true
	defer func() { w.asks = false }()
	r.alone(func() {
		var given approval
		if !r.Consented && r.going() && !w.idle {
			yes, given = r.decide(w, runtime.Question{Name: w.action.Name}, runtime.ForConfirm)
			r.Consented = r.Consented || yes && !given.nothing
		}
		yes = (yes || r.Consented) && r.going()
	})
	if stopping, live := r.Machine.Live(w.action.Path); !yes && live && stopping && r.going() {
		r.drop(w.action)
	}
	return yes
}

// decide asks until there is an answer, and writes a yes down. It is false
// when the run parked, ended or was interrupted instead.
func (r *runner) decide(w *worker, q runtime.Question, reason string) (bool, approval) {
	q.Snapshot, q.Reads, q.Before = r.Machine.Snapshot(), slices.Clone(r.reads), slices.Clone(r.Locals)
	given := slices.Clone(r.approvals)
	q.Approved = func(digest string) (string, bool) {
		yes, ok := approved(given, q.Path, digest)
		return yes.by, ok
	}
	for _, x := range r.approvals {
		q.Others = q.Others || x.path == q.Path && x.plan != ""
	}
	d, err := r.put(w.call, q)
	switch {
	case err != nil:
		r.err = err
		return false, approval{}
	case w.call.Err() != nil || !r.going():
		return false, approval{}
	case d.Stop != nil:
		r.foresees(d.Stop)
		return false, approval{}
	case d.Refuse != nil:
		r.refuse(d.Refuse)
		return false, approval{}
	case d.No:
		r.endBy(runtime.Ending{State: runtime.Rejected, By: d.By})
		return false, approval{}
	case d.Yes:
		yes := approval{path: q.Path, plan: d.Plan, by: d.By, at: r.Clock.Now().UTC(), kept: d.Nothing, nothing: d.Nothing}
		return r.keep(yes, d.Note), yes
	}
	return r.awaitYes(w, q, d, reason)
}

// put puts a question to whoever decides.
func (r *runner) put(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
	defer r.free()()
	return r.Decide(ctx, q)
}

// awaitYes waits for a yes, or parks the run.
func (r *runner) awaitYes(w *worker, q runtime.Question, d runtime.Decision, reason string) (bool, approval) {
	for r.going() && !w.idle {
		if yes, ok := approved(r.approvals, q.Path, d.Plan); ok {
			return r.keep(yes, ""), yes
		}
		if !r.Wait {
			why := d.Why
			if why == nil {
				why = r.outdated(q)
			}
			r.park(w.action.Path, reason, d.Plan, why)
			break
		}
		if !r.linger(w, r.Clock.Now().Add(pause)) {
			break
		}
	}
	return false, approval{}
}

// outdated says that what somebody agreed to is not what would happen now.
func (r *runner) outdated(q runtime.Question) *types.Error {
	if !q.Others {
		return nil
	}
	return types.Errorf(types.Conflict, "what was approved is not what would be written now").
		WithHint("look at it, and approve it again: %s", r.Command("approve", r.Header.ID))
}

// keep writes a yes down that is not in the journal yet.
func (r *runner) keep(yes approval, note string) bool {
	if yes.kept || yes.plan == "" && yes.by == "" && note == "" {
		return true // the site's policy asks nobody
	}
	r.err = r.append(journal.Record{Kind: journal.Approved, Path: yes.path, Plan: yes.plan, By: yes.by, Reason: note}, true)
	return r.err == nil
}

// of reports whether it was said to a plan.
func (yes approval) of(path, digest string) bool {
	return yes.path == path && yes.plan == digest && digest != ""
}

func approved(given []approval, path, digest string) (approval, bool) {
	for _, yes := range given {
		if yes.of(path, digest) {
			return yes, true
		}
	}
	return approval{}, false
}

// ask performs an approve step.
func (r *runner) ask(w *worker) {
	a := w.action
	if r.Decide == nil {
		r.park(a.Path, runtime.ForApprove, "", nil)
		return
	}
	var yes bool
	var by approval
	r.alone(func() {
		message, _ := a.Input["message"].(string)
		yes, by = r.decide(w, runtime.Question{Path: a.Path, Name: a.Name, Message: message, Show: a.Input["show"]}, runtime.ForApprove)
	})
	if _, live := r.Machine.Live(a.Path); !yes || !live {
		return
	}
	r.Consented = r.Consented || r.Elsewhere && by.plan != ""
	rec := journal.Record{Kind: journal.Event, Path: a.Path, Input: types.Encode(a.Input), By: by.by}
	r.err = r.apply(rec, machine.Event{Kind: machine.Done, Path: a.Path, Output: types.Values{
		"by": by.by, "at": by.at.Format(time.RFC3339), "digest": by.plan, "known_by": runtime.KnownByMachine,
	}}, true)
}

// exclude gets the lock of the run's concurrency group.
func (r *runner) exclude(w *worker) bool {
	for told := false; !r.exclusive && r.going() && !w.idle; told = true {
		other, err := r.lock(w.call)
		switch {
		case w.call.Err() != nil:
			return false
		case err != nil:
			r.foresees(&machine.Failure{Error: types.AsError(err)})
			return false
		case other == nil:
			if r.exclusive = true; told {
				r.emit(runtime.Event{Type: "notice", ID: w.action.Node, Path: w.action.Path, Text: "the other run has ended"})
			}
		case !r.Wait:
			r.park(w.action.Path, runtime.ForLock, "", other)
		default:
			if !told {
				r.emit(runtime.Event{Type: "notice", ID: w.action.Node, Path: w.action.Path, Text: "waits: " + other.Error() + "; looks again every " + pause.String()})
			}
			r.linger(w, r.Clock.Now().Add(pause))
		}
	}
	return r.exclusive
}

func (r *runner) lock(ctx context.Context) (*types.Error, error) {
	defer r.free()()
	return r.Exclusive(ctx)
}

// foresees fails the run for what would stop it. The step that was about to be
// performed has not failed: nothing is cleaned up, passed over or rescued for it.
func (r *runner) foresees(f *machine.Failure) {
	if f.Path != "" {
		r.observe(machine.Note{Kind: machine.FailedNote, Path: f.Path, Node: f.Node, Name: f.Node, Error: f.Error})
	}
	r.out.State, r.out.Failure = runtime.Failed, f
	r.last = &journal.Record{Kind: journal.Finished, Path: f.Path}
}

// heed does what others ask of this run.
func (r *runner) heed() {
	if r.Inbox == nil {
		return
	}
	requests, err := r.Inbox.Requests()
	if err != nil {
		r.emit(runtime.Event{Type: "notice", Text: "the inbox: " + err.Error()})
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
		if !r.going() {
			return
		}
	}
}
