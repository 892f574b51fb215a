package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// newFrom makes a skill of what a run did: the text that the run was started from, which
// its journal keeps, and the run as the case of its tests.
func (p *Program) newFrom(args []string, f newFlags) (m made, err error) {
	if f.step != "" || f.exec != "" || f.http != "" || f.description != "" || len(f.inputs) > 0 {
		return m, types.Errorf(types.BadInput, "--from takes all of a skill from a run").WithHint("leave out the other flags; the skill can be edited afterwards")
	}
	e, err := p.reader(f.site)
	if err != nil {
		return m, err
	}
	run, err := e.Find(f.from)
	if err != nil {
		return m, err
	}
	_, text, err := e.Skill(run.ID)
	if err != nil {
		return m, err
	}
	if m.testsText, err = recordedCase(e, run); err != nil {
		return m, err
	}
	if len(args) == 0 {
		args = []string{run.Skill}
	}
	if m, err = m.at(args[0], "skills", false); err != nil {
		return m, err
	}
	m.from = true
	m.text = itsName().ReplaceAllLiteralString(string(text), "name: "+stem(m.file))
	return m, nil
}

// itsName is the line with the name of a skill.
var itsName = types.Pattern(`(?m)^name:[ \t]+["']?[a-z0-9_]+["']?`)

// tryMade formats what is to be written, and refuses what does not check or does not pass
// its tests.
func (p *Program) tryMade(ctx context.Context, m *made) error {
	sources := render.Sources{m.file: []byte(m.text), m.tests: []byte(m.testsText)}
	for _, one := range []struct {
		file string
		text *string
	}{{m.file, &m.text}, {m.tests, &m.testsText}} {
		text, diags := engine.Format(one.file, []byte(*one.text))
		if diags.HasErrors() {
			return p.diagnose(diags, sources)
		}
		*one.text, sources[one.file] = string(text), text
	}
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	e, called := p.newChecker(cat)
	src := source{Name: stem(m.file), File: m.file, Text: []byte(m.text), Origin: p.origin(p.path(m.file))}
	s, diags := p.suite(e, src, m.tests, []byte(m.testsText), cat)
	for file, text := range called.texts {
		sources[file] = text
	}
	if !diags.HasErrors() {
		for _, r := range p.runSuite(ctx, suite{Suite: s}, anyCase()).Results {
			for _, f := range r.Failures {
				diags = append(diags, f.Diagnostic)
			}
		}
	}
	if diags.HasErrors() {
		if m.from && diags.First().Code == "test-failed" {
			fmt.Fprintln(p.Stderr, "note: nothing was made: as a test, the run does not go as it went, which may be so where steps ran side by side")
		}
		return p.diagnose(diags, sources)
	}
	src.Untrusted = src.Origin.Kind == engine.FromFolder && !p.trusts(src)
	p.tellShadow(src)
	return nil
}

var anyCase = types.Pattern("")

// writeMade writes a file and its tests where neither is yet.
func (p *Program) writeMade(m made) error {
	var written []func()
	for _, one := range []struct{ file, text string }{{m.file, m.text}, {m.tests, m.testsText}} {
		remove, err := p.writeNew(one.file, one.text)
		if err == nil {
			written = append(written, remove)
			continue
		}
		for _, undo := range written {
			undo()
		}
		if errors.Is(err, fs.ErrExist) {
			return isThereAlready(one.file)
		}
		return types.Errorf(types.Forbidden, "%s cannot be written: %w", one.file, bare(err, one.file)).WithHint("see who may write there: ls -ld %s", filepath.Dir(one.file))
	}
	return nil
}

// free refuses to make what is there, before anything is asked.
func (p *Program) free(m made) error {
	if there := p.there(m.file, m.tests); len(there) > 0 {
		return isThereAlready(there[0])
	}
	return nil
}

func isThereAlready(file string) error {
	return types.Errorf(types.Conflict, "%s is there already, and is not overwritten", file).WithHint("choose another name, or remove it")
}

// writeNew writes a file that is not there yet, with its folder. No link is followed out
// of the working directory.
func (p *Program) writeNew(file, text string) (remove func(), err error) {
	dir, name := p.rooted(file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("its folder cannot be made: %v", err) // a file of that name is not the one that is to be made
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(text)
	remove = func() { _ = os.Remove(filepath.Join(dir, name)) }
	if err = errors.Join(err, f.Close()); err != nil {
		remove()
	}
	return remove, err
}

// next are the commands that go on with what was made.
func (m made) next() []string {
	file := filepath.ToSlash(m.file)
	out := []string{"skillrun check " + quote(file), "skillrun test " + quote(m.tests)}
	if m.stepType {
		return append(out, "skillrun steps "+stem(m.file))
	}
	out = append(out, "skillrun show "+quote(file))
	if len(m.inputs) == 0 { // a run's skill has any inputs
		return out
	}
	run := "skillrun run " + quote(file)
	for _, in := range m.inputs {
		run += " --input " + quote(in.Name+"="+in.Example())
	}
	return append(out, run)
}
