package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"regexp"
	"strings"
	"sync"

	"charm.land/lipgloss/v2"
)

// Sizes of the picture, in its own units.
const (
	cellWidth  = 8.4
	cellHeight = 19
	margin     = 14
	between    = 18 // two screens
)

const (
	ground = "#16181d"
	ink    = "#d7dae0"
)

// palette are the sixteen colours of the picture's terminal.
var palette = map[string]string{
	"30": "#4b5263", "31": "#f0717b", "32": "#98c379", "33": "#e5c07b", "34": "#61afef", "35": "#c678dd", "36": "#56b6c2", "37": ink,
	"90": "#7f848e", "91": "#ff8b92", "92": "#b5e890", "93": "#ffd97a", "94": "#8cc8ff", "95": "#e2a0f5", "96": "#7fdbe6", "97": "#ffffff",
}

type pen struct {
	fill  string
	bold  bool
	faint bool
}

var escape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("\x1b\\[([0-9;]*)m|\x1b\\([A-Z0-9]|[\x0e\x0f]") })

// picture draws screens one above the other.
func picture(screens []screen, width int) []byte {
	var body bytes.Buffer
	w := float64(width)*cellWidth + 2*margin
	top := 0
	for _, s := range screens {
		high := len(s.lines)*cellHeight + 2*margin
		fmt.Fprintf(&body, "<rect y=\"%d\" width=\"%.0f\" height=\"%d\" rx=\"8\" fill=\"%s\"/>\n", top, w, high, ground)
		var p pen
		for i, l := range s.lines {
			p = line(&body, l, p, top+margin+(i+1)*cellHeight-5)
		}
		top += high + between
	}
	h := top - between
	return fmt.Appendf(nil, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %.0f %d\" xml:space=\"preserve\" role=\"img\" aria-label=\"A run of skillrun on a terminal\">\n"+
		"<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}</style>\n%s</svg>\n", w, h, w, h, body.String())
}

// line draws one line; the pen continues to the next.
func line(b *bytes.Buffer, s string, p pen, y int) pen {
	x := 0
	for at := escape().FindStringSubmatchIndex(s); at != nil; at = escape().FindStringSubmatchIndex(s) {
		x += letters(b, s[:at[0]], p, x, y)
		if at[2] >= 0 {
			p = p.change(s[at[2]:at[3]])
		}
		s = s[at[1]:]
	}
	letters(b, s, p, x, y)
	return p
}

// letters draws letters of one pen and returns how many cells they take. Their
// length is given, so that columns stand under each other in every font.
func letters(b *bytes.Buffer, text string, p pen, x, y int) int {
	cells := lipgloss.Width(text)
	word := strings.TrimLeft(text, " ")
	x += cells - lipgloss.Width(word)
	word = strings.TrimRight(word, " ")
	if word == "" {
		return cells
	}
	style := ""
	if p.bold {
		style += ` font-weight="bold"`
	}
	if p.faint {
		style += ` opacity="0.6"`
	}
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\" lengthAdjust=\"spacingAndGlyphs\" fill=\"%s\"%s>%s</text>\n",
		margin+float64(x)*cellWidth, y, float64(lipgloss.Width(word))*cellWidth, cmp.Or(p.fill, ink), style, html.EscapeString(word))
	return cells
}

// change applies the numbers of one escape sequence.
func (p pen) change(codes string) pen {
	for code := range strings.SplitSeq(codes, ";") {
		switch {
		case code == "" || code == "0":
			p = pen{}
		case code == "1":
			p.bold = true
		case code == "2":
			p.faint = true
		case code == "22":
			p.bold, p.faint = false, false
		case code == "39":
			p.fill = ""
		case palette[code] != "":
			p.fill = palette[code]
		}
	}
	return p
}
