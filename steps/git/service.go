package git

import (
	"cmp"
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/types"
)

// Service is who we are at git servers.
type Service struct {
	// URL is where Token is sent: only to repositories of this scheme and
	// host.
	URL         string
	User        string
	Token       types.Secret
	Helper      bool // ask git's own credential helper, by host
	AuthorName  string
	AuthorEmail string
	// The committer, when it is not the author.
	CommitterName  string
	CommitterEmail string
	SignOff        bool // end messages with the committer's Signed-off-by
	// SigningKeyFile is what commits are signed with: an OpenSSH private key
	// without a passphrase, or a public key whose private half the ssh agent
	// holds; ed25519 or RSA. "" does not sign.
	SigningKeyFile string
	Transport      http.RoundTripper
	Timeout        time.Duration // how long a server may be silent; 0 is two minutes
}

// Options is what the family is given.
type Options struct {
	Services map[string]Service
	Cache    string // a folder for fetched objects, made when needed
	// Transport is for repositories of a service that has none; nil is the standard
	// library's.
	Transport http.RoundTripper
	// Admits says why a host may not be reached over ssh; nil is for any. Over http
	// that is the transport's.
	Admits func(host string) error
}

// The cures of what is not the user's doing.
const (
	reportBug  = "this is a defect of skillrun; please report it with the run's journal"
	goOn       = "resume the run: it asks the remote again"
	freeCache  = "check that skillrun's cache folder is writable and has space left, then resume the run; the cache may be deleted at any time"
	looksFirst = "resume the run: it looks at the remote before it sends anything"
	freeState  = "check that skillrun's state folder is writable and has space left, then resume the run"
)

type client struct {
	o         Options
	greetings sync.Map // *greeting of servers of protocol v2, by remote
}

var shaRE = types.PatternOf[checkoutIn]("commit")

// checkPath refuses what is not a plain path inside a repository.
func checkPath(path string) error {
	ok := filepath.IsLocal(path) && filepath.ToSlash(filepath.Clean(path)) == path && path != "." && !strings.ContainsFunc(path, unicode.IsControl)
	for part := range strings.SplitSeq(path, "/") {
		ok = ok && !strings.EqualFold(part, ".git")
	}
	if !ok {
		return types.Errorf(types.BadInput, "%q is not a path inside the repository", path).WithHint("write it from the repository's root, as git ls-files does, without . and ..")
	}
	return nil
}

func checkPaths(paths ...string) error {
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return err
		}
	}
	return nil
}

func checkSHA(name, sha string) (plumbing.Hash, error) {
	if !shaRE().MatchString(sha) {
		return plumbing.ZeroHash, types.Errorf(types.BadInput, "%s is %q, not a full commit SHA of 40 lower-case hexadecimal digits", name, sha).
			WithHint("git rev-parse NAME prints it; git_fetch returns the one of a branch")
	}
	return plumbing.NewHash(sha), nil
}

func (c *client) service(ctx context.Context, name string) (Service, error) {
	name = cmp.Or(name, "git")
	s, ok := c.o.Services[name]
	if !ok && name != "git" {
		return s, types.Errorf(types.BadInput, "no service %s of kind git is configured", name).WithHint("add it under services in skillrun.yaml with kind: git")
	}
	return s, ctx.Err()
}

// repo is a repository that a step works with: its remote, the objects available,
// and where fetched ones go.
type repo struct {
	c         *client
	service   Service
	url       string // of the remote that is read
	pushURL   string
	alternate *alternate // a clone, when the repository is one
	history   *store     // commits with all their history, and perhaps their files
	trees     *store     // commits with some of their files, above history
}

// alternate is a clone that is only ever read.
type alternate struct {
	refs    *filesystem.Storage
	objects []layer // its own and those of its alternates
	shallow bool    // its history has an end
	partial bool    // it has not all files
}
