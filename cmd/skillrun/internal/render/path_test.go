package render_test

import (
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
)

// TestPaths takes the paths of the language apart.
func TestPaths(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		path, parent, key string
		item              bool
	}{
		{"a", "", "", false},
		{"g/a", "g", "", false},
		{"h[12]", "h", "12", true},
		{"h[12]/a", "h[12]", "", false},
		{"g/h[feature%2Fx]", "g/h", "feature/x", true},
		{"g/h[a]/i[b]", "g/h[a]/i", "b", true},
		{"u/before.2/login", "u", "", false},
		{"g/u/before.1/login", "g/u", "", false},
		{"h[1]/u/before.1/login/a", "h[1]/u/before.1/login", "", false},
		{"h[%]", "h", `""`, true},
		{"h[%20]", "h", `" "`, true},
		{"before.1/login", "", "", false},
		{"", "", "", false},
		{"]", "", "", false},
	} {
		if got := render.ParentOf(test.path); got != test.parent {
			t.Errorf("ParentOf(%q) = %q, want %q", test.path, got, test.parent)
		}
		if key, item := render.KeyOf(test.path); key != test.key || item != test.item {
			t.Errorf("KeyOf(%q) = %q, %v, want %q, %v", test.path, key, item, test.key, test.item)
		}
	}
}
