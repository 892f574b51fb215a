package syntax_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// TestDiagnostics: to add a case, add it to a file of testdata.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	diagtest.Run(t, func(name string, text []byte) diag.List {
		_, got := syntax.Parse(name, text)
		return got
	})
}
