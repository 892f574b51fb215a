package git

import (
	"context"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// unseen is the detail that names the branch or commit which a remote does not have.
const unseen = "ref"

// settled is a step's function that waits for a branch or commit which this run
// pushed: not every server of a host sees it at once.
func settled[In, Out any](do step.Func[In, Out]) step.Func[In, Out] {
	return func(ctx context.Context, in In) (Out, error) {
		out, err := do(ctx, in)
		ref := unseenRef(err)
		if ref == "" {
			return out, err
		}
		asked := false
		return rest.Settled(ctx, ref, ref, func(err error) bool { return unseenRef(err) == ref }, func() (Out, error) {
			if !asked {
				asked = true
				return out, err
			}
			return do(ctx, in)
		})
	}
}

// unseenRef is what an error says that a remote does not have, or "".
func unseenRef(err error) string {
	if types.CodeOf(err) != types.NotFound {
		return ""
	}
	ref, _ := types.AsError(err).Details[unseen].(string)
	return ref
}
