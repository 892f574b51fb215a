package book

import (
	_ "embed"
	"html/template"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// searchScript hides what does not fit. Without it, the page lists everything.
//
//go:embed search.js
var searchScript string

// longestExcerpt bounds what the search knows of a section, in characters.
const longestExcerpt = 500

// searchPage lists the sections of all pages; those of a skill's page as one.
func searchPage(leaves []leaf) template.HTML {
	var b strings.Builder
	b.WriteString("<h1>Search</h1>\n<p id=\"found\" role=\"status\"></p>\n<ul class=\"results\">\n")
	for _, x := range leaves {
		if x.whole {
			result(&b, x.file, x.title+" – "+x.group, x.doc.text(x.doc.root))
			continue
		}
		x.sections(func(id, title, text string) {
			to := x.file
			if id != "" {
				to += "#" + id
			}
			result(&b, to, title, text)
		})
	}
	b.WriteString("</ul>\n")
	return template.HTML(b.String()) // of texts that are escaped
}

func result(b *strings.Builder, to, title, text string) {
	if r := []rune(text); len(r) > longestExcerpt {
		text = string(r[:longestExcerpt]) + "…"
	}
	b.WriteString(`<li><a href="` + template.HTMLEscapeString(to) + `">` + template.HTMLEscapeString(title) + "</a><p>" + template.HTMLEscapeString(text) + "</p></li>\n")
}

// sections visits the headings of a chapter, each with the text up to the next one.
func (x leaf) sections(visit func(id, title, text string)) {
	id, title, text := "", x.title, ""
	for n := x.doc.root.FirstChild(); n != nil; n = n.NextSibling() {
		h, ok := n.(*ast.Heading)
		if !ok {
			text += " " + x.doc.text(n)
			continue
		}
		if h.Level == 1 {
			continue
		}
		visit(id, title, strings.TrimSpace(text))
		id, title, text = idOf(h), x.title+" › "+x.doc.text(h), ""
	}
	visit(id, title, strings.TrimSpace(text))
}
