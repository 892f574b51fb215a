package types_test

import (
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// A pattern and a text that would take minutes are refused before.
func TestPatternsHaveAnEnd(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"(x{0,1000}y{0,1000}){1}", "^(" + strings.Repeat("(x{0,1000}|y{0,999}z)|", 20) + "z)*$", "(?:a{1,1000}){1,1}b{0,1000}"} {
		if _, _, err := types.ParsePattern(pattern); err == nil || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	typ := types.Type{Kind: types.String, Pattern: "^(x{0,300}y|x{0,300}z)*$"}
	begin := time.Now()
	if err := typ.Check(strings.Repeat("x", 1<<20)); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("a long text: %v", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	if err := typ.Check(strings.Repeat("x", 250) + "z"); err != nil {
		t.Error(err)
	}
	sha := types.Type{Kind: types.String, Pattern: "^[0-9a-f]{40}$"}
	if err := sha.Check(strings.Repeat("a", 40)); err != nil {
		t.Error(err)
	}
}
