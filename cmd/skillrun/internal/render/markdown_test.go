package render_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
)

// TestSummaryOnATerminal: what a summary has of Markdown is drawn, and nothing
// else of it is touched.
func TestSummaryOnATerminal(t *testing.T) {
	t.Parallel()
	const b, o, u, v = "\x1b[1m", "\x1b[22m", "\x1b[4m", "\x1b[24m"
	for in, want := range map[string]string{
		"## Release Summary":                 b + "Release Summary" + o,
		"# A **strong** head ##":             b + "A strong head" + o,
		"#61250 is no heading":               "#61250 is no heading",
		"**From:** abc (current prod)":       b + "From:" + o + " abc (current prod)",
		"2 ** 3 ** 4":                        "2 ** 3 ** 4",
		"- one\n  * two\n-three":             "• one\n  • two\n-three",
		"1. Get approval":                    "1. Get approval",
		"see [!12](https://g.example.com/a)": "see " + u + "!12" + v + " (https://g.example.com/a)",
		"[x](javascript:alert)":              "[x](javascript:alert)",
		"```\n# no\n- no\n```\n# yes":        "```\n# no\n- no\n```\n" + b + "yes" + o,
		"- \x1b[2J**\x1b[31mred**":           "• ␛[2J" + b + "␛[31mred" + o,
	} {
		if d := cmp.Diff(want, render.Markdown(in)); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
}
