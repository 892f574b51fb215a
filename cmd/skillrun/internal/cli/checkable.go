package cli

import (
	"fmt"
	"io/fs"
	"os"
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
// about; each is checked once. A sandbox.yaml is no skill; see [Program.checkStandIns].
func (p *Program) checkable(args []string) (found []source, diags diag.List, err error) {
	if len(args) == 0 {
		return p.everySkill()
	}
	seen := map[string]bool{}
	for _, arg := range args {
		arg = p.testedBy(arg)
		if seen[arg] || p.isStandIns(arg) {
			continue
		}
		seen[arg] = true
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
			if file = p.testedBy(file); !seen[file] && !p.isStandIns(file) {
				seen[file] = true
				found = p.gather(found, &diags, file)
			}
		}
	}
	return found, diags, nil
}

// testedBy is the skill or step type that a file of tests is about; any other file, and
// one beside which there is none, is itself.
func (p *Program) testedBy(file string) string {
	subject, isTests := skilltest.Subject(file)
	if _, err := os.Stat(p.path(subject)); !isTests || err != nil {
		return file
	}
	return subject
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
		return nil, types.Errorf(types.NotFound, "no file matches %s", arg).WithHint("* and ? stand for part of a name, within one folder")
	}
	return files, nil
}

// matching returns the files that match a pattern, as it names them.
func (p *Program) matching(pattern string) ([]string, error) {
	files, err := filepath.Glob(p.path(pattern))
	for i, file := range files {
		if rel, err := filepath.Rel(p.path("."), file); err == nil && !filepath.IsAbs(pattern) {
			files[i] = rel
		}
	}
	return files, err
}

// below returns the files of a folder and those in it whose names are wanted; nothing hidden.
func (p *Program) below(dir string, wanted func(name string) bool) (files []string, err error) {
	root := p.path(dir)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return types.Errorf(types.BadInput, "the folder %s cannot be read: %w", dir, err).WithHint("see who may read it: ls -l")
		}
		if path != root && strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.IsDir() && wanted(e.Name()) {
			rel, err := filepath.Rel(root, path)
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
		diags.Errorf("unreadable", diag.Range{File: file}, "%s", e.Message).Hint = e.Hint
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
