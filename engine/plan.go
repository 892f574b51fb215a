package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Plan binds a skill and walks it without writing anything: reads are real,
// local steps happen in a folder that is thrown away, writes are predicted.
func (e *Engine) Plan(ctx context.Context, s *Skill, b Binding, o Options) (plan.Plan, diag.List, error) {
	p, diags := s.Bind(b)
	if p == nil {
		return plan.Plan{}, diags, nil
	}
	id := journal.NewID(b.Now, e.Random)
	h := e.header(id, step.Hash(16, p.Work(id)...), s, p, b, o)
	start := machine.Start{Run: h.ID, StartedAt: h.StartedAt, Zone: b.Zone, Invocation: h.Invocation}
	f, err := e.forecast(ctx, walk{program: p, start: start, work: h.Work, run: h.ID, observe: e.notes(o, id)})
	return plan.Plan{Version: plan.Version, Run: planned(h), Forecast: f}, diags, err
}

// notes shows what a walk does, as a run would.
func (e *Engine) notes(o Options, run string) func(machine.Note) {
	if o.Observe == nil {
		return nil
	}
	return func(n machine.Note) { o.Observe(eventOf(n, run, e.Clock.Now().UTC(), false)) }
}

// planned is a run's header as a plan keeps it.
func planned(h journal.RunHeader) plan.Run {
	return plan.Run{
		ID: h.ID, Site: h.Site, Work: h.Work, Skill: h.Skill, File: h.File, Text: h.Text, Command: h.Command,
		StartedAt: h.StartedAt, Zone: h.Zone, ProgramDigest: h.Digest, Program: h.Program, Skillrun: h.Versions.Program, Invocation: h.Invocation,
	}
}

// headerOf is the header of the run that a plan is of.
func (e *Engine) headerOf(r plan.Run) journal.RunHeader {
	return journal.RunHeader{
		ID: r.ID, Site: r.Site, Work: r.Work, Skill: r.Skill, File: r.File, Text: r.Text, Command: r.Command,
		StartedAt: r.StartedAt, Zone: r.Zone, Digest: r.ProgramDigest, Program: r.Program,
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language, Program: e.Version}, Invocation: r.Invocation,
	}
}

// ReadPlan reads a plan that was written to a file.
func ReadPlan(text []byte) (plan.Plan, error) {
	var p plan.Plan
	if err := json.Unmarshal(text, &p); err != nil || p.Version != plan.Version {
		return p, types.Errorf(types.BadInput, "this is not a plan that this skillrun can read").
			WithHint("make one with skillrun plan SKILL --out FILE")
	}
	var of program.Program
	sum := sha256.Sum256([]byte(p.Run.Text))
	if json.Unmarshal(p.Run.Program, &of) != nil || of.Digest() != p.Run.ProgramDigest || of.TextDigest != hex.EncodeToString(sum[:]) || plan.DigestOf(p.Forecast) != p.Digest {
		return p, types.Errorf(types.BadInput, "the plan is not as it was made").WithHint("plan again: what it shows has to be what it does")
	}
	if p.Failure != nil {
		return p, types.Errorf(types.BadInput, "the plan stops with an error: %s", p.Failure.Error.Message).
			WithHint("mend that, and plan again")
	}
	return p, nil
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
	if _, _, err := restore(&h); err != nil {
		return Report{}, err
	}
	o.expect = &p
	j, unfinished, err := e.store.Start(h)
	switch {
	case err != nil && e.there(h.ID):
		return Report{}, types.Errorf(types.Conflict, "this plan was applied already, by run %s", h.ID).
			WithHint("`%s` shows what it did", e.command("runs", h.ID))
	case err != nil:
		return Report{}, err
	case unfinished == "":
		return e.run(ctx, j, o, false)
	}
	records, _, err := e.store.Read(unfinished)
	if err == nil && records[0].Run.Digest != h.Digest {
		err = types.Errorf(types.Conflict, "run %s of the same work is not finished, and is of another program or other inputs", unfinished).
			WithHint("go on with it: %s; or end it: %s", e.command("resume", unfinished), e.command("cancel", unfinished))
	}
	if err != nil {
		return Report{}, err
	}
	return e.Resume(ctx, unfinished, o)
}

// there reports whether there is a run of that id.
func (e *Engine) there(id string) bool {
	_, _, err := e.store.Read(id)
	return err == nil
}
