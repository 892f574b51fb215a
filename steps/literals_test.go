package steps

import (
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/check"
)

// TestLiteralArgumentsAreCheckedBeforeARun: what a step would refuse is refused
// where it is written out, by the step's own rules.
func TestLiteralArgumentsAreCheckedBeforeARun(t *testing.T) {
	t.Parallel()
	catalogue, err := All(&config.Config{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	diagtest.Run(t, func(name string, text []byte) diag.List {
		_, diags := check.File(name, text, check.World{Catalogue: catalogue})
		return diags
	})
}
