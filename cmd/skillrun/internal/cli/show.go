package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) showCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "show SKILL|FILE", Short: "Show a skill: inputs, configuration, steps and effects",
		Long: `Shows the inputs of a skill, its steps in order, which services it reaches and what
it changes there, and the config values that it would use. If config values are
missing, the exit code is 2, as for a run. No service is asked and nothing is
written.`,
		Example: "  skillrun show release_aa_backend_prod\n  skillrun show ./skills/mine.yaml --config prod.yaml\n  skillrun show release_aa_backend_prod --output json",
		Args:    one("show needs a skill", "`skillrun list` shows the skills"),
		RunE:    func(c *cobra.Command, args []string) error { return p.show(c.Context(), args[0], f) },
	}
	p.siteFlags(c, &f, "with the sandbox's configuration")
	p.setFlag(c, &f)
	p.completeArgs(c, p.completeSkills)
	return c
}

func (p *Program) show(ctx context.Context, name string, f runFlags) error {
	src, err := p.find(name)
	if err != nil {
		return refused(err)
	}
	p.tellShadow(src)
	cfg, done, err := p.settings(ctx, f)
	if err != nil {
		return err
	}
	defer done()
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	e, called := p.newChecker(cat)
	skill, diags := e.Check(src.File, src.Text)
	if diags.HasErrors() {
		return p.diagnose(diags, called.with(src))
	}
	if diags := p.set(cfg, skill, f); diags.HasErrors() {
		return p.diagnose(diags, called.with(src))
	}
	told := refdocs.Describe(skill, cfg, e.Uses(skill, p.binding(cfg, skill)))
	told.Text(render.Cleaner{W: p.told()})
	p.tell(told)
	if told.Lacks() {
		return &exitError{code: exitRefused}
	}
	return nil
}

func (p *Program) stepsCmd() *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use: "steps [NAME|PREFIX]", Short: "List the step types, or explain one",
		Long: `Lists the step types with their effect, or explains one: its arguments, its
result and how it can fail. One that a file declares is shown with its file. A word
that ends in _ lists the step types that begin with it.`,
		Example: "  skillrun steps\n  skillrun steps git_\n  skillrun steps quay_get_tag\n  skillrun steps quay_get_tag --output json",
		Args:    atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			cat, err := p.catalogue()
			if err != nil {
				return refused(err)
			}
			if markdown {
				return refdocs.Markdown(p.Stdout, cat)
			}
			if cat, err = p.withDeclared(cat); err != nil {
				return refused(err)
			}
			return p.steps(cat, strings.Join(args, ""))
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "print the whole reference as Markdown")
	p.outputFlag(c, new(string))
	p.completeArgs(c, p.completeSteps)
	return c
}

// withDeclared is a catalogue with the step types that files declare, for whoever
// reads of them. What has mistakes is left out, and named on stderr.
func (p *Program) withDeclared(cat *step.Catalogue) (*step.Catalogue, error) {
	all, err := p.stepTypes()
	if err != nil {
		return nil, err
	}
	var declared []step.Step
	for _, src := range all {
		e, _ := p.newChecker(cat)
		s, diags := e.Check(src.File, src.Text)
		if !diags.HasErrors() {
			var one step.Step
			if one, err = step.Dynamic(s.Definition(), nil); err == nil {
				declared = append(declared, one)
				continue
			}
		}
		fmt.Fprintln(p.Stderr, render.Flat("note: "+src.File+" has mistakes: skillrun check "+src.File))
	}
	return cat.With(declared), nil
}

// steps explains the step type of a name, or lists those that begin with the word.
func (p *Program) steps(cat *step.Catalogue, word string) error {
	if s, ok := cat.Lookup(word); ok {
		p.tell(refdocs.JSONOf([]step.Step{s})[0])
		return refdocs.Step(render.Cleaner{W: p.told()}, s)
	}
	var found []step.Step
	for _, name := range cat.Names() {
		if s, _ := cat.Lookup(name); strings.HasPrefix(name, word) {
			found = append(found, s)
		}
	}
	if len(found) == 0 || word != "" && !strings.HasSuffix(word, "_") {
		return types.Errorf(types.NotFound, "no step type is named %q", word).
			WithHint("%s", cmp.Or(diag.DidYouMean(word, cat.Names()), "`skillrun steps` lists them"))
	}
	p.tell(map[string]any{"steps": refdocs.JSONOf(found)})
	return refdocs.List(render.Cleaner{W: p.told()}, found)
}
