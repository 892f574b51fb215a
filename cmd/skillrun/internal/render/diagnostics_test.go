package render_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/diag"
)

// TestDiagnosticsInColour: the severity and the carets are painted, and without
// colour nothing is.
func TestDiagnosticsInColour(t *testing.T) {
	t.Parallel()
	var list diag.List
	at := diag.Range{File: "a.yaml", Start: diag.Pos{Line: 1, Col: 3}, End: diag.Pos{Line: 1, Col: 5}}
	list.Errorf("x", at, "wrong")
	list.Warnf("y", at, "odd")
	for colour, want := range map[bool][]string{
		true:  {"a.yaml:1:3: \x1b[1;31merror\x1b[0m: wrong [x]", "|   \x1b[1;31m^^\x1b[0m", "\x1b[1;33mwarning\x1b[0m: odd [y]"},
		false: {"a.yaml:1:3: error: wrong [x]\n", "|   ^^\n", "warning: odd [y]\n"},
	} {
		var out strings.Builder
		render.Diagnostics(&out, list, render.Sources{"a.yaml": []byte("a: b c")}, render.Look{Colour: colour})
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("colour %v: no %q in %q", colour, w, out.String())
			}
		}
		if strings.Contains(out.String(), "mistakes") || !colour && strings.Contains(out.String(), "\x1b") {
			t.Errorf("colour %v: %q", colour, out.String())
		}
	}
}

// TestLongLines: of a long line only the part around the place is printed, and of
// many diagnostics the first hundred.
func TestLongLines(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("a", 100_000) + "HERE" + strings.Repeat("b", 100_000)
	var list diag.List
	for range 5000 {
		list.Errorf("x", diag.Range{File: "f", Start: diag.Pos{Line: 1, Col: 100_001}, End: diag.Pos{Line: 1, Col: 100_005}}, "no")
	}
	var b strings.Builder
	render.Diagnostics(&b, list, render.Sources{"f": []byte(line)}, render.Look{})
	got := b.String()
	want := "  1 | …" + strings.Repeat("a", 49) + "HERE" + strings.Repeat("b", 145) + "…\n    | " + strings.Repeat(" ", 50) + "^^^^\n"
	if len(got) > 60_000 || strings.Count(got, "error:") != 100 || !strings.Contains(got, want) {
		t.Errorf("%d bytes, %d errors, begins\n%.700s", len(got), strings.Count(got, "error:"), got)
	}
	if !strings.HasSuffix(got, "and at least 4900 more\n5000 mistakes; nothing was run\n") {
		t.Errorf("it ends %q", got[len(got)-80:])
	}
}

// TestExcerptOnATerminal: the line and the carets under it are one row each, and the
// carets stand under the place, wherever in the line it is.
func TestExcerptOnATerminal(t *testing.T) {
	t.Parallel()
	hello := `  - {id: image, uses: quay_get_tga, with: {repository: "${{ config.quay_repository }}", tag: "${{ inputs.tag }}"}}`
	for _, c := range []struct{ line, place string }{
		{hello, "quay_get_tga"}, {hello, "config.quay_repository"}, {hello, "inputs.tag"}, {hello, "id"}, {hello, "}}"},
		{strings.Repeat("é", 79) + "x", "x"}, {"\t\t\t\t" + hello, "inputs"}, {strings.Repeat("漢", 60) + " here " + strings.Repeat("漢", 60), "here"},
	} {
		for _, width := range []int{22, 60, 80, 81, 300} {
			col := len([]rune(c.line[:strings.Index(c.line, c.place)])) + 1
			var list diag.List
			list.Errorf("x", diag.Range{File: "f", Start: diag.Pos{Line: 8, Col: col}, End: diag.Pos{Line: 8, Col: col + len(c.place)}}, "no")
			var b strings.Builder
			to := render.Wrapper{W: &b, Width: func() int { return width }}
			render.Diagnostics(to, list, render.Sources{"f": []byte(strings.Repeat("\n", 7) + c.line)}, render.Look{Width: width})
			rows := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
			if len(rows) != 3 {
				t.Errorf("%d columns, %s: %d rows\n%s", width, c.place, len(rows), b.String())
				continue
			}
			line, carets := []rune(rows[1]), []rune(rows[2])
			at := strings.Index(rows[2], "^")
			if n := len(carets) - at; at < 0 || !strings.HasPrefix(c.place, strings.TrimSuffix(string(line[at:at+n]), "…")) {
				t.Errorf("%d columns, %s:\n%s", width, c.place, b.String())
			}
		}
	}
}
