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
		render.Diagnostics(&out, list, render.Sources{"a.yaml": []byte("a: b c")}, colour)
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
