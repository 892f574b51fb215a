package engine

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// What surfaces see of the rooms below.
type (
	// Skill is a checked skill.
	Skill = check.Skill
	// Binding is what a skill gets when it is run.
	Binding = check.Binding
	// Event tells what happens while it happens.
	Event = local.Event
	// Outcome is where a process left a run.
	Outcome = local.Outcome
	// Effect is a write and what was done about it.
	Effect = local.Effect
	// StepReport is what became of a step.
	StepReport = local.StepReport
	// Summary is a run in a listing.
	Summary = journal.Summary
	// Clock is the time runs see.
	Clock = local.Clock
)

// The states and reasons of an [Outcome].
const (
	Done        = local.Done
	Failed      = local.Failed
	Parked      = local.Parked
	Interrupted = local.Interrupted
	ForConfirm  = local.ForConfirm
	ForAwait    = local.ForAwait
	ForUnknown  = local.ForUnknown
)

// Setup is what an engine is made of.
type Setup struct {
	Catalogue *step.Catalogue
	State     string // the site's folder for journals; made when needed
	Clock     Clock
	Random    io.Reader // of run ids
	Site      string
	User      string          // who is at the terminal, kept with what they allow
	Version   string          // of the program, kept in journals
	Disk      journal.Options // how journals reach the disk; zero is the real one
}

// Engine is the façade: everything a surface needs to check and run skills.
type Engine struct {
	Setup
	store *journal.Store
}

// New returns an engine. Nothing is read or made before it is used.
func New(s Setup) *Engine {
	return &Engine{Setup: s, store: journal.NewStore(s.State, s.Disk)}
}

// Check checks a skill. It must not be run when the diagnostics have errors.
func (e *Engine) Check(file string, text []byte) (*Skill, diag.List) {
	return check.File(file, text, e.Catalogue)
}

// Options is how a run is run.
type Options struct {
	// Command returns the repeatable command for the bound inputs; it is kept
	// in the journal and shown first.
	Command func(inputs map[string]any) string
	Wait    bool
	// Confirm is shown the writes that are left, once, before the first one;
	// nil consents.
	Confirm func(ctx context.Context, run Run, writes []plan.Write) (bool, error)
	// Begun is told about the run before its first step.
	Begun   func(run Run)
	Observe func(Event)
}

// Run is a run's identity for people.
type Run struct {
	ID        string
	Skill     string
	Command   string
	File      string // the skill file it was started from
	Journal   string // the run's folder
	Continued bool   // this process took up a run that was there
}

// Report is what a process did on a run.
type Report struct {
	Run
	Outcome
}

// Start binds a skill and runs it. When an unfinished run of the same piece of
// work is there, it goes on with that one.
func (e *Engine) Start(ctx context.Context, s *Skill, b Binding, o Options) (Report, diag.List, error) {
	p, diags := s.Bind(b)
	if p == nil {
		return Report{}, diags, nil
	}
	id := journal.NewID(b.Now, e.Random)
	h := e.header(id, step.Hash(16, p.Work(id)...), s, p, b, o)
	j, unfinished, err := e.store.Start(h)
	if err != nil {
		return Report{}, diags, err
	}
	if unfinished != "" {
		if more := e.sameInputs(unfinished, p); more.HasErrors() {
			return Report{}, append(diags, more...), nil
		}
		r, err := e.Resume(ctx, unfinished, o)
		return r, diags, err
	}
	r, err := e.run(ctx, j, o, false)
	return r, diags, err
}

// sameInputs refuses to go on with an unfinished run of the same work that has
// other inputs: what was asked for now would silently not be done.
func (e *Engine) sameInputs(id string, p *program.Program) diag.List {
	var diags diag.List
	records, _, err := e.store.Read(id)
	if err != nil {
		return nil // resuming says what is wrong with it
	}
	old, _, err := restore(records[0].Run)
	if err != nil {
		return nil
	}
	for _, name := range types.SortedKeys(p.Inputs) {
		before, now := types.Show(old.Inputs[name]), types.Show(p.Inputs[name])
		if before != now {
			diags.Errorf("other-inputs", diag.Range{File: "--input " + name}, "run %s of the same work is not finished, and has %s=%s", id, name, before).
				Hint = "go on with it: skillrun resume " + id + "; or make new work: --again 1"
		}
	}
	return diags
}

func (e *Engine) header(id, work string, s *Skill, p *program.Program, b Binding, o Options) journal.RunHeader {
	h := journal.RunHeader{
		ID: id, Site: e.Site, Work: work, Skill: s.Name, File: s.File, Text: string(s.Text),
		StartedAt: b.Now.UTC(), Zone: b.Zone.String(), Digest: p.Digest(), Program: types.Encode(p),
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language, Program: e.Version},
	}
	if o.Command != nil {
		h.Command = o.Command(p.Inputs)
	}
	return h
}

// Resume goes on with a run that was killed, parked or failed. The program,
// the inputs and the configuration values are the run's own; steps come from
// the catalogue of today.
func (e *Engine) Resume(ctx context.Context, id string, o Options) (Report, error) {
	j, _, err := e.store.Open(id)
	if err != nil {
		return Report{}, err
	}
	return e.run(ctx, j, o, true)
}

func (e *Engine) run(ctx context.Context, j *journal.File, o Options, continued bool) (Report, error) {
	defer j.Close()
	records := j.Records()
	h := records[0].Run
	run := Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command, Journal: j.Dir(), Continued: continued}
	p, start, err := restore(h)
	if err != nil {
		return Report{Run: run}, err
	}
	if continued {
		if err := j.Append(journal.Record{Kind: journal.Resumed, At: e.Clock.Now().UTC()}, false); err != nil {
			return Report{Run: run}, err
		}
	}
	if o.Begun != nil {
		o.Begun(run)
	}
	out, err := local.Run(ctx, local.Options{
		Program: p, Header: *h, Start: start, Catalogue: e.Catalogue, Journal: j, Clock: e.Clock,
		Workspaces: j.Workspaces(), Wait: o.Wait, User: e.User, Observe: o.Observe, Confirm: e.confirm(o, run, p, start),
	})
	return Report{Run: run, Outcome: out}, err
}

// restore returns the program a header holds, after holding it against its
// digest.
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
	return &p, machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: zone}, nil
}

func (e *Engine) confirm(o Options, run Run, p *program.Program, start machine.Start) func(context.Context, []byte) (bool, error) {
	if o.Confirm == nil {
		return nil
	}
	return func(ctx context.Context, snapshot []byte) (bool, error) {
		writes, err := dry.Writes(ctx, e.Catalogue, p, start, snapshot)
		if err != nil {
			return false, err
		}
		return o.Confirm(ctx, run, writes)
	}
}

// Skill returns what a run was started from: the run, and the skill's text.
func (e *Engine) Skill(id string) (run Run, text []byte, err error) {
	records, _, err := e.store.Read(id)
	if err != nil {
		return Run{}, nil, err
	}
	h := records[0].Run
	return Run{ID: h.ID, Skill: h.Skill, File: h.File, Command: h.Command}, []byte(h.Text), nil
}
