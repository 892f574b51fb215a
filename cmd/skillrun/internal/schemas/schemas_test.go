package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps"
)

// root is the folder of the module.
const root = "../../../.."

// TestShipped: the schemas accept every file that is shipped.
func TestShipped(t *testing.T) {
	t.Parallel()
	all := compiled(t)
	seen := map[string]int{}
	for _, pattern := range []string{"skills/*.yaml", "examples/*.yaml", "examples/rewritten/*.yaml", "examples/steps/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			of := schemaOf(file)
			seen[of]++
			if err := all[of].Validate(data(t, file)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
	if seen["skill"] < 50 || seen["test"] < 50 || seen["step-type"] < 10 {
		t.Errorf("only %v files were read", seen)
	}
}

// schemaOf is the name of the schema for a file.
func schemaOf(file string) string {
	switch {
	case strings.HasSuffix(file, "_test.yaml"):
		return "test"
	case check.IsStepType(file):
		return "step-type"
	}
	return "skill"
}

func catalogue(t *testing.T) *step.Catalogue {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// compiled are the schemas, by name.
func compiled(t *testing.T) map[string]*jsonschema.Schema {
	t.Helper()
	out := map[string]*jsonschema.Schema{}
	for _, d := range schemas.Documents() {
		out[d.Name] = compile(t, d.Make(schemas.World{Catalogue: catalogue(t), Kinds: steps.Kinds()}))
	}
	return out
}

func compile(t *testing.T, s schemas.Schema) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	out, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// data is what a YAML file holds.
func data(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, file, text)
}

func parsed(t *testing.T, file string, text []byte) any {
	t.Helper()
	root, diags := syntax.ParseData(file, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	encoded, err := json.Marshal(root.Data())
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
