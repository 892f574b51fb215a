package local

import "testing"

// TestMadeIn: what an effect names in its result was made by the run.
func TestMadeIn(t *testing.T) {
	t.Parallel()
	made := madeIn([]Effect{
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
