package git

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
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
	lender  *lender // a clone, when the repository is one
	history *store  // commits with all their history, and perhaps their files
	trees   *store  // commits with some of their files, above history
}

// lender is a clone that is only ever read.
type lender struct {
	refs    *filesystem.Storage
	objects []layer // its own and those of its alternates
	shallow bool    // its history has an end
	partial bool    // it has not all files
}

// open resolves a repository and opens its objects.
func (c *client) open(ctx context.Context, service, spec string) (*repo, error) {
	r, err := c.resolve(ctx, service, spec)
	if err != nil {
		return nil, err
	}
	return r, r.openStores()
}

// look opens a repository and asks its remote what is there now.
func (c *client) look(ctx context.Context, service, spec string) (*repo, *remoteRefs, error) {
	r, err := c.open(ctx, service, spec)
	if err != nil {
		return nil, nil, err
	}
	refs, err := r.refs(ctx, r.url)
	return r, refs, err
}

// lookAt does the same for one ref, "" being the default branch.
func (c *client) lookAt(ctx context.Context, service, spec, ref string) (*repo, *remoteRefs, plumbing.Hash, error) {
	r, refs, err := c.look(ctx, service, spec)
	if err != nil {
		return nil, nil, plumbing.ZeroHash, err
	}
	h, err := r.resolve(refs, ref)
	return r, refs, h, err
}

// resolve takes a repository apart: a URL, or the path of a clone that lends
// its objects and names a remote.
func (c *client) resolve(ctx context.Context, service, spec string) (*repo, error) {
	s, err := c.service(ctx, service)
	if err != nil {
		return nil, err
	}
	r := &repo{c: c, service: s, spec: spec, url: spec, pushURL: spec}
	if isPath(spec) {
		if err := r.lend(spec); err != nil {
			return nil, err
		}
	}
	for _, u := range []string{r.url, r.pushURL} {
		if err := allowed(u); err != nil {
			return nil, err
		}
	}
	return r, nil
}

var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:`)

func isPath(spec string) bool { return !scheme.MatchString(spec) && sshRemote(spec) == nil }

// allowed refuses remotes whose transport could run a program or leak a
// credential.
func allowed(remote string) error {
	ssh := sshRemote(remote) != nil
	if ssh && !strings.Contains(remote, "://") || isPath(remote) && filepath.IsAbs(remote) {
		return nil
	}
	u, err := url.Parse(remote)
	if err != nil || u.Host == "" || strings.HasPrefix(u.Host, "-") || strings.ContainsFunc(remote, unicode.IsControl) {
		return types.Errorf(types.BadInput, "%q is not a repository: a clone's path, https://… or ssh://…", hidden(remote)).WithHint("check how it is written in the skill or in skillrun.yaml")
	}
	_, password := u.User.Password()
	switch {
	case u.RawQuery != "" || u.Fragment != "":
		return types.Errorf(types.BadInput, "a repository's URL must not hold a ? or #").WithHint("name the credential in skillrun.yaml")
	case u.User != nil && !ssh || password:
		return types.Errorf(types.BadInput, "a repository's URL must not hold a user or password").WithHint("name the credential in skillrun.yaml")
	case u.Scheme == "https", ssh:
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return types.Errorf(types.BadInput, "%s is not allowed as a transport", u.Scheme).WithHint("https, ssh, or http to this very machine")
}

// checkRepo refuses what no repository can be, as far as that is known without
// looking: a path may be anything.
func checkRepo(unknown step.UnknownPaths, argument, spec string) error {
	if unknown.Touches(argument) || isPath(spec) {
		return nil
	}
	return allowed(spec)
}

// userInfo is what may stand before the host of a URL that does not parse.
var userInfo = regexp.MustCompile(`//[^/@]*@`)

// hidden is a remote as it may be shown.
func hidden(remote string) string { return userInfo.ReplaceAllString(remote, "//…@") }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// lend opens a clone for reading and takes its remote: upstream when it has
// one, else origin; pushes go to origin. A bare repository without remotes is
// its own remote.
func (r *repo) lend(path string) error {
	dir, err := gitDir(path)
	if err != nil {
		return err
	}
	text, err := readFile(filepath.Join(dir, "config"))
	if err != nil {
		return notClone(path, err)
	}
	cfg, err := config.ReadConfig(bytes.NewReader(text))
	if err != nil {
		return types.Errorf(types.BadInput, "the git configuration of %s does not read: %w", path, err).WithHint("git config --list tells what is wrong with it; or name the repository's URL")
	}
	if cfg.Raw.Section("extensions").Option("objectFormat") == "sha256" {
		return readError("open", path, errSHA256)
	}
	origin, upstream := remoteURL(cfg, "origin"), remoteURL(cfg, "upstream")
	r.url, r.pushURL = cmp.Or(upstream, origin), cmp.Or(origin, upstream)
	if r.url == "" && cfg.Core.IsBare && len(cfg.Remotes) == 0 {
		r.url, r.pushURL = dir, dir
	}
	if r.url == "" {
		return types.Errorf(types.BadInput, "the clone %s has no remote named upstream or origin", path).WithHint("git remote add origin URL, or name the URL instead of the clone")
	}
	_, err = os.Stat(filepath.Join(dir, "shallow"))
	sto := openObjects(dir)
	r.lender = &lender{refs: sto, objects: withAlternates(nil, dir), shallow: err == nil,
		partial: cfg.Raw.Section("extensions").Option("partialClone") != ""}
	return nil
}

func notClone(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return types.Errorf(types.BadInput, "the git clone %s does not read: %w", path, err).WithHint("clone it anew, or name its URL")
	}
	return types.Errorf(types.NotFound, "%s is not a git clone", path).WithHint("clone it, or name its URL")
}

// maxAlternates is how many folders of objects a clone may borrow from.
const maxAlternates = 8

// withAlternates opens the objects of a git folder, and of those it borrows
// from itself.
func withAlternates(opened []layer, dir string) []layer {
	opened = append(opened, openObjects(dir))
	text, err := readFile(filepath.Join(dir, "objects", "info", "alternates"))
	if err != nil {
		return opened
	}
	for line := range strings.Lines(string(text)) {
		objects := strings.TrimSpace(line)
		if objects == "" || strings.HasPrefix(objects, "#") || len(opened) >= maxAlternates {
			continue
		}
		if !filepath.IsAbs(objects) {
			objects = filepath.Join(dir, "objects", objects)
		}
		opened = withAlternates(opened, filepath.Dir(objects))
	}
	return opened
}

// remoteURL is a remote of a clone, without a user and password that stand in
// it: credentials come from the configuration.
func remoteURL(cfg *config.Config, name string) string {
	r, ok := cfg.Remotes[name]
	if !ok || len(r.URLs) == 0 {
		return ""
	}
	u, err := url.Parse(r.URLs[0])
	if err != nil || u.User == nil || sshRemote(r.URLs[0]) != nil {
		return r.URLs[0]
	}
	u.User = nil
	return u.String()
}

// gitDir returns a clone's git folder: PATH/.git, the folder that a .git file
// names (worktrees), or PATH itself when it is bare.
func gitDir(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", types.Errorf(types.BadInput, "%q is not a repository", path).WithHint("name the clone by its absolute path")
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
	text, err := readFile(dot)
	if err != nil {
		return "", notClone(filepath.Dir(dot), err)
	}
	dir := strings.TrimSpace(strings.TrimPrefix(string(text), "gitdir:"))
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(dot), dir)
	}
	if common, err := readFile(filepath.Join(dir, "commondir")); err == nil {
		return filepath.Join(dir, strings.TrimSpace(string(common))), nil
	}
	return dir, nil
}

// endpoint parses a remote for go-git.
func endpoint(remote string) (*transport.Endpoint, error) {
	if ep := sshRemote(remote); ep != nil {
		return ep, nil
	}
	ep, err := transport.NewEndpoint(remote)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "%q is not a repository", hidden(remote)).WithHint("a clone's path, https://HOST/PATH.git or ssh://git@HOST/PATH.git")
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
