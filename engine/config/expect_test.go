package config_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/steps"
)

// TestDiagnostics: to add a case, add it to a file of testdata.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	diagtest.Run(t, func(name string, text []byte) diag.List {
		if name == config.StandInsName {
			_, got := config.ParseStandIns(name, text, steps.Kinds())
			return got
		}
		if name == config.HintsName {
			_, got := config.ParseHints(name, text)
			return got
		}
		_, got := config.Parse(name, text, steps.Kinds())
		return got
	})
}
