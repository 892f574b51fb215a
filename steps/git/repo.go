package git

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// repo is a repository that a step works with: its remote, the objects at
// hand, and where fetched ones go.
type repo struct {
	c       *client
	service Service
	spec    string // as the skill has it
	url     string // of the remote that is read
	pushURL string
	history *store // commits with all their history
	trees   *store // commits whose history may be missing, above history
}

// open resolves a repository: a URL, or the path of a clone that lends its
// objects and names a remote.
func (c *client) open(ctx context.Context, service, spec string) (*repo, error) {
	s, err := c.service(ctx, service)
	if err != nil {
		return nil, err
	}
	r := &repo{c: c, service: s, spec: spec, url: spec, pushURL: spec}
	var lender *filesystem.Storage
	if isPath(spec) {
		if lender, err = r.lend(spec); err != nil {
			return nil, err
		}
	}
	for _, u := range []string{r.url, r.pushURL} {
		if err := allowed(u); err != nil {
			return nil, err
		}
	}
	return r, r.openStores(lender)
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)
var scpLike = regexp.MustCompile(`^[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^:]`)

func isPath(spec string) bool { return !scheme.MatchString(spec) && !scpLike.MatchString(spec) }

// allowed refuses remotes whose transport could run a program or leak a
// credential.
func allowed(remote string) error {
	if scpLike.MatchString(remote) || isPath(remote) && filepath.IsAbs(remote) {
		return nil
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" || strings.HasPrefix(remote, "-") {
		return types.Errorf(types.BadInput, "%q is not a repository: a clone's path, https://… or ssh://…", remote)
	}
	switch {
	case u.User != nil && u.Scheme != "ssh":
		return types.Errorf(types.BadInput, "a repository's URL must not hold a user or password").WithHint("name the credential in skillrun.yaml")
	case u.Scheme == "https", u.Scheme == "ssh":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return types.Errorf(types.BadInput, "%s is not allowed as a transport", u.Scheme).WithHint("https, ssh, or http to this very machine")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// lend opens a clone for reading and takes its remote: upstream when it has
// one, else origin; pushes go to origin.
func (r *repo) lend(path string) (*filesystem.Storage, error) {
	dir, err := gitDir(path)
	if err != nil {
		return nil, err
	}
	text, err := os.Open(filepath.Join(dir, "config"))
	if err != nil {
		return nil, types.Errorf(types.NotFound, "%s is not a git clone", path)
	}
	defer text.Close()
	cfg, err := config.ReadConfig(text)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the git configuration of %s does not read: %w", path, err)
	}
	origin, upstream := remoteURL(cfg, "origin"), remoteURL(cfg, "upstream")
	if r.url, r.pushURL = upstream, origin; upstream == "" {
		r.url = origin
	}
	if origin == "" {
		r.pushURL = upstream
	}
	if r.url == "" {
		return nil, types.Errorf(types.BadInput, "the clone %s has no remote named upstream or origin", path)
	}
	return filesystem.NewStorageWithOptions(osfs.New(dir), cache.NewObjectLRUDefault(), filesystem.Options{ExclusiveAccess: false}), nil
}

func remoteURL(cfg *config.Config, name string) string {
	if r, ok := cfg.Remotes[name]; ok && len(r.URLs) > 0 {
		return r.URLs[0]
	}
	return ""
}

// gitDir returns a clone's git folder: PATH/.git, the folder that a .git file
// names (worktrees), or PATH itself when it is bare.
func gitDir(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", types.Errorf(types.BadInput, "repository %s: %w", path, err)
	}
	dot := filepath.Join(abs, ".git")
	info, err := os.Stat(dot)
	switch {
	case err == nil && info.IsDir():
		return dot, nil
	case err == nil:
		return worktreeDir(dot)
	}
	if _, err := os.Stat(filepath.Join(abs, "HEAD")); err == nil {
		return abs, nil
	}
	return "", types.Errorf(types.NotFound, "there is no git clone at %s", path).WithHint("clone it, or name its URL")
}

func worktreeDir(dot string) (string, error) {
	text, err := os.ReadFile(dot)
	if err != nil {
		return "", types.Errorf(types.BadInput, "%s: %w", dot, err)
	}
	dir := strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(dot), dir)
	}
	if common, err := os.ReadFile(filepath.Join(dir, "commondir")); err == nil {
		return filepath.Join(dir, strings.TrimSpace(string(common))), nil
	}
	return dir, nil
}

// endpoint parses a remote for go-git.
func endpoint(remote string) (*transport.Endpoint, error) {
	ep, err := transport.NewEndpoint(remote)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "%q is not a repository: %w", remote, err)
	}
	return ep, nil
}

// nameOf is what people call a repository: the last part of its URL.
func nameOf(remote string) string {
	name := strings.TrimSuffix(strings.TrimRight(remote, "/"), ".git")
	if i := strings.LastIndexAny(name, "/:"); i >= 0 {
		name = name[i+1:]
	}
	name = strings.ToLower(name)
	if !workspaceRE.MatchString(name) {
		return "w" + step.Hash(8, remote)
	}
	return name
}
