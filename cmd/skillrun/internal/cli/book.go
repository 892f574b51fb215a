package cli

import (
	"fmt"
	"io/fs"
	"path"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/book"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// book writes the documentation as a site: the book, and the pages of skills and examples.
func (d *documenter) book(folder string) error {
	site := &book.Site{Chapters: map[string][]byte{}, Pictures: map[string][]byte{}}
	for pattern, into := range map[string]map[string][]byte{"*.md": site.Chapters, "*.png": site.Pictures} {
		files, err := fs.Glob(d.p.Book, pattern)
		if err != nil {
			return refused(err)
		}
		for _, file := range files {
			if into[file], err = fs.ReadFile(d.p.Book, file); err != nil {
				return refused(err)
			}
		}
	}
	mine, err := d.subjects()
	if err != nil {
		return refused(err)
	}
	site.Parts = []book.Part{{Title: "Skills", Prefix: "skill-", Folder: "../skills", Subjects: mine}}
	for _, x := range []book.Part{
		{Title: "Examples", Prefix: "example-", Folder: "."},
		{Title: "Skills rewritten", Prefix: "rewritten-", Folder: "rewritten"},
	} {
		if x.Subjects, err = d.exampleSubjects(x.Folder); err != nil {
			return refused(err)
		}
		x.Folder = path.Join("../examples", x.Folder)
		site.Parts = append(site.Parts, x)
	}
	relate(site.Parts)
	files, err := site.Files()
	if err == nil {
		err = d.p.writePages(folder, files)
	}
	if err != nil {
		return refused(err)
	}
	d.p.tell(map[string]any{"folder": folder, "pages": types.SortedKeys(files)})
	fmt.Fprintf(d.p.told(), "%d files in %s\n", len(files), render.Flat(folder))
	return nil
}

// relate tells each skill of the others.
func relate(parts []book.Part) {
	var all []book.Other
	for _, part := range parts {
		for _, s := range part.Subjects {
			all = append(all, otherOf(s.Skill))
		}
	}
	for _, part := range parts {
		for _, s := range part.Subjects {
			for _, o := range all {
				if o.Name != s.Skill.Name {
					s.Others = append(s.Others, o)
				}
			}
		}
	}
}

// subjects are the skills that are found by name, those that check.
func (d *documenter) subjects() ([]*book.Subject, error) {
	all, err := d.p.skills()
	if err != nil {
		return nil, err
	}
	e, _ := d.p.newChecker(d.cat)
	var out []*book.Subject
	for _, src := range all {
		if skill, diags := e.Check(src.File, src.Text); !diags.HasErrors() {
			out = append(out, d.subject(e, skill, src))
		}
	}
	return out, nil
}

// exampleSubjects are the skills of a folder of the examples.
func (d *documenter) exampleSubjects(dir string) ([]*book.Subject, error) {
	files, err := fs.Glob(d.p.Examples, path.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	beside := func(folder string) func(string, string) (string, []byte, error) {
		return func(_, name string) (string, []byte, error) {
			file := path.Join(dir, folder, name+".yaml")
			text, err := fs.ReadFile(d.p.Examples, file)
			return file, text, err
		}
	}
	e := engine.New(engine.Setup{Catalogue: d.cat, Skills: beside("."), StepTypes: beside(typesDir)})
	var out []*book.Subject
	for _, file := range files {
		if !isSkillFile(path.Base(file)) {
			continue
		}
		text, err := fs.ReadFile(d.p.Examples, file)
		if err != nil {
			return nil, err
		}
		skill, diags := e.Check(file, text)
		if diags.HasErrors() {
			return nil, types.Errorf(types.Internal, "an example does not check: %s", diags.First().String())
		}
		s := &book.Subject{
			Skill: skill, Told: refdocs.Describe(skill, d.cfg, nil), Source: true,
			Command: "skillrun run " + quote(path.Join("examples", file)),
		}
		if tests, err := fs.ReadFile(d.p.Examples, testsOf(file)); err == nil {
			s.Tests = examplesOf(skill, testsOf(file), tests, d.cat)
		}
		out = append(out, s)
	}
	return out, nil
}
