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
	Message  string           // of an approve step
	Show     any              // of an approve step: what it shows, nil for nothing
	Snapshot []byte           // of the machine that stands there
	Reads    []plan.Read      // so far, when they are kept
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
	// Nothing says that nothing would be written: nobody needs to agree, and
	// nobody has.
	Nothing bool
	// Stop fails the run instead, before its first write: this is what would
	// fail later.
	Stop *machine.Failure
	// No is said when a person does not agree: the run ends.
	No bool
	// Refuse ends the run: what was agreed to is not what would happen.
	Refuse *types.Error
	// Why is what whoever looks at the parked run is told: why nobody said yes.
	Why *types.Error
}

// KnownByMachine says how it is known who somebody is: by the user of the operating
// system, which whoever runs the program can choose.
const KnownByMachine = "machine"

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
	if actions := r.m.Next(); len(actions) > 0 {
		r.exclude(&worker{ctx: ctx, call: ctx, action: machine.Action{Path: actions[0].Path}})
	}
}

// allowed gets consent before the first write and, unless it has it from the
// beginning, the lock. Without them the run parks.
func (r *runner) allowed(w *worker) (yes bool) {
	w.asks = true
	defer func() { w.asks = false }()
	r.alone(func() {
		if !r.consent && r.going() && !w.idle {
			r.consent, _ = r.decide(w, Question{Name: w.action.Name}, ForConfirm)
		}
		yes = r.consent && r.going() && r.exclude(w)
	})
	return yes
}

// mayLook gets consent before a read that could see what a write beside it
// changes; see [Options.Held].
func (r *runner) mayLook(w *worker) (yes bool) {
	if r.consent || r.Held == nil || !r.Held(w.call, w.action) {
		return true
	}
	w.asks = true
	defer func() { w.asks = false }()
	r.alone(func() {
		var given approval
		if !r.consent && r.going() && !w.idle {
			yes, given = r.decide(w, Question{Name: w.action.Name}, ForConfirm)
			r.consent = r.consent || yes && !given.nothing
		}
		yes = (yes || r.consent) && r.going()
	})
	if stopping, live := r.m.Live(w.action.Path); !yes && live && stopping && r.going() {
		r.drop(w.action)
	}
	return yes
}

// decide asks until there is an answer, and writes a yes down. It is false
// when the run parked, ended or was interrupted instead.
func (r *runner) decide(w *worker, q Question, reason string) (bool, approval) {
	q.Snapshot, q.Reads, q.Before = r.m.Snapshot(), slices.Clone(r.reads), slices.Clone(r.locals)
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
		r.endBy(Ending{State: Rejected, By: d.By})
		return false, approval{}
	case d.Yes:
		yes := approval{path: q.Path, plan: d.Plan, by: d.By, at: r.Clock.Now().UTC(), kept: d.Nothing, nothing: d.Nothing}
		return r.keep(yes, d.Note), yes
	}
	return r.awaitYes(w, q, d, reason)
}

// put puts a question to whoever decides.
func (r *runner) put(ctx context.Context, q Question) (Decision, error) {
	defer r.free()()
	return r.Decide(ctx, q)
}

// awaitYes waits for a yes, or parks the run.
func (r *runner) awaitYes(w *worker, q Question, d Decision, reason string) (bool, approval) {
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
func (r *runner) outdated(q Question) *types.Error {
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
		r.park(a.Path, ForApprove, "", nil)
		return
	}
	var yes bool
	var by approval
	r.alone(func() {
		message, _ := a.Input["message"].(string)
		yes, by = r.decide(w, Question{Path: a.Path, Name: a.Name, Message: message, Show: a.Input["show"]}, ForApprove)
	})
	if _, live := r.m.Live(a.Path); !yes || !live {
		return
	}
	r.consent = r.consent || r.anewHere && by.plan != ""
	rec := journal.Record{Kind: journal.Event, Path: a.Path, Input: types.Encode(a.Input), By: by.by}
	r.err = r.apply(rec, machine.Event{Kind: machine.Done, Path: a.Path, Output: types.Values{
		"by": by.by, "at": by.at.Format(time.RFC3339), "digest": by.plan, "known_by": KnownByMachine,
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
				r.emit(Event{Type: "notice", ID: w.action.Node, Path: w.action.Path, Text: "the other run has ended"})
			}
		case !r.Wait:
			r.park(w.action.Path, ForLock, "", other)
		default:
			if !told {
				r.emit(Event{Type: "notice", ID: w.action.Node, Path: w.action.Path, Text: "waits: " + other.Error() + "; looks again every " + pause.String()})
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
	r.out.State, r.out.Failure = Failed, f
	r.last = &journal.Record{Kind: journal.Finished, Path: f.Path}
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
			r.endBy(Ending{State: Cancelled, By: q.By, Words: q.Reason})
		case journal.Reject:
			r.endBy(Ending{State: Rejected, By: q.By, Words: q.Reason})
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

// Stand is where a run stands, for somebody who does not hold it.
type Stand struct {
	Snapshot []byte // nil: it will begin anew
	Before   []journal.Record
	Path     string // of the approve step it stands at; ""
	Message  string // what it asks; "" when the run will begin anew
	Show     any
	Cleans   bool // ending the run would clean up after it, or look for what it wrote
}

// Standing folds a journal without writing to it. A run that will begin anew
// when it is taken up stands at its start.
func Standing(o Options, records []journal.Record) (Stand, error) {
	counted := sinceRestart(records)
	if nothingWritten(counted) {
		return Stand{Path: askedAt(counted)}, nil
	}
	r := newRunner(o)
	r.Observe = nil
	if err := r.fold(counted); err != nil {
		return Stand{}, err
	}
	if f := r.m.Failure(); f != nil {
		if err := r.m.Apply(machine.Event{Kind: machine.Retried, Path: f.Path}); err != nil {
			return Stand{}, err
		}
	}
	actions := r.m.Next()
	s := Stand{Snapshot: r.m.Snapshot(), Before: r.locals, Cleans: r.stops()}
	for _, a := range actions {
		if a.Kind == machine.Ask && s.Path == "" {
			s.Path, s.Show = a.Path, a.Input["show"]
			s.Message, _ = a.Input["message"].(string)
		}
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
