package syntax_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

func BenchmarkParse(b *testing.B) {
	text := []byte("steps:\n" + strings.Repeat("- id: größe\n  uses: jira_get\n  with: {key: \"${{ inputs.key }}\", text: 'it''s'}\n", 800))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if n, list := syntax.Parse("f.yaml", text); n == nil || len(list) > 0 {
			b.Fatal(list)
		}
	}
}
