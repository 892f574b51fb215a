package engine

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Plan walks a bound skill without writing anything: reads are real, local steps
// happen in a folder that is thrown away, writes are predicted.
func (e *Engine) Plan(ctx context.Context, b *Bound, o Options) (plan.Plan, error) {
	h := e.header(b, o)
	start := machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: b.Zone, Invocation: h.Invocation}
	walk := dry.Options{Program: b.Program, Start: start, Work: h.Work, Run: h.ID, Observe: e.notes(o, h.ID)}
	if o.Inside {
		walk.Withheld = e.reachesOut
	}
	f, err := e.forecast(ctx, walk)
	return plan.Plan{Version: plan.Version, Run: planned(h), Inside: o.Inside, Forecast: f}.Sealed(), err
}

func (e *Engine) notes(o Options, run string) func(machine.Note) {
	if o.Observe == nil {
		return nil
	}
	return func(n machine.Note) { o.Observe(runtime.EventOf(n, run, e.Clock.Now().UTC(), false)) }
}

// planned is a run's header as a plan keeps it.
func planned(h journal.RunHeader) plan.Run {
	return plan.Run{
		ID: h.ID, Site: h.Site, Work: h.Work, Skill: h.Skill, File: h.File, Origin: h.Origin, Path: h.Path, Text: h.Text, Command: h.Command, Reach: h.Reach,
		StartedAt: h.StartedAt, Zone: h.Zone, ProgramDigest: h.Digest, Program: h.Program, Skillrun: h.Versions.Program, Invocation: h.Invocation,
	}
}

// headerOf is the header of the run that a plan is of.
func (e *Engine) headerOf(r plan.Run) journal.RunHeader {
	return journal.RunHeader{
		ID: r.ID, Site: r.Site, User: e.User, Work: r.Work, Skill: r.Skill, File: r.File, Origin: r.Origin, Path: r.Path, Text: r.Text, Command: r.Command, Reach: r.Reach,
		StartedAt: r.StartedAt, Zone: r.Zone, Digest: r.ProgramDigest, Program: r.Program,
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language, Program: e.Version}, Invocation: r.Invocation,
	}
}

// ReadPlan reads a plan that was written to a file, and refuses one that is not
// as it was made; see [plan.Decode].
func ReadPlan(text []byte) (plan.Plan, error) {
	p, err := plan.Decode(text)
	if err != nil {
		return plan.Plan{}, err
	}
	return p, checkPlannedRun(p.Run)
}

// checkPlannedRun checks the parts of a planned run against each other that its effects'
// keys come from: the id says when it began, and the work follows from both the
// program and the id.
func checkPlannedRun(r plan.Run) error {
	var p program.Program
	err := json.Unmarshal(r.Program, &p)
	if err == nil && r.Work == step.Hash(16, p.Work(r.ID)...) && journal.ValidID(r.ID) && journal.BeganAt(r.ID, r.StartedAt) {
		return nil
	}
	return types.Errorf(types.BadInput, "the plan was changed after it was made: its run and its writes are of different work").
		WithHint("plan again")
}

// Apply runs what was planned. Reads are done again, and when something is not
// any more as the plan saw it, or something else would be written, the run
// fails before its first write.
func (e *Engine) Apply(ctx context.Context, p plan.Plan, o Options) (Report, error) {
	h := e.headerOf(p.Run)
	if h.Site != e.Site {
		return Report{}, types.Errorf(types.BadInput, "the plan is of site %q, and this is site %q", h.Site, e.Site).
			WithHint("give the configuration that it was made with: --config")
	}
	if p.Inside {
		return Report{}, types.Errorf(types.BadInput, "the folder of its skill was not trusted when the plan was made, so no service was asked").
			WithHint("check what it runs and reaches, and trust the folder: skillrun trust; then plan again")
	}
	if err := checkPlannedRun(p.Run); err != nil {
		return Report{}, err
	}
	if err := e.sameReach(ctx, &h, o); err != nil {
		return Report{}, err
	}
	if other := e.appliedBy(h); other != "" {
		return Report{}, types.Errorf(types.Conflict, "this plan was applied already, under the id %s", other).
			WithHint("`%s` shows what it did; to do it once more, plan again", e.command("runs", other))
	}
	o.expect = &p
	j, unfinished, err := e.store.Start(h)
	switch {
	case err != nil && e.runExists(h.ID):
		return Report{}, types.Errorf(types.Conflict, "this plan was applied already, by run %s", h.ID).
			WithHint("`%s` shows what it did", e.command("runs", h.ID))
	case err != nil:
		return Report{}, err
	case unfinished == "":
		return e.run(ctx, j, o, false)
	}
	records, _, err := e.store.Read(unfinished)
	if err == nil && records[0].Run.Digest != h.Digest {
		err = types.Errorf(types.Conflict, "run %s of the same work is not finished, and has another program or other inputs", unfinished).
			WithHint("resume it: %s; or end it: %s", e.command("resume", unfinished), e.command("cancel", unfinished))
	}
	if err != nil {
		return Report{}, err
	}
	return e.Resume(ctx, unfinished, o)
}

// appliedBy is the run that a plan of the same program, made at the same moment,
// was applied by under another id: no one plans twice in one nanosecond.
func (e *Engine) appliedBy(h journal.RunHeader) string {
	ids, _ := e.store.IDs() // what is wrong with the folder, starting the run says
	for _, id := range ids {
		if id == h.ID || !journal.BeganAt(id, h.StartedAt) {
			continue
		}
		records, _, err := e.store.Read(id)
		if err == nil && appliedPlan(records) != "" && journal.Summarize(records).State != journal.StateRefused && records[0].Run.StartedAt.Equal(h.StartedAt) && records[0].Run.Digest == h.Digest {
			return id
		}
	}
	return ""
}

func (e *Engine) runExists(id string) bool {
	_, _, err := e.store.Read(id)
	return err == nil
}
