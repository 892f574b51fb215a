package scaffold_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/scaffold"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// TestScalar: whatever a person types is read as that text, in a line of its own and in
// brackets.
func TestScalar(t *testing.T) {
	t.Parallel()
	quoted := 0
	for _, text := range []string{
		"Greets people", "Look how full (it's) a disk is.", "/v1/orders", "grüßt", "", " ", "a ", " a", "-h", "- a", "a: b", "a:", "a #b", "#a", "a, b", "[a]", "{a}", "'a'", `"a"`, "a'", "*a", "&a", "!a", "%a",
		"@a", "`a`", "|", ">", "?", "true", "No", "null", "~", "12", "1.5", "1e3", "010", "2026-01-15", "a\nb: c", "\x1b[31m", "${{ x }}", "%{{ if x }}", `a\b`, "a\tb", "\u2028", "😀", "a/", "..", "=", "<<",
	} {
		out := scaffold.Scalar(text)
		if strings.HasPrefix(out, `"`) {
			quoted++
		}
		for _, file := range []string{"x: " + out + " # why\n", "x: [" + out + ", b]\n", "x: {y: " + out + "}\n"} {
			root, diags := syntax.Parse("x.yaml", []byte(file))
			if diags.HasErrors() {
				t.Errorf("%q: %v", file, diags)
				continue
			}
			n := root.Get("x")
			switch n.Kind {
			case syntax.Sequence:
				n = n.Items[0]
			case syntax.Mapping:
				n = n.Get("y")
			}
			if n.Tag != syntax.Str || n.Value != text {
				t.Errorf("%q reads as %s %q", file, n.Tag, n.Value)
			}
		}
	}
	if quoted < 30 || scaffold.Scalar("Greets people") != "Greets people" {
		t.Errorf("%d are quoted: those that need it, and no others", quoted)
	}
}
