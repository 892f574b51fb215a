package examples_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// shape is a step type that does not exist yet: what a skill needs to know of
// it, in testdata/steps/NAME.yaml, with the keywords of a skill's inputs.
type shape struct {
	Name    string            `json:"name"`
	Doc     string            `json:"doc"`
	Effect  step.Effect       `json:"effect"`
	Touches step.Touch        `json:"touches"`
	Inputs  map[string]schema `json:"inputs"`
	Outputs map[string]schema `json:"outputs"`
	Errors  []types.Code      `json:"errors"`
}

// schema is JSON Schema's keywords, and two more that arguments may have.
type schema struct {
	Type        string            `json:"type"`
	Description string            `json:"description"`
	Required    bool              `json:"required"`
	Default     *types.Dynamic    `json:"default"`
	Enum        []string          `json:"enum"`
	Pattern     string            `json:"pattern"`
	Format      string            `json:"format"`
	Minimum     *int              `json:"minimum"`
	Maximum     *int              `json:"maximum"`
	Items       *schema           `json:"items"`
	Properties  map[string]schema `json:"properties"`
	Trusted     bool              `json:"trusted"`
	Cosmetic    bool              `json:"cosmetic"`
}

// shapes reads all of them.
func shapes(t *testing.T) []step.Definition {
	t.Helper()
	files, err := filepath.Glob("testdata/steps/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no shapes: %v", err)
	}
	var all []step.Definition
	for _, file := range files {
		var s shape
		readYAML(t, file, &s)
		if s.Name != strings.TrimSuffix(filepath.Base(file), ".yaml") {
			t.Fatalf("%s is the shape of %s", file, s.Name)
		}
		for _, c := range s.Errors {
			if !types.IsCode(string(c)) {
				t.Errorf("%s: %s is no error code", file, c)
			}
		}
		all = append(all, step.Definition{
			Name: s.Name, Doc: s.Doc, Effect: s.Effect, Codes: s.Errors, Touch: s.Touches,
			In: fields(t, file, s.Inputs), Out: fields(t, file, s.Outputs),
		})
	}
	return all
}

func fields(t *testing.T, file string, m map[string]schema) types.Type {
	t.Helper()
	out := types.ObjectOf()
	for _, name := range types.SortedKeys(m) {
		s := m[name]
		f := types.Field{Name: name, Doc: s.Description, Type: s.typ(t, file, name), Required: s.Required, Cosmetic: s.Cosmetic}
		if s.Default != nil {
			f.Default = s.Default.V
		}
		if s.Description == "" {
			t.Errorf("%s: %s has no description", file, name)
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}

func (s schema) typ(t *testing.T, file, at string) types.Type {
	t.Helper()
	kinds := map[string]types.Kind{"string": types.String, "integer": types.Integer, "number": types.Number,
		"boolean": types.Boolean, "array": types.List, "object": types.Object}
	k, ok := kinds[s.Type]
	if !ok || k == types.List && s.Items == nil {
		t.Fatalf("%s: %s has no type, or is an array without items", file, at)
	}
	out := types.Type{Kind: k, Enum: s.Enum, Pattern: s.Pattern, Format: s.Format, Minimum: s.Minimum, Maximum: s.Maximum, Trusted: s.Trusted}
	switch {
	case k == types.List:
		elem := s.Items.typ(t, file, at+"[]")
		out.Elem = &elem
	case k == types.Object && s.Properties == nil:
		out = types.MapOf(types.OfKind(types.Any))
	case k == types.Object:
		out = fields(t, file, s.Properties)
	}
	return out
}

// TestShapesAreUsed: a shape that no skill uses says nothing.
func TestShapesAreUsed(t *testing.T) {
	t.Parallel()
	var uses []string
	c := newCatalogue(t)
	for _, file := range skillFiles(t) {
		for _, s := range checked(t, c.plain(t), file).Uses {
			uses = append(uses, s.Name)
		}
	}
	for _, d := range c.shapes {
		if !slices.Contains(uses, d.Name) {
			t.Errorf("no skill uses %s", d.Name)
		}
	}
}
