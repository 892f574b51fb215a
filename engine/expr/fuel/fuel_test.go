package fuel

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestTextPaysBeforeItGrows: pieces of any size, in their order, are one text, and
// what is paid for it is neither less than it takes nor many times as much.
func TestTextPaysBeforeItGrows(t *testing.T) {
	t.Parallel()
	for name, sizes := range map[string][]int{"short": {1, 3, 40}, "long": {5000, 100_000}, "both": {2, 5000, 1, 900, 1, 2000}} {
		tank := Full()
		text, want := NewText(tank), strings.Builder{}
		for i := range 3000 {
			piece := strings.Repeat(string(rune('a'+i%26)), sizes[i%len(sizes)])
			if want.Len()+len(piece) > 10<<20 {
				break
			}
			text.Add(piece, "")
			want.WriteString(piece)
		}
		got, err := text.Done()
		if got != want.String() || err != nil {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), want.Len(), err)
		}
		if paid := Bytes - tank.Left(); paid < len(got) || paid > 6*len(got)+1000 {
			t.Errorf("%s: %d bytes were paid for %d", name, paid, len(got))
		}
	}
}

// TestEmptyTank: what asks for more than there is gets nothing more, also not less.
func TestEmptyTank(t *testing.T) {
	t.Parallel()
	tank := New(10, 1000)
	text := NewText(tank)
	text.Add("ab", strings.Repeat("x", 2000), "cd")
	if s, err := text.Done(); s != "" || types.CodeOf(err) != types.BadInput || text.Err() != err {
		t.Errorf("%q, %v", s, err)
	}
	for _, err := range []error{tank.Spend(1), tank.Iterate(-1), tank.Iterate(1), New(1, 1).Spend(-1)} {
		if types.CodeOf(err) != types.BadInput {
			t.Errorf("the tank is not empty: %v", err)
		}
	}
	if open, err := Full().Read(map[string]any{"a": []any{types.Unknown{After: "jira"}}}); !open || err != nil {
		t.Errorf("nothing in it is unknown: %v", err)
	}
}
