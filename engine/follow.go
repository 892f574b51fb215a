package engine

import (
	"context"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// followPause is how often a journal that another process writes is looked at.
const followPause = 200 * time.Millisecond

// follow tells what another process does with a run until it lets go. again
// says that the run is not where the caller wants it: it was killed, or it
// parked for something that this process is willing to wait for.
func (e *Engine) follow(ctx context.Context, id string, o Options) (r Report, again bool, err error) {
	records, at, err := e.store.After(id, journal.Position{})
	if err != nil {
		return Report{}, false, err
	}
	h := records[0].Run
	p, start, err := restore(h)
	if err != nil {
		return Report{}, false, err
	}
	dir, err := e.store.RunDir(id)
	if err != nil {
		return Report{}, false, err
	}
	run := Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command, Journal: dir, Continued: true, Followed: true}
	if o.OnStart != nil {
		o.OnStart(run)
	}
	w := &eventFollower{m: machine.New(p, start), fresh: func() *machine.Machine { return machine.New(p, start) }, run: id, observe: o.Observe, now: e.Clock.Now}
	for w.add(records); ; w.add(records) {
		_, held := e.store.Held(id)
		if records, at, err = e.store.After(id, at); err != nil {
			return Report{Run: run}, false, err
		}
		if !held && len(records) == 0 {
			break
		}
		if len(records) == 0 && e.Clock.Sleep(ctx, followPause) != nil {
			return Report{Run: run, Outcome: Outcome{State: Interrupted}}, false, nil
		}
	}
	return e.left(run, o)
}

// left is how the other process left the run.
func (e *Engine) left(run Run, o Options) (Report, bool, error) {
	s, x, err := e.inspect(run.ID)
	if err != nil {
		return Report{Run: run}, false, err
	}
	out := Outcome{
		State: s.State, Reason: s.Reason, Outputs: x.Outputs, Missing: x.Missing, Failure: x.Failure, Effects: x.Effects,
	}
	for _, step := range x.Steps {
		if step.State != "pending" {
			out.Steps = append(out.Steps, step)
		}
	}
	if s.State == journal.StateParked && s.Error != nil {
		out.Failure = &machine.Failure{Path: x.Waiting.ID, Node: x.Waiting.ID, Error: s.Error}
	}
	killed := s.State == journal.StateInterrupted || s.State == journal.StateRunning
	waits := s.State == journal.StateParked && o.Wait
	return Report{Run: run, Outcome: out}, killed || waits, nil
}

// inspect is what a listing and the journal tell of a run.
func (e *Engine) inspect(id string) (Summary, Inspection, error) {
	s, started := e.store.Summary(id)
	if !started {
		return Summary{}, Inspection{}, types.Errorf(types.NotFound, "run %s is gone", id).WithHint("start a new run with its command")
	}
	x, err := e.Inspect(s)
	return s, x, err
}

// eventFollower turns records into events, as they come.
type eventFollower struct {
	m       *machine.Machine
	fresh   func() *machine.Machine
	run     string
	observe func(Event)
	now     func() time.Time
	stays   bool // whoever has the run has not parked it
}

func (w *eventFollower) add(records []journal.Record) {
	w.stays = !slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Parked })
	for _, r := range records {
		if r.Kind == journal.Resumed && r.Reason == journal.Restart {
			w.m = w.fresh()
		}
		if runtime.Fold(w.m, r) != nil {
			return // whoever opens the journal says what is wrong with it
		}
		w.tell(r.At)
	}
	w.m.Next()
	w.tell(time.Time{})
}

func (w *eventFollower) tell(at time.Time) {
	for _, n := range w.m.Notes() {
		if w.observe == nil {
			continue
		}
		e := runtime.EventOf(n, w.run, at, false)
		if !e.Next.After(w.now()) { // it was long before anybody followed
			e.Next = time.Time{}
		}
		if n.Kind == machine.StillWaiting && w.stays {
			e.Every = n.Def.Every
		}
		w.observe(e)
	}
}
