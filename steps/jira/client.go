package jira

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	gojira "github.com/andygrunwald/go-jira"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// This file is the only one that knows go-jira. Of the library it uses the
// credentials and the requests; its issue type cannot hold entity properties
// and fails as a whole when one date is odd, and its comment type sends members
// that are only to be read, so bodies and answers are shapes of our own.

const api = "rest/api/2/"

// What to do about failures that several places meet.
const (
	lookFirst  = "resume the run: it checks whether this was done before it sends anything"
	notJira    = "check the service's url and deployment in skillrun.yaml: something else may be answering"
	reportIt   = "this is a bug of skillrun: report it with this message"
	keyOrRight = "Jira also says 404 when the account lacks permission to see it: check the key, and the account's access"
)

type client struct {
	api            *gojira.Client
	url            string
	datacenter     bool
	credentialHint string // what to do when the credential is refused
}

func newClient(name string, s Service) (*client, error) {
	const hint = "write it as https://HOST in skillrun.yaml, without a user"
	if _, err := rest.Base(name, s.URL, hint); err != nil {
		return nil, err
	}
	rt, credentialHint := s.credential()
	c, failed := gojira.NewClient(rest.Client(rt, s.Timeout), s.URL)
	if failed != nil {
		return nil, types.Errorf(types.BadInput, "the service %q has an invalid URL", name).WithHint(hint)
	}
	return &client{api: c, url: strings.TrimSuffix(s.URL, "/"), datacenter: s.Deployment == datacenter, credentialHint: credentialHint}, nil
}

// credential returns a transport that shows who is asking, and what to do when
// Jira does not take it.
func (s Service) credential() (rt http.RoundTripper, hint string) {
	basic := &gojira.BasicAuthTransport{Username: s.User, Password: s.Token.Reveal(), Transport: s.Transport}
	switch {
	case s.Token.IsZero():
		return s.Transport, "name a token under the service in skillrun.yaml"
	case s.Deployment != datacenter:
		return basic, "check the service's user and token in skillrun.yaml: " +
			"Jira Cloud requires the account's e-mail address and an API token, which expires"
	case s.User != "":
		return basic, "check the service's user and token in skillrun.yaml; where Jira does not take passwords, " +
			"leave the user out and make the token a personal access token"
	}
	return &gojira.PATAuthTransport{Token: s.Token.Reveal(), Transport: s.Transport},
		"check the service's token in skillrun.yaml: it must be a personal access token of this Jira that has not expired"
}

// browse is where a person looks at the issue.
func (c *client) browse(key string) string { return c.url + "/browse/" + key }

// do sends one request and decodes the answer; into may be nil.
func (c *client) do(ctx context.Context, method, path, what string, body, into any) error {
	if ctx.Err() != nil {
		return types.Errorf(types.Cancelled, "%s: stopped", what).WithHint("resume the run")
	}
	req, err := c.api.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return types.AsError(err).WithHint(reportIt)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.api.Do(req, into)
	if resp == nil {
		return rest.Transport(method, what, err)
	}
	a := answer{client: c, Response: resp.Response, method: method, what: what}
	switch {
	case resp.StatusCode/100 != 2:
		return a.refused()
	case a.loggedOut():
		return a.loginFailed("")
	case err != nil:
		return a.unreadable(err)
	case into == nil:
		_ = resp.Body.Close()                                                    // the library closes only what it decodes
		if resp.StatusCode != http.StatusNoContent && method != http.MethodPut { // of a property it says 200 or 201
			return a.unreadable(errors.New("it has a body where Jira sends none"))
		}
	}
	return nil
}

func (c *client) get(ctx context.Context, path string, q url.Values, what string, into any) error {
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return c.do(ctx, http.MethodGet, api+path, what, nil, into)
}

func (c *client) post(ctx context.Context, path, what string, body, into any) error {
	return c.do(ctx, http.MethodPost, api+path, what, body, into)
}

func (f family) connect(service string) (*client, error) {
	s, name, err := step.Pick(f.services, "jira", service)
	if err != nil {
		return nil, err
	}
	if err := s.check(name); err != nil {
		return nil, err
	}
	return newClient(name, s)
}
