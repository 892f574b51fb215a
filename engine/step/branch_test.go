package step_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func TestCheckBranch(t *testing.T) {
	t.Parallel()
	if err := step.CheckBranch("feature/a+b"); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "-f", "a b", "a..b", "HEAD"} {
		if err := step.CheckBranch(name); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "is not a branch name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
