// Package steps is the table of contents: every built-in step type, family by
// family, and how each family is connected to the services of a configuration.
package steps

import (
	"context"
	"net/http"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/execute"
	"github.com/skillrun/skillrun/steps/files"
	"github.com/skillrun/skillrun/steps/git"
	"github.com/skillrun/skillrun/steps/gitlab"
	"github.com/skillrun/skillrun/steps/httpapi"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/logline"
	"github.com/skillrun/skillrun/steps/mcp"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/slack"
	"github.com/skillrun/skillrun/steps/state"
	"github.com/skillrun/skillrun/steps/yamlfile"
)

// Options say how the families reach the world.
type Options struct {
	Cache string // a folder for what the git steps fetch
	State string // a folder for what the state steps remember
	Self  string // how this program starts itself; see [Supervise]
	// Wrap stands between every request and the network, to watch it or to take
	// its place; nil is for nothing between.
	Wrap func(http.RoundTripper) http.RoundTripper
}

// Supervise does what this program starts itself for, when the arguments ask for
// it: it watches over a program that a step runs. The caller then ends the
// process with the code, and does nothing before.
func Supervise(args []string) (code int, mine bool) { return execute.Supervise(args) }

// All returns the catalogue for a configuration. A service whose credential cannot be had is connected
// without one: a skill that needs it is refused before it runs.
func All(cfg *config.Config, o Options) (*step.Catalogue, error) {
	c := connector{cfg: cfg, wrap: o.Wrap}
	repositories := c.repositories(o.Cache)
	families := [][]step.Step{
		git.Steps(repositories),
		quay.Steps(each(&c, "quay", c.quay)),
		jira.Steps(each(&c, "jira", c.jira)),
		gitlab.Steps(each(&c, "gitlab", c.gitlab)),
		slack.Steps(each(&c, "slack", c.slack)),
		yamlfile.Steps(),
		httpapi.Steps(each(&c, "http", c.http)),
		mcp.Steps(each(&c, "mcp", c.mcp)),
		files.Steps(each(&c, "files", c.files), git.Admit(repositories)),
		execute.Steps(execute.Options{Env: cfg.Env, Self: o.Self, Policy: c.programs()}),
		state.Steps(o.State),
		logline.Steps(),
	}
	return step.NewCatalogue(families...).Masked(cfg.Mask()).WithSecrets(cfg.Token), c.err
}

// Schemas returns what lists the schemas of the tools of an MCP server, by their names.
func Schemas(cfg *config.Config) func(ctx context.Context, service string) (map[string]step.Schema, error) {
	c := connector{cfg: cfg}
	schemas := mcp.Schemas(each(&c, "mcp", c.mcp))
	return func(ctx context.Context, service string) (map[string]step.Schema, error) {
		got, err := schemas(step.WithMask(ctx, cfg.Mask()), service)
		return got, step.MaskedError(cfg.Mask(), err)
	}
}

// Kinds are the kinds of services that the families reach.
func Kinds() []step.ServiceKind {
	return []step.ServiceKind{
		files.Kind(), git.Kind(), gitlab.Kind(), httpapi.Kind(), jira.Kind(), mcp.Kind(), quay.Kind(), slack.Kind(),
	}
}

// Examiners returns what doctor asks about a service, by its kind.
func Examiners(cfg *config.Config, o Options) (map[string]step.Examine, error) {
	c := connector{cfg: cfg, wrap: o.Wrap}
	all := map[string]step.Examine{
		"git":    git.Examine(c.repositories(o.Cache)),
		"quay":   quay.Examine(each(&c, "quay", c.quay)),
		"jira":   jira.Examine(each(&c, "jira", c.jira)),
		"gitlab": gitlab.Examine(each(&c, "gitlab", c.gitlab)),
		"slack":  slack.Examine(each(&c, "slack", c.slack)),
		"http":   httpapi.Examine(each(&c, "http", c.http)),
		"mcp":    mcp.Examine(each(&c, "mcp", c.mcp)),
		"files":  files.Examine(each(&c, "files", c.files)),
	}
	for kind, examine := range all {
		all[kind] = examine.Masked(cfg.Mask())
	}
	return all, c.err
}
