package local

import (
	"context"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// Questions. A run asks before its first write, and at each approve step. What
// a person agrees to is a plan, by its digest: of the same run with another
// plan, they have to be asked again. A yes comes from this process's terminal,
// from the journal (somebody approved while the run was parked), or from the
// inbox (somebody approves while this process waits).

// Question is what a run asks a person.
type Question struct {
	Path     string // of the approve step; "" before the first write
	Name     string
	Message  string // of an approve step
	Show     any    // of an approve step: what it shows, nil for nothing
	Snapshot []byte // of the machine that stands there
	Reads    []plan.Read
	Before   []journal.Record // of the local steps done so far
	// Approved tells who has agreed to a plan of that digest already.
	Approved func(digest string) (by string, ok bool)
	// Others reports whether somebody has agreed here to another plan.
	Others bool
}

// Decision is the answer to a [Question].
type Decision struct {
	Yes  bool
	By   string // who said yes, "" when nobody needs to
	Plan string // the digest of what was shown, "" when nothing was
	Note string // who said yes on what ground, such as --yes
	// Stop ends the run instead: what was agreed to is not what would happen.
	Stop *types.Error
}

// approval is a yes that was given.
type approval struct {
	path, plan, by string
	at             time.Time
	kept           bool // it stands in the journal
}

// pause is how often a waiting process looks at the inbox and at locks.
const pause = 2 * time.Second

// begin takes the lock of a run that begins, before its first read: what it
// checks then holds until it is written. A run that only waits needs none.
func (r *runner) begin(ctx context.Context) {
	if r.exclusive || !r.anew {
		return
	}
	if r.m.Next(); r.m.Failure() == nil && r.m.Current() != "" {
		r.exclude(ctx)
	}
}

// allowed gets consent before the first write and, unless it has it from the
// beginning, the lock. Without them the run parks.
func (r *runner) allowed(ctx context.Context, a machine.Action) bool {
	if !r.consent {
		yes, _ := r.decide(ctx, Question{Name: a.Name}, ForConfirm)
		if !yes {
			return false
		}
		r.consent = true
	}
	return r.exclude(ctx)
}

// decide asks until there is an answer, and writes a yes down. It is false
// when the run parked, ended or was interrupted instead.
func (r *runner) decide(ctx context.Context, q Question, reason string) (bool, approval) {
	q.Snapshot, q.Reads, q.Before = r.m.Snapshot(), r.reads, r.locals
	q.Approved = func(digest string) (string, bool) {
		yes, ok := r.approved(q.Path, digest)
		return yes.by, ok
	}
	for _, x := range r.approvals {
		q.Others = q.Others || x.path == q.Path
	}
	d, err := r.Decide(ctx, q)
	switch {
	case err != nil:
		r.err = err
		return false, approval{}
	case ctx.Err() != nil:
		return false, approval{}
	case d.Stop != nil:
		r.stop(d.Stop)
		return false, approval{}
	case d.Yes:
		yes := approval{path: q.Path, plan: d.Plan, by: d.By, at: r.Clock.Now().UTC()}
		return r.keep(yes, d.Note), yes
	}
	return r.awaitYes(ctx, q, d, reason)
}

// awaitYes waits for a yes, or parks the run.
func (r *runner) awaitYes(ctx context.Context, q Question, d Decision, reason string) (bool, approval) {
	for r.err == nil && r.out.State == "" {
		if yes, ok := r.approved(q.Path, d.Plan); ok {
			return r.keep(yes, ""), yes
		}
		if !r.Wait {
			r.park(reason, d.Plan, r.outdated(q))
			break
		}
		if !r.linger(ctx, r.Clock.Now().Add(pause)) {
			break
		}
	}
	return false, approval{}
}

// outdated says that what somebody agreed to is not what would happen now.
func (r *runner) outdated(q Question) *types.Error {
	if !q.Others {
		return nil
	}
	return types.Errorf(types.Conflict, "what was approved is not what would be written now").
		WithHint("look at it, and approve it again: skillrun approve %s", r.Header.ID)
}

// keep writes a yes down that is not in the journal yet.
func (r *runner) keep(yes approval, note string) bool {
	if yes.kept || yes.plan == "" && yes.by == "" && note == "" {
		return true // the site's policy asks nobody
	}
	r.err = r.append(journal.Record{Kind: journal.Approved, Path: yes.path, Plan: yes.plan, By: yes.by, Reason: note}, true)
	return r.err == nil
}

func (r *runner) approved(path, digest string) (approval, bool) {
	for _, yes := range r.approvals {
		if yes.of(path, digest) {
			return yes, true
		}
	}
	return approval{}, false
}

// ask performs an approve step.
func (r *runner) ask(ctx context.Context, a machine.Action) {
	if r.Decide == nil {
		r.park(ForApprove, "", nil)
		return
	}
	message, _ := a.Input["message"].(string)
	yes, by := r.decide(ctx, Question{Path: a.Path, Name: a.Name, Message: message, Show: a.Input["show"]}, ForApprove)
	if !yes {
		return
	}
	rec := journal.Record{Kind: journal.Event, Path: a.Path, Input: types.Encode(a.Input), By: by.by}
	r.err = r.apply(rec, machine.Event{Kind: machine.Done, Path: a.Path, Output: types.Values{
		"by": by.by, "at": by.at.Format(time.RFC3339),
	}}, true)
}

// exclude gets the lock of the run's concurrency group.
func (r *runner) exclude(ctx context.Context) bool {
	for told := false; !r.exclusive && r.err == nil && r.out.State == "" && r.m.Failure() == nil; told = true {
		other, err := r.Exclusive(ctx)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			r.stop(err)
		case other == nil:
			r.exclusive = true
		case !r.Wait:
			r.park(ForLock, "", other)
		default:
			if !told {
				r.emit(Event{Type: "notice", ID: r.m.Current(), Path: r.m.Current(), Text: "waits: " + other.Error()})
			}
			r.linger(ctx, r.Clock.Now().Add(pause))
		}
	}
	return r.exclusive
}

// stop fails the step that the run stands at, before it is begun.
func (r *runner) stop(err error) {
	at := r.m.Current()
	r.err = r.apply(journal.Record{Kind: journal.Event, Path: at}, machine.Event{Kind: machine.Failed, Path: at, Error: types.AsError(err)}, true)
}

// linger lets time pass while it looks at the inbox. It is false when the run
// ended meanwhile, or the process is to stop.
func (r *runner) linger(ctx context.Context, until time.Time) bool {
	for {
		left := until.Sub(r.Clock.Now())
		if left <= 0 {
			return true
		}
		if r.Inbox != nil {
			left = min(left, pause)
		}
		if r.Clock.Sleep(ctx, left) != nil {
			return false
		}
		if r.heed(); r.err != nil || r.out.State != "" {
			return false
		}
	}
}

// heed does what others ask of this run.
func (r *runner) heed() {
	if r.Inbox == nil {
		return
	}
	requests, err := r.Inbox.Requests()
	if err != nil {
		r.emit(Event{Type: "notice", Text: "the inbox: " + err.Error()})
	}
	for _, q := range requests {
		switch q.Kind {
		case journal.Cancel:
			r.end(Cancelled, q.By, q.Reason)
		case journal.Reject:
			r.end(Rejected, q.By, q.Reason)
		case journal.Approve:
			r.approvals = append(r.approvals, approval{path: q.Path, plan: q.Plan, by: q.By, at: q.At})
		}
		if r.err == nil {
			r.err = r.Inbox.Answered(q)
		}
		if r.err != nil || r.out.State != "" {
			return
		}
	}
}

// Stand is where a run stands, for somebody who does not hold it.
type Stand struct {
	Snapshot []byte // nil: it will begin anew
	Before   []journal.Record
	Path     string // of the approve step it stands at; ""
	Message  string // what it asks; "" when the run will begin anew
	Show     any
}

// Standing folds a journal without writing to it. A run that will begin anew
// when it is taken up stands at its start.
func Standing(o Options, records []journal.Record) (Stand, error) {
	counted := sinceRestart(records)
	if nothingWritten(counted) {
		return Stand{Path: askedAt(counted)}, nil
	}
	r := newRunner(o)
	if err := r.fold(counted); err != nil {
		return Stand{}, err
	}
	if f := r.m.Failure(); f != nil {
		if err := r.m.Apply(machine.Event{Kind: machine.Retried, Path: f.Path}); err != nil {
			return Stand{}, err
		}
	}
	actions := r.m.Next()
	s := Stand{Snapshot: r.m.Snapshot(), Before: r.locals}
	if len(actions) > 0 && actions[0].Kind == machine.Ask {
		s.Path, s.Show = actions[0].Path, actions[0].Input["show"]
		s.Message, _ = actions[0].Input["message"].(string)
	}
	return s, nil
}

// askedAt is the path of the approve step that a run parked at, "" when it did
// not.
func askedAt(records []journal.Record) string {
	for _, rec := range slices.Backward(records) {
		if rec.Kind == journal.Parked {
			if rec.Reason == ForApprove {
				return rec.Path
			}
			break
		}
	}
	return ""
}
