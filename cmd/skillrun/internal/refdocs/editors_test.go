package refdocs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/expr-lang/expr/parser/operator"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/types"
)

// grammarTemplate is the grammar by which editors colour skills, with words between @
// for what the engine says.
const grammarTemplate = "editors/vscode/syntaxes/skillrun.template.json"

// grammar is the template with the engine's words: the keys behind which an expression
// stands, or names that the author of a skill chooses, the functions, and the operators
// that are words.
func grammar(t *testing.T) string {
	t.Helper()
	var functions, bare, named []string
	for _, f := range stdlib.Functions() {
		functions = append(functions, f.Name)
		if f.Alias != "" {
			functions = append(functions, f.Alias)
		}
	}
	for _, mapping := range check.Keys() {
		for _, key := range mapping {
			switch of := key.Value; {
			case of.Reading == keys.Bare, of.Elem != nil && of.Elem.Reading == keys.Bare:
				bare = append(bare, key.Name)
			case of.Type.Kind == types.Map:
				named = append(named, key.Name)
			}
		}
	}
	return strings.NewReplacer(
		"@keys@", words(bare), "@names@", words(named), "@functions@", words(functions), "@words@", words(operatorWords()),
	).Replace(read(t, grammarTemplate))
}

// words is a regular expression for any of some words.
func words(list []string) string {
	slices.Sort(list)
	return strings.Join(slices.Compact(list), "|")
}

// operatorWords are the operators that are words: of the parser's, those that are the
// language's too.
func operatorWords() []string {
	words := []string{"let", "not"}
	for op := range operator.Binary {
		if _, problems := expr.Parse(`"a" ` + op + ` "b"`); len(problems) == 0 && stdlib.IsName(op) {
			words = append(words, op)
		}
	}
	return words
}

// TestGrammar holds the grammar of editors against the engine. It is not parallel: it
// may write.
func TestGrammar(t *testing.T) {
	hold(t, "editors/vscode/syntaxes/skillrun.tmLanguage.json", grammar(t))
}

// TestEditorsPage: the settings on the page of editors can be read, those for VS Code are
// the extension's, and the comment that names a schema is the one that skillrun writes of.
func TestEditorsPage(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/editors.md")
	var extension struct {
		Contributes struct {
			Languages     []struct{ ID string }
			Configuration struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "editors/vscode/package.json")), &extension); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		if m[1] != "json" {
			continue
		}
		seen++
		var settings map[string]any
		if err := json.Unmarshal([]byte(m[2]), &settings); err != nil {
			t.Errorf("%v in\n%s", err, m[2])
		}
		for name, v := range settings {
			if _, known := extension.Contributes.Configuration.Properties[name]; !known && strings.HasPrefix(name, "skillrun") {
				t.Errorf("the extension has no setting %s", name)
			}
			if kinds, is := v.(map[string]any); is && name == "files.associations" {
				for _, kind := range kinds {
					if kind != extension.Contributes.Languages[0].ID {
						t.Errorf("the extension has no language %s", kind)
					}
				}
			}
		}
	}
	if seen < 2 || !strings.Contains(page, "\n"+schemas.Modeline("skill.schema.json")+"\n") {
		t.Errorf("the page has %d settings in JSON, or lacks the comment", seen)
	}
}
