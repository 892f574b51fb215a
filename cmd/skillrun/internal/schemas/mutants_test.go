package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
)

// ofSchemas are the codes of mistakes that a schema sees: what is wrong with the shape of
// a file, and not with what an expression says or another file holds.
var ofSchemas = []string{
	"unknown-key", "missing-key", "unknown-argument", "missing-argument", "two-kinds", "no-kind", "misplaced-key",
	"bad-id", "bad-step", "bad-steps", "bad-with", "bad-set", "bad-await", "bad-return", "bad-declaration", "bad-identity",
	"bad-outputs", "bad-errors", "bad-duration", "bad-enum", "unknown-type", "unknown-format", "unknown-code",
}

// TestMutants changes each shipped skill in many ways, and holds the schema against the
// checker: what the checker refuses for its shape alone the schema refuses, and what the
// checker takes the schema accepts.
func TestMutants(t *testing.T) {
	t.Parallel()
	schema, world := compiled(t)["skill"], check.World{Catalogue: catalogue(t)}
	files, err := filepath.Glob(filepath.Join(root, "examples/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	n, refused, taken := 0, 0, 0
	for _, file := range append(files, filepath.Join(root, "skills/release_aa_backend_prod.yaml")) {
		if schemaOf(file) != "skill" {
			continue
		}
		whole := data(t, file)
		if _, diags := check.File(file, encode(t, whole), world); diags.HasErrors() {
			continue // it calls what this world has not
		}
		mutate(whole, nil, func(at []string, value any) {
			if n++; n%stride != 0 {
				return
			}
			text := encode(t, whole)
			_, diags := check.File(file, text, world)
			doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			wrong := schema.Validate(doc)
			shape := !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool {
				return (!slices.Contains(ofSchemas, string(d.Code)) || ofNames(d)) && !(d.Code == "type-mismatch" && len(diags) == 1 && isArgument(at, value))
			})
			switch {
			case !diags.HasErrors():
				if taken++; wrong != nil && !isWord(value) {
					t.Errorf("%s: check takes this, and the schema does not: %v\n%s", file, wrong, text)
				}
			case shape:
				if refused++; wrong == nil {
					t.Errorf("%s: check refuses this, and the schema does not: %v\n%s", file, diags[0], text)
				}
			}
		})
	}
	if refused < 100 || taken < 50 {
		t.Errorf("of %d mutants only %d are refused for their shape, and %d taken", n/stride, refused, taken)
	}
	t.Logf("%d mutants, %d refused for their shape, %d taken", n/stride, refused, taken)
}

// stride is how many mutants there are for each that is tried.
const stride = 17

func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ofNames reports whether a mistake of the shape is one only because of what something
// else is called, or is.
func ofNames(d diag.Diagnostic) bool {
	return strings.Contains(d.Message, "has no output") || strings.Contains(d.Message, "a loop that writes needs a key")
}

// isArgument reports whether a value that is written out stands among arguments, or as a
// default.
func isArgument(at []string, value any) bool {
	return value != hole && (slices.Contains(at, "with") || at[len(at)-1] == "default")
}

// isWord reports whether YAML reads a value as no text, and the checker as the word that
// stands there: where it wants a name, or a pattern.
func isWord(value any) bool { return value == nil || value == true || value == json.Number("5") }

// hole is a text that is an integer.
const hole = "${{ 1 }}"

// mutate calls f with each of many changes made, one at a time: where it is, and what
// stands there.
func mutate(v any, at []string, f func(at []string, value any)) {
	change := func(key string, set func(any), was any) {
		here := append(slices.Clip(at), key)
		for _, other := range []any{json.Number("5"), true, "text", "Text 7", hole, "5m", []any{}, map[string]any{}, nil} {
			set(other)
			f(here, other)
		}
		set(was)
		mutate(was, here, f)
	}
	switch v := v.(type) {
	case map[string]any:
		v["zzz"] = json.Number("1")
		f(append(slices.Clip(at), "zzz"), "")
		delete(v, "zzz")
		for _, key := range slices.Sorted(maps.Keys(v)) {
			was := v[key]
			delete(v, key)
			f(append(slices.Clip(at), key), "")
			change(key, func(other any) { v[key] = other }, was)
		}
	case []any:
		for i := range v {
			change("", func(other any) { v[i] = other }, v[i])
		}
	}
}
