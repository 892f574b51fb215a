package graph

import (
	"fmt"
	"io"
	"strings"
)

// DOT writes the graph in the language of Graphviz.
func (g *Graph) DOT(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotText(g.Title))
	fmt.Fprintf(&b, "  graph [rankdir=TB, compound=true, bgcolor=transparent, fontname=\"sans-serif\", fontcolor=%q, color=%q];\n", line, line)
	fmt.Fprintf(&b, "  node [fontname=\"sans-serif\", fontcolor=%q, style=filled, fillcolor=\"#ffffff\", color=%q];\n", ink, line)
	fmt.Fprintf(&b, "  edge [fontname=\"sans-serif\", fontcolor=%q, color=%q];\n", line, line)
	g.dotItems(&b, "", "  ")
	clusters := map[string]bool{}
	for _, x := range g.Items {
		clusters[x.ID] = x.Cluster
	}
	for _, e := range g.Edges {
		from, to := g.leaf(e.From), g.leaf(e.To)
		var a []string
		if e.Label != "" {
			a = append(a, "label="+dotText(e.Label))
		}
		if e.Kind == Fails {
			a = append(a, "style=dashed")
		}
		if clusters[e.From] {
			a = append(a, "ltail=cluster_"+e.From)
		}
		if clusters[e.To] {
			a = append(a, "lhead=cluster_"+e.To)
		}
		fmt.Fprintf(&b, "  %s -> %s [%s];\n", from, to, strings.Join(a, ", "))
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// leaf is an item that is no cluster: itself, or the first in it. An edge of Graphviz
// leads to one, and is cut at the border of the cluster.
func (g *Graph) leaf(id string) string {
	for _, x := range g.Items {
		if x.In == id {
			return g.leaf(x.ID)
		}
	}
	return id
}

func (g *Graph) dotItems(b *strings.Builder, in, margin string) {
	for _, x := range g.Items {
		if x.In != in {
			continue
		}
		label := dotText(strings.Join(append([]string{x.heading()}, x.Lines[1:]...), "\n"))
		if x.Cluster {
			fmt.Fprintf(b, "%ssubgraph cluster_%s {\n%s  label=%s;\n", margin, x.ID, margin, label)
			g.dotItems(b, x.ID, margin+"  ")
			fmt.Fprintf(b, "%s}\n", margin)
			continue
		}
		fmt.Fprintf(b, "%s%s [label=%s, %s];\n", margin, x.ID, label, dotStyle(x))
	}
}

func dotStyle(x Item) string {
	style := map[Shape]string{Write: "shape=box, peripheries=2", Round: "shape=box, style=\"filled,rounded\"", End: "shape=oval", Decision: "shape=hexagon", Exit: "shape=note"}[x.Shape]
	if style == "" {
		style = "shape=box"
	}
	for _, c := range colours {
		if c.class != x.Mark.Class {
			continue
		}
		style += fmt.Sprintf(", fillcolor=%q, color=%q", c.fill, c.line)
		if c.style != "" {
			style += ", style=\"filled," + c.style + "\""
		}
	}
	return style
}

// dotText is a quoted text: a backslash in it begins no sequence, and a quote does not
// end it. It is never one of the labels in angle brackets that Graphviz reads as HTML.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "&", "&amp;").Replace(s) + `"`
}
