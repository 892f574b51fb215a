package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestEveryMemberIsDecided: whoever adds a member to the file says what one that
// merely lies in the working directory may do with it. Until then it may only
// repeat the user's own.
func TestEveryMemberIsDecided(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		what  string
		keys  []string
		table map[string]ruling
	}{
		{"the file", topKeys.Names(), topRulings}, {"policy", policyKeys.Names(), policyRulings}, {"services.NAME", serviceKeys.Names(), serviceRulings},
	} {
		if d := cmp.Diff(slices.Sorted(slices.Values(of.keys)), types.SortedKeys(of.table)); d != "" {
			t.Errorf("%s: no decision about a member (in trust.go), or one about none:\n%s", of.what, d)
		}
	}
	if got := serviceRulings["somebody's new member"]; got != asOwn {
		t.Errorf("a member without a decision is %v", got)
	}
}
