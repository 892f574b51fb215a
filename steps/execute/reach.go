package execute

import (
	"context"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// readReach says what a program may look at: anything. Of workspaces it is the one
// that it works in, and any when it is told where they are.
func readReach(ctx context.Context, u step.Use) step.Reach {
	ws := u.Places(step.Workspace, "dir")
	if root := step.CallOf(ctx).Workspaces; root != "" && strings.Contains(string(types.Encode(u.Args)), root) {
		ws = []step.Place{{Kind: step.Workspace}}
	}
	return step.Reach{Sees: append([]step.Place{{Kind: step.Anywhere}}, ws...)}
}

// writeReach says what a program that is not run would change, as a plan takes it:
// this machine with what is remembered on it, the workspace that it works in, and
// the services that the skill names.
func writeReach(ctx context.Context, u step.Use) step.Reach {
	r := readReach(ctx, u)
	r.Changes = append([]step.Place{{Kind: step.Machine}, {Kind: step.State}}, r.Sees[1:]...)
	named, _ := u.Args["changes"].([]any)
	for _, name := range named {
		service, _ := name.(string)
		r.Changes = append(r.Changes, step.Place{Kind: step.Service, Service: service})
	}
	if slices.Contains(u.Unknown, "changes") {
		r.Changes = append(r.Changes, step.Place{Kind: step.Service})
	}
	return r
}
