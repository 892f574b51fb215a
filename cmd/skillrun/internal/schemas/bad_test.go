package schemas_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/steps"
)

// TestBad: each file of testdata/bad.yaml has the mistake that it says, and no other, and
// its schema refuses it. `.ci/schema` holds the same files against another validator.
func TestBad(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, world := compiled(t), check.World{Catalogue: catalogue(t)}
	tested, diags := check.File("bad.yaml", []byte("name: bad\nsteps: [{id: a, uses: state_get, with: {name: a}}]\n"), world)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	seen := map[string]bool{}
	for one := range strings.SplitSeq(string(text), "---\n") {
		head, _, _ := strings.Cut(one, "\n")
		of, code, _ := strings.Cut(strings.TrimPrefix(head, "# "), " ")
		seen[of] = true
		var diags diag.List
		switch of {
		case "skill":
			_, diags = check.File("bad.yaml", []byte(one), world)
		case "step-type":
			_, diags = check.File("steps/bad.yaml", []byte(one), world)
		case "config":
			_, diags = config.Parse("skillrun.yaml", []byte(one), steps.Kinds())
		case "sandbox":
			_, diags = config.ParseStandIns("sandbox.yaml", []byte(one), steps.Kinds())
		case "hints":
			_, diags = config.ParseHints("hints.yaml", []byte(one))
		case "test":
			_, diags = skilltest.Read("bad_test.yaml", []byte(one), tested, world.Catalogue)
		}
		if len(diags) == 0 || slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return string(d.Code) != code }) {
			t.Errorf("%s: %v\n%s", head, diags, one)
		}
		if all[of].Validate(parsed(t, of+".yaml", []byte(one))) == nil {
			t.Errorf("the schema accepts this:\n%s", one)
		}
	}
	for name := range all {
		if !seen[name] && name != "run" && name != "events" {
			t.Errorf("nothing is refused by the schema %s", name)
		}
	}
}
