package quay

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Read("quay_get_tag", "Look up an image tag.", f.getTag).
			Needing(toPull, "repository").Touching("quay", "tag", "read").
			Failing(types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout,
				types.RateLimited, types.Unavailable),
	}
}
