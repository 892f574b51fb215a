package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// TestEnvironment: an expression reads values by their types, and mistakes have a place.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	names := engine.EnvironmentOf(map[string]any{
		"inputs": map[string]any{"n": 1, "list": []any{1, 2.5}, "none": []any{}, "mixed": []any{1, "x"}, "nil": nil},
		"steps":  map[string]any{"later": types.Unknown{After: "later"}, "objects": []any{map[string]any{"a": 1}, map[string]any{"b": "x"}}},
	}, time.Date(2026, 1, 15, 23, 30, 0, 0, time.UTC), time.FixedZone("", 3600))
	for src, want := range map[string]string{
		"inputs.list":              "list<number> [1,2.5]",
		"inputs.none":              "list []",
		"len(inputs.mixed)":        "integer 2",
		"steps.objects[1].b ?? ''": `string "x"`,
		"today()":                  `string "2026-01-16"`,
		"[steps.later]":            `list<invalid> ["(known after later)"]`,
	} {
		e, diags := names.Expression("x", src, false)
		if len(diags) > 0 {
			t.Errorf("%s: %v", src, diags)
			continue
		}
		v, err := e.Value()
		if got := e.Type().String() + " " + string(types.Encode(v)); got != want || err != nil {
			t.Errorf("%s is %s, %v; want %s", src, got, err, want)
		}
	}
	e, _ := names.Expression("x", "steps.later.x", false)
	if v, err := e.Value(); types.AsError(err).Message != "step later has not run" {
		t.Errorf("a step that has not run gives %v, %v", v, err)
	}
	if _, diags := names.Expression("x", "ä\n  ${{ inputs.m }}", true); len(diags) != 1 || diags[0].At.String() != "x:2:14" {
		t.Errorf("the mistake is at %v", diags)
	}
}

// TestComplete: what a text before the cursor can go on with.
func TestComplete(t *testing.T) {
	t.Parallel()
	names := engine.EnvironmentOf(map[string]any{"inputs": map[string]any{"key": "a", "keys": 1, "no name": 1}}, time.Time{}, nil)
	for text, want := range map[string][]string{
		"1 + inp":      {"inputs"},
		"inputs.k":     {"key", "keys"},
		"len(inputs?.": {"key", "keys"},
		"inputs.key.":  nil,
		"semver_co":    {"semver_compare("},
	} {
		got, length := names.Complete(text)
		for i, w := range got {
			if text[len(text)-length:] != w[:length] {
				t.Errorf("%s: %s does not go on with it", text, got[i])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is completed with %q, want %q", text, got, want)
		}
	}
}
