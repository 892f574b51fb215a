//lint:file-ignore SA1019 the client is prescribed for now; its successor is this one file away

package gitlab

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	gl "github.com/xanzy/go-gitlab"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// The files client*.go are the only ones that know go-gitlab. The library would
// repeat every request, POST too, up to five times; here it never does.

type client struct{ api *gl.Client }

type user struct {
	ID       int
	Username string
	Admin    bool // told only of oneself
}

type project struct {
	ID            int
	Path          string
	DefaultBranch string
}

// unlimited keeps go-gitlab from slowing itself down by what the first answer
// says about limits: a step waits only where the engine sees it.
type unlimited struct{}

// Wait returns at once.
func (unlimited) Wait(context.Context) error { return nil }

func newClient(name string, s Service) (*client, error) {
	const hint = "write url: https://HOST under the service in skillrun.yaml"
	if _, err := rest.Base(name, s.URL, hint); err != nil {
		return nil, err
	}
	never := func(context.Context, *http.Response, error) (bool, error) { return false, nil }
	api, err := gl.NewClient(s.Token.Reveal(),
		gl.WithBaseURL(s.URL),
		gl.WithHTTPClient(rest.Client(recorder{cmp.Or(s.Transport, http.DefaultTransport)}, s.Timeout)),
		gl.WithCustomRetryMax(0), gl.WithCustomRetry(never), gl.WithoutRetries(),
		gl.WithCustomLimiter(unlimited{}))
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the service %q has an invalid URL: %w", name, err).WithHint(hint)
	}
	return &client{api}, nil
}

func (c *client) project(ctx context.Context, path string) (project, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up project "+path)
	p, resp, err := c.api.Projects.GetProject(path, nil, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return project{}, err
	}
	if p.ID == 0 {
		return project{}, noAnswer(x, "the answer has no id")
	}
	return project{ID: p.ID, Path: p.PathWithNamespace, DefaultBranch: p.DefaultBranch}, nil
}

func (c *client) user(ctx context.Context, name string) (user, bool, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up user "+name)
	list, resp, err := c.api.Users.ListUsers(&gl.ListUsersOptions{Username: &name}, gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return user{}, false, err
	}
	for _, u := range list {
		if u != nil && strings.EqualFold(u.Username, name) {
			return user{ID: u.ID, Username: u.Username}, true, nil
		}
	}
	return user{}, false, nil
}

func (c *client) me(ctx context.Context) (user, error) {
	ctx, x := withExchange(ctx, http.MethodGet, "look up whose token it is")
	u, resp, err := c.api.Users.CurrentUser(gl.WithContext(ctx))
	if err := x.end(raw(resp), err); err != nil {
		return user{}, err
	}
	if u.ID == 0 {
		return user{}, noAnswer(x, "the answer has no id")
	}
	return user{u.ID, u.Username, u.IsAdmin}, nil
}

// listed reads the pages of a list, of size members each and never more than most,
// and shows each member to visit until that says false. complete is false when there
// is more than anybody should read.
func listed[T any](ctx context.Context, what string, size, most int, ask func(gl.ListOptions, gl.RequestOptionFunc) ([]T, *gl.Response, error), visit func(T) bool) (complete bool, err error) {
	number := 1
	for range maxPages {
		ctx, x := withExchange(ctx, http.MethodGet, what)
		page, resp, err := ask(gl.ListOptions{Page: number, PerPage: size}, gl.WithContext(ctx))
		if err := x.end(raw(resp), err); err != nil {
			return false, err
		}
		switch {
		case page == nil: // an empty list proves something, the word null does not
			return false, noAnswer(x, "the answer is not a list")
		case len(page) > most:
			return false, noAnswer(x, "the answer is a page of %d, more than %d", len(page), most)
		}
		for _, member := range page {
			if !visit(member) {
				return true, nil
			}
		}
		next := resp.NextPage
		if _, there := resp.Header["X-Next-Page"]; !there && len(page) >= size {
			next = number + 1 // a proxy may drop the header: there is more until a page is short
		}
		switch {
		case next == 0:
			return true, nil
		case next <= number:
			return false, types.Errorf(types.Unavailable, "page %d of a list names page %d as the next", number, next).
				WithHint("check whether a proxy in front of GitLab caches responses; then resume the run")
		}
		number = next
	}
	return false, nil
}

// read reads what the library leaves out of its own types.
func (c *client) read(path string, query any, o gl.RequestOptionFunc, into any) (*gl.Response, error) {
	req, err := c.api.NewRequest(http.MethodGet, path, query, []gl.RequestOptionFunc{o})
	if err != nil {
		return nil, err
	}
	return c.api.Do(req, into)
}

func raw(resp *gl.Response) *http.Response {
	if resp == nil {
		return nil
	}
	return resp.Response
}

// optional is what a request leaves out when it is empty.
func optional[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

func optionalString(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Service is one GitLab, as the configuration names it.
type Service struct {
	URL       string            // "https://gitlab.example.com", with the path it lives under
	Token     types.Secret      // a personal, project or group access token
	Transport http.RoundTripper // how it is reached; http.DefaultTransport without one
	Timeout   time.Duration     // for one exchange; 0 is no limit
}
