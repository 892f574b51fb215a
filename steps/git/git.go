// Package git releases from git repositories without a checkout: it reads
// files and history from a remote, edits in a workspace that holds only the
// files asked for, makes one commit and pushes it.
//
// # Repositories
//
// A repository is a URL, or the path of a clone. A clone only lends its
// objects and names a remote; nothing in it is ever written, and what its
// remote does not have does not count. Objects that are fetched go to a cache
// of our own.
//
// # Workspaces
//
// A workspace is a folder of the run: the base commit, the files that were
// asked for (files/), the objects made since (objects.git/) and what is known
// of it (workspace.json). Whatever lies in files/ is to be committed, whoever
// wrote it: steps of other families, and programs. git_commit writes one blob a
// changed file, the trees above it and one commit: its cost follows the change,
// not the repository. What no commit could hold is refused when a step writes it
// ([Admit]), and at the commit when a program made it.
//
// # Once
//
// A commit carries the trailer Skillrun-Key. A branch whose tip, above the
// base, has our work's key is ours, and the workspace goes on from it; any
// other branch of that name is a conflict. A push creates the branch, or moves
// it from the tip that was seen; the server compares and swaps. Dates of
// commits come from the run's start, so a resumed run makes the same SHA. When
// the journal is lost, the steps edit the base again, and git_commit finds the
// commit that this came to among those of the branch.
//
// # Who we are
//
// An https remote is sent the service's token when it is of the service's host,
// or what git's own credential helper has. An ssh remote is asked with the keys
// of the user's ssh agent, and only when known_hosts knows its key; Hostname,
// Port and User of ~/.ssh/config count. Reading speaks protocol v2 where the
// server offers it, else v0; there is no v2 of pushing. Commits are made, signed off and signed
// as the service says; only keys that sign the same each time are taken, so
// that a resumed run still makes the same SHA.
//
// # Cost
//
// A remote that gives single objects (GitLab and GitHub do) is asked for the
// trees on the way to a file and the file, or for commits alone; from another
// one comes what a shallow fetch brings. Nothing walks the whole repository.
package git

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/skillrun/skillrun/engine/step"
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
	goOn       = "go on with the run: it asks the remote again"
	freeCache  = "see that skillrun's cache folder can be written and has space left, then go on with the run; the cache may be deleted at any time"
	looksFirst = "go on with the run: it looks whether the branch is there before it sends anything"
	freeState  = "see that skillrun's state folder can be written and has space left, then go on with the run"
)

// client is the receiver of every step.
type client struct {
	o         Options
	greetings sync.Map // *greeting of servers of protocol v2, by remote
}

// Steps returns the family. Options may be zero for documentation.
func Steps(o Options) []step.Step {
	c := &client{o: o}
	reads := []types.Code{types.NotFound, types.Auth, types.Forbidden, types.Network, types.Timeout, types.Unavailable, types.RateLimited}
	return []step.Step{
		step.Checked(step.Read("git_log", "List the commits between two commits, and how they are related.", settled(c.log)).
			Reaching(c.sees()).Needing(toRead, "repo").Touching("git", "commits", "read").Failing(reads...), logIn.check),
		step.Checked(step.Read("git_fetch", "Look what a branch or commit of a remote is now, and keep its history for the steps that follow.", settled(c.fetchRef)).
			Reaching(c.sees()).Needing(toRead, "repo").Touching("git", "commits", "read").Failing(reads...), fetchIn.check),
		step.Checked(step.Read("git_diff", "Compare the files of two commits of a remote.", settled(c.diff)).
			Reaching(c.sees("from", "to")).Needing(toRead, "repo").Touching("git", "files", "read").Failing(reads...), diffIn.check),
		step.Checked(step.Read("git_show", "Show a commit of a remote: who, when, why, and the files it changed.", settled(c.show)).
			Reaching(c.sees("commit")).Needing(toRead, "repo").Touching("git", "commit", "read").Failing(reads...), showIn.check),
		step.Checked(step.Read("git_read_file", "Read a file at a commit or branch of a remote.", settled(c.readFile)).
			Reaching(c.sees("ref")).Needing(toRead, "repo").Touching("git", "file", "read").Failing(reads...), readFileIn.check),
		step.Checked(step.Read("git_branch_list", "List the branches of a remote.", c.branchList).
			Reaching(c.sees()).Needing(toRead, "repo").Touching("git", "branches", "read").Failing(reads...), branchListIn.check),
		step.Checked(step.Local("git_checkout", "Lay files of a commit into a workspace.", settled(c.checkout)).
			Reaching(c.sees("commit")).Needing(toCheckOut, "repo").Touching("git", "files", "read").Failing(reads...), checkoutIn.check),
		step.Checked(step.Local("git_branch_create", "Name the branch that a workspace will be pushed to, or go on from ours that is there.", c.branchCreate).
			Reaching(c.branches).Needing(toBranch, "push_repo").Touching("git", "branch", "read").Failing(append(reads, types.Conflict)...), branchCreateIn.check),
		step.Checked(step.Local("git_commit", "Commit the new, changed, moved and deleted files of a workspace.", c.commit, step.Preview(c.previewCommit)).
			Reaching(commits).Needing(toCommit).Touching("git", "commit", "create").Failing(append(reads, types.Conflict)...), commitIn.check),
		step.Checked(step.Write("git_push", "Push a workspace's commit to a branch.", c.push,
			step.Find(c.findPush), step.Preview(c.previewPush), step.Resolve("the branch, or the commit it is at", c.resolvePush),
			step.Undo(step.Undoing[pushIn, pushOut]{Say: sayUnpush, Look: c.lookUnpush, Do: c.unpush})).
			Reaching(c.pushes).Needing(toPush, "repo").Touching("git", "branch", "push").Costing(step.Cost{Requests: 1, Trips: 1}, step.Cost{Requests: 3, Trips: 3}).Failing(append(reads, types.Conflict)...), pushIn.check),
	}
}

// The closed patterns of names. None can be a flag, a path out of a folder, or
// more than one line.
var (
	shaRE       = types.PatternOf[checkoutIn]("commit")
	workspaceRE = types.PatternOf[commitIn]("workspace")
)

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

// checkPaths refuses files that are named by no plain paths.
func checkPaths(paths ...string) error {
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return err
		}
	}
	return nil
}

func checkSHA(name, sha string) (plumbing.Hash, error) {
	if !shaRE.MatchString(sha) {
		return plumbing.ZeroHash, types.Errorf(types.BadInput, "%s is %q, not a full commit SHA of 40 lower-case hexadecimal digits", name, sha).
			WithHint("git rev-parse NAME tells it; git_fetch returns the one of a branch")
	}
	return plumbing.NewHash(sha), nil
}

func (c *client) service(ctx context.Context, name string) (Service, error) {
	if name == "" {
		name = "git"
	}
	s, ok := c.o.Services[name]
	if !ok && name != "git" {
		return s, types.Errorf(types.BadInput, "no service %s of kind git is configured", name).WithHint("add it under services in skillrun.yaml with kind: git")
	}
	return s, ctx.Err()
}
