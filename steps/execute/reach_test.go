package execute

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestReach: a program may look anywhere; it changes this machine, its own
// workspace, one whose place it is told, and the services that the skill names.
func TestReach(t *testing.T) {
	t.Parallel()
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: "/runs/7/ws"})
	machine, state := step.Place{Kind: step.Machine}, step.Place{Kind: step.State}
	cases := map[string]struct {
		use  step.Use
		want []step.Place
	}{
		"alone":           {step.Use{}, []step.Place{machine, state}},
		"in a workspace":  {step.Use{Args: types.Values{"dir": "w"}}, []step.Place{machine, state, {Kind: step.Workspace, Name: "w"}}},
		"told of another": {step.Use{Args: types.Values{"args": []any{"/runs/7/ws/v/file"}}}, []step.Place{machine, state, {Kind: step.Workspace}}},
		"with services": {step.Use{Args: types.Values{"changes": []any{"quay", "http"}}},
			[]step.Place{machine, state, {Kind: step.Service, Service: "quay"}, {Kind: step.Service, Service: "http"}}},
		"not known which": {step.Use{Unknown: []string{"changes"}}, []step.Place{machine, state, {Kind: step.Service}}},
	}
	for name, c := range cases {
		got := writeReach(ctx, c.use)
		if diff := cmp.Diff(c.want, got.Changes); diff != "" || got.Sees[0].Kind != step.Anywhere {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
