package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/book"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type docsFlags struct {
	runFlags
	all               bool
	format, out, site string
}

// docsFormats are the formats of a page, the usual first.
var docsFormats = []string{"md", "html"}

func (p *Program) docsCmd() *cobra.Command {
	var f docsFlags
	c := &cobra.Command{
		Use: "docs [SKILL|FILE]", Short: "Write the page of a skill, for people",
		Long: `Writes what a skill does: how to start it from a terminal, in CI and by an agent, its
inputs, its flow, what it reads and writes and where, the files it changes, the output
of its test, its errors with their cures, and related skills. All of it comes from the
checked skill, its tests and, with --config or --sandbox, the configuration. HTML is
one file that needs no other, no script and no network. --all writes the pages of all
skills into the folder of --out, and --site the whole documentation: the book, with a
search, and the pages of all skills and examples. Other files there are left alone.`,
		Example: "  skillrun docs release_aa_backend_prod > release.md\n  skillrun docs ./skills/mine.yaml --config prod.yaml --format html > mine.html\n  skillrun docs --all --format html --out pages\n  skillrun docs --site public",
		Args:    atMost(1),
		RunE:    func(c *cobra.Command, args []string) error { return p.docs(c.Context(), strings.Join(args, ""), f) },
	}
	c.Flags().BoolVar(&f.all, "all", false, "the pages of all skills")
	c.Flags().StringVar(&f.format, "format", docsFormats[0], "`"+docsFormats[0]+"`"+strings.TrimPrefix(orWords(docsFormats), docsFormats[0]))
	c.Flags().StringVar(&f.out, "out", "", "of --all: the `folder` to write the pages into")
	c.Flags().StringVar(&f.site, "site", "", "write the whole documentation into a `folder`")
	p.siteFlags(c, &f.runFlags, "with the sandbox's configuration")
	p.completeArgs(c, p.completeSkills)
	p.completeFlag(c, "format", words(docsFormats...))
	return c
}

func (p *Program) docs(ctx context.Context, name string, f docsFlags) error {
	if err := oneOf("--format", f.format, docsFormats...); err != nil {
		return err
	}
	whole := f.site != ""
	if whole && (name != "" || f.all || f.out != "") || !whole && ((name != "") == f.all || f.all != (f.out != "")) {
		return refused(types.Errorf(types.BadInput, "docs writes the page of a skill, or all of them into a folder").
			WithHint("skillrun docs SKILL, skillrun docs --all --out FOLDER, or skillrun docs --site FOLDER"))
	}
	cfg, done, err := p.settings(ctx, f.runFlags)
	if err != nil {
		return err
	}
	defer done()
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	d := &documenter{p: p, cfg: cfg, cat: cat, site: siteOf(f.runFlags)}
	switch {
	case whole:
		return d.book(f.site)
	case f.all:
		return d.all(f)
	}
	return d.one(name, f.format)
}

// documenter makes pages of skills.
type documenter struct {
	p    *Program
	cfg  *config.Config
	cat  *step.Catalogue
	site string
}

// one prints the page of a skill.
func (d *documenter) one(name, format string) error {
	src, err := d.p.find(name)
	if err != nil {
		return refused(err)
	}
	d.p.tellShadow(src)
	e, called := d.p.newChecker(d.cat)
	skill, diags := e.Check(src.File, src.Text)
	if diags.HasErrors() {
		return d.p.diagnose(diags, called.with(src))
	}
	all, err := d.p.skills()
	if err != nil {
		return refused(err)
	}
	s := d.subject(e, skill, src)
	s.Others = othersOf(e, all, skill)
	var text strings.Builder
	if err := pageOf(s, format, &text); err != nil {
		return refused(err)
	}
	d.p.tell(map[string]any{"format": format, "page": text.String()})
	_, err = io.WriteString(d.p.told(), text.String())
	return err
}

func pageOf(s *book.Subject, format string, w io.Writer) error {
	if format == "html" {
		return s.HTML(w)
	}
	return s.Markdown(w)
}

// subject is what the page of a checked skill is made from.
func (d *documenter) subject(e *engine.Engine, skill *engine.Skill, src source) *book.Subject {
	s := &book.Subject{
		Skill: skill, Told: refdocs.Describe(skill, d.cfg, e.Uses(skill, d.p.binding(d.cfg, skill))), Site: d.site,
		Command: "skillrun " + skill.Name, Known: d.cfg.Hints,
	}
	if strings.ContainsRune(src.File, '/') && src.From != builtIn && filepath.Base(src.From) != "skills" {
		s.Command = "skillrun run " + quote(src.File)
	}
	text, _, err := d.p.readTests(testsOf(src.File))
	if err != nil {
		return s // there need not be tests
	}
	s.Tests = examplesOf(skill, testsOf(src.File), text, d.cat)
	return s
}

// examplesOf are the cases of a file of tests that pass without the sandbox.
func examplesOf(skill *engine.Skill, file string, text []byte, cat *step.Catalogue) []*book.Example {
	suite, diags := skilltest.Read(file, text, skill, cat)
	if diags.HasErrors() {
		return nil
	}
	var out []*book.Example
	for _, c := range suite.Cases {
		if c.World == skilltest.Sandbox {
			continue
		}
		if r := suite.Run(c); len(r.Failures) == 0 {
			out = append(out, &book.Example{Name: c.Name, Inputs: c.Inputs, Outcome: r.Outcome})
		}
	}
	return out
}

// othersOf are the skills beside one, those that check.
func othersOf(e *engine.Engine, all []source, skill *engine.Skill) []book.Other {
	var out []book.Other
	for _, src := range all {
		if src.Name == skill.Name {
			continue
		}
		if other, diags := e.Check(src.File, src.Text); !diags.HasErrors() {
			out = append(out, otherOf(other))
		}
	}
	return out
}

func otherOf(s *engine.Skill) book.Other {
	return book.Other{Name: s.Name, About: s.Description, Touches: book.TouchesOf(s), Calls: book.CallsOf(s)}
}

// all writes the pages of all skills that check, with an index.
func (d *documenter) all(f docsFlags) error {
	all, err := d.p.skills()
	if err != nil {
		return refused(err)
	}
	e, _ := d.p.newChecker(d.cat)
	pages := map[string]string{}
	var names []string
	for _, src := range all {
		skill, diags := e.Check(src.File, src.Text)
		if diags.HasErrors() {
			continue // list says so
		}
		s := d.subject(e, skill, src)
		s.Others = othersOf(e, all, skill)
		s.Link = func(skill string) string { return skill + "." + f.format }
		var text strings.Builder
		if err := pageOf(s, f.format, &text); err != nil {
			return refused(err)
		}
		if f.format == "md" {
			text.WriteString("\n<!-- " + book.Written + " -->\n")
		}
		file := skill.Name + "." + f.format
		pages[file] = text.String()
		names = append(names, file)
	}
	if err := d.p.writePages(f.out, pages); err != nil {
		return refused(err)
	}
	d.p.tell(map[string]any{"folder": f.out, "pages": names})
	_, err = io.WriteString(d.p.told(), strings.Join(names, "\n")+"\n")
	return err
}

// writePages writes files into a folder. One of these names that this program did not
// write stays, and nothing is written; others are left alone. A picture is of this program
// where the first page is.
func (p *Program) writePages(folder string, pages map[string]string) error {
	dir := p.path(folder)
	index, _ := readUpTo(filepath.Join(dir, "index.html"), maxPlan)
	for _, name := range types.SortedKeys(pages) {
		text, err := readUpTo(filepath.Join(dir, name), maxPlan)
		if filepath.Ext(name) == ".png" {
			text = index
		}
		if err == nil && !strings.Contains(string(text), book.Written) {
			return types.Errorf(types.Conflict, "%s is there already, and is not of skillrun docs", filepath.Join(folder, name)).WithHint("name another folder")
		}
	}
	err := os.MkdirAll(dir, 0o755)
	for _, name := range types.SortedKeys(pages) {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), []byte(pages[name]), 0o644)
		}
	}
	if err != nil {
		return types.Errorf(types.Forbidden, "the pages cannot be written: %w", err).WithHint("name a folder that can be written")
	}
	return nil
}
