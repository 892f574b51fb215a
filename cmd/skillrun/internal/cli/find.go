package cli

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// find returns the skill that an argument names: a file when it looks like a
// path, else the first one of that name in the search path.
func (p *Program) find(arg string) (source, error) {
	if strings.ContainsAny(arg, `/\`) || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") {
		return p.readSkill(p.path(arg), arg)
	}
	all, err := p.skills()
	if err != nil {
		return source{}, err
	}
	names := make([]string, len(all))
	for i, s := range all {
		if s.Name == arg {
			return s, nil
		}
		names[i] = s.Name
	}
	hint := cmp.Or(p.fileOf(arg), diag.DidYouMean(arg, names), "`skillrun list` shows the skills")
	return source{}, types.Errorf(types.NotFound, "no skill is named %q", arg).WithHint("%s", hint).With("skill", arg)
}

// fileOf is the hint that the working directory has a skill's file of this name.
func (p *Program) fileOf(name string) string {
	for _, ext := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(p.path(name + ext)); err == nil && info.Mode().IsRegular() {
			return "a file is named by its path: ./" + name + ext
		}
	}
	return ""
}

// skills returns every skill that is found by name; the first of a name wins:
// ./skills, $SKILLRUN_PATH, the user's configuration folder, built in. When nobody
// trusts the working directory, its skills come last and take nobody's place.
func (p *Program) skills() ([]source, error) { return p.sources(".") }

// stepTypes returns every step type that a file declares, in the same order.
func (p *Program) stepTypes() ([]source, error) { return p.sources(typesDir) }

func (p *Program) sources(below string) ([]source, error) {
	own, err := p.own(below)
	if err != nil {
		return nil, err
	}
	here := p.skillsIn(filepath.Join("skills", below))
	if p.trustsHere() {
		return firstOfEach(here, own), nil
	}
	for i := range here {
		here[i].Untrusted = true
	}
	return firstOfEach(own, here), nil
}

// callees finds the skills that a skill calls, and keeps their texts for diagnostics.
type callees struct {
	program *Program
	texts   render.Sources
	only    bool                     // nothing is performed
	types   func() ([]source, error) // the step types of the search path, read once
	locks   map[string]locked        // by the file, those that were looked for
}

func newCallees(p *Program, only bool) callees {
	return callees{program: p, texts: render.Sources{}, only: only, locks: map[string]locked{}, types: sync.OnceValues(p.quiet().stepTypes)}
}

// find returns the skill of a name: the one beside the file that is checked,
// else the first one in the search path. Beside a file of a folder that nobody
// trusts none takes the place of one of the user's own or of a built-in one.
func (c callees) find(beside, name string) (string, []byte, error) {
	folder := "."
	if engine.IsStepType(beside) {
		folder = ".."
	}
	return c.lookup(beside, name, folder, c.program.find)
}

// findStepType does so for step types, in the folders of those.
func (c callees) findStepType(beside, name string) (string, []byte, error) {
	folder := typesDir
	if engine.IsStepType(beside) {
		folder = "."
	}
	return c.lookup(beside, name, folder, c.typeOf)
}

func (c callees) lookup(beside, name, folder string, inPath func(name string) (source, error)) (string, []byte, error) {
	s, err := c.beside(beside, name, folder)
	if err == nil && s.Origin.Kind == engine.FromFolder && !c.program.trusts(s) {
		if own, ok := c.program.instead(s); ok {
			s = own
		}
	} else if errors.Is(err, fs.ErrNotExist) {
		if s, err = inPath(name); err == nil && !c.only {
			err = s.needsTrust()
		}
	}
	if err != nil {
		return "", nil, err
	}
	c.program.tellShadow(s)
	c.texts[s.File] = s.Text
	return s.File, s.Text, nil
}

// beside returns the file of a name in a folder of the one that file is in.
func (c callees) beside(file, name, folder string) (source, error) {
	shown := filepath.Join(filepath.Dir(file), folder, name+".yaml")
	if _, err := os.Stat(c.program.path(shown)); err != nil || strings.HasPrefix(file, builtinDir) {
		return source{}, fs.ErrNotExist
	}
	return c.program.readSkill(c.program.path(shown), shown)
}

// typeOf returns the step type of a name in the search path.
func (c callees) typeOf(name string) (source, error) {
	all, err := c.types()
	if err != nil {
		return source{}, err
	}
	names := make([]string, len(all))
	for i, s := range all {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	return source{}, types.Errorf(types.NotFound, "no step type is named %q", name).WithHint("%s", diag.DidYouMean(name, names))
}

// with returns the texts that diagnostics about a skill may point into.
func (c callees) with(src source) render.Sources {
	out := maps.Clone(c.texts)
	out[src.File] = src.Text
	return out
}

func (p *Program) searchPath() []string { return append([]string{"skills"}, p.ownPath()...) }
