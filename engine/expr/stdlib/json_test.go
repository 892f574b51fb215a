package stdlib

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// TestJSONIsThatOfTypes: the writer that is paid for first writes what everybody
// else writes.
func TestJSONIsThatOfTypes(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for r := range rune(0x3000) {
		all.WriteRune(r)
	}
	for _, v := range []any{nil, true, -9007199254740993, 1e21, 0.1, 1e-7, all.String(), "\xff<&>\ufffd", []any{}, map[string]any{},
		map[string]any{"b": []any{1, nil, "x"}, "a\n": map[string]any{"z": 1, "y": false}}} {
		by := &Caller{Tank: fuel.Full()}
		got, err := by.json(v)
		if want := string(types.Encode(v)); got != want || err != nil {
			t.Errorf("%.40v: %.200q, want %.200q", v, got, want)
		}
		if paid := fuel.Bytes - by.Left(); paid < len(got) {
			t.Errorf("%.40v: %d bytes were paid for %d", v, paid, len(got))
		}
	}
}
