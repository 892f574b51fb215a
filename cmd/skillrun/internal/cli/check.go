package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/docs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
)

type checkFlags struct {
	site      runFlags
	strict    bool
	stdinName string
	fix       fixFlags
}

func (p *Program) checkCmd() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check [SKILL|FILE|FOLDER|PATTERN|-]...", Short: "Check skills without running anything; without arguments, all of them",
		Long: `Checks skills without running anything and without asking any service: skills, step
types, their tests, and a sandbox.yaml or skillrun.yaml that is named. In a pattern,
** stands for any number of folders. - is a skill on stdin, or with --stdin-name what
a file of that name is.

With --config or --sandbox it also checks that the configuration has the values and
the services that they need, of the right kind. Credentials are checked by doctor.

--fix shows the changes that the hints with one answer name, and writes them when a
person says yes, or with --yes. The exit code is about the files as they then are.

--output sarif, github, gitlab or junit reports for a CI service. A warning fails the
check with --strict; a comment silences it: # skillrun:ignore CODE reason`,
		Example: "  skillrun check\n  skillrun check release_aa_backend_prod\n  skillrun check ./skills 'teams/**/*.yaml' --strict\n  skillrun check ./skills/mine.yaml --config prod.yaml\n  skillrun check ./skills/mine.yaml --fix\n  skillrun check - --stdin-name skills/mine.yaml <draft.yaml\n  skillrun check ./skills --output sarif >skillrun.sarif",
		RunE:    func(c *cobra.Command, args []string) error { return p.check(c.Context(), args, f) },
	}
	p.siteFlags(c, &f.site, "also against the sandbox's configuration", render.ReportFormats()...)
	c.Flags().BoolVar(&f.strict, "strict", false, "fail on warnings, too")
	c.Flags().StringVar(&f.stdinName, "stdin-name", "", "check stdin, -, as if it were this `file`")
	p.fixFlags(c, &f.fix)
	completeFiles(c, "stdin-name", "yaml", "yml")
	c.ValidArgsFunction = p.completeSkills
	return c
}

func (p *Program) check(ctx context.Context, args []string, f checkFlags) error {
	// what is left of a file is small next to what checking it takes
	defer debug.SetGCPercent(debug.SetGCPercent(300))
	args, err := p.fromStdin(args, f.stdinName)
	if err == nil {
		err = p.fixable(args, f)
	}
	if err != nil {
		return refused(err)
	}
	var cfg *config.Config // nil: skills are checked for themselves
	if f.site.config != "" || f.site.sandbox {
		read, done, err := p.settings(ctx, f.site)
		if err != nil {
			return err
		}
		defer done()
		cfg = read
	}
	seen, err := p.examine(args, cfg)
	if err == nil && f.fix.fix {
		seen, err = p.fixed(ctx, seen, f.fix, func() (examined, error) { return p.quiet().examine(args, cfg) })
	}
	if err != nil {
		return refused(err)
	}
	return p.tellChecked(seen, f)
}

// examined is what check looked at, and what it found.
type examined struct {
	skills  int
	files   []string // each that was looked at, those that were named or found
	diags   diag.List
	sources render.Sources
}

// examine checks what the arguments mean.
func (p *Program) examine(args []string, cfg *config.Config) (examined, error) {
	found, unread, err := p.checkable(args)
	if err != nil {
		return examined{}, err
	}
	out := examined{skills: len(found)}
	if out.diags, out.sources, err = p.checkAll(found, cfg); err != nil {
		return examined{}, err
	}
	for _, src := range found {
		out.files = append(out.files, src.File)
		if tests := testsOf(src.File); out.sources[tests] != nil {
			out.files = append(out.files, tests)
		}
	}
	out.diags = append(out.diags, unread...)
	for _, d := range unread {
		if d.Code == codeUnreadable {
			out.files = append(out.files, d.At.File)
		}
	}
	p.checkOthers(args, &out)
	return out, nil
}

// failed reports whether what was found fails the check.
func (e examined) failed(strict bool) bool { return e.diags.HasErrors() || strict && len(e.diags) > 0 }

func (p *Program) tellChecked(seen examined, f checkFlags) error {
	failed := seen.failed(f.strict)
	switch {
	case render.IsReport(p.format):
		render.Report(p.Stdout, p.format, render.Checked{
			Diagnostics: seen.diags, Sources: seen.sources, Files: seen.files, Strict: f.strict, Version: p.Build.Version, Dir: p.Dir, About: aboutCode,
		})
	case p.forProgram():
		p.tell(map[string]any{"ok": !failed, "skills": seen.skills, "diagnostics": seen.diags})
	default:
		render.Diagnostics(p.Stderr, seen.diags, seen.sources, p.look())
	}
	switch {
	case failed && !seen.diags.HasErrors() && p.format == "text":
		fmt.Fprintf(p.Stderr, "%d checked%s; --strict fails on warnings\n", seen.count(), warnings(seen.diags))
		return refused(nil)
	case failed:
		return refused(nil)
	}
	fmt.Fprintf(p.told(), "%d checked, no mistakes%s\n", seen.count(), warnings(seen.diags))
	return nil
}

// aboutCode is the section of the page of checks that a code has.
func aboutCode(code diag.Code) string {
	for _, c := range docs.Checks() {
		if slices.Contains(c.Codes, string(code)) {
			return c.Text
		}
	}
	return ""
}

// count is how many files were checked; tests belong to what they are of.
func (e examined) count() int {
	return len(e.files) - len(slices.DeleteFunc(slices.Clone(e.files), func(f string) bool { return !strings.HasSuffix(f, skilltest.Suffix) }))
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
		diags.Errorf(codeUnreadable, diag.Range{File: file}, "cannot read the tests: %v", bare(err, file)).Hint = "see who may read it: ls -l " + file
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
