package local

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/step"
)

// TestMadeIn: what an effect names in its result was made by the run.
func TestMadeIn(t *testing.T) {
	t.Parallel()
	made := madeIn([]runtime.Effect{
		{Result: map[string]any{"key": "AAP-7", "links": []any{map[string]any{"iid": 12}}}},
		{Result: map[string]any{"stderr": "To git@host\n * [new branch] HEAD -> release-1\nsee https://host/browse/AAP-712, not XAAP-71"}},
	})
	for thing, want := range map[string]bool{
		"AAP-7": true, "12": true, "release-1": true, "AAP-8": false, "1": false, "7": false, "host": true, "to": false,
		"AAP-712": true, "AAP-71": false, "release": false, "lease-1": false,
	} {
		if got := made(thing); got != want {
			t.Errorf("%s: %v", thing, got)
		}
	}
}

// TestResultsIn: by step, with the key that each effect is found by.
func TestResultsIn(t *testing.T) {
	t.Parallel()
	results := resultsIn([]runtime.Effect{
		{Step: "move", Key: "w-a", Result: map[string]any{"n": 1}}, {Step: "file", Key: "w-b"}, {Step: "move", Key: "w-c", Result: map[string]any{"n": 2}},
	})
	want := []step.Result{{Key: "w-a", Out: map[string]any{"n": 1}}, {Key: "w-c", Out: map[string]any{"n": 2}}}
	if diff := cmp.Diff(want, results("move")); diff != "" {
		t.Error(diff)
	}
}
