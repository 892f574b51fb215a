package steps

import (
	"cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
)

// Lock returns the lock that machines share in a git repository; service is
// the one of the configuration that reaches it, "" is git. As for the git steps,
// that one need not be configured: an ssh agent may be all that it takes.
func Lock(cfg *config.Config, o Options, service, repo string) (step.Lock, error) {
	c := connector{cfg: cfg, wrap: o.Wrap}
	repositories := c.repositories(o.Cache)
	service = cmp.Or(service, "git")
	if _, ok := repositories.Services[service]; !ok && service != "git" {
		return nil, types.Errorf(types.BadInput, "there is no git service %q for the lock", service).
			WithHint("add it under services in skillrun.yaml, with kind: git")
	}
	return step.MaskedLock(git.NewLock(repositories, service, repo), cfg.Mask()), c.err
}
