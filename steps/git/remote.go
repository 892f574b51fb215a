package git

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/server"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"

	"github.com/skillrun/skillrun/engine/step/outcome"
	"github.com/skillrun/skillrun/engine/types"
)

// remoteRefs is what a remote advertises.
type remoteRefs struct {
	branches map[string]plumbing.Hash
	// defaultBranch is what its HEAD points at.
	defaultBranch string
	caps          *capability.List
}

// transport returns go-git's transport for a remote, and who we are there.
func (r *repo) transport(ctx context.Context, remote string) (transport.Transport, *transport.Endpoint, transport.AuthMethod, error) {
	ep, err := endpoint(remote)
	if err != nil {
		return nil, nil, nil, err
	}
	switch ep.Protocol {
	case "http", "https":
		auth, err := r.auth(ctx, remote)
		rt := r.service.Transport
		if rt == nil {
			rt = http.DefaultTransport
		}
		client := &http.Client{Transport: rt, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		return githttp.NewClient(client), ep, auth, err
	case "ssh":
		return ssh.NewClient(nil), ep, nil, nil // the agent, and known hosts are checked
	case "file":
		return server.NewClient(server.NewFilesystemLoader(osfs.New("/"))), ep, nil, nil
	}
	return nil, nil, nil, types.Errorf(types.BadInput, "%s is not allowed as a transport", ep.Protocol)
}

// auth returns the credential for a remote: the service's token when the
// remote is of the service's scheme and host, or what git's helper knows.
func (r *repo) auth(ctx context.Context, remote string) (transport.AuthMethod, error) {
	u, err := url.Parse(remote)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "%q is not a repository", remote)
	}
	if home, err := url.Parse(r.service.URL); err == nil && !r.service.Token.IsZero() && home.Scheme == u.Scheme && home.Host == u.Host {
		user := r.service.User
		if user == "" {
			user = "oauth2"
		}
		return &githttp.BasicAuth{Username: user, Password: r.service.Token.Reveal()}, nil
	}
	if r.service.Helper {
		return askHelper(ctx, u)
	}
	return nil, nil
}

// askHelper asks git's credential helper for a host. Nothing of the question
// comes from anywhere but the remote's URL, and no prompt is shown.
func askHelper(ctx context.Context, u *url.URL) (transport.AuthMethod, error) {
	cmd := exec.CommandContext(ctx, "git", "credential", "fill")
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=")
	cmd.Dir = os.TempDir() // not inside a repository, whose configuration could name a helper
	cmd.Stdin = strings.NewReader("protocol=" + u.Scheme + "\nhost=" + u.Host + "\npath=" + strings.TrimPrefix(u.Path, "/") + "\n\n")
	out, err := cmd.Output()
	if err != nil {
		return nil, types.Errorf(types.Auth, "git's credential helper has nothing for %s", u.Host)
	}
	auth := &githttp.BasicAuth{}
	for line := range strings.SplitSeq(string(out), "\n") {
		if v, ok := strings.CutPrefix(line, "username="); ok {
			auth.Username = v
		}
		if v, ok := strings.CutPrefix(line, "password="); ok {
			auth.Password = v
		}
	}
	return auth, nil
}

// refs asks the remote for its branches.
func (r *repo) refs(ctx context.Context, remote string) (*remoteRefs, error) {
	t, ep, auth, err := r.transport(ctx, remote)
	if err != nil {
		return nil, err
	}
	session, err := t.NewUploadPackSession(ep, auth)
	if err != nil {
		return nil, readError("list branches", remote, err)
	}
	defer session.Close()
	adv, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return &remoteRefs{branches: map[string]plumbing.Hash{}, caps: capability.NewList()}, nil
	}
	if err != nil {
		return nil, readError("list branches", remote, err)
	}
	return refsOf(adv), nil
}

func refsOf(adv *packp.AdvRefs) *remoteRefs {
	out := &remoteRefs{branches: map[string]plumbing.Hash{}, caps: adv.Capabilities}
	for name, h := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			out.branches[branch] = h
		}
	}
	for _, s := range adv.Capabilities.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(s, "HEAD:refs/heads/"); ok {
			out.defaultBranch = target
		}
	}
	return out
}

// fetchFrom brings wants and what they need into a store. haves tell the remote
// what is at hand already, with all that it needs.
func fetchFrom(ctx context.Context, t transport.Transport, ep *transport.Endpoint, auth transport.AuthMethod, remote string, into *store, wants, haves []plumbing.Hash, depth int, filter packp.Filter) error {
	session, err := t.NewUploadPackSession(ep, auth)
	if err != nil {
		return readError("fetch", remote, err)
	}
	defer session.Close()
	adv, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return readError("fetch", remote, err)
	}
	req := packp.NewUploadPackRequestFromCapabilities(adv.Capabilities)
	req.Capabilities.Delete(capability.ThinPack) // its objects must stand alone
	req.Wants, req.Haves = wants, haves
	if depth > 0 && adv.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(depth)
		req.Capabilities.Set(capability.Shallow)
	}
	if filter != "" && adv.Capabilities.Supports(capability.Filter) {
		req.Filter = filter
		req.Capabilities.Set(capability.Filter)
	}
	resp, err := session.UploadPack(ctx, req)
	if errors.Is(err, transport.ErrEmptyUploadPackRequest) {
		return nil
	}
	if err != nil {
		return readError("fetch", remote, err)
	}
	defer resp.Close()
	if err := into.addPack(demux(req.Capabilities, resp)); err != nil {
		return readError("fetch", remote, err)
	}
	return nil
}

// demux takes the pack out of a response that also carries progress.
func demux(caps *capability.List, r io.Reader) io.Reader {
	switch {
	case caps.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, r)
	case caps.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, r)
	}
	return r
}

// readError gives the error of a read its code.
func readError(what, remote string, err error) error {
	var coded *types.Error
	if errors.As(err, &coded) {
		return err
	}
	what += " of " + nameOf(remote)
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return types.Errorf(types.Auth, "%s: the server wants a credential", what).WithHint("configure services.git for this host in skillrun.yaml")
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return types.Errorf(types.Forbidden, "%s: the credential has not the right", what)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return types.Errorf(types.NotFound, "%s: there is no repository at %s", what, remote)
	}
	var status *githttp.Err
	if errors.As(err, &status) && status.Response != nil {
		if coded := outcome.Status(http.MethodGet, what, status.Response, status.Reason); coded != nil {
			return coded
		}
	}
	return outcome.Transport(http.MethodGet, what, err)
}
