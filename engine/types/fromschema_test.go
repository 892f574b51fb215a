package types_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestFromSchema: what a type can say of a schema, and that all else is left open.
func TestFromSchema(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"type": "string"}`:                                             "string",
		`{"type": ["string", "null"]}`:                                   "optional string",
		`{"type": ["string", "integer"]}`:                                "any",
		`{"type": "array"}`:                                              "list",
		`{"type": "array", "items": {"type": "boolean"}}`:                "list<boolean>",
		`{"type": "object"}`:                                             "map<any>",
		`{"type": "object", "additionalProperties": {"type": "number"}}`: "map<number>",
		`{"type": "string", "anyOf": [{"minLength": 3}]}`:                "any",
		`{"$ref": "#/definitions/x"}`:                                    "any",
		`true`:                                                           "any",
		`null`:                                                           "any",
	} {
		v, err := types.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := types.FromSchema(v).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestFromSchemaRefuses: the type of an object refuses what its schema refuses.
func TestFromSchemaRefuses(t *testing.T) {
	t.Parallel()
	read := func(text string) any {
		v, err := types.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	schema := `{"type": "object", "required": ["n"], "additionalProperties": false, "properties": {
		"n": {"type": "integer", "minimum": 1, "maximum": 10.5, "description": "How many."},
		"kind": {"type": "string", "enum": ["a", "b"]}, "mixed": {"type": "string", "enum": ["a", 1]}}}`
	closed := types.FromSchema(read(schema))
	for text, want := range map[string]string{
		`{"n": 3, "kind": "a", "mixed": "z"}`: "",
		`{"n": 0}`:                            "n is 0, less than 1",
		`{"n": 3, "kind": "c"}`:               `kind is "c", not one of a, b`,
		`{"n": 3, "more": 1}`:                 "more is not known",
		`{}`:                                  "n is missing",
	} {
		got := ""
		if err := closed.Check(read(text)); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	open := types.FromSchema(read(`{"type": "object", "properties": {"n": {"type": "integer"}}}`))
	if err := open.Check(read(`{"n": 3, "more": "x"}`)); err != nil {
		t.Error(err)
	}
	if f, _ := closed.Field("n"); f.Doc != "How many." || f.Type.Maximum != nil {
		t.Errorf("%+v", f)
	}
}
