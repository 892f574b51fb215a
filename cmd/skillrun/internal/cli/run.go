package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) runCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "run SKILL|FILE", Short: "Run a skill (also: skillrun SKILL)",
		Example: runExample, Args: p.oneSkill,
		RunE: func(c *cobra.Command, args []string) error { return p.run(c.Context(), args[0], f) },
	}
	p.common(c, &f)
	c.Flags().BoolVar(&f.anew, "anew", false, "cancel an unfinished run of the same work and start a new one, instead of resuming it")
	c.Flags().BoolVar(&f.plan, "plan", false, "show what it would write, and write nothing (also: skillrun plan SKILL)")
	p.inputFlags(c, &f)
	return c
}

// oneSkill is for a verb that takes a skill. Of several words the first one may
// have been meant for a verb, so it is looked at first.
func (p *Program) oneSkill(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		if _, err := p.find(args[0]); err != nil {
			return refused(err)
		}
	}
	return one("run needs a skill", "`skillrun list` shows the skills")(c, args)
}

func (p *Program) inputFlags(c *cobra.Command, f *runFlags) {
	c.Flags().StringArrayVar(&f.inputs, "input", nil, "an input, `name=value`; value @file reads a file, - reads stdin (repeatable)")
	c.Flags().StringVar(&f.inputFile, "input-file", "", "inputs from a YAML or JSON `file`")
	p.setFlag(c, f)
	c.Flags().IntVar(&f.again, "again", 0, "start new work with the same inputs: `N` is part of its identity")
	completeFiles(c, "input-file", "yaml", "yml", "json")
	p.completeArgs(c, p.completeSkills)
	p.completeFlag(c, "input", p.completeInput)
}

func (p *Program) run(ctx context.Context, name string, f runFlags) error {
	if f.plan {
		if err := oneOf("--output", f.output, "text", "json"); err != nil {
			return refused(err)
		}
		return p.plan(ctx, name, planFlags{runFlags: f})
	}
	r, err := p.prepare(ctx, name, &f)
	if err != nil {
		return err
	}
	defer r.site.close()
	surface := p.surface(ctx, f, r.bound.Skill.Steps)
	defer surface.close()
	o := p.options(f, r.site, surface)
	o.Command, o.Invocation, o.Set = r.command(f), "skillrun"+siteOf(f)+setOf(f), types.SortedKeys(r.site.cfg.Set)
	o.Origin, o.Restart = r.source.Origin, f.anew
	stop := p.heartbeat(surface)
	report, diags, err := r.site.engine.Start(p.hard, r.bound, o)
	stop()
	if diags.HasErrors() {
		return p.diagnose(p.headed(diags, f), r.sources)
	}
	return p.conclude(surface, report, err, r.sources)
}

// prepared is a checked skill with what it is run with.
type prepared struct {
	site    *site
	bound   *engine.Bound
	sources render.Sources
	source  source
}

// prepare finds and checks a skill and everything that it is run with, so that
// what can be refused without a request is refused. Close its site.
func (p *Program) prepare(ctx context.Context, name string, f *runFlags) (*prepared, error) {
	if f.again < 0 {
		return nil, refused(fmt.Errorf("--again is %d; it counts from 1", f.again))
	}
	if f.sandbox && f.config != "" {
		return nil, refused(errTwoConfigs)
	}
	if err := p.offerTrust(ctx, name, *f); err != nil {
		return nil, err
	}
	s, err := p.open(ctx, *f)
	if err != nil {
		return nil, err
	}
	r, err := p.bind(ctx, s, name, f)
	if err != nil {
		s.close()
	}
	return r, err
}

func (p *Program) bind(ctx context.Context, s *site, name string, f *runFlags) (*prepared, error) {
	src, err := p.find(name)
	if err != nil {
		return nil, refused(err)
	}
	if err := src.needsTrust(); err != nil && !f.plan {
		return nil, refused(err)
	}
	p.tellShadow(src)
	skill, diags := s.engine.Check(src.File, src.Text)
	sources := s.sources(src)
	if diags.HasErrors() {
		return nil, p.diagnose(diags, sources)
	}
	if len(diags) > 0 { // warnings, which keep nothing from going on
		render.Diagnostics(p.Stderr, diags, sources, p.look())
	}
	inputs, diags := p.inputs(skill, *f)
	p.addInputFile(sources, *f)
	if diags.HasErrors() {
		return nil, p.diagnose(diags, sources)
	}
	if diags := p.set(s.cfg, skill, *f); diags.HasErrors() {
		return nil, p.diagnose(diags, sources)
	}
	f.sets = spelt(s.cfg.Set)
	if err := p.prompt(ctx, skill, inputs, *f); err != nil {
		return nil, err
	}
	f.called = name
	b := p.binding(s.cfg, skill)
	b.Inputs, b.Again = inputs, f.again
	bound, diags := skill.Bind(b)
	if !src.Untrusted { // else nothing is reached
		diags = append(diags, s.cfg.Missing(refdocs.Needs(skill.Needs(bound)))...)
	}
	if bound != nil {
		diags = append(diags, leaks(s.cfg, bound)...)
	}
	if diags.HasErrors() {
		return nil, p.diagnose(p.headed(diags, *f), sources)
	}
	return &prepared{s, bound, sources, src}, nil
}

func (p *Program) options(f runFlags, s *site, out *surface) engine.Options {
	o := p.bound(f)
	o.Wait, o.OnStart, o.Observe, o.Interrupt = f.wait, out.begun, out.observe, p.Interrupt
	switch {
	case f.yes:
		o.Consent = engine.Given
	case s.cfg.Policy.Confirm == "never":
		o.Consent = engine.NotNeeded
	}
	o.Confirm = func(ctx context.Context, _ engine.Run, q engine.Question) (engine.Answer, error) {
		return p.ask(ctx, q, out)
	}
	return o
}

// ask shows what would be written and asks. Without a terminal, the run parks.
func (p *Program) ask(ctx context.Context, q engine.Question, out *surface) (engine.Answer, error) {
	out.question(q)
	if !p.Terminal {
		return engine.Unanswered, nil
	}
	said := p.yesOrNo(ctx, asks(q)+` Type "yes" to continue, "no" to end the run, Enter to wait: `)
	if ctx.Err() == nil {
		out.answered()
	}
	return said, nil
}

func asks(q engine.Question) string {
	if q.Node != "" {
		return "Approve this?"
	}
	return "Write this?"
}

// conclude prints the result and returns the exit code.
func (p *Program) conclude(out *surface, r engine.Report, err error, sources render.Sources) error {
	out.close()
	switch {
	case err != nil && out.run.ID == "": // it never began: locked, damaged, not there
		return refused(err)
	case err != nil && r.State == "":
		out.stopped(r, err)
		fmt.Fprintf(p.Stderr, "\nstopped: run %s\njournal: %s\nto continue, once that is fixed: %s\n", r.ID, r.Journal, resumeCommand(r.ID, "", out.flags))
		return &exitError{exitFailed, err}
	}
	out.result(r, sources)
	return &exitError{code: codeOf(r), err: err}
}

// siteFlags say which site's runs, and in which format.
func (p *Program) siteFlags(c *cobra.Command, f *runFlags, sandbox string, more ...string) {
	p.whichSite(c, f, sandbox)
	p.outputFlag(c, &f.output, more...)
}

func (p *Program) whichSite(c *cobra.Command, f *runFlags, sandbox string) {
	c.Flags().StringVar(&f.config, "config", "", "configuration `file` (default ./skillrun.yaml, then the user's)")
	c.Flags().BoolVar(&f.sandbox, "sandbox", false, sandbox)
	completeFiles(c, "config", "yaml", "yml")
	f.trust = &p.trust
}

func (p *Program) common(c *cobra.Command, f *runFlags) {
	p.siteFlags(c, f, "run against the sandbox instead of real services", "events")
	c.Flags().BoolVar(&f.yes, "yes", false, "write without asking")
	c.Flags().BoolVar(&f.wait, "wait", false, "keep polling instead of parking")
	f.reachFlag(c)
}

func (p *Program) setFlag(c *cobra.Command, f *runFlags) {
	c.Flags().StringArrayVar(&f.sets, "set", nil, "a config value of the skill, `name=value`; overrides the configuration (repeatable)")
	p.completeFlag(c, "set", p.completeSet)
}

func (r *prepared) command(f runFlags) func(map[string]any) string {
	return func(in map[string]any) string { return command(r.bound.Skill, in, f) }
}

// reachFlag is of the verbs that go on with a run.
func (f *runFlags) reachFlag(c *cobra.Command) {
	c.Flags().StringVar(&f.reaching, "reaching", "", "agree to what the run would reach now instead of when it started, by its `digest`")
	c.RegisterFlagCompletionFunc("reaching", cobra.NoFileCompletions) // only the message knows it
}

// bound are the options by which a person agrees to what a run would reach now
// and was not bound to: with its digest, or when they are shown it.
func (p *Program) bound(f runFlags) engine.Options {
	o := engine.Options{AcceptedReach: f.reaching}
	if !p.Terminal || p.forProgram() {
		return o
	}
	o.ConfirmReach = func(ctx context.Context, c engine.ReachChange) bool {
		fmt.Fprintf(p.Stderr, "run %s would reach something else now than when it started:%s\n", c.Run, render.Clean(engine.Indented(c.Lines())))
		return p.yesOrNo(ctx, `Type "yes" to continue with that: `) == engine.Yes
	}
	return o
}
