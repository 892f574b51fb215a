package steps

import (
	"net/http"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
	"github.com/skillrun/skillrun/steps/files"
	"github.com/skillrun/skillrun/steps/git"
	"github.com/skillrun/skillrun/steps/gitlab"
	"github.com/skillrun/skillrun/steps/httpapi"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/mcp"
	"github.com/skillrun/skillrun/steps/quay"
	"github.com/skillrun/skillrun/steps/slack"
)

// timeout is how long one request to a service may take, unless the
// configuration says otherwise.
const timeout = 30 * time.Second

// connector turns services of a configuration into what families take.
type connector struct {
	cfg  *config.Config
	wrap func(http.RoundTripper) http.RoundTripper
	err  error // the first thing that is wrong
}

func each[S any](c *connector, kind string, connect func(config.Service) S) map[string]S {
	out := map[string]S{}
	for _, name := range types.SortedKeys(c.cfg.Services) {
		if s := c.cfg.Services[name]; s.Kind == kind {
			out[name] = connect(s)
		}
	}
	return out
}

// secret looks up a credential. One that is not there is reported by
// [config.Config.Missing] when a skill needs it, not here.
func (c *connector) secret(s config.Service) types.Secret {
	token, _ := c.cfg.Token(s.Name)
	return token
}

func (c *connector) user(s config.Service) string {
	user, err := c.cfg.User(s.Name)
	if err != nil {
		return ""
	}
	return user
}

func timeoutOf(s config.Service) time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return timeout
}

func (c *connector) git(s config.Service) git.Service {
	out := git.Service{
		URL: s.URL, User: c.user(s), Token: c.secret(s), Helper: s.Credentials == "helper",
		SignOff: s.SignOff, SigningKeyFile: s.SigningKey,
		Transport: c.transport(s), Timeout: s.Timeout, // else the family's own: a first fetch takes long
	}
	out.AuthorName, out.AuthorEmail = person(s.Author)
	out.CommitterName, out.CommitterEmail = person(s.Committer)
	return out
}

// repositories is how the git family reaches its remotes, also those of no service.
func (c *connector) repositories(cache string) git.Options {
	return git.Options{
		Services: each(c, "git", c.git), Cache: cache, Transport: c.transport(config.Service{}), Admits: c.cfg.Policy.Admits,
	}
}

// programs says which programs a site allows; nothing is said where there is no
// configuration, and skills are looked at for themselves.
func (c *connector) programs() *execute.Policy {
	if !c.cfg.Loaded() {
		return nil
	}
	return &execute.Policy{Listed: c.cfg.Policy.Exec != nil, Programs: c.cfg.Policy.Exec}
}

// person takes apart what the configuration lets through: "Name <mail>".
func person(text string) (name, mail string) {
	name, mail, _ = strings.Cut(text, " <")
	return name, strings.TrimSuffix(mail, ">")
}

func (c *connector) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *connector) quay(s config.Service) quay.Service {
	return quay.Service{URL: s.URL, API: s.API, User: c.user(s), Token: c.secret(s), Transport: c.transport(s), Timeout: timeoutOf(s)}
}

func (c *connector) jira(s config.Service) jira.Service {
	return jira.Service{
		URL: s.URL, User: c.user(s), Token: c.secret(s), Deployment: s.Deployment,
		Transport: c.transport(s), Timeout: timeoutOf(s),
	}
}

func (c *connector) gitlab(s config.Service) gitlab.Service {
	return gitlab.Service{URL: s.URL, Token: c.secret(s), Transport: c.transport(s), Timeout: timeoutOf(s)}
}

func (c *connector) slack(s config.Service) slack.Service {
	return slack.Service{URL: s.URL, Token: c.secret(s), Transport: c.transport(s), Timeout: timeoutOf(s)}
}

func (c *connector) http(s config.Service) httpapi.Service {
	out := httpapi.Service{
		URL: s.URL, User: c.user(s), Token: c.secret(s), Header: s.Header, Queries: s.Queries,
		Transport: c.transport(s), Timeout: timeoutOf(s),
	}
	if s.TokenURL == "" {
		return out
	}
	refresh, _ := c.cfg.RefreshToken(s.Name) // one that is missing is reported as the token is
	out.Tokens = httpapi.NewTokens(httpapi.OAuth{
		TokenURL: s.TokenURL, Client: out.User, Secret: out.Token, Refresh: refresh, Scope: s.Scope, Transport: out.Transport, Timeout: out.Timeout,
	})
	out.User, out.Token = "", types.Secret{}
	return out
}

func (c *connector) mcp(s config.Service) mcp.Service {
	env, _ := c.cfg.Environment(s.Name) // a credential that is missing is reported as the token is
	return mcp.Service{Command: s.Command, Env: env, URL: s.URL, Token: c.secret(s), Transport: c.transport(s), Timeout: s.Timeout}
}

func (c *connector) files(s config.Service) files.Service { return files.Service{Root: s.Root} }
