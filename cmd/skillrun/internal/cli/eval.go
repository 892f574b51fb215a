package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

type evalFlags struct {
	runFlags
	skill, run string
	text, kind bool
}

func (p *Program) evalCmd() *cobra.Command {
	var f evalFlags
	c := &cobra.Command{
		Use: "eval [EXPRESSION]", Short: "Evaluate an expression, also with the values of a run",
		Long: `Evaluates an expression, or a text with ${{ }} or %{{ }} in it. It reads the inputs
that are given; with --skill also the defaults and the configuration of a skill, and
with --run what a run was given and what its steps returned, as its journal has it.
No service is asked, no program is started and nothing is written.

A value that is a text is printed as it is, and others as JSON. Without an expression,
each line of stdin is evaluated, and each value is one line of JSON. On a terminal,
names, members and functions are completed with the tab key; :help lists the commands,
and Ctrl-D ends.`,
		Example: "  skillrun eval 'semver_compare(\"1.10.0\", \"1.9.2\") > 0'\n  skillrun eval --input key=AAP-7 'Files ${{ lower(inputs.key) }}'\n  skillrun eval --run last 'steps.changes.commits'\n  skillrun eval --skill release_aa_backend_prod --type inputs\n  skillrun eval --run k3f9q2",
		Args:    oneExpression,
		RunE:    func(c *cobra.Command, args []string) error { return p.eval(c.Context(), args, f) },
	}
	p.siteFlags(c, &f.runFlags, "with the sandbox's configuration, or a run of the sandbox")
	c.Flags().StringArrayVar(&f.inputs, "input", nil, "an input, `name=value`; without --skill, JSON or else a text (repeatable)")
	c.Flags().StringVar(&f.inputFile, "input-file", "", "inputs from a YAML or JSON `file`")
	c.Flags().StringVar(&f.skill, "skill", "", "a `skill` by its name or file: its inputs, defaults and configuration")
	c.Flags().StringVar(&f.run, "run", "", "a `run`: its inputs, configuration and results")
	c.Flags().BoolVar(&f.text, "text", false, "read a text, also where it has no ${{ }}")
	c.Flags().BoolVar(&f.kind, "type", false, "print the type instead of the value")
	p.setFlag(c, &f.runFlags)
	completeFiles(c, "input-file", "yaml", "yml", "json")
	p.completeFlag(c, "input", cobra.NoFileCompletions)
	p.completeFlag(c, "skill", p.completeSkills)
	p.completeFlag(c, "run", p.completeRuns(&f.runFlags))
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

func oneExpression(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return refused(types.Errorf(types.BadInput, "eval takes one expression, and got %d words", len(args)).
			WithHint("put it in quotes: skillrun eval %s", quote(strings.Join(args, " "))))
	}
	return nil
}

func (p *Program) eval(ctx context.Context, args []string, f evalFlags) error {
	names, err := p.names(f)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return p.evalLines(ctx, names, f)
	}
	e, diags := names.Expression("expression", args[0], f.isText(args[0]))
	if diags.HasErrors() {
		return p.diagnose(diags, render.Sources{"expression": []byte(args[0])})
	}
	if f.kind {
		p.tell(map[string]any{"type": e.Type().String()})
		fmt.Fprintln(p.told(), e.Type())
		return nil
	}
	v, err := e.Value()
	if err != nil {
		return refused(err)
	}
	p.tell(map[string]any{"value": v, "type": e.Type().String()})
	if text, is := v.(string); is {
		fmt.Fprintln(p.told(), text)
	} else {
		render.JSON(p.told(), v)
	}
	return nil
}

// isText reports whether a source is a text, and no expression.
func (f evalFlags) isText(src string) bool {
	return f.text || strings.Contains(src, "${{") || strings.Contains(src, "%{{")
}

// names are what the expressions read.
func (p *Program) names(f evalFlags) (engine.Environment, error) {
	switch {
	case f.run != "" && (f.skill != "" || f.inputFile != "" || len(f.inputs)+len(f.sets) > 0):
		return engine.Environment{}, refused(types.Errorf(types.BadInput, "--run has the skill, the inputs and the configuration of the run").WithHint("leave --skill, --input and --set out"))
	case f.skill == "" && len(f.sets) > 0:
		return engine.Environment{}, refused(types.Errorf(types.BadInput, "--set is a config value of a skill").WithHint("name the skill: --skill NAME"))
	case f.run != "":
		return p.namesOfRun(f)
	case f.skill != "":
		return p.namesOfSkill(f)
	}
	values, diags := p.plainInputs(f.runFlags)
	cfg, wrong := p.load(f.config)
	if f.config != "" {
		diags = append(diags, wrong...)
	}
	if diags.HasErrors() {
		return engine.Environment{}, p.diagnose(diags, p.configSources(diags))
	}
	if cfg == nil {
		cfg = &config.Config{}
	}
	return engine.EnvironmentOf(map[string]any{"inputs": values}, p.Clock.Now(), cfg.Zone), nil
}

// plainInputs are inputs that no skill declares: JSON, or else a text.
func (p *Program) plainInputs(f runFlags) (map[string]any, diag.List) {
	values := map[string]any{}
	var diags diag.List
	if f.inputFile != "" {
		values, diags = p.inputFile(f.inputFile)
	}
	typed, mistakes := p.typed("--input", f.inputs)
	for name, text := range typed {
		values[name] = text
		if v, err := types.Read([]byte(text)); err == nil {
			values[name] = v
		}
	}
	return values, append(diags, mistakes...)
}

func (p *Program) namesOfRun(f evalFlags) (engine.Environment, error) {
	e, err := p.reader(f.runFlags)
	if err != nil {
		return engine.Environment{}, err
	}
	found, err := e.Find(f.run)
	if err != nil {
		return engine.Environment{}, refused(err)
	}
	names, err := e.EnvironmentOfRun(found.ID)
	if err != nil {
		return engine.Environment{}, refused(err)
	}
	return names, nil
}

// namesOfSkill are the inputs and the configuration of a skill. What is missing is not
// known; what is wrong is refused.
func (p *Program) namesOfSkill(f evalFlags) (engine.Environment, error) {
	src, err := p.find(f.skill)
	if err != nil {
		return engine.Environment{}, refused(err)
	}
	p.tellShadow(src)
	if f.sandbox {
		f.sandbox, f.config = false, p.sandboxConfig()
	}
	cfg, diags := p.load(f.config)
	if diags.HasErrors() {
		return engine.Environment{}, p.diagnose(diags, p.configSources(diags))
	}
	cat, err := p.catalogue()
	if err != nil {
		return engine.Environment{}, refused(err)
	}
	e, called := p.newChecker(cat)
	skill, diags := e.Check(src.File, src.Text)
	if !diags.HasErrors() {
		diags = p.set(cfg, skill, f.runFlags)
	}
	var binding engine.Binding
	if !diags.HasErrors() {
		binding = p.binding(cfg, skill)
		binding.Inputs, diags = p.inputs(skill, f.runFlags)
		_, wrong := skill.Bind(binding)
		diags = append(diags, p.headed(present(wrong), f.runFlags)...)
	}
	if diags.HasErrors() {
		sources := called.with(src)
		p.addInputFile(sources, f.runFlags)
		return engine.Environment{}, p.diagnose(diags, sources)
	}
	return engine.EnvironmentIn(skill, binding), nil
}

// present is what is wrong with values that are there.
func present(diags diag.List) (out diag.List) {
	for _, d := range diags {
		if d.Code != "missing-input" && d.Code != "missing-config" {
			out = append(out, d)
		}
	}
	return out
}
