package git

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

var scheme = types.Pattern(`^[a-z][a-z0-9+.-]*:`)

func isPath(spec string) bool { return !scheme().MatchString(spec) && sshRemote(spec) == nil }

// allowed refuses remotes whose transport could run a program or leak a credential.
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
	return types.Errorf(types.BadInput, "%s is not allowed as a transport", u.Scheme).WithHint("use https, ssh, or http to this machine")
}

// checkRepo refuses what can be no repository, without looking: a path may be one.
func checkRepo(unknown step.UnknownPaths, argument, spec string) error {
	if unknown.Overlaps(argument) || isPath(spec) {
		return nil
	}
	return allowed(spec)
}

// userInfo is what may stand before the host of a URL that does not parse.
var userInfo = types.Pattern(`//[^/@]*@`)

// hidden is a remote as it may be shown.
func hidden(remote string) string { return userInfo().ReplaceAllString(remote, "//…@") }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// addAlternate opens a clone for reading and takes its remote: upstream, else origin,
// to which pushes go. A bare repository without remotes is its own.
func (r *repo) addAlternate(path string) error {
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
		return types.Errorf(types.BadInput, "the git configuration of %s cannot be read: %w", path, err).WithHint("git config --list shows what is wrong; or use the repository's URL")
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
	r.alternate = &alternate{refs: sto, objects: withAlternates(nil, dir), shallow: err == nil,
		partial: cfg.Raw.Section("extensions").Option("partialClone") != ""}
	return nil
}

func notClone(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return types.Errorf(types.BadInput, "the git clone %s cannot be read: %w", path, err).WithHint("clone it again, or name its URL")
	}
	return types.Errorf(types.NotFound, "%s is not a git clone", path).WithHint("clone it, or name its URL")
}

// maxAlternates is how many folders of objects a clone may borrow from.
const maxAlternates = 8

// withAlternates opens the objects of a git folder, and of those it borrows from.
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

// remoteURL is a remote of a clone, without a user and password: those are configured.
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

// readError gives the error of a read its code; nil stays nil.
func readError(what, remote string, err error) error {
	var coded *types.Error
	if err == nil || errors.As(err, &coded) {
		return err
	}
	what += " of " + nameOf(remote)
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired):
		return types.Errorf(types.Auth, "%s: the server requires a credential, or another one", what).
			WithHint("name a token under the git service in skillrun.yaml, whose url must be of the same host, or credentials: helper")
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return types.Errorf(types.Forbidden, "%s: the credential lacks permission", what).
			WithHint("give its account permission to read, and to push where it pushes; a token also needs the scope write_repository at GitLab, contents at GitHub")
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return types.Errorf(types.NotFound, "%s: there is no repository at %s", what, remote).
			WithHint("check the URL; a host also says this about a repository that the credential has no permission to see")
	case errors.Is(err, errSHA256):
		return types.Errorf(types.BadInput, "%s: %w, and skillrun reads only repositories with SHA-1 names", what, err).
			WithHint("convert the repository, or mirror it to one that git init --object-format=sha1 made")
	case errors.As(err, new(serverError)):
		return types.Errorf(types.Unavailable, "%s: the server reports: %w", what, err).WithHint("%s", goOn)
	case errors.As(err, new(*shallowError)):
		return types.Errorf(types.NotFound, "%s: the repository on the server is shallow: %w", what, err).
			WithHint("name the whole repository, or have its owner run git fetch --unshallow in it")
	case renamed(err) != "":
		return movedTo(what, renamed(err))
	case isMissing(err):
		return types.Errorf(types.Internal, "%s: an object is missing: %w", what, err).WithHint("%s", freeCache)
	}
	return httpError(http.MethodGet, what, err)
}

// httpError gives the error of an exchange its code, by the answer's status if any came.
func httpError(method, what string, err error) error {
	err = peel(err)
	var status *githttp.Err
	if errors.As(err, &status) && status.Response != nil {
		if coded := rest.Status(method, what, status.Response, status.Reason); coded != nil {
			return coded
		}
	}
	return rest.Transport(method, what, err)
}

// peel takes off go-git's wrappers, which hide what they wrap.
func peel(err error) error {
	var unexpected *plumbing.UnexpectedError
	var permanent *plumbing.PermanentError
	switch {
	case errors.As(err, &unexpected):
		return peel(unexpected.Err)
	case errors.As(err, &permanent):
		return peel(permanent.Err)
	}
	return err
}

func movedTo(what, where string) *types.Error {
	return types.Errorf(types.NotFound, "%s: the repository was moved to %s", what, where).
		WithHint("write the new address, if that is the repository you mean: a write follows no redirect, and a read none to another host")
}

// renamed is where a host says that a repository is for good, else "".
func renamed(err error) string {
	var status *githttp.Err
	if !errors.As(peel(err), &status) || status.Response == nil {
		return ""
	}
	resp := status.Response
	if resp.StatusCode != http.StatusMovedPermanently && resp.StatusCode != http.StatusPermanentRedirect {
		return ""
	}
	to, err := resp.Location()
	if err != nil || !strings.HasSuffix(to.Path, infoRefs) {
		return ""
	}
	to.RawQuery, to.User = "", nil
	return strings.TrimSuffix(to.String(), infoRefs)
}
