package local

import (
	"context"
	"maps"
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
// from the journal (a person approved while the run was parked), or from the
// inbox (a person approves while this process waits).

// allowed gets consent before the first write and, unless it has it from the
// beginning, the lock. Without them the run parks.
func (r *runner) allowed(w *worker) (yes bool) {
	w.asks = true
	defer func() { w.asks = false }()
	r.exclusively(func() {
		if !r.Consented && r.running() && !w.idle {
			r.Consented, _ = r.decide(w, runtime.Question{}, runtime.ForConfirm)
		}
		yes = r.Consented && r.running() && r.lockGroup(w)
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
	r.exclusively(func() {
		var given approval
		if !r.Consented && r.running() && !w.idle {
			yes, given = r.decide(w, runtime.Question{}, runtime.ForConfirm)
			r.Consented = r.Consented || yes && !given.nothing
		}
		yes = (yes || r.Consented) && r.running()
	})
	if stopping, live := r.Machine.Live(w.action.Path); !yes && live && stopping && r.running() {
		r.drop(w.action)
	}
	return yes
}

// decide asks until there is an answer, and writes a yes down. It is false
// when the run parked, ended or was interrupted instead.
func (r *runner) decide(w *worker, q runtime.Question, reason string) (bool, approval) {
	q.Snapshot, q.Reads, q.Before = r.Machine.Snapshot(), slices.Clone(r.reads), slices.Clone(r.Locals)
	q.Secrets = maps.Clone(r.Secrets)
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
	case w.call.Err() != nil || !r.running():
		return false, approval{}
	case d.Stop != nil:
		r.failEarly(d.Stop)
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

func (r *runner) put(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
	defer r.unlock()()
	return r.Decide(ctx, q)
}

func (r *runner) awaitYes(w *worker, q runtime.Question, d runtime.Decision, reason string) (bool, approval) {
	for r.running() && !w.idle {
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
		if !r.waitUntil(w, r.Clock.Now().Add(pause)) {
			break
		}
	}
	return false, approval{}
}

// outdated says that what a person agreed to is not what would happen now.
func (r *runner) outdated(q runtime.Question) *types.Error {
	if !q.Others {
		return nil
	}
	return types.Errorf(types.Conflict, "what was approved is not what would be written now").
		WithHint("check it, and approve it again: %s", r.Command("approve", r.Header.ID))
}

// keep writes a yes down that is not in the journal yet.
func (r *runner) keep(yes approval, note string) bool {
	if yes.kept || yes.plan == "" && yes.by == "" && note == "" {
		return true // the site's policy asks no one
	}
	r.err = r.append(journal.Record{Kind: journal.Approved, Path: yes.path, Plan: yes.plan, By: yes.by, Reason: note}, true)
	return r.err == nil
}

func (r *runner) ask(w *worker) {
	a := w.action
	if r.Decide == nil {
		r.park(a.Path, runtime.ForApprove, "", nil)
		return
	}
	var yes bool
	var by approval
	r.exclusively(func() {
		message, _ := a.Input["message"].(string)
		yes, by = r.decide(w, runtime.Question{Path: a.Path, Message: message, Show: a.Input["show"]}, runtime.ForApprove)
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
