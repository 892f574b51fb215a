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

func TestClip(t *testing.T) {
	t.Parallel()
	e := strings.Repeat("é", 57)
	for is, want := range map[string]string{"": "", e + "abc": e + "abc", e + "abcd": e + "…", e: e} {
		if got := types.Clip(is); got != want {
			t.Errorf("%q is clipped to %q", is, got)
		}
	}
}
