package check

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/step"
)

// TestKeysAreDescribed: the language page names every key of a step and of a
// skill, each modifier with the kinds that it goes with.
func TestKeysAreDescribed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, key := range append(stepKeys().Names(), skillKeys.Names()...) {
		if !strings.Contains(page, "`"+key+"`") && !strings.Contains(page, "`"+key+": ") && !strings.Contains(page, "\n"+key+": ") {
			t.Errorf("docs/language.md does not describe %s", key)
		}
	}
	for _, m := range modifiers {
		if len(m.kinds) == 0 || len(m.kinds) > 4 { // the page says: all, or all but some
			continue
		}
		row := "| `" + m.key.Name + "` | `" + strings.Join(m.kinds, "`, `") + "` |"
		if !strings.Contains(page, row) {
			t.Errorf("docs/language.md has no row %s", row)
		}
	}
}

// TestExpressionKeys: the keys that the table says hold expressions are those whose
// text the checker reads as one. Each key of the language is given one that ends too
// early, which is fine where a text stands.
func TestExpressionKeys(t *testing.T) {
	t.Parallel()
	around := map[string][]string{
		"skill": {"%s\nsteps: [{id: a, set: {x: 1}}]\n"},
		"step": {
			"steps:\n  - {id: a, for_each: '[1]', set: {x: 1}, %s}\n",
			"steps: [{id: a, set: {x: 1}, %s}]\n", "steps: [{id: a, %s}]\n",
		},
		"await": {"steps: [{id: a, await: {uses: look, %s}}]\n"},
		"retry": {"steps: [{id: a, uses: look, retry: {%s}}]\n"},
	}
	look := step.Read("look", "Look.", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	world := World{Catalogue: step.NewCatalogue([]step.Step{look})}
	reads := func(text string) bool {
		_, diags := File("s.yaml", []byte("name: s\n"+text), world)
		return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
			return strings.Contains(d.Message, "the expression ends too early")
		})
	}
	for place, mapping := range Keys() {
		for _, key := range mapping {
			value, listed := "'1 +'", key.Value.Reading == keys.Bare
			if e := key.Value.Elem; e != nil && e.Reading == keys.Bare {
				value, listed = "['1 +']", true
			}
			found := slices.ContainsFunc(around[place], func(text string) bool {
				return reads(fmt.Sprintf(text, key.Name+": "+value))
			})
			if found != listed {
				t.Errorf("%s, of a %s, is an expression: %v in the table, %v to the checker", key.Name, place, listed, found)
			}
		}
	}
}
