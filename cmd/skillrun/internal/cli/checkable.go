package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

// checkable returns the skills that check is asked about: by name, file, folder or
// pattern, or else all on the search path, also those that another one hides. What
// is there and is no readable skill is a diagnostic, so that nothing is passed over.
// A file of tests, which a shell's pattern finds too, stands for the skill that it is
// about; each is checked once. A sandbox.yaml and a skillrun.yaml are no skills; see [Program.checkOthers].
func (p *Program) checkable(args []string) (found []source, diags diag.List, err error) {
	if len(args) == 0 {
		return p.everySkill()
	}
	seen := map[string]bool{}
	for _, arg := range args {
		arg = p.testedBy(arg)
		if seen[arg] || p.isOther(arg) {
			continue
		}
		seen[arg] = true
		if p.lone(arg, &diags) {
			continue
		}
		files, err := p.filesOf(arg)
		if err != nil {
			return nil, nil, err
		}
		if files == nil {
			s, err := p.find(arg)
			if err != nil {
				return nil, nil, err
			}
			found = append(found, s)
		}
		for _, file := range files {
			if file = p.testedBy(file); !seen[file] && !p.isOther(file) {
				seen[file] = true
				if !p.lone(file, &diags) {
					found = p.gather(found, &diags, file)
				}
			}
		}
	}
	return found, diags, nil
}

// testedBy is the skill or step type that a file of tests is about; any other file, and
// one beside which there is none, is itself.
func (p *Program) testedBy(file string) string {
	if subject, isTests := skilltest.Subject(file); isTests && p.isFile(subject) {
		return subject
	}
	return file
}

// lone reports a file of tests beside which there is nothing that they are of.
func (p *Program) lone(file string, diags *diag.List) bool {
	subject, isTests := skilltest.Subject(file)
	if isTests = isTests && p.isFile(file) && !p.isFile(subject); isTests {
		diags.Errorf(codeUnreadable, diag.Range{File: file}, "the tests are of %s, which is not there", subject).
			Hint = "tests stand beside what they are of: NAME" + skilltest.Suffix + " beside NAME.yaml"
	}
	return isTests
}

// isFile reports whether a file is there to be read.
func (p *Program) isFile(name string) bool {
	if _, is := p.overlay[p.path(name)]; is {
		return true
	}
	info, err := os.Stat(p.path(name))
	return err == nil && !info.IsDir()
}

// filesOf returns the skills' files of a folder or a pattern, nil of anything else.
func (p *Program) filesOf(arg string) ([]string, error) {
	if info, err := os.Stat(p.path(arg)); err == nil && info.IsDir() {
		files, err := p.below(arg, isSkillFile)
		if err == nil && len(files) == 0 {
			err = types.Errorf(types.NotFound, "there is no skill in the folder %s", arg).WithHint("skills are files that end in .yaml")
		}
		return files, err
	} else if err == nil || !strings.ContainsAny(arg, "*?[") {
		return nil, nil
	}
	files, err := p.matching(arg)
	if err != nil || len(files) == 0 {
		return nil, types.Errorf(types.NotFound, "no file matches %s", arg).WithHint("* and ? stand for part of a name, and ** for any number of folders")
	}
	return files, nil
}

// matching returns the files that match a pattern, as it names them.
func (p *Program) matching(pattern string) ([]string, error) {
	if segments := strings.Split(filepath.ToSlash(pattern), "/"); slices.Contains(segments, "**") {
		return p.deeply(segments)
	}
	files, err := filepath.Glob(p.path(pattern))
	for i, file := range files {
		if rel, err := filepath.Rel(p.path("."), file); err == nil && !filepath.IsAbs(pattern) {
			files[i] = rel
		}
	}
	return files, err
}

// deeply returns the files that match a pattern with ** in it, without what is hidden.
func (p *Program) deeply(pattern []string) ([]string, error) {
	fixed := slices.IndexFunc(pattern, func(s string) bool { return strings.ContainsAny(s, "*?[") })
	dir := cmp.Or(strings.Join(pattern[:fixed], "/"), map[bool]string{true: "/", false: "."}[fixed > 0])
	all, err := p.below(dir, func(string) bool { return true })
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return slices.DeleteFunc(all, func(file string) bool {
		rel, err := filepath.Rel(dir, file)
		return err != nil || !matchPath(pattern[fixed:], strings.Split(filepath.ToSlash(rel), "/"))
	}), err
}

// matchPath reports whether the names of a path match a pattern's, of which ** stands
// for any number of them.
func matchPath(pattern, names []string) bool {
	if len(pattern) == 0 {
		return len(names) == 0
	}
	if pattern[0] == "**" {
		return matchPath(pattern[1:], names) || len(names) > 0 && matchPath(pattern, names[1:])
	}
	if len(names) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], names[0])
	return err == nil && ok && matchPath(pattern[1:], names[1:])
}

// below returns the files of a folder and those in it whose names are wanted; nothing hidden.
func (p *Program) below(dir string, wanted func(name string) bool) (files []string, err error) {
	root := p.path(dir)
	err = filepath.WalkDir(root, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return types.Errorf(types.BadInput, "the folder %s cannot be read: %w", dir, err).WithHint("see who may read it: ls -l")
		}
		if at != root && strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.IsDir() && wanted(e.Name()) {
			rel, err := filepath.Rel(root, at)
			files = append(files, filepath.Join(dir, rel))
			return err
		}
		return nil
	})
	return files, err
}

// gather adds a file's skill, or says why it cannot be read.
func (p *Program) gather(found []source, diags *diag.List, file string) []source {
	s, err := p.readSkill(p.path(file), file)
	if err != nil {
		e := types.AsError(err)
		diags.Errorf(codeUnreadable, diag.Range{File: file}, "%s", e.Message).Hint = e.Hint
		return found
	}
	s.Untrusted = filepath.Dir(s.Origin.Path) == p.path("skills") && !p.trustsHere()
	return append(found, s)
}

// everySkill returns what the search path has, and what is built in.
func (p *Program) everySkill() (found []source, diags diag.List, err error) {
	for _, dir := range p.checkedFolders() {
		entries, err := os.ReadDir(p.path(dir))
		if err != nil {
			continue // a folder of the search path need not exist
		}
		for _, e := range entries {
			file := filepath.Join(dir, e.Name())
			if strings.HasPrefix(e.Name(), ".") || !isSkillFile(e.Name()) {
				continue
			}
			if filepath.Ext(e.Name()) == ".yml" {
				diags.Warnf("not-found-by-name", diag.Range{File: file}, "%s is not found by its name: that ends in .yml", file).
					Hint = "rename it to " + stem(file) + ".yaml"
			}
			found = p.gather(found, &diags, file)
		}
	}
	p.warnOfHere(&diags)
	all, err := p.skills()
	for _, s := range all {
		if s.From == builtIn {
			found = append(found, s)
		}
	}
	return found, diags, err
}

// warnOfHere names skills in the working directory itself, unless that is a folder of the
// search path: who stands among them would take "no mistakes" to be about them. Of the
// files there, those are skills that have their own name.
func (p *Program) warnOfHere(diags *diag.List) {
	if slices.ContainsFunc(p.searchPath(), func(dir string) bool { return filepath.Clean(p.path(dir)) == filepath.Clean(p.path(".")) }) {
		return
	}
	entries, _ := os.ReadDir(p.path("."))
	var here []string
	for _, e := range entries {
		if e.IsDir() || !isSkillFile(e.Name()) {
			continue
		}
		text, err := readFile(p.path(e.Name()))
		if err == nil && slices.Contains(strings.Split(string(text), "\n"), "name: "+stem(e.Name())) {
			here = append(here, e.Name())
		}
	}
	if len(here) > 0 {
		diags.Warnf("not-found-by-name", diag.Range{File: here[0]}, "a skill that is in none of the folders in which skills are found, and was not checked%s", others(len(here)-1)).
			Hint = "check what is here with `skillrun check .`; in ./skills, it is found"
	}
}

func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", as %d more beside it", n)
}

// checkedFolders are those of the search path, each with its step types.
func (p *Program) checkedFolders() []string {
	var out []string
	for _, dir := range p.searchPath() {
		out = append(out, dir, filepath.Join(dir, typesDir))
	}
	return out
}
