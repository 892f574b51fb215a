package engine

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/format"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What surfaces see of the rooms below.
type (
	// Skill is a checked skill.
	Skill = check.Skill
	// Need is a service that a skill reaches.
	Need = check.Need
	// Node is a step of a skill.
	Node = program.Node
	// Binding is what a skill gets when it is run.
	Binding = check.Binding
	// Bound is a skill with what it is run with.
	Bound = check.Bound
	// Event tells what happens while it happens.
	Event = runtime.Event
	// EventType says what an [Event] reports.
	EventType = runtime.EventType
	// Outcome is where a process left a run.
	Outcome = runtime.Outcome
	// Effect is a write and what was done about it.
	Effect = runtime.Effect
	// StepReport is what became of a step.
	StepReport = runtime.StepReport
	// Summary is a run in a listing.
	Summary = journal.Summary
	// Said is a person's word about what a parked run waits for.
	Said = journal.Said
	// MovedTo says who exported a run.
	MovedTo = journal.Moved
	// Clock is the time runs see.
	Clock = runtime.Clock
	// Disk is how journals reach the disk.
	Disk = journal.Options
	// Reversal is an effect and what undoing it would do.
	Reversal = runtime.Reversal
	// Verdict is what looking at every byte of a run came to.
	Verdict = journal.Verdict
)

// The states and reasons of an [Outcome].
const (
	Done        = runtime.Done
	Failed      = runtime.Failed
	Parked      = runtime.Parked
	Interrupted = runtime.Interrupted
	Cancelled   = runtime.Cancelled
	Rejected    = runtime.Rejected
	Refused     = runtime.Refused
	ForConfirm  = runtime.ForConfirm
	ForApprove  = runtime.ForApprove
	ForLock     = runtime.ForLock
	ForAwait    = runtime.ForAwait
	ForUnknown  = runtime.ForUnknown
	ForRepeat   = runtime.ForRepeat
)

// The types of an [Event].
const (
	EventVersion     = runtime.EventVersion
	EventStepStarted = runtime.EventStepStarted
	EventStepDone    = runtime.EventStepDone
	EventStepSkipped = runtime.EventStepSkipped
	EventStepFailed  = runtime.EventStepFailed
	EventStepRetry   = runtime.EventStepRetry
	EventStepStopped = runtime.EventStepStopped
	EventWaiting     = runtime.EventWaiting
	EventEffect      = runtime.EventEffect
	EventNotice      = runtime.EventNotice
)

// Setup is what an engine is made of.
type Setup struct {
	Catalogue *step.Catalogue
	Runtime   runtime.Runtime // performs runs; nil: on this machine
	State     string          // the site's folder for journals; made when needed
	Clock     Clock
	Random    io.Reader // of run ids
	Site      string
	User      string // who is at the terminal, kept with what they allow
	Version   string // of the program, kept in journals
	Disk      Disk   // how journals reach the disk; zero is the real one
	// Settle is how long after a lost answer an effect may still appear, where
	// the service does not refuse a second one.
	Settle time.Duration
	// Locks reaches the lock of a concurrency group that machines share, in a
	// repository; nil when there is none.
	Locks func(service, repo string) (step.Lock, error)
	// Skills finds a skill that another one calls, by its name; beside is the file of
	// the caller, "" when it has none. nil: no skill calls another.
	Skills func(beside, name string) (file string, text []byte, err error)
	// StepTypes finds a step type that a file declares; beside is the file that uses
	// it. The error has the code not_found when there is none.
	StepTypes func(beside, name string) (file string, text []byte, err error)
	// Schemas is the schema that is kept beside a file of what a step pins; nil keeps none.
	Schemas func(beside string, p step.Pin) (in types.Type, known bool, err error)
	// Invocation is how this program is called so that it comes to this site,
	// such as "skillrun --sandbox"; "" is "skillrun". The commands in hints end with
	// its flags, and skills read it as run.program.
	Invocation string
	// Hosts names the host of a service, for the manifest of a plan; may be nil.
	Hosts func(service string) string
	// Services describes a service as it is configured: where it is, and as whom it
	// is asked. A run is bound to it; may be nil.
	Services func(service string) string
	// Lint has Check warn of what a skill had better not say, too: unused names,
	// decided conditions, late checks.
	Lint bool
}

// Engine is the façade: everything a surface needs to check and run skills.
type Engine struct {
	Setup
	store *journal.Store
}

// New returns an engine. Nothing is read or made before it is used.
func New(s Setup) *Engine {
	if s.Runtime == nil {
		s.Runtime = local.Runtime{}
	}
	disk := s.Disk
	if s.Catalogue != nil {
		disk.Hide = s.Catalogue.Hide
	}
	return &Engine{Setup: s, store: journal.NewStore(s.State, disk)}
}

// Check checks a skill, and those that it calls. It must not be run when the diagnostics have errors.
func (e *Engine) Check(file string, text []byte) (*Skill, diag.List) {
	return check.File(file, text, e.world())
}

// IsStepType reports whether a file declares a step type, and no skill.
func IsStepType(file string) bool { return check.IsStepType(file) }

// BadName says why a skill, or a step type, cannot have a name; "" when it can.
func BadName(name string, stepType bool) string { return check.BadName(name, stepType) }

// Format returns the canonical form of a file of skills, tests or settings, or why it
// cannot be read; see [format.Source].
func Format(file string, text []byte) ([]byte, diag.List) { return format.Source(file, text) }

// Consent says who has to agree before the first write.
type Consent string

// The kinds of consent. [Options] without one asks.
const (
	Asked     Consent = ""      // a person: here, or with Approve
	Given     Consent = "given" // whoever started this process, by saying so
	NotNeeded Consent = "never" // no one: the site's policy
)

// Options is how a run is run.
type Options struct {
	// Command returns the repeatable command for the bound inputs; it is kept
	// in the journal and shown first.
	Command func(inputs map[string]any) string
	// Invocation is what the skill reads as run.program, where that is more than
	// [Setup].Invocation; "" is that.
	Invocation string
	// Set are the names of configuration that were given for this run alone: an
	// unfinished run of the same work must have the same.
	Set []string
	// Origin is where the skill was found; it is kept with the run.
	Origin Origin
	// Restart ends an unfinished run of the same work instead of going on with it.
	Restart bool
	Wait    bool
	Consent Consent // to the writes; approve steps ask all the same
	// Confirm shows a person what they are asked, and returns what they say; nil
	// where no one sits.
	Confirm func(ctx context.Context, run Run, q Question) (Answer, error)
	// AnsweredBy names who answered the question of a node; nil, or "", is the user of
	// the engine.
	AnsweredBy func(node string) string
	// AcceptedReach is the digest of what the run may reach although it was bound to
	// something else; "" is none.
	AcceptedReach string
	// ConfirmReach shows a person what a run would reach that it was not bound to, and
	// returns whether they agree; nil where no one sits.
	ConfirmReach func(ctx context.Context, c ReachChange) bool
	// Inside keeps a plan from reaching anything but its own workspaces: what is
	// outside is not known in it, and it cannot be applied.
	Inside bool
	// OnStart is told about the run before its first step.
	OnStart func(run Run)
	Observe func(Event)
	// Interrupt is closed when the person at the terminal wants the run to stop,
	// with what cleans up after it; the context's end stops it at once.
	Interrupt <-chan struct{}

	expect *plan.Plan      // of Apply
	bound  string          // the digest of the plan that the run is held to, "" for none
	end    *runtime.Ending // of Cancel and Reject
}

// Answer is what a person says to a [Question].
type Answer int

// The answers. Without one the run waits; a no ends it.
const (
	Unanswered Answer = iota
	Yes
	No
)

// Question is what a run asks a person: to agree to the writes that are left,
// and, when an approve step asks, to what that step shows.
type Question struct {
	Node     string // of the approve step; "" before the first write
	Message  string
	Show     any
	Forecast plan.Forecast
}

// Run is a run's identity for people.
type Run struct {
	ID        string
	Skill     string
	Command   string
	File      string // the skill file it was started from
	Origin    Origin // where that was found
	Journal   string // the run's folder
	Continued bool   // this process took up a run that was there
	Followed  bool   // another process is at it; this one tells what happens
}

// Report is what a process did on a run.
type Report struct {
	Run
	Outcome
}

// ended refuses a run that no one continues with any more.
func (e *Engine) ended(records []journal.Record) error {
	if err := e.checkNotMoved(records); err != nil {
		return err
	}
	run, last := records[0].Run, records[len(records)-1]
	by := ""
	if last.By != "" {
		by = " by " + last.By
	}
	switch s := journal.Summarize(records).State; s {
	case journal.StateCancelled, journal.StateRejected, journal.StateUndone:
		return types.Errorf(types.Conflict, "run %s was %s%s", run.ID, s, by).
			WithHint("start a new run: %s", run.Command)
	case journal.StateRefused:
		return types.Errorf(types.Conflict, "run %s was refused: what its plan read had changed", run.ID).
			WithHint("plan again, and apply that plan; or start a new run: %s", run.Command)
	case journal.StatePartlyUndone:
		return types.Errorf(types.Conflict, "run %s is partly undone", run.ID).
			WithHint("continue undoing it: %s; then start a new run: %s", e.command("undo", run.ID), run.Command)
	}
	return nil
}

// command is a command of this program about a run of this site, for hints.
func (e *Engine) command(verb string, about ...string) string {
	return runtime.Options{Invocation: e.Invocation}.Command(verb, about...)
}

// restore returns the program of a header, checked against its digest.
func restore(h *journal.RunHeader) (*program.Program, machine.Start, error) {
	var p program.Program
	if err := json.Unmarshal(h.Program, &p); err != nil {
		return nil, machine.Start{}, types.Errorf(types.Internal, "the journal's program does not decode: %w", err)
	}
	if p.Digest() != h.Digest {
		return nil, machine.Start{}, types.Errorf(types.Conflict, "the journal's program is not the one it was started with")
	}
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		return nil, machine.Start{}, types.Errorf(types.BadInput, "time zone %q of the run is not known here", h.Zone)
	}
	return &p, machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: zone, Invocation: h.Invocation}, nil
}

// load reads the records of a run, and restores its program.
func (e *Engine) load(id string) ([]journal.Record, *program.Program, machine.Start, error) {
	records, _, err := e.store.Read(id)
	if err != nil {
		return nil, nil, machine.Start{}, err
	}
	p, start, err := restore(records[0].Run)
	return records, p, start, err
}

// Skill returns what a run was started from: the run, and the skill's text.
func (e *Engine) Skill(id string) (run Run, text []byte, err error) {
	records, _, err := e.store.Read(id)
	if err != nil {
		return Run{}, nil, err
	}
	h := records[0].Run
	return Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command, Origin: Origin{h.Origin, h.Path}}, []byte(h.Text), nil
}

// ReachChange is a run that would reach something else than it was bound to.
type ReachChange struct {
	Run    string
	Gone   []string // what it was bound to and would not reach
	New    []string // what it would reach and was not bound to
	Digest string   // of all that it would reach
}

// Origin is where a skill was found.
type Origin struct {
	Kind string // one of From…; "" is not known
	Path string // of its file, from the root; "" of one that is built in
}
