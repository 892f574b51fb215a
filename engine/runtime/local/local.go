// Package local performs runs on this machine: a loop that does what the
// machine asks for, and writes down what came of it before it goes on.
//
// # The loop
//
// Replay the journal's events into a machine. Then, until the machine asks for
// nothing: take its action, perform it, append the event, apply it. Reads are
// simply performed. Local steps change the run's own workspace; a process that
// takes a run up again rebuilds the workspace first by repeating the recorded
// ones, only when something left to do needs it. Writes go by the protocol in
// write.go.
//
// # Parking
//
// A run that waits for time or for a person holds no process. Without
// [Options.Wait] an await whose condition does not hold yet parks the run;
// resuming polls at once. Of an await's polls the journal holds the first (its
// time-out counts from there) and the last.
package local

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Clock is the time a run sees.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Options is what a run needs from outside.
type Options struct {
	Program    *program.Program
	Header     journal.RunHeader
	Start      machine.Start
	Catalogue  *step.Catalogue
	Journal    journal.Journal // holds the header at least
	Clock      Clock
	Workspaces string // the run's own folder; made and removed at will
	Wait       bool   // wait in this process instead of parking
	User       string // who is at it, for the journal
	// Settle is how long after a lost answer the effect of a [step.Late] step
	// may still appear.
	Settle time.Duration
	// Decide is asked before the first write, and by approve steps; nil
	// consents to the writes and to nothing else.
	Decide func(context.Context, Question) (Decision, error)
	// Exclusive is asked once: before the first step, so that what is checked
	// holds while it is written, or before the next write of a run that is gone
	// on with. It says who writes instead; nil, also of the function: nobody.
	Exclusive func(context.Context) (other *types.Error, err error)
	Inbox     Inbox       // may be nil
	Observe   func(Event) // may be nil
}

// Inbox holds what others ask of a run that this process holds.
type Inbox interface {
	Requests() ([]journal.Request, error)
	Answered(journal.Request) error
}

// State says how this process left the run.
type State string

// The states.
const (
	Done        State = "done"
	Failed      State = "failed"
	Parked      State = "parked"
	Interrupted State = "interrupted"
	Cancelled   State = "cancelled"
	Rejected    State = "rejected"
)

// Reasons for parking.
const (
	ForConfirm = "confirm"
	ForApprove = "approve"
	ForLock    = "lock"
	ForAwait   = "await"
	ForUnknown = "unknown_outcome"
)

// Outcome is where this process left the run.
type Outcome struct {
	State   State
	Reason  string // of Parked; of Cancelled and Rejected a person's words
	By      string // of Cancelled and Rejected: who said so
	Outputs map[string]any
	Missing []string // outputs that read a step which has not run
	Failure *machine.Failure
	Steps   []StepReport
	Effects []Effect
}

// StepReport is what became of a node.
type StepReport struct {
	ID     string         `json:"id"`
	Path   string         `json:"path"`
	Name   string         `json:"name"`
	Step   string         `json:"step,omitempty"`
	State  string         `json:"state"`
	Result map[string]any `json:"result,omitempty"`
	Error  *types.Error   `json:"error,omitempty"`
}

// Effect is a write and what this process did about it: created it, brought it
// up to date (updated), found that it was there already (adopted), in the world
// or in the run's own journal, or was told by a person (resolved).
type Effect struct {
	ID      string       `json:"id"`
	Path    string       `json:"path"`
	Step    string       `json:"step"`
	Service string       `json:"service,omitempty"`
	Object  string       `json:"object,omitempty"`
	Verb    string       `json:"verb,omitempty"`
	Key     string       `json:"key"`
	Outcome string       `json:"outcome"`         // created, updated, adopted or resolved
	Found   string       `json:"found,omitempty"` // of adopted: world or journal
	Result  types.Values `json:"result,omitempty"`
	// Reversible is set when `skillrun undo` can take it back.
	Reversible bool `json:"reversible,omitempty"`
}

// runner is one process's work on one run.
type runner struct {
	Options
	m         *machine.Machine
	intents   map[string]time.Time // writes that may have been sent, outcome not known: since when
	locals    []journal.Record
	reads     []plan.Read
	approvals []approval
	rebuilt   bool
	consent   bool
	exclusive bool
	anew      bool // nothing was done in this run yet, or nothing that counts
	replayed  bool // the machine stands where the journal ended
	out       Outcome
	err       error // of the journal: nothing more may be sent
}

// Run performs the run until it ends, parks, fails or is interrupted. The
// error is the runtime's own (the journal cannot be written, or is not of this
// program); what goes wrong in the skill stands in the Outcome.
func Run(ctx context.Context, o Options) (Outcome, error) {
	r := newRunner(o)
	if err := r.replay(); err != nil {
		return r.out, err
	}
	r.begin(ctx)
	r.loop(ctx)
	if r.err != nil {
		return r.out, r.err
	}
	return r.out, nil
}

func newRunner(o Options) *runner {
	return &runner{
		Options: o, m: machine.New(o.Program, o.Start), intents: map[string]time.Time{},
		consent: o.Decide == nil, exclusive: o.Exclusive == nil,
	}
}

// replay folds the journal's events, and takes up a failed run where it
// failed.
//
// A run that has written nothing yet begins anew instead: its reads and checks
// may be hours old, and what they saw is what a person would agree to.
func (r *runner) replay() error {
	all := r.Journal.Records()
	for _, rec := range all {
		if rec.Kind == journal.Approved {
			r.approvals = append(r.approvals, approval{path: rec.Path, plan: rec.Plan, by: rec.By, at: rec.At, kept: true})
		}
	}
	records := sinceRestart(all)
	r.anew = nothingWritten(records) || !slices.ContainsFunc(records, func(rec journal.Record) bool { return rec.Kind == journal.Event })
	if nothingWritten(records) {
		return r.append(journal.Record{Kind: journal.Resumed, Reason: journal.Restart}, false)
	}
	if err := r.fold(records); err != nil {
		return err
	}
	r.replayed = true
	r.drain(true)
	return r.retry()
}

// fold gives the machine what happened before.
func (r *runner) fold(records []journal.Record) error {
	for _, rec := range records {
		switch rec.Kind {
		case journal.Intent:
			r.intents[rec.Path] = rec.At
		case journal.Resolved:
			delete(r.intents, rec.Path)
		case journal.Event:
			r.m.Next()
			if err := r.m.Apply(*rec.Event); err != nil {
				return fmt.Errorf("record %d does not belong to this program: %w", rec.Seq, err)
			}
			r.remember(rec)
		}
	}
	return nil
}

// retry takes up a failed run where it failed.
func (r *runner) retry() error {
	f := r.m.Failure()
	if f == nil {
		return nil
	}
	return r.apply(journal.Record{Kind: journal.Event, Path: f.Path}, machine.Event{Kind: machine.Retried, Path: f.Path}, false)
}

// sinceRestart returns the records that count.
func sinceRestart(records []journal.Record) []journal.Record {
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Kind == journal.Resumed && records[i].Reason == journal.Restart {
			return records[i+1:]
		}
	}
	return records
}

// nothingWritten reports whether a run that is taken up has done reads and
// local steps only, and nobody has answered a question of it: what was seen is
// then what they agreed to. One that waits in an await goes on too: its time-out
// counts from its first poll.
func nothingWritten(records []journal.Record) bool {
	events := false
	for _, rec := range records {
		events = events || rec.Kind == journal.Event
		switch {
		case rec.Kind == journal.Intent,
			rec.Kind == journal.Event && rec.By != "",
			rec.Kind == journal.Finished && rec.State == string(Done),
			rec.Kind == journal.Parked && rec.Reason == ForAwait:
			return false
		}
	}
	return events
}

// remember notes what a replayed event means for what is left to do.
func (r *runner) remember(rec journal.Record) {
	if rec.Event.Kind == machine.Done && rec.Effect == string(step.Locals) {
		r.locals = append(r.locals, rec)
	}
	if rec.Effect != string(step.Writes) {
		return
	}
	r.consent = true
	if rec.Outcome != outcomeUnknown {
		delete(r.intents, rec.Path)
	}
	if rec.Event.Kind == machine.Done {
		r.effect(rec.Path, rec.Step, rec.Key, "adopted", "journal", rec.Event.Output)
	}
}

func (r *runner) loop(ctx context.Context) {
	for r.err == nil && r.out.State == "" {
		actions := r.m.Next()
		r.drain(false)
		if r.heed(); r.err != nil || r.out.State != "" {
			return
		}
		if len(actions) == 0 {
			r.finish()
			return
		}
		if ctx.Err() != nil {
			r.out.State = Interrupted
			r.result()
			return
		}
		for _, a := range actions {
			r.perform(ctx, a)
		}
	}
}

func (r *runner) perform(ctx context.Context, a machine.Action) {
	fresh := r.replayed
	r.replayed = false
	switch {
	case a.Kind == machine.Wait:
		r.wait(ctx, a, fresh)
	case a.Kind == machine.Ask:
		r.ask(ctx, a)
	case a.Effect == string(step.Writes):
		r.write(ctx, a)
	default:
		r.do(ctx, a)
	}
}

// wait lets time pass, or parks the run. A process that takes the run up asks
// at once instead.
func (r *runner) wait(ctx context.Context, a machine.Action, fresh bool) {
	if !fresh {
		if !r.Wait {
			r.park(ForAwait, "", nil)
			return
		}
		if !r.linger(ctx, a.At) {
			return
		}
	}
	r.err = r.m.Apply(machine.Event{Kind: machine.Woken, Path: a.Path, At: r.Clock.Now()})
}

// do performs a read or a local step.
func (r *runner) do(ctx context.Context, a machine.Action) {
	rec := journal.Record{Kind: journal.Event, Path: a.Path, Step: a.Step, Effect: a.Effect, Input: types.Encode(a.Input)}
	var out []byte
	s, err := r.step(a.Step)
	if err == nil && a.Effect == string(step.Locals) {
		err = r.rebuild(ctx)
	}
	if err == nil {
		out, err = r.call(ctx, s, a.Path, rec.Input)
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.failed(rec, a, err)
		return
	}
	r.done(rec, a, out, false)
}

func (r *runner) step(name string) (step.Step, error) {
	s, ok := r.Catalogue.Lookup(name)
	if !ok {
		return s, types.Errorf(types.Internal, "this skillrun has no step %s", name)
	}
	return s, nil
}

// call performs a step; a panic in it becomes an error.
func (r *runner) call(ctx context.Context, s step.Step, path string, in []byte) (out []byte, err error) {
	defer recovered(s.Name, &err)
	return s.Do(step.WithCall(ctx, r.callOf(s, path, in)), in)
}

func recovered(name string, err *error) {
	if p := recover(); p != nil {
		*err = types.Errorf(types.Internal, "step %s panicked: %v", name, p).WithHint("this is a bug: please report it")
	}
}

func (r *runner) callOf(s step.Step, path string, in []byte) step.Call {
	return step.Call{
		Run: r.Header.ID, Path: path, Key: r.key(path), Digest: s.Digest(in),
		StartedAt: r.Header.StartedAt, Workspaces: r.Workspaces, Sleep: r.Clock.Sleep,
		Tell: func(text string) { r.emit(Event{Type: "notice", ID: path, Path: path, Step: s.Name, Text: text}) },
	}
}

func (r *runner) key(path string) step.Key {
	return step.Key{Work: r.work(), Path: step.Hash(10, path)}
}
