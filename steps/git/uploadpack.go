package git

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// maxHops is how often a repository may have been renamed.
const maxHops = 5

// discovery follows a redirect of the first request of a read to the same
// scheme, host and port, as a host sends it for a repository that was renamed.
func discovery(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme ||
		!strings.HasSuffix(req.URL.Path, infoRefs) || req.URL.RawQuery != first.URL.RawQuery || len(via) > maxHops {
		return http.ErrUseLastResponse
	}
	return nil
}

// httpUpload is git-upload-pack over smart HTTP: each request is one of its own.
type httpUpload struct {
	client *http.Client
	at     string // where the repository is; greet follows it when it was renamed
	auth   transport.AuthMethod
}

func (u *httpUpload) greet(ctx context.Context) (*greeting, error) {
	resp, err := u.do(ctx, http.MethodGet, infoRefs+"?service="+transport.UploadPackServiceName, nil, true)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	g, err := readGreeting(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.Request.Response != nil { // which sent us on
		now := *resp.Request.URL
		now.RawQuery = ""
		g.at = strings.TrimSuffix(now.String(), infoRefs)
		u.at = g.at
	}
	return g, nil
}

func (u *httpUpload) Close() error { return nil }

func (u *httpUpload) do(ctx context.Context, method, path string, body []byte, v2 bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, u.at+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", capability.DefaultAgent())
	if v2 {
		req.Header.Set("Git-Protocol", "version=2")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		req.Header.Set("Accept", "application/x-git-upload-pack-result")
	}
	if auth, ok := u.auth.(githttp.AuthMethod); ok {
		auth.SetAuth(req)
	}
	resp, err := u.client.Do(req)
	if err != nil {
		return nil, err
	}
	if err := githttp.NewErr(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// greet lets a remote say its greeting. One of protocol v2 does not depend on
// what is in the repository, so that over HTTP it is asked for once.
func (r *repo) greet(ctx context.Context, up uploadPack, remote string) (*greeting, error) {
	if known, ok := r.c.greetings.Load(remote); ok {
		g := known.(*greeting)
		u := up.(*httpUpload)
		u.at = cmp.Or(g.at, u.at)
		return g, nil
	}
	g, err := up.greet(ctx)
	if err != nil {
		return nil, err
	}
	if _, stateless := up.(*httpUpload); stateless && g.v2 != nil {
		r.c.greetings.Store(remote, g)
	}
	return g, nil
}

// pushRefs asks the remote of the pushes for its branches, and refuses one that was
// renamed before anything else is done: a push follows no redirect.
func (r *repo) pushRefs(ctx context.Context) (*remoteRefs, error) {
	from, err := r.refs(ctx, r.pushURL)
	if err == nil && from.greeting != nil && from.greeting.at != "" {
		return nil, movedTo("push to "+nameOf(r.pushURL), from.greeting.at)
	}
	return from, err
}

func (u *httpUpload) ask(ctx context.Context, request []byte, v2 bool) (io.ReadCloser, error) {
	resp, err := u.do(ctx, http.MethodPost, "/"+transport.UploadPackServiceName, request, v2)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
