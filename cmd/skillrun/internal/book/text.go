package book

import (
	"fmt"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/types"
)

// page is Markdown that is being written.
type page struct{ strings.Builder }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

func (p *page) section(title string) { p.printf("## %s\n\n", title) }

// lines writes a text between fences that it cannot end.
func (p *page) lines(language, text string) {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	p.printf("%s%s\n%s\n%s\n\n", fence, language, strings.TrimRight(render.Clean(text), "\n"), fence)
}

// table writes a head and rows. Each cell is Markdown of one line.
func (p *page) table(head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.printf("| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, r := range rows {
		p.printf("| %s |\n", strings.Join(r, " | "))
	}
	p.printf("\n")
}

// holes are the expressions in a text.
var holes = types.Pattern(`[$]\{\{\s*(.*?)\s*\}\}`)

// flat is a text on one line, with the expressions that a run fills in marked.
func flat(s string) string {
	return holes().ReplaceAllString(strings.Join(strings.Fields(render.Flat(s)), " "), "‹$1›")
}

// plain is a text from outside as Markdown that says just that: on one line, also in a
// cell of a table.
func plain(s string) string {
	var b strings.Builder
	for _, r := range flat(s) {
		if strings.ContainsRune("\\`*_{}[]()<>#+-!|~&$@:", r) {
			switch r {
			case '<':
				b.WriteString("&lt;")
				continue
			case '&':
				b.WriteString("&amp;")
				continue
			case '@', ':', '-', '(', ')': // only where GitHub would make a link or a list
				b.WriteRune(r)
				continue
			}
			b.WriteRune('\\')
		}
		b.WriteRune(r)
	}
	return strings.NewReplacer("://", ":&#47;/", "@", "&#64;").Replace(b.String())
}

// code is a text from outside between backquotes, also in a cell of a table.
func code(s string) string {
	s = flat(s)
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if len(fence) > 1 || strings.HasPrefix(s, "`") {
		s = " " + s + " "
	}
	return fence + strings.ReplaceAll(s, "|", `\|`) + fence
}

// joined are texts as code, with a word before the last.
func joined(names []string, word string) string {
	var out []string
	for _, n := range names {
		out = append(out, code(n))
	}
	if len(out) < 2 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:len(out)-1], ", ") + " " + word + " " + out[len(out)-1]
}

// sentence is a text from outside, with a full stop where it has no end.
func sentence(s string) string {
	s = plain(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}
