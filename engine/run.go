package engine

import (
	"context"
	"errors"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// Resume resumes a run that was killed, parked or failed. The program,
// the inputs and the configuration values are the run's own; steps come from
// the catalogue of today. When another process is at the run, it is followed.
func (e *Engine) Resume(ctx context.Context, id string, o Options) (Report, error) {
	for {
		j, _, err := e.store.Open(id)
		if err == nil {
			return e.resumeHeld(ctx, j, o)
		}
		if !errors.Is(err, journal.ErrLocked) {
			return Report{}, err
		}
		r, again, err := e.follow(ctx, id, o)
		if err != nil || !again {
			return r, err
		}
	}
}

func (e *Engine) resumeHeld(ctx context.Context, j *journal.File, o Options) (Report, error) {
	if err := e.ended(j.Records()); err != nil {
		return Report{}, errors.Join(err, j.Close())
	}
	return e.run(ctx, j, o, true)
}

func (e *Engine) run(ctx context.Context, j *journal.File, o Options, continued bool) (Report, error) {
	defer j.Close()
	h := j.Records()[0].Run
	run := Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command, Journal: j.Dir(), Continued: continued}
	p, start, err := restore(h)
	if err != nil {
		return Report{Run: run}, err
	}
	if continued {
		resumed := journal.Record{Kind: journal.Resumed, At: e.Clock.Now().UTC(), By: e.User}
		if o.end == nil || e.hasCleanup(j.Records()) {
			if resumed.Reach, err = e.rebind(ctx, o, j.Records(), p, start); err != nil {
				return Report{Run: run}, err
			}
		}
		if err := j.Append(resumed, resumed.Reach != nil); err != nil {
			return Report{Run: run}, err
		}
	}
	o.bound = appliedPlan(j.Records())
	if o.expect != nil && o.bound != o.expect.Digest {
		o.bound = o.expect.Digest
		agreed := journal.Record{Kind: journal.Approved, At: e.Clock.Now().UTC(), By: e.User, Plan: o.expect.Digest, Reason: applied}
		if err := j.Append(agreed, true); err != nil {
			return Report{Run: run}, err
		}
	}
	if o.OnStart != nil {
		o.OnStart(run)
	}
	x := e.exclusion(p, h)
	defer x.release()
	lo := e.local(j, h, p, start)
	lo.Wait, lo.Observe, lo.Decide, lo.Exclusive = o.Wait, o.Observe, e.decide(o, run, p, start, h), x.take
	lo.Interrupt, lo.End, lo.KeepReads = o.Interrupt, o.end, o.expect != nil
	lo.Withhold = e.waits(p, h, lo.Workspaces)
	out, err := e.Runtime.Run(ctx, lo)
	return Report{Run: run, Outcome: out}, err
}

func (e *Engine) local(j *journal.File, h *journal.RunHeader, p *program.Program, start machine.Start) runtime.Options {
	return runtime.Options{
		Program: p, Header: *h, Start: start, Catalogue: e.Catalogue, Journal: j, Clock: e.Clock, Hosts: e.Hosts,
		Workspaces: j.Workspaces(), Programs: j.Programs(), User: e.User, Settle: e.Settle, Inbox: j, Invocation: e.Invocation,
	}
}

func (e *Engine) hasCleanup(records []journal.Record) bool {
	p, start, err := restore(records[0].Run)
	if err != nil {
		return false
	}
	at, err := runtime.PositionOf(p, start, e.Catalogue, records)
	return err == nil && at.HasCleanup
}
