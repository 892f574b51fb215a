package quay

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// oci talks to one registry by the OCI distribution specification, version
// 1.1: its pull and its list of tags. How it shows who it is stands in
// ociauth.go.
type oci struct {
	registry
	user string
	auth string // the Authorization header that the registry accepted; "" before that
}

func newOCI(name string, s Service) (*oci, error) {
	r, err := newRegistry(name, s)
	if err != nil {
		return nil, err
	}
	if s.User == "" && !s.Token.IsZero() {
		return nil, types.Errorf(types.Auth, "service %q has a token and no user", name).
			WithHint("registries with api: oci take a user with a password or token: add user: NAME, e.g. that of a robot account")
	}
	return &oci{registry: r, user: s.User}, nil
}

// The kinds of manifests that are asked for: images and lists of images, in
// OCI's and in Docker's words.
const accepted = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
	"application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json"

// manifest is an image or a list of images, as far as it is looked at.
type manifest struct {
	SchemaVersion int `json:"schemaVersion"`
	Layers        []struct {
		Size int `json:"size"`
	} `json:"layers"`
}

func getTagOCI(ctx context.Context, name string, s Service, in getTagIn) (getTagOut, error) {
	c, err := newOCI(name, s)
	if err != nil {
		return getTagOut{}, err
	}
	what := "look up tag " + in.Tag + " of " + in.Repository
	a, err := c.get(ctx, what, in.Repository, in.Repository+"/manifests/"+in.Tag, accepted)
	if err != nil {
		return getTagOut{}, err
	}
	switch {
	case a.StatusCode == http.StatusNotFound && a.has("NAME_UNKNOWN"):
		return getTagOut{}, c.noRepository(in.Repository)
	case a.StatusCode == http.StatusNotFound && a.strange():
		return getTagOut{}, c.odd(strange404)
	case a.StatusCode == http.StatusNotFound:
		return getTagOut{}, c.noTag(in)
	}
	if err := c.refused(a, what); err != nil {
		return getTagOut{}, err
	}
	return c.result(in, a)
}

// result computes the digest of the manifest; what the registry says must agree.
func (c *oci) result(in getTagIn, a answer) (getTagOut, error) {
	var m manifest
	switch err := json.Unmarshal(a.body, &m); {
	case err != nil:
		return getTagOut{}, c.odd("its manifest is not JSON, or cut off")
	case m.SchemaVersion != 2:
		return getTagOut{}, c.odd("its manifest is not of the OCI or Docker schema 2")
	}
	sum, err := digestOf(a.body, a.Header.Get("Docker-Content-Digest"))
	if err != nil {
		return getTagOut{}, c.odd(err.Error())
	}
	size := 0
	for _, l := range m.Layers {
		size += l.Size
	}
	return getTagOut{Repository: in.Repository, Tag: in.Tag, Digest: sum, Size: size, Image: c.place(in.Repository) + "@" + sum}, nil
}

// digestOf computes a manifest's digest by the algorithm that the registry
// names; SHA-256 when it names none.
func digestOf(body []byte, said string) (string, error) {
	algorithm, _, _ := strings.Cut(said, ":")
	var sum string
	switch algorithm {
	case "", "sha256":
		h := sha256.Sum256(body)
		sum = "sha256:" + hex.EncodeToString(h[:])
	case "sha512":
		h := sha512.Sum512(body)
		sum = "sha512:" + hex.EncodeToString(h[:])
	default:
		return "", errors.New("its digest is of an unknown kind")
	}
	if said != "" && said != sum {
		return "", errors.New("its manifest does not have the digest that it names")
	}
	return sum, nil
}

type answer struct {
	*http.Response
	body []byte
}

type ociErrors struct {
	Errors []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
}

func (a answer) errors() ociErrors {
	var e ociErrors
	_ = json.Unmarshal(a.body, &e) // a proxy's page has no errors in it
	return e
}

// has reports whether the registry gives that code among its reasons.
func (a answer) has(code string) bool {
	for _, e := range a.errors().Errors {
		if e.Code == code {
			return true
		}
	}
	return false
}

// strange reports whether nothing shows that a refusal is a registry's own. A
// page of some other server that says 404 is no proof that an image does not
// exist.
func (a answer) strange() bool {
	return len(a.errors().Errors) == 0 && a.Header.Get("Docker-Distribution-Api-Version") == ""
}

const strange404 = "it is a 404 that is not from a registry"

func (a answer) said() string {
	var out []string
	for _, e := range a.errors().Errors {
		out = append(out, strings.Trim(e.Code+": "+e.Message, ": "))
	}
	text := strings.Join(out, "; ")
	if r := []rune(text); len(r) > 500 {
		return string(r[:499]) + "…"
	}
	return text
}

// get reads a path below /v2/, and shows who is asking when the registry wants
// to know. Answers of any status come back; an error says that there is no
// answer, or no one to be.
func (c *oci) get(ctx context.Context, what, repository, path, accept string) (answer, error) {
	path, query, _ := strings.Cut(path, "?")
	u := c.base.JoinPath("v2/" + path)
	u.RawQuery = query
	a, err := c.send(ctx, what, u, accept, c.auth)
	if err != nil || a.StatusCode != http.StatusUnauthorized || c.auth != "" {
		return a, err
	}
	if c.auth, err = c.authorize(ctx, what, a, repository); err != nil || c.auth == "" {
		return a, err
	}
	return c.send(ctx, what, u, accept, c.auth)
}

func (c *oci) send(ctx context.Context, what string, u *url.URL, accept, auth string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, types.Errorf(types.Internal, "%s: %w", what, err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	resp, body, err := rest.Ask(c.http, req, what)
	if err != nil {
		return answer{}, err
	}
	return answer{resp, body}, nil
}

func (c *oci) refused(a answer, what string) error {
	err := rest.Status(http.MethodGet, what, a.Response, a.said())
	switch {
	case err == nil:
		return nil
	case a.StatusCode/100 == 3:
		return err.WithHint("the registry sends its clients to another host, which is not followed: name that host as the service's url")
	case err.Code == types.Auth && c.token.IsZero():
		return err.WithHint("service %q has no token; the repository is private, or does not exist: add user and token in skillrun.yaml", c.name)
	case err.Code == types.Auth, err.Code == types.Forbidden:
		return err.WithHint("check user and token of service %q in skillrun.yaml, and that they may pull the repository; some registries say this also of a repository that does not exist", c.name)
	}
	return err
}

// odd says that something answered, but not as a registry does.
func (c *oci) odd(why string) *types.Error {
	return rest.NotFrom("an OCI registry", http.MethodGet, c.base.Host, errors.New(why)).
		WithHint("check url and api of service %q in skillrun.yaml: a login page or a proxy may be answering", c.name)
}
