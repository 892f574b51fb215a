package cli

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

type planFlags struct {
	runFlags
	out string
}

func (p *Program) planCmd() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use: "plan SKILL|FILE", Short: "Show what a skill would write, and write nothing",
		Long: `Performs the reads of a skill, makes its files and commits in a temporary folder,
and shows each write as it would be sent: the fields of an issue, the diff of a
push, the text of a merge request. What is only known once a step has run is shown
as (known after STEP). --out saves the plan for apply.`,
		Example: planExample, Args: one("plan needs a skill", "`skillrun list` shows the skills"),
		RunE: func(c *cobra.Command, args []string) error { return p.plan(c.Context(), args[0], f) },
	}
	p.siteFlags(c, &f.runFlags, "plan against the sandbox instead of real services")
	p.inputFlags(c, &f.runFlags)
	c.Flags().StringVar(&f.out, "out", "", "save the plan in a `file`, for skillrun apply")
	completeFiles(c, "out", "json")
	return c
}

func (p *Program) plan(ctx context.Context, name string, f planFlags) error {
	f.plan = true
	r, err := p.prepare(ctx, name, &f.runFlags)
	if err != nil {
		return err
	}
	defer r.site.close()
	o := engine.Options{Command: r.command(f.runFlags), Invocation: "skillrun" + siteOf(f.runFlags) + setOf(f.runFlags), Origin: r.source.Origin, Inside: r.source.Untrusted}
	if r.source.Untrusted {
		fmt.Fprintf(p.Stderr, "note: the folder of %s is not trusted, so this plan runs no program and asks no service; to trust it: skillrun trust\n", render.Flat(r.source.File))
	}
	p.tellUnfinished(r.site.engine.Unfinished(r.bound, o), f.runFlags)
	made, err := r.site.engine.Plan(ctx, r.bound, o)
	switch {
	case ctx.Err() != nil:
		return &exitError{code: exitInterrupted}
	case err != nil:
		return &exitError{exitFailed, err}
	}
	return p.planned(made, f, r.sources)
}

// planned shows a plan, and keeps it when it is one that can be applied.
func (p *Program) planned(made plan.Plan, f planFlags, sources render.Sources) error {
	render.Plan(p.told(), made, p.colour(p.OutTerminal))
	p.tell(made)
	if made.Failure != nil {
		if f.output == "text" {
			render.Stopped(p.Stderr, made.Failure, sources, p.look())
		}
		return &exitError{code: exitFailed}
	}
	if f.out == "" {
		return nil
	}
	if made.Inside {
		return refused(types.Errorf(types.Forbidden, "the plan is not saved: its folder is not trusted, so no service was asked").WithHint("see what the folder's skills run and reach, and trust it: skillrun trust; then plan again"))
	}
	if p.vault.Load().Finds(string(types.Encode(made))) {
		return refused(types.Errorf(types.BadInput, "the plan is not saved: it contains the credential of a service").WithHint("remove the expression of the skill that builds it"))
	}
	file := p.path(f.out)
	if err := keep(file, made); err != nil {
		return &exitError{exitFailed, types.Errorf(types.Unavailable, "the plan cannot be saved: %w", err).WithHint("name a file in a folder that can be written")}
	}
	fmt.Fprintf(p.Stderr, "\nsaved in %s; to apply exactly this: %s\n", f.out, commandOf("apply", f.runFlags, quote(f.out))+" --digest "+made.Seal)
	return nil
}

func (p *Program) applyCmd() *cobra.Command {
	var f runFlags
	var digest string
	c := &cobra.Command{
		Use: "apply FILE", Short: "Run a saved plan, unless what it read has changed since",
		Long: `Runs the skill of the plan, with its inputs and its run id. Every read is repeated.
If a read has another result, or the run would write something other than the plan
shows, it stops before the first write and shows the difference.

Anyone who can write the file can replace the plan. --digest takes the digest that
was printed when the plan was saved, and refuses any other plan.`,
		Example: "  skillrun apply plan.json\n  skillrun apply --sandbox plan.json --wait",
		Args:    one("apply needs the file of a plan", "make one with skillrun plan SKILL --out FILE"),
		RunE:    func(c *cobra.Command, args []string) error { return p.apply(c.Context(), args[0], digest, f) },
	}
	p.siteFlags(c, &f, "apply it to the sandbox instead of real services", "events")
	f.reachFlag(c)
	c.Flags().StringVar(&digest, "digest", "", "refuse a plan that has another `digest`")
	p.completeFlag(c, "digest", cobra.NoFileCompletions)
	c.Flags().BoolVar(&f.wait, "wait", false, "keep polling instead of parking")
	return c
}

func (p *Program) apply(ctx context.Context, file, digest string, f runFlags) error {
	text, err := readUpTo(p.path(file), maxPlan)
	if err != nil {
		return refused(types.Errorf(types.NotFound, "the plan cannot be read: %w", err).WithHint("make one with skillrun plan SKILL --out FILE"))
	}
	made, err := engine.ReadPlan(text)
	switch {
	case err != nil || digest == "" || strings.EqualFold(digest, made.Seal):
	case strings.EqualFold(digest, made.Digest):
		err = types.Errorf(types.Conflict, "%s is the digest of what this plan writes, not of the plan with its program", digest).
			WithHint("give the one that was printed when the plan was saved, in the command that applies it")
	default:
		err = types.Errorf(types.Conflict, "this plan has the digest %s, not %s", made.Seal, digest).
			WithHint("the file has another plan than the one that was saved: ask its author, or plan again")
	}
	if err != nil {
		return refused(err)
	}
	s, err := p.open(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	steps, needs, err := s.engine.KeptIn(made)
	if err != nil {
		return refused(err)
	}
	return p.again(ctx, s, f, kept{source{File: made.Run.File, Text: []byte(made.Run.Text)}, steps, needs}, func(_ *engine.Skill, _ diag.List, o engine.Options) (engine.Report, error) {
		return s.engine.Apply(p.hard, made, o)
	})
}

// kept is what a run or a plan goes on with.
type kept struct {
	source
	steps []engine.Node
	needs []engine.Need
}

// again performs a program that was kept, after a look whether what it needs is
// there. do is told what its skill is by now, and what is wrong with that.
func (p *Program) again(ctx context.Context, s *site, f runFlags, k kept, do func(*engine.Skill, diag.List, engine.Options) (engine.Report, error)) error {
	skill, today := s.engine.Check(k.File, k.Text)
	sources := s.called.with(k.source)
	if diags := s.cfg.Missing(refdocs.Needs(k.needs)); diags.HasErrors() {
		maps.Copy(sources, p.configSources(diags))
		return p.diagnose(diags, sources)
	}
	surface := p.surface(ctx, f, k.steps)
	defer surface.close()
	stop := p.heartbeat(surface)
	report, err := do(skill, today, p.options(f, s, surface))
	stop()
	return p.conclude(surface, report, err, sources)
}
