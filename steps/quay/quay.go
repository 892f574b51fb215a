// Package quay is the family of steps that look things up in a registry of
// images: Quay by its own API, any other by that of the OCI distribution
// specification. Which one a service speaks stands in the configuration and is
// never guessed.
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
	API       string            // how it is asked: "quay", which is also what "" means, or "oci"
	User      string            // of api: oci; Quay's API knows only tokens
	Token     types.Secret      // quay: an OAuth access token; oci: the user's password or token. Public repositories need none
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one whole exchange; 0 is no limit
}

type family struct{ services map[string]Service }

// The APIs.
const (
	apiQuay = "quay"
	apiOCI  = "oci"
)

func (f family) pick(name string) (Service, string, error) {
	s, name, err := step.Pick(f.services, "quay", name)
	if err == nil && s.API != "" && s.API != apiQuay && s.API != apiOCI {
		err = types.Errorf(types.BadInput, "service %q has api: %s, which is unknown", name, s.API).
			WithHint("write api: quay for Quay's own API, or api: oci for any other registry")
	}
	return s, name, err
}
