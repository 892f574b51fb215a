package lsp

import (
	"net/url"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/skillrun/skillrun/engine/diag"
)

// units are what the editor counts columns in; the engine counts characters.
type units = protocol.PositionEncodingKind

// lines are the lines of a text, without what ends them.
type lines []string

func linesOf(text string) lines {
	out := strings.Split(text, "\n")
	for i, line := range out {
		out[i] = strings.TrimSuffix(line, "\r")
	}
	return out
}

func (l lines) line(n int) string {
	if n < 0 || n >= len(l) {
		return ""
	}
	return l[n]
}

// width is how many units a character has.
func width(r rune, u units) int {
	switch {
	case u == protocol.PositionEncodingKindUTF8:
		return utf8.RuneLen(r)
	case u == protocol.PositionEncodingKindUTF16 && r > 0xffff:
		return 2
	}
	return 1
}

// place is where the engine has a position of the editor.
func (l lines) place(p protocol.Position, u units) diag.Pos {
	out, left := diag.Pos{Line: int(p.Line) + 1, Col: 1}, int(p.Character)
	for _, r := range l.line(int(p.Line)) {
		if left -= width(r, u); left < 0 {
			break
		}
		out.Col++
	}
	return out
}

// position is where the editor has a place.
func (l lines) position(at diag.Pos, u units) protocol.Position {
	line, units, left := max(at.Line-1, 0), 0, at.Col-1
	for _, r := range l.line(line) {
		if left--; left < 0 {
			break
		}
		units += width(r, u)
	}
	return protocol.Position{Line: uint32(line), Character: uint32(units)}
}

func (l lines) span(r diag.Range, u units) protocol.Range {
	return protocol.Range{Start: l.position(r.Start, u), End: l.position(r.End, u)}
}

// byteAt is the offset of a position in a text.
func byteAt(text string, p protocol.Position, u units) int {
	from := 0
	for range p.Line {
		n := strings.IndexByte(text[from:], '\n')
		if n < 0 {
			return len(text)
		}
		from += n + 1
	}
	left := int(p.Character)
	line, _, _ := strings.Cut(text[from:], "\n")
	for i, r := range strings.TrimSuffix(line, "\r") {
		if left -= width(r, u); left < 0 {
			return from + i
		}
	}
	return from + len(strings.TrimSuffix(line, "\r"))
}

// pathOf is the path of a file that a URI names, "" of anything else.
func pathOf(u uri.URI) string {
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme != "file" || parsed.Host != "" && parsed.Host != "localhost" || !filepath.IsAbs(parsed.Path) {
		return ""
	}
	return filepath.Clean(parsed.Path)
}

func uriOf(path string) uri.URI {
	return uri.URI((&url.URL{Scheme: "file", Path: path}).String())
}
