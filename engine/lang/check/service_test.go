package check_test

import (
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/program"
)

// TestEachPossibleServiceIsNeeded: a step that chooses a service needs each of those
// that it may choose, each of its kind and where it was chosen.
func TestEachPossibleServiceIsNeeded(t *testing.T) {
	t.Parallel()
	skill, diags := check.File("choice.yaml", []byte(`name: choice
inputs: {region: {type: string, enum: [eu, us], required: true}}
steps:
  - {id: a, uses: fetch, with: {key: k, service: '${{ {"eu": "store_eu", "us": "store_us"}[inputs.region] }}'}}
  - {id: b, uses: fetch, with: {key: k}}
  - id: c
    steps:
      - {id: d, uses: fetch, with: {key: k, service: named}}
`), world())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	var needs []string
	for _, n := range skill.Needs(nil) {
		needs = append(needs, n.Service+" "+n.Kind)
	}
	slices.Sort(needs)
	if want := []string{"named store", "store store", "store_eu store", "store_us store"}; !slices.Equal(needs, want) {
		t.Errorf("needs %q, want %q", needs, want)
	}
	program.Each(skill.Steps, func(n *program.Node) {
		if n.ID == "a" != slices.Equal(n.Services, []string{"store_eu", "store_us"}) || n.ID != "a" && n.Services != nil {
			t.Errorf("%s may ask %q", n.ID, n.Services)
		}
	})
}
