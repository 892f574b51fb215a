package index_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/index"
)

// large is a skill of n steps: some have conditions, and most read steps before them.
func large(n int) string {
	var out strings.Builder
	out.WriteString("name: large\ninputs: {image: {type: string, required: true}}\nsteps:\n  - {id: s0, uses: look, with: {image: a}}\n")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&out, "  - id: s%d\n", i)
		switch i % 5 {
		case 0:
			fmt.Fprintf(&out, "    if: inputs.image != 'none'\n    uses: ship\n    with: {image: \"${{ steps.s%d.url }}\"}\n", i/5*5-4)
		case 1, 2:
			fmt.Fprintf(&out, "    uses: look\n    with:\n      image: \"${{ inputs.image }}:${{ upper(steps.s0.digest) }}\"\n")
		default:
			fmt.Fprintf(&out, "    set:\n      a: \"${{ steps.s%d.url }}\"\n      b: [one, \"${{ inputs.image }}\"]\n", i/5*5+1)
		}
	}
	return out.String()
}

func BenchmarkLinted(b *testing.B) {
	text, w := []byte(large(500)), world()
	w.Lint = true
	for b.Loop() {
		index.Build("large.yaml", text, 0, w)
	}
}

func BenchmarkBuild(b *testing.B) {
	text := []byte(large(500))
	if x := index.Build("large.yaml", text, 0, world()); len(x.Diags) > 0 {
		b.Fatal(x.Diags)
	}
	for b.Loop() {
		index.Build("large.yaml", text, 0, world())
	}
}

func BenchmarkComplete(b *testing.B) {
	text := large(500) + "  - id: x\n    set: {a: \"${{ steps.\n"
	at := diag.Pos{Line: strings.Count(text, "\n"), Col: len("    set: {a: \"${{ steps.") + 1}
	for b.Loop() {
		if items := index.Complete("large.yaml", text, at, world()); len(items) != 500 {
			b.Fatal(len(items))
		}
	}
}
