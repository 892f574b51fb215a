package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// source is a skill's file.
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

// fileOf is the hint that a skill's file of this name is in the working directory,
// which is no place where skills are looked for.
func (p *Program) fileOf(name string) string {
	for _, ext := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(p.path(name + ext)); err == nil && info.Mode().IsRegular() {
			return "a file is named by its path: ./" + name + ext
		}
	}
	return ""
}

// builtIn is where built-in skills are said to come from.
const builtIn = "built in"

func (p *Program) readSkill(path, shown string) (source, error) {
	text, err := readFile(path)
	if err != nil {
		return source{}, unreadable(path, shown, err)
	}
	return source{Name: stem(shown), File: shown, From: filepath.Dir(shown), Text: text, Origin: p.origin(path)}, nil
}

// origin is the kind of place that a skill's file is in: a folder that the user
// chose for skills, or any other.
func (p *Program) origin(path string) engine.Origin {
	for _, dir := range p.ownPath() {
		if filepath.Dir(path) == filepath.Clean(p.path(dir)) {
			return engine.Origin{Kind: engine.FromUser, Path: path}
		}
	}
	return engine.Origin{Kind: engine.FromFolder, Path: path}
}

// unreadable is the error of a skill's file that cannot be read, with the file
// beside it that may have been meant.
func unreadable(path, shown string, err error) error {
	e := types.Errorf(types.BadInput, "cannot read the skill: %w", bare(err, shown)).WithHint("name the file of a skill; `skillrun list` shows those that are found by name")
	if !errors.Is(err, fs.ErrNotExist) {
		return e
	}
	e.Code = types.NotFound
	if near := nearFile(path); near != "" {
		e.Hint = "did you mean " + strings.TrimSuffix(shown, filepath.Base(shown)) + near + "?"
	}
	return e
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

func bare(err error, shown string) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", shown, pe.Err)
	}
	return err
}

func stem(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(file), ".yaml"), ".yml")
}

// skills returns every skill that is found by name; the first of a name wins:
// ./skills, $SKILLRUN_PATH, the user's configuration folder, built in. When nobody
// trusts the working directory, its skills come last and take nobody's place.
func (p *Program) skills() ([]source, error) {
	own, err := p.ownSkills()
	if err != nil {
		return nil, err
	}
	here := p.skillsIn("skills")
	if p.trustsHere() {
		return firstOfEach(here, own), nil
	}
	for i := range here {
		here[i].Untrusted = true
	}
	return firstOfEach(own, here), nil
}

// firstOfEach keeps the first skill of each name.
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

// ownSkills are those of the folders that the user chose, and those built in.
func (p *Program) ownSkills() ([]source, error) {
	var out []source
	for _, dir := range p.ownPath() {
		out = append(out, p.skillsIn(dir)...)
	}
	builtin, err := fs.Glob(p.Builtin, "*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range builtin {
		text, err := fs.ReadFile(p.Builtin, name)
		if err != nil {
			return nil, err
		}
		out = append(out, source{Name: stem(name), File: "builtin/" + name, From: builtIn, Text: text, Origin: engine.Origin{Kind: engine.FromBuiltIn}})
	}
	return firstOfEach(out), nil
}

// skillsIn are the skills of a folder, which need not exist.
func (p *Program) skillsIn(dir string) []source {
	entries, err := os.ReadDir(p.path(dir))
	if err != nil {
		return nil
	}
	var out []source
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".yaml" || strings.HasPrefix(e.Name(), ".") {
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

// callees finds the skills that a skill calls, and keeps their texts:
// diagnostics point into them.
type callees struct {
	program *Program
	texts   render.Sources
	only    bool // nothing is performed
}

// find returns the skill of a name: the one beside the file that is checked,
// else the first one in the search path. Beside a file of a folder that nobody
// trusts none takes the place of one of the user's own or of a built-in one.
func (c callees) find(beside, name string) (string, []byte, error) {
	s, err := c.beside(beside, name)
	if err == nil && s.Origin.Kind == engine.FromFolder && !c.program.trusts(s) {
		if own, ok := c.program.instead(s); ok {
			s = own
		}
	} else if err != nil {
		if s, err = c.program.find(name); err == nil && !c.only {
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

func (c callees) beside(file, name string) (source, error) {
	if strings.HasPrefix(file, "builtin/") {
		return source{}, fs.ErrNotExist
	}
	shown := filepath.Join(filepath.Dir(file), name+".yaml")
	return c.program.readSkill(c.program.path(shown), shown)
}

// with returns the texts that diagnostics about a skill may point into.
func (c callees) with(src source) render.Sources {
	out := maps.Clone(c.texts)
	out[src.File] = src.Text
	return out
}

func (p *Program) searchPath() []string { return append([]string{"skills"}, p.ownPath()...) }

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
