package git

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/server"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// receivePack begins to push to a remote. There is no protocol v2 of that.
func (r *repo) receivePack(ctx context.Context, remote string) (transport.ReceivePackSession, error) {
	ep, err := endpoint(remote)
	if err != nil {
		return nil, err
	}
	switch ep.Protocol {
	case "http", "https":
		auth, err := r.auth(ctx, remote)
		if err != nil {
			return nil, err
		}
		return githttp.NewClient(r.httpClient()).NewReceivePackSession(ep, auth)
	case "ssh":
		return r.runSSH(ctx, ep, transport.ReceivePackServiceName)
	}
	if !isPath(remote) {
		return nil, types.Errorf(types.BadInput, "%s is not allowed as a transport", ep.Protocol).WithHint("use https, ssh, or http to this machine")
	}
	return server.NewClient(onDisk{}).NewReceivePackSession(ep, nil)
}

func readFolder(remote string) (transport.UploadPackSession, error) {
	ep, err := endpoint(remote)
	if err != nil {
		return nil, err
	}
	return server.NewClient(onDisk{}).NewUploadPackSession(ep, nil)
}

// onDisk loads a remote that is a folder of this machine.
type onDisk struct{}

func (onDisk) Load(ep *transport.Endpoint) (storer.Storer, error) {
	dir, err := gitDir(ep.Path)
	if err != nil {
		return nil, err
	}
	return openObjects(dir), nil
}

// httpClient follows no redirects: a person names a repository that moved again.
func (r *repo) httpClient() *http.Client {
	rt := cmp.Or(r.service.Transport, r.c.o.Transport, http.DefaultTransport)
	rt = rest.RetryReads(boundedAnswers{idleTimeout{rt, r.quiet()}})
	return &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// quiet is how long the server may be silent.
func (r *repo) quiet() time.Duration { return cmp.Or(r.service.Timeout, defaultTimeout) }

// auth returns the credential for a remote: the service's token when the
// remote is of the service's scheme and host, or what git's helper knows.
func (r *repo) auth(ctx context.Context, remote string) (transport.AuthMethod, error) {
	u, err := url.Parse(remote)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "%q is not a repository", hidden(remote)).WithHint("a clone's path, https://HOST/PATH.git or ssh://git@HOST/PATH.git")
	}
	if r.service.home(remote) {
		return &githttp.BasicAuth{Username: cmp.Or(r.service.User, "oauth2"), Password: r.service.Token.Reveal()}, nil
	}
	if r.service.Helper {
		return askHelper(ctx, u, r.service.User)
	}
	return nil, nil
}

// home reports whether a remote is where the token is sent.
func (s Service) home(remote string) bool {
	u, err := url.Parse(remote)
	home, err2 := url.Parse(s.URL)
	return err == nil && err2 == nil && !s.Token.IsZero() && home.Scheme == u.Scheme && strings.EqualFold(home.Host, u.Host)
}

// askHelper asks git's credential helper for a host, and for a user when one is
// configured: a helper may know several. Nothing else of the question comes
// from anywhere but the remote's URL, and no prompt is shown.
func askHelper(ctx context.Context, u *url.URL, user string) (transport.AuthMethod, error) {
	cmd := exec.CommandContext(ctx, "git", "credential", "fill")
	// Not inside a repository, whose configuration could name a helper.
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GIT_DIR="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=")
	question := "protocol=" + u.Scheme + "\nhost=" + u.Host + "\n"
	if user != "" {
		question += "username=" + user + "\n"
	}
	cmd.Stdin = strings.NewReader(question + "\n")
	out, err := cmd.Output()
	if err != nil {
		return nil, types.Errorf(types.Auth, "git's credential helper has nothing for %s", u.Host).
			WithHint("log in once with git (git ls-remote https://%s/…), or name a token under the git service in skillrun.yaml", u.Host)
	}
	auth := &githttp.BasicAuth{}
	for line := range strings.SplitSeq(string(out), "\n") {
		if v, ok := strings.CutPrefix(line, "username="); ok {
			auth.Username = v
		}
		if v, ok := strings.CutPrefix(line, "password="); ok {
			auth.Password = v
			step.Learn(ctx, types.NewSecret(v))
		}
	}
	return auth, nil
}

// refs asks the remote for its branches.
func (r *repo) refs(ctx context.Context, remote string) (*remoteRefs, error) {
	refs, err := r.askRefs(ctx, remote)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return &remoteRefs{url: remote, branches: map[string]plumbing.Hash{}, caps: capability.NewList()}, nil
	}
	return refs, readError("list branches", remote, err)
}

func (r *repo) askRefs(ctx context.Context, remote string) (*remoteRefs, error) {
	if isPath(remote) {
		return folderRefs(ctx, remote)
	}
	up, err := r.uploadPack(ctx, remote)
	if err != nil {
		return nil, err
	}
	defer up.Close()
	g, err := r.greet(ctx, up, remote)
	if err != nil {
		return nil, err
	}
	if g.v2 != nil {
		return g.lsRefs(ctx, up, remote)
	}
	refs := refsOf(remote, g.adv)
	refs.greeting, refs.ends = g, g.adv.Shallows
	return refs, nil
}

func folderRefs(ctx context.Context, remote string) (*remoteRefs, error) {
	session, err := readFolder(remote)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	adv, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return nil, err
	}
	return refsOf(remote, adv), nil
}

func (r *repo) uploadPack(ctx context.Context, remote string) (uploadPack, error) {
	ep, err := endpoint(remote)
	if err != nil {
		return nil, err
	}
	if ep.Protocol == "ssh" {
		return r.runSSH(ctx, ep, transport.UploadPackServiceName)
	}
	auth, err := r.auth(ctx, remote)
	if err != nil {
		return nil, err
	}
	client := r.httpClient()
	client.CheckRedirect = discovery
	return &httpUpload{client: client, at: strings.TrimRight(remote, "/"), auth: auth}, nil
}
