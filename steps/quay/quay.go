// Package quay is the family of steps that look things up in a Quay registry.
//
// A repository is always its whole path, namespace first, as it stands after
// the host in an image reference. There is no default namespace that a slash
// in the path could switch off.
package quay

import (
	"net/http"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Service is one registry, as the configuration names it.
type Service struct {
	URL       string            // "https://quay.io"
	API       string            // how it is asked: "quay", which is also what "" means
	Token     types.Secret      // an OAuth access token; public repositories need none
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one whole exchange; 0 is no limit
}

// Steps returns the family, built on the configured services by name. With nil
// it can be documented and checked, but not performed.
func Steps(services map[string]Service) []step.Step {
	f := family{services}
	return []step.Step{
		step.Read("quay_get_tag", "Look up an image tag.", f.getTag).
			Touching("quay", "tag", "read").
			Failing(types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout,
				types.RateLimited, types.Unavailable),
	}
}

// family is the receiver of all steps.
type family struct{ services map[string]Service }

// connect returns a client for the service of that name.
func (f family) connect(name string) (*client, error) {
	s, name, err := step.Pick(f.services, "quay", name)
	if err != nil {
		return nil, err
	}
	if s.API != "" && s.API != "quay" {
		return nil, types.Errorf(types.BadInput, "service %q has api: %s, which comes with a later version", name, s.API).
			WithHint("api: quay is what quay_get_tag speaks now")
	}
	return newClient(name, s)
}
