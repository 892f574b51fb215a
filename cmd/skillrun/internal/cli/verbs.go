package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
)

func (p *Program) checkCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "check [SKILL|FILE|FOLDER|PATTERN]...", Short: "Check skills without running anything; without arguments, all of them",
		Long: `Checks skills without running anything and without asking any service. With
--config or --sandbox it also checks that the configuration has the values and the
services that they need, of the right kind. Credentials are checked by doctor.`,
		Example: "  skillrun check\n  skillrun check release_aa_backend_prod\n  skillrun check ./skills\n  skillrun check ./skills/mine.yaml --config prod.yaml\n  skillrun check ./skills/mine.yaml --output json",
		RunE:    func(c *cobra.Command, args []string) error { return p.check(c.Context(), args, f) },
	}
	p.siteFlags(c, &f, "also against the sandbox's configuration")
	c.ValidArgsFunction = p.completeSkills
	return c
}

func (p *Program) check(ctx context.Context, args []string, f runFlags) error {
	var cfg *config.Config // nil: skills are checked for themselves
	if f.config != "" || f.sandbox {
		read, done, err := p.settings(ctx, f)
		if err != nil {
			return err
		}
		defer done()
		cfg = read
	}
	found, unread, err := p.checkable(args)
	if err != nil {
		return refused(err)
	}
	diags, sources, err := p.checkAll(found, cfg)
	if err != nil {
		return refused(err)
	}
	standIns, wrong, texts := p.checkStandIns(args)
	diags = slices.Concat(diags, unread, wrong)
	maps.Copy(sources, texts)
	if p.forProgram() {
		p.tell(map[string]any{"ok": !diags.HasErrors(), "skills": len(found), "diagnostics": diags})
	} else {
		render.Diagnostics(p.Stderr, diags, sources, p.look())
	}
	if diags.HasErrors() {
		return refused(nil)
	}
	fmt.Fprintf(p.told(), "%d checked, no mistakes%s\n", len(found)+standIns, warnings(diags))
	return nil
}

// warnings counts those of a list that has no errors.
func warnings(diags diag.List) string {
	switch len(diags) {
	case 0:
		return ""
	case 1:
		return ", 1 warning"
	}
	return fmt.Sprintf(", %d warnings", len(diags))
}

// checkAll checks skills, also against a configuration when there is one.
func (p *Program) checkAll(found []source, cfg *config.Config) (diag.List, render.Sources, error) {
	all, sources := diag.List{}, render.Sources{}
	cat, err := p.Catalogue(cmp.Or(cfg, &config.Config{}), Folders{Cache: p.cacheDir()})
	if err != nil {
		return nil, nil, err
	}
	e, called := p.newChecker(cat)
	e.Lint = true
	for _, src := range found {
		p.tellShadow(src)
		skill, diags := e.Check(src.File, src.Text)
		if cfg != nil && !diags.HasErrors() {
			maps.Copy(sources, p.configSources(diag.List{{At: diag.Range{File: cfg.Path}}}))
			all = append(all, p.unfit(skill, cfg)...)
		}
		for _, d := range diags {
			// A called skill that is checked itself says it there.
			if d.At.File == src.File || !slices.ContainsFunc(found, func(o source) bool { return o.File == d.At.File }) {
				all = append(all, d)
			}
		}
		maps.Copy(sources, called.with(src))
		if !diags.HasErrors() {
			all = append(all, p.checkTests(skill, src, cat, sources)...)
		}
	}
	return all, sources, nil
}

// checkTests checks the tests beside a skill; there need not be any. Those of a built-in
// one are as good as it is.
func (p *Program) checkTests(skill *engine.Skill, src source, cat *step.Catalogue, sources render.Sources) diag.List {
	if src.From == builtIn {
		return nil
	}
	file := testsOf(src.File)
	text, err := p.readText(p.path(file))
	var diags diag.List
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		diags.Errorf("unreadable", diag.Range{File: file}, "cannot read the tests: %v", bare(err, file)).Hint = "see who may read it: ls -l " + file
		return diags
	}
	sources[file] = text
	_, diags = skilltest.Read(file, text, skill, cat)
	return diags
}

// unfit is what a configuration lacks that a skill needs. No input is given, so
// the lock that only some runs need is not looked for.
func (p *Program) unfit(skill *engine.Skill, cfg *config.Config) diag.List {
	bound, diags := skill.Bind(p.binding(cfg, skill))
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code != "missing-config" && d.Code != "bad-config" })
	return append(diags, cfg.Unmet(refdocs.Needs(skill.Needs(bound)))...)
}

func (p *Program) listCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the skills, and where each comes from", Args: atMost(0),
		Example: "  skillrun list\n  skillrun list --output json", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return p.list() },
	}
	p.outputFlag(c, new(string))
	return c
}

type listed struct {
	Name        string `json:"name"`
	From        string `json:"from"`
	File        string `json:"file"`
	Description string `json:"description,omitempty"`
	OK          bool   `json:"ok"` // it checks
}

func (p *Program) list() error {
	all, err := p.skills()
	if err != nil {
		return refused(err)
	}
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	w := tabwriter.NewWriter(render.Cleaner{W: p.told()}, 0, 0, 2, ' ', 0)
	e, _ := p.newChecker(cat)
	out := make([]listed, len(all))
	for i, src := range all {
		p.tellShadow(src)
		out[i] = listed{Name: src.Name, From: src.From, File: src.File}
		skill, diags := e.Check(src.File, src.Text)
		about := "does not check: skillrun check " + src.Name
		if skill != nil && !diags.HasErrors() {
			out[i].OK, out[i].Description, about = true, skill.Description, skill.Description
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", quote(src.Name), render.Flat(src.From), render.Flat(about))
	}
	p.tell(map[string]any{"skills": out})
	return w.Flush()
}
