// Package local performs runs on this machine: a loop that does what the
// machine asks for, and writes down what came of it before it goes on.
//
// # The loop
//
// Replay the journal's events into a machine. Then, until the machine asks for
// nothing: perform its actions, append what came of each, apply it. Reads are
// simply performed. Local steps change the run's own workspace; a process that
// takes a run up again rebuilds the workspace first by repeating the recorded
// ones, only when something left to do needs it. Writes go by the protocol of the
// package of that name.
//
// # Side by side
//
// Actions that stand beside each other are performed side by side, each by a
// worker (crew.go). One lock, the baton, guards the run: whoever works on it
// holds it, and hands it on ([runner.free]) for as long as a step is performed,
// time passes or a person is asked. So the journal and the machine have one
// writer, and the order of the records is the order in which things happened.
//
// # Parking
//
// A run that waits for time or for a person holds no process. Without
// [Options.Wait] an await whose condition does not hold yet parks the run;
// resuming polls at once. Of an await's polls the journal holds the first (its
// time-out counts from there) and the last.
package local

import (
	"cmp"
	"context"
	"slices"
	"strings"
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
	Programs   string // where steps note what may outlive them; see [step.Call]
	Wait       bool   // wait in this process instead of parking
	User       string // who is at it, for the journal
	// Hosts names the host of a service, for the journal; may be nil.
	Hosts func(service string) string
	// Invocation is how this program is called so that it comes to the run's
	// site; "" is "skillrun".
	Invocation string
	// Settle is how long after a lost answer the effect of a [step.Late] step
	// may still appear.
	Settle time.Duration
	// Decide is asked before the first write, and by approve steps; nil
	// consents to the writes and to nothing else.
	Decide func(context.Context, Question) (Decision, error)
	// Held reports whether a read could see what a write beside it changes. Such
	// a one waits for consent too, so that a plan of the writes is the same
	// whichever of them comes first. May be nil.
	Held func(context.Context, machine.Action) bool
	// KeepReads keeps what reads saw before the first write for
	// [Question].Reads.
	KeepReads bool
	// Exclusive is asked once: before the first step, so that what is checked
	// holds while it is written, or before the next write of a run that is gone
	// on with. It says who writes instead; nil, also of the function: nobody.
	Exclusive func(context.Context) (other *types.Error, err error)
	// MadeBy names the other run that made the effect of a key and has not taken it
	// back, "" when none is known; may be nil.
	MadeBy func(key string) (run string)
	// Adopted has an undo take back also what other runs made.
	Adopted bool
	Inbox   Inbox       // may be nil
	Observe func(Event) // may be nil
	// Interrupt is closed when a person wants the run to stop. What is in flight
	// then comes to its end, and what cleans up after it is run, before this
	// process lets go; without anything to clean up it lets go at once, as when
	// the context ends. May be nil.
	Interrupt <-chan struct{}
	// End is how a person ends the run for good; nil goes on with it.
	End *Ending
}

// Command is a command of this program, for hints: the verb, what it is about (a run,
// a step of it), and then the flags that lead to the run's site.
func (o Options) Command(verb string, about ...string) string {
	name, flags, there := strings.Cut(cmp.Or(o.Invocation, machine.Program), " ")
	if there {
		about = append(slices.Clone(about), flags)
	}
	return strings.Join(append([]string{name, verb}, about...), " ")
}

// Ending is a person's word that a run is over.
type Ending struct {
	State State // Cancelled or Rejected
	By    string
	Words string
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
	Refused     State = "refused"
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

// Effect is a write and what the run did about it: created it, brought it up to
// date (updated), found that another run had made it (adopted), or was told by a
// person (resolved).
type Effect struct {
	ID      string       `json:"id"`
	Path    string       `json:"path"`
	Step    string       `json:"step"`
	Service string       `json:"service,omitempty"`
	Object  string       `json:"object,omitempty"`
	Verb    string       `json:"verb,omitempty"`
	Key     string       `json:"key"`
	Outcome string       `json:"outcome"`         // created, updated, adopted or resolved
	Found   string       `json:"found,omitempty"` // when this process sent nothing for it: in the world, or the run's own journal
	Result  types.Values `json:"result,omitempty"`
	// Reversible is set when `skillrun undo` of this run can take it back.
	Reversible bool `json:"reversible,omitempty"`
}

// runner is one process's work on one run.
type runner struct {
	Options
	crew
	m         *machine.Machine
	intents   map[string]time.Time      // writes that may have been sent, outcome not known: since when
	changing  map[string]bool           // writes whose effect was there, and was to be brought up to date
	unseen    map[string]bool           // writes that failed before they were sent, because nobody could look
	absent    map[string]bool           // writes of which a person says that they did not happen, since the last intent
	held      map[string]journal.Record // by path: what a person found, of writes that the run has yet to come to again
	finished  map[string]past           // by key: writes that are done
	said      map[string]string         // by key: what a person says about one of them; see protocol.SaidRepeat
	locals    []journal.Record
	reads     []plan.Read
	approvals []approval
	stale     error // why what an earlier process left in the workspaces is still there
	rebuilt   bool
	rebuilds  bool // a worker is at it
	consent   bool
	anewHere  bool // consent was given where the run was before, so that a yes to an approve step gives it here
	exclusive bool
	anew      bool // nothing was done in this run yet, or nothing that counts
	replaying bool
	fresh     map[string]bool // paths that the machine stood at where the journal ended
	ending    *ending         // why the machine was stopped
	reports   reports
	last      *journal.Record // how this process leaves the run
	out       Outcome
	err       error // of the journal: nothing more may be sent
}

// Run performs the run until it ends, parks, fails or is interrupted. The
// error is the runtime's own (the journal cannot be written, or is not of this
// program); what goes wrong in the skill stands in the Outcome.
func Run(ctx context.Context, o Options) (Outcome, error) {
	r := newRunner(o)
	defer r.baton.Unlock()
	r.clear(ctx)
	if err := r.replay(); err != nil {
		return r.out, err
	}
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	defer r.listen(ctx, cut)()
	r.begin(ctx)
	r.loop(ctx)
	r.leave()
	r.out.Steps = r.reports.list(r.out.State)
	if r.err != nil {
		return r.out, r.err
	}
	return r.out, nil
}

// newRunner returns a runner whose baton the caller holds.
func newRunner(o Options) *runner {
	r := &runner{
		Options: o, crew: newCrew(), intents: map[string]time.Time{}, changing: map[string]bool{}, unseen: map[string]bool{}, absent: map[string]bool{}, held: map[string]journal.Record{},
		finished: map[string]past{}, said: map[string]string{}, fresh: map[string]bool{}, reports: newReports(),
		consent: o.Decide == nil, exclusive: o.Exclusive == nil,
	}
	start := o.Start
	start.Observe = r.observe
	r.m = machine.New(o.Program, start)
	r.baton.Lock()
	return r
}

// do performs a read or a local step.
func (r *runner) do(w *worker) {
	a := w.action
	if !r.mayLook(w) {
		return
	}
	rec := recordOf(a)
	var out []byte
	s, err := r.step(a.Step)
	if err == nil {
		err = r.ready(w.ctx, s, a.Input)
	}
	if err == nil {
		out, err = r.call(w.call, s, rec)
	}
	_, live := r.m.Live(a.Path)
	switch {
	case w.ctx.Err() != nil || !live: // what was done is done again, or nothing needs it
	case err == nil:
		r.done(rec, a, out, false)
	case r.late(w):
	case w.call.Err() != nil:
		r.drop(a)
	default:
		r.failed(rec, a, err)
	}
}

func (r *runner) step(name string) (step.Step, error) {
	s, ok := r.Catalogue.Lookup(name)
	if !ok {
		return s, types.Errorf(types.Internal, "this skillrun has no step %s", name)
	}
	return s, nil
}

// call performs a step; a panic in it becomes an error.
func (r *runner) call(ctx context.Context, s step.Step, rec journal.Record) (out []byte, err error) {
	defer recovered(s.Name, &err)
	c := r.callOf(s, rec)
	defer r.free()()
	return s.Do(step.WithCall(ctx, c), rec.Input)
}

func recovered(name string, err *error) {
	if p := recover(); p != nil {
		*err = types.Errorf(types.Internal, "step %s panicked: %v", name, p).WithHint("this is a bug: please report it")
	}
}

// recordOf is the record that an action begins with.
func recordOf(a machine.Action) journal.Record {
	return journal.Record{
		Kind: journal.Event, Path: a.Path, Identity: a.Identity, Step: a.Step, Effect: a.Effect, Input: types.Encode(a.Input),
	}
}

// callOf is the call of the action that a record is of.
func (r *runner) callOf(s step.Step, rec journal.Record) step.Call {
	path := rec.Path
	return step.Call{
		Run: r.Header.ID, Path: path, Key: r.key(rec), Digest: s.Digest(rec.Input),
		StartedAt: r.Header.StartedAt, Workspaces: r.Workspaces, Programs: r.Programs, Sleep: r.Clock.Sleep,
		Made: madeIn(r.out.Effects), Results: resultsIn(r.out.Effects),
		Tell: func(text string) { r.emit(Event{Type: "notice", ID: path, Path: path, Step: s.Name, Text: text}) },
	}
}

func (r *runner) key(rec journal.Record) step.Key {
	return step.KeyOf(r.work(), rec.Path, rec.Identity)
}

// work is the part of a key that all effects of a piece of work share, whatever
// run makes them.
func (r *runner) work() string { return r.Header.Work }
