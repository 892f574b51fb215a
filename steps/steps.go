// Package steps is the table of contents: every built-in step type, family by
// family, and how each family is connected to the services of a configuration.
package steps

import (
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/git"
	"github.com/skillrun/skillrun/steps/gitlab"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/yamlfile"
)

// All returns the catalogue for a configuration. cache is a folder for what
// the git steps fetch. A service whose credential cannot be had is connected
// without one: a skill that needs it is refused before it runs.
func All(cfg *config.Config, cache string) (*step.Catalogue, error) {
	c := connector{cfg: cfg}
	families := [][]step.Step{
		git.Steps(git.Options{Services: each(&c, "git", c.git), Cache: cache}),
		quay.Steps(each(&c, "quay", c.quay)),
		jira.Steps(each(&c, "jira", c.jira)),
		gitlab.Steps(each(&c, "gitlab", c.gitlab)),
		yamlfile.Steps(),
	}
	return step.NewCatalogue(families...), c.err
}

// Examiners returns what doctor asks about a service, by its kind.
func Examiners(cfg *config.Config, cache string) (map[string]step.Examine, error) {
	c := connector{cfg: cfg}
	return map[string]step.Examine{
		"git":    git.Examine(git.Options{Services: each(&c, "git", c.git), Cache: cache}),
		"quay":   quay.Examine(each(&c, "quay", c.quay)),
		"jira":   jira.Examine(each(&c, "jira", c.jira)),
		"gitlab": gitlab.Examine(each(&c, "gitlab", c.gitlab)),
	}, c.err
}
