package step_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestRestore: a step puts back what it left by its result or by the details of
// its error, which hold more than that.
func TestRestore(t *testing.T) {
	t.Parallel()
	type in struct {
		Dir string `json:"dir" doc:"The workspace."`
	}
	type out struct {
		Left string `json:"left" doc:"What was left."`
	}
	var got []string
	do := func(context.Context, in) (out, error) { return out{}, nil }
	s := step.Read("x", "Do it.", do, step.Restore(func(_ context.Context, i in, o out) error {
		got = append(got, i.Dir+" "+o.Left)
		return nil
	}))
	if plain := step.Read("y", "Do it.", do); !s.CanRestore() || plain.CanRestore() {
		t.Error("the ability is not told")
	}
	for _, raw := range []string{`{"left": "a"}`, `{"left": "b", "exit_code": 3}`, `null`} {
		if err := s.Restore(t.Context(), json.RawMessage(`{"dir": "ws"}`), json.RawMessage(raw)); err != nil {
			t.Error(err)
		}
	}
	if strings.Join(got, ", ") != "ws a, ws b, ws " {
		t.Errorf("%q", got)
	}
	err := s.Restore(t.Context(), json.RawMessage(`{"dir": "ws"}`), json.RawMessage(`[]`))
	if types.CodeOf(err) != types.Internal || !strings.Contains(err.Error(), "what x left does not decode") {
		t.Error(err)
	}
}
