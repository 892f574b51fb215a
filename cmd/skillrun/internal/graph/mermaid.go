package graph

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// colours are what the classes look like where a format has no dark mode of its own:
// dark letters on light ground, which both bear.
var colours = []struct{ class, fill, line, style string }{
	{"done", "#dff3e4", "#2f7d4f", ""},
	{"written", "#dce9fb", "#2559a8", ""},
	{"failed", "#fbe0e0", "#a8323a", ""},
	{"parked", "#fff1cc", "#8a6100", ""},
	{"skipped", "#eceef1", "#6e7781", "dashed"},
	{"pending", "#ffffff", "#6e7781", "dotted"},
}

const ink, line = "#1a1d21", "#6e7781"

// Mermaid writes the graph in the language of Mermaid, which GitHub and GitLab draw.
func (g *Graph) Mermaid(w io.Writer) error {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	g.mermaidItems(&b, "", "  ")
	for _, e := range g.Edges {
		arrow := map[EdgeKind]string{Fails: "-.->"}[e.Kind]
		if arrow == "" {
			arrow = "-->"
		}
		if e.Label != "" {
			arrow += `|"` + mermaidText(e.Label) + `"|`
		}
		fmt.Fprintf(&b, "  %s %s %s\n", e.From, arrow, e.To)
	}
	for _, c := range colours {
		dash := map[string]string{"dashed": ",stroke-dasharray:6 3", "dotted": ",stroke-dasharray:2 3"}[c.style]
		if g.has(c.class) {
			fmt.Fprintf(&b, "  classDef %s fill:%s,stroke:%s,color:%s%s\n", c.class, c.fill, c.line, ink, dash)
		}
	}
	for _, x := range g.Items {
		if x.Mark.Class != "" {
			fmt.Fprintf(&b, "  class %s %s\n", x.ID, x.Mark.Class)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g *Graph) has(class string) bool {
	for _, x := range g.Items {
		if x.Mark.Class == class {
			return true
		}
	}
	return false
}

func (g *Graph) mermaidItems(b *strings.Builder, in, margin string) {
	for _, x := range g.Items {
		if x.In != in {
			continue
		}
		text := `"` + mermaidText(x.heading())
		for _, l := range x.Lines[1:] {
			text += "<br/>" + mermaidText(l)
		}
		text += `"`
		if x.Cluster {
			fmt.Fprintf(b, "%ssubgraph %s [%s]\n", margin, x.ID, text)
			g.mermaidItems(b, x.ID, margin+"  ")
			fmt.Fprintf(b, "%send\n", margin)
			continue
		}
		sides := map[Shape][2]string{Write: {"[[", "]]"}, Round: {"([", "])"}, End: {"([", "])"}, Decision: {"{{", "}}"}, Exit: {">", "]"}}[x.Shape]
		if sides[0] == "" {
			sides = [2]string{"[", "]"}
		}
		fmt.Fprintf(b, "%s%s%s%s%s\n", margin, x.ID, sides[0], text, sides[1])
	}
}

// mermaidText writes everything but letters, digits and a few harmless signs as the
// number of the character: what Mermaid, and the Markdown and HTML that it knows in
// labels, would read is among the rest. An underscore within a word is harmless.
func mermaidText(s string) string {
	var b strings.Builder
	text := []rune(s)
	for i, r := range text {
		within := r == '_' && i > 0 && i+1 < len(text) && isWord(text[i-1]) && isWord(text[i+1])
		if isWord(r) || within || strings.ContainsRune(" .,:?'/+-()‹›✓✗✎○↻…–‖", r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "#%d;", r)
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.In(r, unicode.L, unicode.M, unicode.Nd) }
