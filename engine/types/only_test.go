package types_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

func TestOnly(t *testing.T) {
	t.Parallel()
	item := types.ObjectOf(types.Field{Name: "id", Type: types.OfKind(types.Integer), Required: true}, types.Field{Name: "any", Type: types.OfKind(types.Any)})
	for _, c := range []struct {
		of       types.Type
		is, want any
	}{
		{item, map[string]any{"id": 1, "more": 2}, map[string]any{"id": 1}},
		{item, map[string]any{"any": map[string]any{"more": 1}}, map[string]any{"any": map[string]any{"more": 1}}},
		{types.ListOf(item), []any{map[string]any{"more": 1}, "x", nil}, []any{map[string]any{}, "x", nil}},
		{open(item), map[string]any{"id": 1, "more": map[string]any{"x": 1}}, map[string]any{"id": 1, "more": map[string]any{"x": 1}}},
		{types.MapOf(item), map[string]any{"a": map[string]any{"id": 1, "more": 1}}, map[string]any{"a": map[string]any{"id": 1}}},
		{types.ListOf(item), map[string]any{"a": 1}, map[string]any{"a": 1}},
		{item, []any{1}, []any{1}},
		{types.OfKind(types.String), types.Unknown{After: "a"}, types.Unknown{After: "a"}},
	} {
		if d := cmp.Diff(c.want, c.of.Only(c.is)); d != "" {
			t.Errorf("%s: -want +got\n%s", c.of, d)
		}
	}
}

// open is an object that may have other members.
func open(t types.Type) types.Type {
	others := types.OfKind(types.Any)
	t.Elem = &others
	return t
}

// TestOpen: an object that may have other members says so to everybody.
func TestOpen(t *testing.T) {
	t.Parallel()
	n := types.Field{Name: "n", Type: types.OfKind(types.Integer), Required: true}
	text := types.OfKind(types.String)
	closed, more := types.ObjectOf(n), types.ObjectOf(n, types.Field{Name: "s", Type: text.Maybe()})
	if got := open(closed).String(); got != "{n: integer, …}" {
		t.Error(got)
	}
	for value, want := range map[*map[string]any]string{{"n": 1, "x": "y", "z": nil}: "", {"x": 1}: "n is missing", {"n": "1", "x": 1}: `n is the text "1", not an integer`} {
		if err := open(closed).Check(*value); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%v: %v, want %q", *value, err, want)
		}
	}
	for _, c := range []struct {
		want, from types.Type
		why        string
	}{
		{closed, open(closed), "it may have members that are not known there"},
		{open(closed), closed, ""},
		{open(closed), more, ""},
		{open(closed), open(closed), ""},
		{open(more), open(closed), "field s may be anything"},
		{more, closed, ""},
		{types.MapOf(types.OfKind(types.Any)), open(closed), ""},
		{types.MapOf(types.OfKind(types.Integer)), open(closed), "its other members: it is an any, not an integer"},
		{types.OfKind(types.Any), open(closed), ""},
	} {
		if why, ok := c.want.Accepts(c.from); why != c.why || ok != (c.why == "") {
			t.Errorf("%s takes %s: %q, want %q", c.want, c.from, why, c.why)
		}
	}
	if got := types.Merge(more, open(closed)).String(); got != "{n: integer, s: optional any, …}" {
		t.Error(got)
	}
	if got := types.Merge(open(closed), closed).Schema()["additionalProperties"]; cmp.Diff(map[string]any{}, got) != "" {
		t.Error(got)
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	e := strings.Repeat("é", 57)
	for is, want := range map[string]string{"": "", e + "abc": e + "abc", e + "abcd": e + "…", e: e} {
		if got := types.Clip(is); got != want {
			t.Errorf("%q is clipped to %q", is, got)
		}
	}
}
