package book

import (
	"bytes"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/skillrun/skillrun/engine/types"
)

// Site is a book and the pages of skills, which become pages that link to each other.
type Site struct {
	Chapters map[string][]byte // Markdown, by its file name; README.md is the first page
	Pictures map[string][]byte // that the chapters show, by file name
	Parts    []Part
}

// Part is a group of pages of skills.
type Part struct {
	Title  string
	Prefix string // of the names of its files
	// Folder is where the skills are, from the folder of the chapters: how those link to
	// them.
	Folder   string
	Subjects []*Subject
}

// leaf is a page of the site before its navigation is known.
type leaf struct {
	file, title, group string
	doc                *document
	body               template.HTML
	whole              bool // the search finds it as one
}

// Files returns the site, by file names: the same for the same book and skills. Every
// link leads to a page of the site, to a place on it or to another site; what else a
// chapter links to is text.
func (s *Site) Files() (map[string]string, error) {
	leaves, err := s.leaves()
	if err != nil {
		return nil, err
	}
	links := s.links(leaves)
	out := map[string]string{}
	for name, picture := range s.Pictures {
		out[name] = string(picture)
	}
	for i := range leaves {
		x := &leaves[i]
		if x.body == "" {
			relink(x.doc, links)
			if x.body, err = x.doc.html(); err != nil {
				return nil, err
			}
		}
		if out[x.file], err = sheet(x.title, x.body, around(leaves, i), ""); err != nil {
			return nil, err
		}
	}
	out["search.html"], err = sheet("Search", searchPage(leaves), around(leaves, -1), template.JS(searchScript))
	return out, err
}

func sheet(title string, body template.HTML, nav *navigation, script template.JS) (string, error) {
	var b strings.Builder
	err := layout{Title: title + " – skillrun", Body: body, Site: nav, Script: script}.write(&b)
	return b.String(), err
}

// leaves are the pages in their order: the book in that of its first page, then skills.
func (s *Site) leaves() ([]leaf, error) {
	var out []leaf
	for _, name := range s.order() {
		doc := parse(s.Chapters[name])
		out = append(out, leaf{file: fileOf(name), title: titleOf(doc, name), group: "Book", doc: doc})
	}
	for _, part := range s.Parts {
		for _, subject := range part.Subjects {
			subject.Link = s.linkTo
			body, doc, err := subject.body()
			if err != nil {
				return nil, fmt.Errorf("the page of %s: %w", subject.Skill.Name, err)
			}
			out = append(out, leaf{file: part.Prefix + subject.Skill.Name + ".html", title: subject.Skill.Name, group: part.Title, doc: doc, body: body, whole: true})
		}
	}
	return out, nil
}

// linkTo is the page of a skill, by its name.
func (s *Site) linkTo(skill string) string {
	for _, part := range s.Parts {
		if slices.ContainsFunc(part.Subjects, func(x *Subject) bool { return x.Skill.Name == skill }) {
			return part.Prefix + skill + ".html"
		}
	}
	return ""
}

const first = "README.md"

func fileOf(chapter string) string {
	if chapter == first {
		return "index.html"
	}
	return strings.TrimSuffix(chapter, ".md") + ".html"
}

// order is that in which the first page links to the chapters; others follow.
func (s *Site) order() []string {
	out := []string{first}
	add := func(name string) {
		if _, there := s.Chapters[name]; there && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	walk(parse(s.Chapters[first]).root, func(n ast.Node) {
		if l, ok := n.(*ast.Link); ok {
			add(string(l.Destination))
		}
	})
	for _, name := range types.SortedKeys(s.Chapters) {
		add(name)
	}
	return out
}

func walk(root ast.Node, visit func(ast.Node)) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // visit never fails
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

func titleOf(d *document, otherwise string) string {
	title := ""
	walk(d.root, func(n ast.Node) {
		if h, ok := n.(*ast.Heading); ok && title == "" {
			title = d.text(h)
		}
	})
	if title == "" {
		return otherwise
	}
	return title
}

// text is what a node says, on one line.
func (d *document) text(n ast.Node) string {
	var b bytes.Buffer
	walk(n, func(n ast.Node) {
		switch x := n.(type) {
		case *ast.Text:
			b.Write(x.Value(d.source))
			if x.SoftLineBreak() || x.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.FencedCodeBlock:
			b.Write(x.Lines().Value(d.source))
		}
		if n.Type() == ast.TypeBlock {
			b.WriteByte(' ')
		}
	})
	return strings.Join(strings.Fields(b.String()), " ")
}

// links are where the links of chapters lead, by what stands in them without a fragment.
func (s *Site) links(leaves []leaf) map[string]string {
	out := map[string]string{"../README.md": "index.html"}
	for name := range s.Chapters {
		out[name] = fileOf(name)
	}
	for _, part := range s.Parts {
		for i, subject := range part.Subjects {
			out[path.Join(part.Folder, subject.Skill.Name+".yaml")] = part.Prefix + subject.Skill.Name + ".html"
			if i == 0 {
				out[path.Clean(part.Folder)] = part.Prefix + subject.Skill.Name + ".html"
			}
		}
	}
	for name := range s.Pictures {
		out[name] = name
	}
	return out
}

// relink leads the links of a chapter to pages of the site. What is none, and has no
// address of its own, is only text.
func relink(d *document, links map[string]string) {
	var dead []*ast.Link
	walk(d.root, func(n ast.Node) {
		l, ok := n.(*ast.Link)
		if !ok {
			return
		}
		to, fragment, _ := strings.Cut(string(l.Destination), "#")
		switch file, there := links[to]; {
		case strings.HasPrefix(to, "https://") || to == "":
		case !there:
			dead = append(dead, l)
		case fragment != "" && to != "../README.md":
			l.Destination = []byte(file + "#" + fragment)
		default:
			l.Destination = []byte(file)
		}
	})
	for _, l := range dead {
		for c := l.FirstChild(); c != nil; c = l.FirstChild() {
			l.Parent().InsertBefore(l.Parent(), l, c)
		}
		l.Parent().RemoveChild(l.Parent(), l)
	}
}

// navigation is what a page of the site has around it.
type navigation struct {
	Groups        []group
	Before, After *entry
}

// group is a part of the navigation.
type group struct {
	Title string
	Open  bool
	Pages []entry
}

// entry is a page in the navigation.
type entry struct {
	File, Title string
	Current     bool
}

// around is the navigation of a page; none is of the search.
func around(leaves []leaf, at int) *navigation {
	nav := &navigation{}
	for i, x := range leaves {
		if len(nav.Groups) == 0 || nav.Groups[len(nav.Groups)-1].Title != x.group {
			nav.Groups = append(nav.Groups, group{Title: x.group, Open: len(nav.Groups) == 0})
		}
		g := &nav.Groups[len(nav.Groups)-1]
		g.Open = g.Open || i == at
		e := entry{x.file, x.title, i == at}
		g.Pages = append(g.Pages, e)
		switch i {
		case at - 1:
			if at > 0 {
				nav.Before = &e
			}
		case at + 1:
			if at >= 0 {
				nav.After = &e
			}
		}
	}
	return nav
}
