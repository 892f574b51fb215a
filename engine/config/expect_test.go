package config_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
)

// TestDiagnostics: to add a case, add it to a file of testdata.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	diagtest.Run(t, func(name string, text []byte) diag.List {
		_, got := config.Parse(name, text)
		return got
	})
}
