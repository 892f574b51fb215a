package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
)

// configSources are the texts of configuration files that diagnostics name.
func (p *Program) configSources(diags diag.List) render.Sources {
	out := render.Sources{}
	for _, d := range diags {
		if text, err := os.ReadFile(d.At.File); err == nil {
			out[d.At.File] = text
		}
	}
	return out
}

// catalogue returns the steps as they are without any configuration.
func (p *Program) catalogue() (*step.Catalogue, error) {
	return p.Catalogue(&config.Config{}, Folders{Cache: p.cacheDir()})
}

func (p *Program) checkCmd() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "check [SKILL|FILE]...", Short: "Check skills without running anything; without arguments, all that are found",
		Example: "  skillrun check\n  skillrun check release_aa_backend_prod\n  skillrun check ./skills/mine.yaml --output json",
		RunE:    func(_ *cobra.Command, args []string) error { return p.check(args, output) },
	}
	c.Flags().StringVar(&output, "output", "text", "`text` or json")
	c.ValidArgsFunction = p.completeSkills
	p.completeFlag(c, "output", words("text", "json"))
	return c
}

func (p *Program) check(args []string, output string) error {
	if err := oneOf("--output", output, "text", "json"); err != nil {
		return refused(err)
	}
	var found []source
	for _, a := range args {
		s, err := p.find(a)
		if err != nil {
			return refused(err)
		}
		found = append(found, s)
	}
	if len(args) == 0 {
		var err error
		if found, err = p.skills(); err != nil {
			return refused(err)
		}
	}
	s, err := p.checkAll(found)
	if err != nil {
		return refused(err)
	}
	if output == "json" {
		render.JSON(p.Stdout, map[string]any{"ok": !s.diags.HasErrors(), "skills": len(found), "diagnostics": s.diags})
	} else {
		render.Diagnostics(p.Stderr, s.diags, s.sources)
	}
	if s.diags.HasErrors() {
		return refused(nil)
	}
	if output != "json" {
		fmt.Fprintf(p.Stdout, "%d checked, no mistakes\n", len(found))
	}
	return nil
}

type checked struct {
	diags   diag.List
	sources render.Sources
}

func (p *Program) checkAll(found []source) (checked, error) {
	out := checked{diags: diag.List{}, sources: render.Sources{}}
	cat, err := p.catalogue()
	if err != nil {
		return out, err
	}
	e, called := p.newChecker(cat)
	for _, src := range found {
		_, diags := e.Check(src.File, src.Text)
		for _, d := range diags {
			// A called skill that is checked itself says it there.
			if d.At.File == src.File || !slices.ContainsFunc(found, func(o source) bool { return o.File == d.At.File }) {
				out.diags = append(out.diags, d)
			}
		}
		maps.Copy(out.sources, called.with(src))
	}
	return out, nil
}

func (p *Program) listCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the skills, and where each comes from", Args: atMost(0),
		Example: "  skillrun list", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			all, err := p.skills()
			if err != nil {
				return refused(err)
			}
			cat, err := p.catalogue()
			if err != nil {
				return refused(err)
			}
			w := tabwriter.NewWriter(render.Cleaner{W: p.Stdout}, 0, 0, 2, ' ', 0)
			e, _ := p.newChecker(cat)
			for _, src := range all {
				skill, diags := e.Check(src.File, src.Text)
				about := "does not check: skillrun check " + src.Name
				if skill != nil && !diags.HasErrors() {
					about = skill.Description
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", src.Name, src.From, about)
			}
			return w.Flush()
		},
	}
}
