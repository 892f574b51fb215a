package quay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"net/url"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// registry is one registry, whichever API it is asked by.
type registry struct {
	name  string
	base  *url.URL
	token types.Secret
	http  *http.Client
}

func newRegistry(name string, s Service) (registry, error) {
	base, err := rest.Base(name, s.URL, "write it in skillrun.yaml as https://quay.io")
	return registry{name, base, s.Token, rest.Client(s.Transport, s.Timeout)}, err
}

func (r registry) place(repository string) string { return r.base.Host + "/" + repository }

func (r registry) noRepository(repository string) error {
	return types.Errorf(types.NotFound, "there is no repository %s", r.place(repository)).
		WithHint("repository is the full path after the host, namespace first")
}

func (r registry) noTag(in getTagIn) error {
	return types.Errorf(types.NotFound, "tag %s is not in %s", in.Tag, r.place(in.Repository)).
		WithHint("check that the image was built and pushed, and that the repository is the right one")
}

// client talks to Quay by its own API.
type client struct{ registry }

func newClient(name string, s Service) (*client, error) {
	r, err := newRegistry(name, s)
	return &client{r}, err
}

// tagPage is Quay's answer to a list of tags; unknown members are left out.
type tagPage struct {
	Tags *[]tagEntry `json:"tags"`
}

// tagEntry is a period of a tag's history; in the future it ends by expiry.
type tagEntry struct {
	Name    string `json:"name"`
	Digest  string `json:"manifest_digest"`
	StartTS int64  `json:"start_ts"`
	EndTS   int64  `json:"end_ts"`
	Size    int    `json:"size"` // null for a list of manifests
}

// history asks for the periods of one tag, the newest first.
func (c *client) history(ctx context.Context, repository, tag string, activeOnly bool) ([]tagEntry, error) {
	query := url.Values{"specificTag": {tag}, "limit": {"20"}}
	if activeOnly {
		query.Set("onlyActiveTags", "true")
	}
	u := c.base.JoinPath("api/v1/repository", repository, "tag/")
	u.RawQuery = query.Encode()
	var page tagPage
	if err := c.get(ctx, "look up tag "+tag+" of "+repository, u, &page); err != nil {
		return nil, err
	}
	if page.Tags == nil {
		return nil, c.notQuay("it has no tags")
	}
	return *page.Tags, nil
}

// isQuay asks for the description of the API, which Quay gives to anybody, and
// which only Quay has there.
func (c *client) isQuay(ctx context.Context) error {
	var described struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	err := c.get(ctx, "ask for the API's description", c.base.JoinPath("api/v1/discovery"), &described)
	if err == nil && described.Paths[tagsPath] == nil {
		err = c.notQuay("its API has no list of tags")
	}
	return err
}

// tagsPath is how the description names what is asked here.
const tagsPath = "/api/v1/repository/{repository}/tag/"

// get reads one JSON answer into out. A 404 is only taken for Quay's when it
// is in Quay's words: it would say that an image does not exist.
func (c *client) get(ctx context.Context, what string, u *url.URL, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return types.Errorf(types.Internal, "%s: %w", what, err)
	}
	req.Header.Set("Accept", "application/json")
	if !c.token.IsZero() {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	resp, body, err := rest.Ask(c.http, req, what)
	if err != nil {
		return err
	}
	text := said(body)
	if resp.StatusCode == http.StatusNotFound && text == "" {
		return c.notQuay("it is a 404 that is not from Quay's API")
	}
	if fault := rest.Status(req.Method, what, resp, text); fault != nil {
		return c.explain(fault)
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return c.notQuay("it is " + cmp.Or(kind, "of no declared kind") + ", not JSON")
	}
	if err := json.Unmarshal(body, out); err != nil {
		return c.notQuay("its JSON is broken or cut off")
	}
	return nil
}

// notQuay says that something answered, but not as Quay does: a proxy, a login
// page, another product.
func (c *client) notQuay(why string) *types.Error {
	return rest.NotFrom("Quay", http.MethodGet, c.base.Host, errors.New(why))
}

// explain adds what a refusal means here. Quay answers 401 or 403, not 404,
// when a caller who may not see a repository asks for one, there or not.
func (c *client) explain(err *types.Error) *types.Error {
	switch {
	case err.Code == types.Auth && c.token.IsZero():
		return err.WithHint("service %q has no token; the repository is private, or does not exist: name a token in skillrun.yaml, e.g. token: env:QUAY_TOKEN", c.name)
	case err.Code == types.Forbidden:
		return err.WithHint("the token of service %q lacks permission to read the repository, or it does not exist; the token needs the right repo:read (robot accounts have no access to this API)", c.name)
	}
	return err
}

func said(body []byte) string {
	var e struct {
		Detail  string `json:"detail"`
		Message string `json:"error_message"`
		Other   string `json:"message"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	for _, s := range []string{e.Detail, e.Message, e.Other} {
		if r := []rune(s); len(r) > 200 {
			return string(r[:200]) + "…"
		}
		if s != "" {
			return s
		}
	}
	return ""
}
