package graph

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Style are the rules for an SVG that stands in a page, which carries them itself. They
// follow the reader's light or dark mode.
const Style = `.flow{--ink:#1a1d21;--line:#59636e;--ground:#ffffff;--done:#dff3e4;--written:#dce9fb;--failed:#fbe0e0;--parked:#fff1cc;--idle:#eceef1}
@media (prefers-color-scheme:dark){.flow{--ink:#e8eaed;--line:#9aa4b0;--ground:#1b1f24;--done:#173822;--written:#16314f;--failed:#4a1d20;--parked:#443407;--idle:#2a2f36}}
.flow text{font:13px system-ui,sans-serif;fill:var(--ink)}
.flow .name{font-weight:600}
.flow .shape{fill:var(--ground);stroke:var(--line);stroke-width:1.3}
.flow .cluster{fill:none;stroke:var(--line);stroke-dasharray:2 4}
.flow .edge{fill:none;stroke:var(--line);stroke-width:1.3}
.flow .fails{stroke-dasharray:5 4}
.flow .head{fill:var(--line)}
.flow .done .shape{fill:var(--done)}
.flow .written .shape{fill:var(--written);stroke-width:2.2}
.flow .failed .shape{fill:var(--failed);stroke-width:2.2}
.flow .parked .shape{fill:var(--parked)}
.flow .skipped .shape{fill:var(--idle);stroke-dasharray:6 3}
.flow .pending .shape{stroke-dasharray:2 3}
`

// SVG writes the graph as a picture of its own.
func (g *Graph) SVG(w io.Writer) error { return g.svg(w, true) }

// Inline writes the graph as an element of a page that has [Style].
func (g *Graph) Inline(w io.Writer) error { return g.svg(w, false) }

const margin, lineHeight = 14, 18

func (g *Graph) svg(w io.Writer, alone bool) error {
	p := g.layout(sizeOf)
	var b strings.Builder
	space := ""
	if alone {
		space = ` xmlns="http://www.w3.org/2000/svg"`
	}
	wide, high := p.w+2*margin, p.h+2*margin
	fmt.Fprintf(&b, "<svg%s class=\"flow\" role=\"img\" aria-label=\"Flow of %s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", space, xmlText(g.Title), wide, high, wide, high)
	if alone {
		b.WriteString("<style>" + Style + ".flow{background:var(--ground)}</style>\n")
	}
	fmt.Fprintf(&b, "<g transform=\"translate(%d %d)\">\n", margin, margin)
	for _, x := range g.Items {
		drawItem(&b, x, p.boxes[x.ID])
	}
	for _, e := range g.Edges {
		drawEdge(&b, e, p.boxes[e.From], p.boxes[e.To])
	}
	b.WriteString("</g>\n</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// sizeOf is the room for an item's lines, or for the title of a cluster.
func sizeOf(x Item) (w, h int) {
	lines := linesOf(x)
	for _, l := range lines {
		w = max(w, width(l))
	}
	w, h = w+24, len(lines)*lineHeight+14
	if x.Shape == Decision {
		w += 24
	}
	if x.Cluster {
		h -= 10
	}
	return w, h
}

// width is how wide a text may be, in the letters of whichever font it is shown.
func width(s string) int {
	w := 0
	for _, r := range s {
		switch {
		case r > 0x2e80:
			w += 15
		case unicode.IsUpper(r) || strings.ContainsRune("mwMW@%✓✗✎○↻", r):
			w += 10
		default:
			w += 8
		}
	}
	return w
}

// linesOf are the lines of an item, broken between words.
func linesOf(x Item) []string {
	out := broken(x.heading())
	for _, l := range x.Lines[1:] {
		out = append(out, broken(l)...)
	}
	return out
}

const longest, mostLines = 36, 4

func broken(s string) []string {
	var out []string
	now := ""
	for _, word := range strings.Fields(s) {
		for len([]rune(word)) > longest {
			if now != "" {
				out, now = append(out, now), ""
			}
			out, word = append(out, string([]rune(word)[:longest])), string([]rune(word)[longest:])
		}
		if now != "" && len([]rune(now))+1+len([]rune(word)) > longest {
			out, now = append(out, now), ""
		}
		now = strings.TrimSpace(now + " " + word)
	}
	if now != "" {
		out = append(out, now)
	}
	if len(out) > mostLines {
		out = append(out[:mostLines-1:mostLines-1], out[mostLines-1]+" …")
	}
	return out
}

func drawItem(b *strings.Builder, x Item, at box) {
	fmt.Fprintf(b, "<g class=\"%s\">", x.Mark.Class)
	y := at.y + (at.h-len(linesOf(x))*lineHeight)/2
	switch {
	case x.Cluster:
		fmt.Fprintf(b, `<rect class="cluster" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, at.x, at.y, at.w, at.h)
		y = at.y + 6
	case x.Shape == Decision:
		fmt.Fprintf(b, `<path class="shape" d="M%d %dh%dl12 %dl-12 %dh-%dl-12 -%dz"/>`, at.x+12, at.y, at.w-24, at.h/2, at.h-at.h/2, at.w-24, at.h-at.h/2)
	case x.Shape == Exit:
		fmt.Fprintf(b, `<path class="shape" d="M%d %dh%dl10 10v%dh-%dz"/>`, at.x, at.y, at.w-10, at.h-10, at.w)
	default:
		round := map[Shape]int{Box: 4, Write: 2}[x.Shape]
		if x.Shape == Round || x.Shape == End {
			round = at.h / 2
		}
		fmt.Fprintf(b, `<rect class="shape" x="%d" y="%d" width="%d" height="%d" rx="%d"/>`, at.x, at.y, at.w, at.h, round)
		if x.Shape == Write {
			fmt.Fprintf(b, `<path class="edge" d="M%d %dv%dM%d %dv%d"/>`, at.x+6, at.y, at.h, at.x+at.w-6, at.y, at.h)
		}
	}
	name := len(broken(x.heading()))
	for i, l := range linesOf(x) {
		class := ""
		if i < name && x.Shape != Exit {
			class = ` class="name"`
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle"%s>%s</text>`, at.middle(), y+i*lineHeight+13, class, xmlText(l))
	}
	b.WriteString("</g>\n")
}

// drawEdge leads from one box to another one: down, to a side branch, or back from one.
func drawEdge(b *strings.Builder, e Edge, from, to box) {
	turn := to.y - layerGap/2
	var x, y int // of the label
	switch {
	case e.Kind == Fails:
		at := from.y + min(from.h, to.h)/2
		fmt.Fprintf(b, `<path class="edge fails" d="M%d %dH%d"/>`, from.x+from.w, at, to.x-7)
		fmt.Fprintf(b, `<path class="head" d="M%d %dl-8 -4v8z"/>`, to.x, at)
		x, y = from.x+from.w+(to.x-from.x-from.w)/2, at-5
	case e.Kind == Yes:
		fmt.Fprintf(b, `<path class="edge" d="M%d %dH%dV%d"/>`, from.x+from.w, from.y+from.h/2, to.middle(), to.y-7)
		x, y = from.x+from.w+8+width(e.Label)/2, from.y+from.h/2-5
	default:
		fmt.Fprintf(b, `<path class="edge" d="M%d %dV%dH%dV%d"/>`, from.middle(), from.y+from.h, turn, to.middle(), to.y-7)
		x, y = from.middle()+8+width(e.Label)/2, from.y+from.h+14
	}
	if e.Kind != Fails {
		fmt.Fprintf(b, `<path class="head" d="M%d %dl-4 -8h8z"/>`, to.middle(), to.y)
	}
	if e.Label != "" {
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`, x, y, xmlText(e.Label))
	}
	b.WriteString("\n")
}

func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes all
	return b.String()
}
