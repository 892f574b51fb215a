package render_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
)

// asked is a forecast with a write before a question and one behind it.
func asked() plan.Forecast {
	return plan.Forecast{
		Writes: []plan.Write{{Path: "a", Node: "a", Name: "File it", Outcome: plan.Create}, {Path: "b", Node: "b", Name: "Merge it", Outcome: plan.Create}},
		Questions: []plan.Question{{
			Kind: plan.Approve, Path: "ok", Node: "ok", Name: "ok", Message: "Merge it now?", After: 1,
			Show: `[{"key":"AAP-1","status":"Done"},{"key":"AAP-22","owner":"ann"}]`,
		}},
	}
}

// TestQuestionBeforeWhatItGuards: a plan lists a question where the run comes to
// it, with what it shows as a table.
func TestQuestionBeforeWhatItGuards(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	render.Plan(&b, plan.Plan{Forecast: asked()}, false)
	_, got, _ := strings.Cut(b.String(), "1. File it\n")
	got, _, _ = strings.Cut(got, "\n2 writes")
	want := `
asks   ok
       Merge it now?
       key     status  owner
       AAP-1   Done
       AAP-22          ann

2. Merge it
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestQuestionComesLast: what a person is asked stands behind all that is about to
// be written, where a small screen shows it.
func TestQuestionComesLast(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		show any
		want string
	}{
		"an object": {map[string]any{"version": "1.2", "notes": "one\ntwo"}, "    notes    one two\n    version  1.2\n"},
		"a list":    {[]any{"a", 7}, "    a\n    7\n"},
		"a table":   {[]any{map[string]any{"n": 1, "long": strings.Repeat("x", 99)}}, "    long" + strings.Repeat(" ", 58) + "n\n    " + strings.Repeat("x", 59) + "…  1\n"},
		"a text":    {"see [AAP-1]", "    see [AAP-1]\n"},
		"a control": {map[string]any{"a": "\x1b[2J"}, ""},
		"nothing":   {nil, "\n\n  Merge it now?\n"},
	} {
		var b strings.Builder
		render.Question(&b, engine.Question{Node: "ok", Message: "Merge it now?", Show: tt.show, Forecast: asked()}, false)
		got := b.String()
		writes, question := strings.Index(got, "2. Merge it"), strings.Index(got, "Merge it now?")
		if writes < 0 || question < writes || strings.Count(got, "Merge it now?") != 1 {
			t.Errorf("%s: the question does not come last, once:\n%s", name, got)
		}
		if !strings.HasSuffix(got, tt.want) || strings.Contains(got, "\x1b") {
			t.Errorf("%s: want it to end in %q:\n%q", name, tt.want, got)
		}
	}
}
