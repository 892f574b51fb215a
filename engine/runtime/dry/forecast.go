// Package dry walks a run to its end without writing anything, and foresees each
// write. Reads are done for real, and so are local steps, in a workspace that is
// thrown away. What only a write can tell is unknown, and so is all that reads
// it; the rest is shown as it will be sent.
//
// # What is not done
//
// A step with an argument that is not known is not called: the output of a read
// is unknown, a local step and a write are asked for a preview. The same goes
// for a step that the run may not reach, and for one that
// looks where something that was left out changes something: in the service that
// a write before it goes to, or in a workspace. What it found there would not be
// what the run finds. What may be written at any time beside it counts as
// written before it.
//
// # One plan, one digest
//
// A walk from the start of a run and one from just before its first write must
// show the same, so that what a person agreed to can be checked against what is
// about to happen. So nothing that is shown depends on the folder of the walk,
// on the clock, or on what the workspace holds beside what a write publishes. Of
// what may run side by side, the first in the order of the skill is walked to
// its end before the next.
package dry

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Options is what a walk needs from outside.
type Options struct {
	Program   *program.Program
	Start     machine.Start
	Catalogue *step.Catalogue
	// Snapshot is of the machine where the walk begins; nil is the start. The
	// machine it was taken of is not touched.
	Snapshot []byte
	Run      string // the run's id
	Work     string // the work part of the keys of its effects
	// Workspaces is a folder for this walk alone; the caller throws it away.
	Workspaces string
	// Before lists the local steps that the run has done before the snapshot,
	// oldest first; they are repeated.
	Before []Repeat
	// Secrets are the reads before the snapshot that made secrets, by path; one that
	// is needed is done again.
	Secrets map[string]Repeat
	Sleep   func(ctx context.Context, d time.Duration) error // as in [step.Call]
	// Hosts names the host of a service; may be nil.
	Hosts func(service string) string
	// Observe is shown the nodes that are done for real; what is only foreseen
	// is not shown. May be nil.
	Observe func(machine.Note)
	// Withheld reports whether a call is not to reach out: nothing of it is done,
	// looked for or asked, and what it returns is not known. May be nil.
	Withheld func(ctx context.Context, u step.Use) bool
	// Tell is shown why a step waits; may be nil.
	Tell func(path, text string)
}

// Repeat is the record of a step that changed a workspace, and is done again.
type Repeat = journal.Record

// Forecast walks to the end of the run. Reads are done, and local steps too, in
// a workspace of the walk's own; no write is. A step whose arguments are not
// all known, or that the run may not reach, is not done,
// and its output is unknown.
//
// While every write of the walk was found to be there already, the next one is
// looked for; after the first that is not there, the arguments of the others
// are not known well enough to look, and they are taken to be made again.
//
// The error is the walk's own; what would stop the run stands in the Forecast.
func Forecast(ctx context.Context, o Options) (plan.Forecast, error) {
	w := &walker{Options: o, clear: true, foreseen: map[string]bool{}, visibility: VisibilityOf(o.Program, o.Catalogue, o.Hosts), skipped: skipped{places: map[step.Place]skippedStep{}}}
	if err := w.begin(ctx); err != nil {
		return plan.Forecast{}, err
	}
	for {
		actions := w.m.Next()
		for _, a := range actions {
			w.foreseen[a.Path] = !w.performs(ctx, a)
		}
		w.drain()
		if len(actions) == 0 {
			return w.end(), nil
		}
		e := w.answer(ctx, actions[0])
		if err := ctx.Err(); err != nil {
			return w.out, types.Errorf(types.Cancelled, "the plan was interrupted").WithHint("nothing was written; plan again")
		}
		if err := w.m.Apply(e); err != nil {
			return w.out, err
		}
	}
}

type walker struct {
	Options
	m    *machine.Machine
	used map[*program.Node][]string // the members that the rest of the skill reads
	out  plan.Forecast
	// clear is set while every write so far was found to be there: then the
	// world can be asked about the next one.
	clear      bool
	local      []plan.Local // since the write before
	visibility *Visibility
	skipped    skipped
	slept      time.Time // the machine's time: that of the last pause
	vault      *step.Vault
	foreseen   map[string]bool // paths of what is not done for real
}

// begin makes the machine and the workspace that the walk starts from.
func (w *walker) begin(ctx context.Context) error {
	w.used, w.slept = usedMembers(w.Program), w.Start.StartedAt
	w.m = machine.New(w.Program, w.Start)
	if w.Snapshot != nil {
		m, err := machine.Restore(w.Program, w.Start, w.Snapshot)
		if err != nil {
			return err
		}
		w.m = m
	}
	w.vault = &step.Vault{Again: w.again}
	for _, r := range w.Before {
		s, ok := w.Catalogue.Lookup(r.Step)
		if !ok {
			return unknownStep(r.Step)
		}
		if err := w.repeatLocal(ctx, s, r); err != nil {
			return types.At("making the workspace of the plan, at "+r.Path, err)
		}
	}
	return nil
}

// repeatLocal does to a workspace of the walk what a step did to that of the run.
func (w *walker) repeatLocal(ctx context.Context, s step.Step, r Repeat) (err error) {
	if s.Effect == step.Locals {
		_, err = w.do(ctx, s, r)
		return err
	}
	defer runtime.Recovered(s.Name, &err)
	return s.Restore(step.WithCall(ctx, w.callOf(s, r)), r.Input, runtime.RestoreInput(r))
}

func unknownStep(name string) *types.Error {
	return types.Errorf(types.Internal, "this skillrun has no step %s", name).
		WithHint("resume it with the version of skillrun that started it")
}

func (w *walker) end() plan.Forecast {
	r := w.m.Result()
	w.out.Local, w.out.Outputs, w.out.Missing = w.local, types.Values(r.Outputs), r.Missing
	if r.State == machine.Ended && r.Problem != nil {
		r.Failure = r.Problem
	}
	if f := r.Failure; f != nil {
		w.out.Writes = slices.DeleteFunc(w.out.Writes, func(x plan.Write) bool { return x.Outcome == plan.Fail && x.Path == f.Path })
		w.out.Failure = &plan.Failure{Path: f.Path, Node: f.Node, Error: f.Error, Place: plan.Place{
			File: f.At.File, Line: f.At.Start.Line, Col: f.At.Start.Col, EndLine: f.At.End.Line, EndCol: f.At.End.Col,
		}}
	}
	w.out.Manifest = plan.ManifestOf(w.out.Writes)
	w.out.Digest = plan.DigestOf(w.out)
	return w.out
}

// drain shows what was done for real, and notes what is decided later.
func (w *walker) drain() {
	for _, n := range w.m.Notes() {
		if i := slices.IndexFunc(w.out.Writes, func(x plan.Write) bool { return x.Path == n.Path && x.Error != nil }); i >= 0 && n.Error != nil {
			w.out.Writes[i].Error = n.Error // in the skill's words
		}
		switch {
		case n.Kind == machine.Undecided:
			w.question(plan.Question{Kind: plan.Check, Path: n.Path, Node: n.Node, Name: n.Name, Until: checked(n.Def)})
		case n.Kind != machine.FailedNote && w.foreseen[n.Path]:
		case w.Observe != nil:
			w.Observe(n)
		}
	}
}

// checked is the condition on which the run continues behind a node.
func checked(n *program.Node) string {
	switch n.Kind {
	case program.Fail:
		return "not (" + n.If + ")"
	case program.Return:
		return "not (" + n.If + "), or the skill ends here"
	}
	return n.Cond
}

// undecidedCondition is the condition of a node that the run may not reach.
func undecidedCondition(a machine.Action) string {
	if !a.Undecided {
		return ""
	}
	if a.Def.BreakIf == "" {
		return a.Def.If
	}
	before := "no item before had " + a.Def.BreakIf
	if a.Def.If == "" {
		return before
	}
	return a.Def.If + ", and " + before
}

func (w *walker) question(q plan.Question) {
	q.After = len(w.out.Writes)
	w.out.Questions = append(w.out.Questions, q)
}

func (w *walker) performs(ctx context.Context, a machine.Action) bool {
	if a.Kind != machine.Call || a.Effect == string(step.Writes) || len(a.Unknown) > 0 || a.Undecided {
		return false
	}
	_, hidden := w.hiddenBy(ctx, a)
	return !hidden && !w.withheld(ctx, a)
}

// trusted is what a call that is withheld is known after.
const trusted = "the folder is trusted"

func (w *walker) withheld(ctx context.Context, a machine.Action) bool {
	return w.Withheld != nil && w.Withheld(w.calling(ctx, a), useOf(a))
}

// unknown is the answer of what is not done.
func unknown(a machine.Action) machine.Event {
	return machine.Event{Kind: machine.Done, Path: a.Path, Unknown: true}
}

func failed(a machine.Action, err error) machine.Event {
	return machine.Event{Kind: machine.Failed, Path: a.Path, Error: types.AsError(err)}
}

func (w *walker) answer(ctx context.Context, a machine.Action) machine.Event {
	if await, inside := w.m.AwaitOf(a.Path); inside && (w.foreseen[a.Path] || a.Kind != machine.Call) && !a.Retry {
		return w.waitForTime(await)
	}
	switch {
	case a.Retry:
		return w.waitForRetry(ctx, a)
	case a.Kind == machine.Wait:
		return w.waitForTime(a) // it was asked, and is not so yet
	case a.Kind == machine.Ask:
		return w.askPerson(a)
	case a.Effect == string(step.Writes):
		return w.write(ctx, a)
	case w.foreseen[a.Path] && a.Poll:
		return w.waitForTime(a)
	case w.foreseen[a.Path] && a.Effect == string(step.Locals):
		return w.foresee(ctx, a)
	case w.foreseen[a.Path]:
		after, hidden := w.hiddenBy(ctx, a)
		if !hidden && w.withheld(ctx, a) {
			after = trusted
		}
		return w.deferRead(a, after)
	}
	return w.perform(ctx, a)
}

func (w *walker) waitForRetry(ctx context.Context, a machine.Action) machine.Event {
	if w.Sleep != nil {
		_ = w.Sleep(ctx, a.At.Sub(w.slept)) // an interrupted walk ends by its context
	}
	w.slept = a.At
	return machine.Event{Kind: machine.Woken, Path: a.Path, At: a.At}
}

func (w *walker) perform(ctx context.Context, a machine.Action) machine.Event {
	s, ok := w.Catalogue.Lookup(a.Step)
	if !ok {
		return failed(a, unknownStep(a.Step))
	}
	e := machine.Event{Kind: machine.Done, Path: a.Path}
	raw, err := w.do(ctx, s, runtime.RecordOf(a))
	if err == nil {
		err = decodeOutput(s, raw, &e.Output)
	}
	after, later := w.awaited(ctx, a, err)
	switch {
	case later && a.Effect == string(step.Locals):
		return w.foresee(ctx, a)
	case later:
		return w.deferRead(a, after)
	case err != nil:
		return w.m.FailureAt(a.Path, types.AsError(err))
	case a.Effect == string(step.Locals):
		w.local = append(w.local, plan.Local{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step})
	case !a.Poll:
		read := plan.Read{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Output: e.Output, Used: w.used[a.Def]}
		w.out.Reads = append(w.out.Reads, read.Kept())
	}
	return e
}

func decodeOutput(s step.Step, raw []byte, into *types.Values) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return types.Errorf(types.Internal, "result of %s does not decode: %w", s.Name, err).WithHint("this is a bug: please report it")
	}
	return nil
}

func (w *walker) do(ctx context.Context, s step.Step, r Repeat) (out []byte, err error) {
	defer runtime.Recovered(s.Name, &err)
	return s.Do(step.WithCall(ctx, w.callOf(s, r)), r.Input)
}

// again performs a read that the run has done, for the secrets that it made.
func (w *walker) again(ctx context.Context, path string) error {
	r, ok := w.Secrets[path]
	s, known := w.Catalogue.Lookup(r.Step)
	if !ok || !known {
		return types.Errorf(types.Internal, "the journal has no step %s", path)
	}
	_, err := w.do(ctx, s, r)
	return err
}

// callOf is the call that the run itself would make, in another folder.
func (w *walker) callOf(s step.Step, r Repeat) step.Call {
	c := step.Call{
		Run: w.Run, Path: r.Path, Key: step.KeyOf(w.Work, r.Path, r.Identity), Digest: s.Digest(r.Input),
		StartedAt: w.Start.StartedAt, Workspaces: w.Workspaces, Sleep: w.Sleep, Secrets: w.vault,
	}
	if w.Tell != nil {
		c.Tell = func(text string) { w.Tell(r.Path, text) }
	}
	return c
}

// deferRead notes a read of something that is known only after another step.
func (w *walker) deferRead(a machine.Action, after string) machine.Event {
	if u, unknown := types.FirstUnknown(map[string]any(a.Input)); unknown && after == "" {
		after = u.After
	}
	if !a.Undecided {
		w.out.Reads = append(w.out.Reads, plan.Read{Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, After: after, Used: w.used[a.Def]})
	}
	return machine.Event{Kind: machine.Done, Path: a.Path, Unknown: true, After: after}
}

func (w *walker) askPerson(a machine.Action) machine.Event {
	q := plan.Question{Kind: plan.Approve, Path: a.Path, Node: a.Node, Name: a.Name, Undecided: a.Undecided, If: undecidedCondition(a)}
	q.Message, q.Show = types.Show(a.Input["message"]), types.Show(a.Input["show"])
	w.question(q)
	return unknown(a)
}

func (w *walker) waitForTime(a machine.Action) machine.Event {
	q := plan.Question{Kind: plan.Await, Path: a.Path, Node: a.Node, Name: a.Name, Step: a.Step, Undecided: a.Undecided, If: undecidedCondition(a), Until: a.Def.Until}
	names := []string{}
	if a.Def.Call != nil {
		names = a.Def.Call.Inputs.Names()
	} else if s, ok := w.Catalogue.Lookup(a.Step); ok {
		names = s.In.Names()
	}
	q.Fields = plan.Fields(names, a.Input)
	w.question(q)
	return unknown(a)
}
