package steps

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
)

// TestEveryEffectSaysWhatItSends: an effect that sends requests says how many; the
// tests of its family check that against what it sends. Those that say nothing are
// on this machine, or a program's.
func TestEveryEffectSaysWhatItSends(t *testing.T) {
	t.Parallel()
	all, err := All(load(t, "site: t\n", nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var silent []string
	for _, name := range all.Names() {
		if s, _ := all.Lookup(name); s.Effect == step.Writes && s.Make.Requests == 0 {
			silent = append(silent, name)
		}
	}
	slices.Sort(silent)
	want := []string{"exec", "file_delete", "file_move", "file_write", "mcp_call", "state_append", "state_increment", "state_set"}
	if diff := cmp.Diff(want, silent); diff != "" {
		t.Error(diff)
	}
}
