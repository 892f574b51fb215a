package quay

import (
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/rest"
)

// Kind is the kind of service that these steps reach.
func Kind() step.ServiceKind {
	return step.ServiceKind{
		Name: "quay", Network: true, Keys: map[string][]string{"user": nil, "api": {apiQuay, apiOCI}},
		Example: "url: https://quay.io, api: quay, token: env:TOKEN",
	}
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Read("quay_get_tag", "Look up an image tag.", f.getTag).
			Requires(toPull, "repository").Touches("quay", "tag", "read").
			Errors(rest.Codes()...),
	}
}
