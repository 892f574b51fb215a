package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// What people do to a run that is there. Whoever holds the run writes it down:
// this process, when no one is at it, or the one that is, through the inbox.

// PendingQuestion is the question that a run parked with, or waits with.
type PendingQuestion struct {
	Run Run
	Question
	reach []string // what whoever says yes binds the run to, nil for as it is
}

// PendingQuestion returns what a run asks now. The world is looked at again, so that a
// person agrees to what would happen now.
func (e *Engine) PendingQuestion(ctx context.Context, id string, o Options) (PendingQuestion, error) {
	records, _, err := e.store.Read(id)
	if err != nil {
		return PendingQuestion{}, err
	}
	if err := e.ended(records); err != nil {
		return PendingQuestion{}, err
	}
	h := records[0].Run
	p, start, err := restore(h)
	if err != nil {
		return PendingQuestion{}, err
	}
	reach, err := e.rebind(ctx, o, records, p, start)
	if err != nil {
		return PendingQuestion{}, err
	}
	at, err := runtime.PositionOf(p, start, e.Catalogue, records)
	if err != nil {
		return PendingQuestion{}, err
	}
	f, err := e.forecast(ctx, dry.Options{
		Program: p, Start: start, Work: h.Work, Run: h.ID, Snapshot: at.Snapshot, Before: at.Before, Secrets: at.Secrets, Observe: e.notes(o, id),
	})
	if at.Path == "" && len(f.Writes) == 0 && f.Failure == nil && err == nil {
		return PendingQuestion{}, types.Errorf(types.BadInput, "run %s has nothing to approve: no writes are left", id).
			WithHint("`%s` shows where it stands", e.command("runs", id))
	}
	q := Question{Node: at.Path, Message: at.Message, Show: at.Show, Forecast: f}
	if i := slices.IndexFunc(f.Questions, func(x plan.Question) bool { return x.Path == at.Path }); i >= 0 && at.Snapshot == nil {
		q.Message, q.Show = f.Questions[i].Message, f.Questions[i].Show
	}
	return PendingQuestion{Run: Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command}, Question: q, reach: reach}, err
}

// Approve says yes to what a run asks, by the digest of what was shown.
func (e *Engine) Approve(a PendingQuestion) error {
	r := journal.Request{Kind: journal.Approve, Path: a.Node, Plan: a.Forecast.Digest}
	j, err := e.openForRequest(a.Run.ID, &r)
	if j == nil {
		return err
	}
	defer j.Close()
	return j.Append(journal.Record{Kind: journal.Approved, At: r.At, By: r.By, Path: r.Path, Plan: r.Plan, Reach: a.reach}, true)
}

// Reject says no to what a run asks: it ends, when it has cleaned up after
// itself.
func (e *Engine) Reject(ctx context.Context, id, reason string, o Options) error {
	return e.endRun(ctx, id, journal.Request{Kind: journal.Reject, Reason: reason}, runtime.Rejected, o)
}

// Cancel ends a run, when it has cleaned up after itself. What it has written
// stays; [Engine.Undo] reverses it.
func (e *Engine) Cancel(ctx context.Context, id, reason string, o Options) error {
	return e.endRun(ctx, id, journal.Request{Kind: journal.Cancel, Reason: reason}, runtime.Cancelled, o)
}

// endRun ends a run that no one is at, or asks whoever is at it to.
func (e *Engine) endRun(ctx context.Context, id string, r journal.Request, state runtime.State, o Options) error {
	j, err := e.openForRequest(id, &r)
	if j == nil {
		return err
	}
	if e.checkNotMoved(j.Records()) != nil { // it ends here only: nothing is looked for, nor cleaned up
		ends := journal.Record{Kind: journal.Finished, At: r.At, State: string(state), By: r.By, Reason: r.Reason}
		return errors.Join(j.Append(ends, true), j.Close())
	}
	if records := j.Records(); records[len(records)-1].State == string(Done) {
		err := types.Errorf(types.Conflict, "run %s is done", id).WithHint("`%s` undoes what it has written", e.command("undo", id))
		return errors.Join(err, j.Close())
	}
	o.end = &runtime.Ending{State: state, By: r.By, Words: r.Reason}
	report, err := e.run(ctx, j, o, true)
	switch {
	case err != nil:
		return err
	case report.State == Failed, report.State == Parked && report.Reason == ForUnknown:
		return report.Failure.Error
	case report.State != state:
		return types.Errorf(types.Cancelled, "run %s has not finished its always steps", id).WithHint("run the command again to finish them")
	}
	return nil
}

// Cleans reports whether ending a run here would perform steps that clean up
// after it, or look for what it may have written. Of one that cannot be read there
// are none, and of one that another process is at they are that one's.
func (e *Engine) Cleans(id string) bool {
	if _, held := e.store.Held(id); held {
		return false
	}
	records, _, err := e.store.Read(id)
	return err == nil && e.checkNotMoved(records) == nil && e.hasCleanup(records)
}

// openForRequest opens a run for what a person asks of it, or asks whoever is at it.
func (e *Engine) openForRequest(id string, r *journal.Request) (*journal.File, error) {
	r.By, r.At = e.User, e.Clock.Now().UTC()
	j, _, err := e.store.Open(id)
	if errors.Is(err, journal.ErrLocked) {
		return nil, e.store.Ask(id, *r)
	}
	if err != nil {
		return nil, err
	}
	records := j.Records()
	gaveUp := r.Kind == journal.Cancel && journal.Summarize(records).State == journal.StateExported
	if err := e.ended(records); err != nil && !gaveUp {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// openHeld opens a run for this process and returns what work on it needs. One that
// would reach something else than it did is not worked on without a word.
func (e *Engine) openHeld(ctx context.Context, id string, asked Options) (*journal.File, runtime.Options, error) {
	j, _, err := e.store.Open(id)
	if err != nil {
		return nil, runtime.Options{}, err
	}
	records := j.Records()
	h := records[0].Run
	var p *program.Program
	var start machine.Start
	if err = e.checkNotMoved(records); err == nil {
		p, start, err = restore(h)
	}
	var reach []string
	if err == nil {
		reach, err = e.rebind(ctx, asked, records, p, start)
	}
	if err != nil {
		return nil, runtime.Options{}, errors.Join(err, j.Close())
	}
	o := e.local(j, h, p, start)
	o.Journal = &rebinding{j, reach}
	return j, o, nil
}

// rebinding is a journal whose next record says what the run may reach from there on.
type rebinding struct {
	journal.Journal
	reach []string
}

// Append adds a record.
func (b *rebinding) Append(r journal.Record, sync bool) error {
	if b.reach != nil {
		r.Reach, b.reach = b.reach, nil
	}
	return b.Journal.Append(r, sync)
}

// Resolution is what a person says about a write of unknown outcome.
type Resolution = runtime.Resolution

// Resolve writes down what a person says about a write whose
// outcome is unknown, after it was checked against the world. A run that was ended
// stays so: it can be undone then.
func (e *Engine) Resolve(ctx context.Context, id string, x Resolution, asked Options) (Effect, error) {
	j, o, err := e.openHeld(ctx, id, asked)
	if err != nil {
		return Effect{}, err
	}
	defer j.Close()
	x.By = e.User
	return e.Runtime.Resolve(ctx, o, x)
}

// Undo looks at every effect of a run, shows what undoing them would do and, when
// a person agrees, does it, the latest first. Whoever agrees to a list in which
// something is stuck agrees to undo the rest: the run is partly undone then. What
// another run made is left to that run, unless adopted is set.
func (e *Engine) Undo(ctx context.Context, id string, adopted bool, agree func([]Reversal) (bool, error), asked Options) (done bool, err error) {
	j, o, err := e.openHeld(ctx, id, asked)
	if err != nil {
		return false, err
	}
	defer j.Close()
	o.Observe, o.MadeBy, o.Adopted = asked.Observe, e.ownersOf(id), adopted
	list, err := e.Runtime.Reversals(ctx, o)
	if err != nil {
		return false, err
	}
	begun := journal.Summarize(j.Records()).State == journal.StatePartlyUndone
	if begun && !slices.ContainsFunc(list, Reversal.Can) {
		return true, e.Runtime.Undo(ctx, o, list) // it stopped behind the last one
	}
	if done, err = agree(list); err != nil || !done {
		return false, err
	}
	return true, e.Runtime.Undo(ctx, o, list)
}

// ownersOf tells of a key which other run of the site made its effect. A run that
// cannot be read is passed over; what the run available may have sent and found it
// made itself, unless an earlier run did.
func (e *Engine) ownersOf(id string) func(key string) string {
	var made map[string]string
	read := func() {
		made = map[string]string{}
		all, _ := e.store.IDs()
		this, known := e.store.Summary(id)
		for _, other := range all {
			records, _, err := e.store.Read(other)
			if other == id || err != nil {
				continue
			}
			for key := range runtime.OwnedKeys(records, known && records[0].Run.StartedAt.Before(this.StartedAt)) {
				made[key] = other
			}
		}
	}
	return func(key string) string {
		if made == nil {
			read()
		}
		return made[key]
	}
}
