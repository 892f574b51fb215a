package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

// isSkillFile reports whether a file of that name may declare a skill or a step type: it
// holds no tests of one, and describes neither the sandbox, nor a site, nor what is known
// of failures.
func isSkillFile(name string) bool {
	return isYAML(name) && name != config.StandInsName && name != config.HintsName && name != config.FileName && !strings.HasSuffix(name, skilltest.Suffix)
}

type source struct {
	Name string
	File string // as people see it
	From string // where it was found: a folder, or "built in"
	Text []byte

	Origin engine.Origin
	// Untrusted is set of one that was found by its name in the working directory,
	// when nobody trusts that.
	Untrusted bool
}

// below is the folder of a folder of skills in which the file is.
func (s source) below() string {
	if engine.IsStepType(s.File) {
		return typesDir
	}
	return "."
}

// what is the word for what the file declares.
func (s source) what() string {
	if engine.IsStepType(s.File) {
		return "step type"
	}
	return "skill"
}

func (p *Program) readSkill(path, shown string) (source, error) {
	text, err := p.readText(path)
	if err != nil {
		return source{}, unreadable(path, shown, err)
	}
	if engine.IsStepType(path) && !engine.IsStepType(shown) { // by its name in the folder itself
		shown = filepath.Join("..", typesDir, filepath.Base(shown))
	}
	return source{Name: stem(shown), File: shown, From: filepath.Dir(shown), Text: text, Origin: p.origin(path)}, nil
}

func bare(err error, shown string) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", shown, pe.Err)
	}
	return err
}

// typesDir is the folder beside skills with the step types that files declare.
const typesDir = "steps"

// own are the files of a folder below those that the user chose, and below what is
// built in.
func (p *Program) own(below string) ([]source, error) {
	var out []source
	for _, dir := range p.ownPath() {
		out = append(out, p.skillsIn(filepath.Join(dir, below))...)
	}
	builtin, err := fs.Glob(p.Builtin, path.Join(below, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, name := range builtin {
		if !isSkillFile(name) {
			continue
		}
		s, err := p.builtinFile(name)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return firstOfEach(out), nil
}

// builtIn is where a built-in skill is found, and builtinDir what its file begins with,
// as people see it.
const (
	builtIn    = "built in"
	builtinDir = "builtin/"
)

func (p *Program) builtinFile(name string) (source, error) {
	text, err := fs.ReadFile(p.Builtin, name)
	return source{Name: stem(name), File: builtinDir + name, From: builtIn, Text: text, Origin: engine.Origin{Kind: engine.FromBuiltIn}}, err
}

// origin says whether a skill's file is in a folder that the user chose for skills.
func (p *Program) origin(path string) engine.Origin {
	for _, dir := range p.ownPath() {
		in := filepath.Clean(p.path(dir))
		if at := filepath.Dir(path); at == in || at == filepath.Join(in, typesDir) {
			return engine.Origin{Kind: engine.FromUser, Path: path}
		}
	}
	return engine.Origin{Kind: engine.FromFolder, Path: path}
}

// unreadable is the error of a file that cannot be read, with the one that was meant.
func unreadable(path, shown string, err error) error {
	e := types.Errorf(types.BadInput, "cannot read the skill: %w", bare(err, shown)).WithHint("name the file of a skill; `skillrun list` shows those that are found by name")
	if engine.IsStepType(shown) {
		e = types.Errorf(types.BadInput, "cannot read the step type: %w", bare(err, shown)).WithHint("see what is there: ls -l %s", shown)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return e
	}
	e.Code = types.NotFound
	if near := nearFile(path); near != "" {
		e.Hint = "did you mean " + strings.TrimSuffix(shown, filepath.Base(shown)) + near + "?"
	}
	return e
}

func stem(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".yaml"), ".yml")
}

func firstOfEach(lists ...[]source) []source {
	var out []source
	seen := map[string]bool{}
	for _, s := range slices.Concat(lists...) {
		if !seen[s.Name] {
			seen[s.Name] = true
			out = append(out, s)
		}
	}
	return out
}

// skillsIn are the skills of a folder, which need not exist.
func (p *Program) skillsIn(dir string) []source {
	entries, err := os.ReadDir(p.path(dir))
	if err != nil {
		return nil
	}
	var out []source
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" || !isSkillFile(e.Name()) || strings.HasPrefix(e.Name(), ".") {
			continue // not a skill: editors leave such files about
		}
		s, err := p.readSkill(filepath.Join(p.path(dir), e.Name()), filepath.Join(dir, e.Name()))
		if err != nil {
			fmt.Fprintf(p.Stderr, "note: %s\n", render.Said(err.Error())) // one bad file hides no other skill
			continue
		}
		out = append(out, s)
	}
	return out
}

// ownPath are the folders that the user chose for skills. One that is named from the
// working directory is as trusted as that.
func (p *Program) ownPath() []string {
	var dirs []string
	for _, d := range filepath.SplitList(p.env("SKILLRUN_PATH")) {
		if d != "" && (filepath.IsAbs(d) || p.trustsHere()) {
			dirs = append(dirs, d)
		}
	}
	if user := p.userDir(); user != "" {
		dirs = append(dirs, filepath.Join(user, "skills"))
	}
	return dirs
}

// nearFile is the skill's file in the folder of path that may have been meant.
func nearFile(path string) string {
	entries, _ := os.ReadDir(filepath.Dir(path)) // a folder that is not there offers nothing
	byStem := map[string]string{}
	for _, e := range entries {
		if isSkillFile(e.Name()) {
			byStem[stem(e.Name())] = e.Name()
		}
	}
	if same, ok := byStem[stem(path)]; ok {
		return same
	}
	return byStem[diag.Nearest(stem(path), types.SortedKeys(byStem))]
}
