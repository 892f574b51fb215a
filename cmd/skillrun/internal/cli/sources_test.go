package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
)

// TestConfigurationIsReadOnce: a configuration with a thousand mistakes costs what
// one with a single mistake costs. It counts allocations, so nothing runs beside it.
func TestConfigurationIsReadOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "skillrun.yaml")
	if err := os.WriteFile(file, []byte("services:\n"+strings.Repeat("  other: {kind: files, root: .}\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Program{}
	cost := func(mistakes int) float64 {
		diags := make(diag.List, mistakes)
		for i := range diags {
			diags[i].At.File = file
		}
		return testing.AllocsPerRun(3, func() {
			if got := p.configSources(diags); len(got) != 1 || len(got[file]) == 0 {
				t.Errorf("sources: %v", got)
			}
		})
	}
	if one, many := cost(1), cost(1000); many > 2*one {
		t.Errorf("%.0f allocations for one mistake, %.0f for a thousand", one, many)
	}
}
