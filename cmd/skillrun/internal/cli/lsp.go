package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/lsp"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) lspCmd() *cobra.Command {
	return &cobra.Command{
		Use: "lsp", Short: "Answer an editor: the language server, over stdin and stdout", Args: atMost(0),
		Long: `Speaks the Language Server Protocol over stdin and stdout, for editors to start. It
knows skills and step types, their tests, sandbox.yaml and skillrun.yaml, and has:

  diagnostics while you type, also of what is called; quick fixes
  completion of keys, step types, skills, arguments, values, services and
  what expressions can read, also where the file is broken at the moment
  hover: types, docs, effects, codes, functions
  definition, references and rename, through expressions and across files
  outline, colours of expressions, types of results

It checks as check does: nothing runs, no service is asked, and no credential is
read. Give an editor the command "skillrun lsp" for files of YAML; the language id
skillrun says that a file is a skill whatever its folder. Its log is stderr.`,
		Example:           "  skillrun lsp\n  skillrun lsp 2>lsp.log",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return p.lsp(c.Context()) },
	}
}

// settled is how long an editor's text has to stay as it is before its mistakes are shown.
const settled = 150 * time.Millisecond

func (p *Program) lsp(ctx context.Context) error {
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	debug.SetGCPercent(300) // what a check leaves behind is small, and an answer is waited for
	err = lsp.Serve(ctx, p.Stdin, p.raw, lsp.Options{
		Version: p.Build.Version, Log: p.Stderr, Wait: settled,
		Open: func(folder string) lsp.Site { return p.edited(folder, cat) },
	})
	if err != nil && ctx.Err() == nil {
		return &exitError{exitFailed, err}
	}
	return nil
}

// edited is what an editor's files can reach for: what check finds for them in that
// folder, with the texts of those that are open.
func (p *Program) edited(folder string, cat *step.Catalogue) lsp.Site {
	q := p.quiet()
	if folder != "" {
		q.Dir = folder
	}
	return lsp.Site{
		Engine: func(open func(string) ([]byte, bool)) *engine.Engine {
			called := newCallees(q, true)
			return engine.New(engine.Setup{
				Catalogue: cat, Lint: true, Skills: q.edits(open, called.find), StepTypes: q.edits(open, called.findStepType), Schemas: called.schema,
			})
		},
		Other: func(e *engine.Engine, path string, text []byte) *engine.Table {
			return q.tableOf(e, cat, path, text)
		},
		Names: q.offered,
		Files: q.filesBeside,
		Read:  q.readText,
	}
}

// edits finds what is called, by its whole path, as the editor has it.
func (p *Program) edits(open func(string) ([]byte, bool), find func(beside, name string) (string, []byte, error)) func(string, string) (string, []byte, error) {
	return func(beside, name string) (string, []byte, error) {
		file, text, err := find(beside, name)
		if err != nil || strings.HasPrefix(file, builtinDir) {
			return file, text, err
		}
		file = p.path(file)
		if edited, is := open(file); is {
			text = edited
		}
		return file, text, nil
	}
}

// tableOf checks and describes a file that an editor has open and that declares no skill,
// nil of any other.
func (p *Program) tableOf(e *engine.Engine, cat *step.Catalogue, path string, text []byte) *engine.Table {
	switch name := filepath.Base(path); {
	case name == config.FileName:
		_, diags := config.Parse(path, text, p.Kinds)
		return &engine.Table{Mappings: config.Keys(), Top: "configuration", Diags: diags}
	case name == config.StandInsName:
		_, diags := config.ParseStandIns(path, text, p.Kinds)
		return &engine.Table{Mappings: config.StandInKeys(), Top: "sandbox", Diags: diags}
	case name == config.HintsName:
		_, diags := config.ParseHints(path, text)
		return &engine.Table{Mappings: config.HintKeys(), Top: "hints", Diags: diags}
	}
	subject, is := skilltest.Subject(path)
	if !is {
		return nil
	}
	out := &engine.Table{Mappings: skilltest.Keys(), Top: "tests"}
	find := e.Skills
	if engine.IsStepType(path) {
		find = e.StepTypes
	}
	_, about, err := find(path, stem(subject))
	if err != nil {
		return out
	}
	skill, diags := e.Check(subject, about)
	if out.Subject = skill; skill != nil && !diags.HasErrors() { // else the skill's own file says so
		_, out.Diags = skilltest.Read(path, text, skill, cat)
	}
	return out
}

// offered are the names that a file can choose from.
func (p *Program) offered(beside string) engine.Names {
	return engine.Names{
		Skills:   func() []engine.Named { return p.described(beside, ".", p.skills) },
		Types:    func() []engine.Named { return p.described(beside, typesDir, p.stepTypes) },
		Services: func() []engine.Named { return p.servicesHere(beside) },
	}
}

// described are the files in a folder beside another one, and those of the search path.
func (p *Program) described(beside, below string, found func() ([]source, error)) []engine.Named {
	all, err := found()
	if err != nil {
		return nil
	}
	var out []engine.Named
	for _, s := range firstOfEach(p.skillsIn(home(beside, below)), all) {
		if p.path(s.File) != beside {
			out = append(out, engine.Named{Name: s.Name, Doc: docLine(s.Text)})
		}
	}
	return out
}

// home is the folder in which a file finds skills, or step types, beside itself.
func home(file, below string) string {
	dir := filepath.Dir(file)
	if engine.IsStepType(file) {
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, below)
}

// docLine is what a file says of itself in one line.
func docLine(text []byte) string {
	for line := range strings.Lines(string(text)) {
		for _, key := range []string{"description:", "doc:"} {
			if doc, is := strings.CutPrefix(line, key); is {
				return strings.Trim(strings.TrimSpace(doc), `"'`)
			}
		}
	}
	return ""
}

// servicesHere are the services of the configuration that lies nearest. Only its names
// and kinds are read.
func (p *Program) servicesHere(beside string) []engine.Named {
	for _, dir := range []string{p.path("."), filepath.Dir(beside), p.userDir()} {
		path := filepath.Join(dir, config.FileName)
		text, err := p.readText(path)
		if errors.Is(err, fs.ErrNotExist) || dir == "" {
			continue
		}
		cfg, _ := config.Parse(path, text, p.Kinds)
		var out []engine.Named
		for _, name := range types.SortedKeys(cfg.Services) {
			out = append(out, engine.Named{Name: name, Doc: cfg.Services[name].Kind})
		}
		return out
	}
	return nil
}

// filesBeside are the files that may name another one: those beside it, and those of
// the search path.
func (p *Program) filesBeside(file string) []string {
	skills, err := p.skills()
	stepTypes, err2 := p.stepTypes()
	if errors.Join(err, err2) != nil {
		return nil
	}
	for _, below := range []string{".", typesDir} {
		skills = append(skills, p.skillsIn(home(file, below))...)
	}
	var out []string
	for _, s := range append(skills, stepTypes...) {
		if s.From != builtIn {
			out = append(out, p.path(s.File))
		}
	}
	return out
}
