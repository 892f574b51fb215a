package check

import (
	"os"
	"strings"
	"testing"
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
