// Package sandbox is the embedded world: git remotes, a Quay registry, Jira,
// GitLab and Slack in one process, on loopback, from the stand-ins that the families'
// own tests use. A newcomer with nothing but Go runs a whole release in it, for
// real, and scripts run skillrun against it as against a site.
//
//	/git/PROJECT.git     smart HTTP; reading is free, pushing needs the token
//	/quay/api/v1/…       Quay's API
//	/v2/… and /token     the same images by the OCI API, where the world has that registry
//	/jira/rest/api/2/…   Jira, Cloud or Data Center
//	/gitlab/api/v4/…     GitLab
//	/slack/api/…         Slack
//	/jira/browse/KEY     an issue's page, and so is a merge request's at its link
//	/_state              what is there now, and every request, as JSON
//	/_faults             what goes wrong: POST arms a fault, GET lists them, DELETE clears them
//
// The world lives in a folder: repositories, state, tokens, and the
// skillrun.yaml that points a run at it. It keeps its address, so that a run
// begun in one process is resumed in another.
//
// # Faults
//
// POST /_faults takes a [Fault] as JSON: which request, by service, method, a
// regular expression for its path and query, and its number among those that
// match; and what becomes of it.
//
//	{"service": "jira", "method": "POST", "path": "/issue$", "nth": 1, "kind": "reset", "when": "after"}
//	{"service": "gitlab", "nth": 3, "kind": "status", "status": 429, "retry_after": "7"}
//	{"service": "git", "path": "git-receive-pack$", "kind": "timeout"}
//	{"kind": "search_lag", "seconds": 60}
//
// "Before" the stand-in carries a request out, or "after" it did so and what
// changed is on disk. The kinds are the constants of this package. Connections
// really break: over a socket refuse and reset are the same to a client that
// has sent everything, while a [World.Transport] refuses as a closed port does.
// Faults belong to the process; they are not kept in the folder.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/skillrun/skillrun/steps/git/gittest"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

// Open starts the world that lives in a folder, and makes it when it is not
// there. A second Open of one folder waits until the first is closed.
func Open(ctx context.Context, o Options) (*World, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	w := &World{o: o, done: make(chan struct{})}
	var err error
	if w.lock, err = lock(ctx, filepath.Join(o.Dir, "lock"), o.Log); err != nil {
		return nil, err
	}
	if err := w.start(); err != nil {
		unlock(w.lock)
		return nil, err
	}
	return w, nil
}

func (w *World) start() error {
	var err error
	if w.mode, err = settle(w.o); err != nil {
		return err
	}
	if w.site, err = siteOf(w.o); err != nil {
		return err
	}
	if w.tokens, err = tokens(w.o); err != nil {
		return err
	}
	if w.o.InMemory {
		return w.prepare(nil)
	}
	l, err := w.listen()
	if err != nil {
		return err
	}
	if err := w.prepare(l); err != nil {
		l.Close()
		return err
	}
	go func() {
		defer close(w.done)
		w.serve(l) // ends with Close
	}()
	return nil
}

// nowhere is the address of a world in memory. It is of this machine, so that
// clients go there in the clear, and nothing listens there.
const nowhere = "127.0.0.1:1"

// prepare makes everything that a listener is served with, or a transport when
// there is none; the configuration that points at it is written last.
func (w *World) prepare(l net.Listener) error {
	w.addr = nowhere
	if l != nil {
		w.addr = l.Addr().String()
	}
	w.url = w.urlAt(w.addr)
	if err := w.build(); err != nil {
		return err
	}
	w.opened = w.remember()
	w.handler = w.dated(w.routes())
	if l != nil {
		if err := w.listenTo(); err != nil {
			return err
		}
	}
	return w.configure()
}

// listenTo makes the server of a listener.
func (w *World) listenTo() error {
	complaints := w.o.Log
	if complaints == nil {
		complaints = io.Discard
	}
	w.server = &http.Server{
		Handler: w.handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(complaints, "sandbox: ", 0), // clients that do not trust it, for example
	}
	if !w.mode.TLS {
		return nil
	}
	a, err := openAuthority(w.o)
	if err != nil {
		return err
	}
	w.server.TLSConfig, err = a.serverConfig(w.mode.Host)
	return err
}

func (w *World) serve(l net.Listener) error {
	if w.mode.TLS {
		return w.server.ServeTLS(l, "", "") // the certificate is in TLSConfig
	}
	return w.server.Serve(l)
}

func (w *World) urlAt(addr string) string {
	if w.mode.Host != "" {
		_, port, _ := net.SplitHostPort(addr)
		addr = net.JoinHostPort(w.mode.Host, port)
	}
	if w.mode.TLS {
		return "https://" + addr
	}
	return "http://" + addr
}

// listen takes the address that was asked for, or the one the world had, or
// any.
func (w *World) listen() (net.Listener, error) {
	addr := w.o.Addr
	if addr == "" {
		old, err := w.o.read("address")
		if err == nil {
			if l, err := net.Listen("tcp", strings.TrimSpace(string(old))); err == nil {
				return l, nil
			}
		}
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the sandbox listens on loopback only, not on %q", addr)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return l, w.o.write("address", []byte(l.Addr().String()+"\n"))
}

// build makes the stand-ins and lays the fixtures down.
func (w *World) build() error {
	w.git = gittest.New(gittest.Options{Dir: filepath.Join(w.o.Dir, "git"), User: gitUser, Token: w.tokens["git"], Memory: w.o.InMemory, FS: w.o.fs})
	backend, err := w.git.Create(backendProject, "main", backendCommits(), backendBranches())
	if err != nil {
		return err
	}
	w.fixtures = fixturesOf(backend)
	if _, err := w.git.Create(deployProject, "master", deployCommits(w.fixtures.ProdSHA), deployBranches()); err != nil {
		return err
	}
	if err := w.git.Fork(deployProject, forkProject); err != nil {
		return err
	}
	pushed := images(backend)
	w.quay = quaytest.New(quaytest.Options{Token: w.tokens["quay"], Repositories: pushed, Now: w.o.Now})
	w.oci = ocitest.New(ocitest.Options{User: registryUser, Token: w.tokens["quay"], Private: true, Images: tagNames(pushed), Realm: w.url + "/token"})
	w.jira = jiratest.New(jiratest.Options{
		URL: w.url + "/jira", User: jiraUser, Token: w.tokens["jira"], Deployment: w.mode.Deployment, FirstNumber: firstIssue, Now: w.o.Now,
		Projects: []jiratest.Project{{Key: "AAP", Name: "Ansible Automation Platform"}},
	})
	w.gitlab = gitlabtest.New(gitlabtest.Options{
		URL: w.url + "/gitlab", Clone: w.url + "/git", User: gitlabUser, Token: w.tokens["gitlab"], People: map[string]string{w.tokens["alice"]: "alice"},
		Users: []string{"bob"}, Git: repositories{w.git, w.o.Now, &sync.Map{}}, Now: w.o.Now,
		Projects: []gitlabtest.Project{
			{Path: deployProject, ID: 101, DefaultBranch: "master", RequiredApprovals: 1},
			{Path: forkProject, ID: 102, DefaultBranch: "master", ForkedFrom: deployProject},
		},
	})
	w.slack = slacktest.New(slacktest.Options{Token: w.tokens["slack"], Now: w.o.Now, Channels: []slacktest.Channel{{ID: slackChannel, Member: true}}})
	if err := w.buildAuthored(); err != nil {
		return err
	}
	return w.load()
}

// repositories shows the git server to the GitLab stand-in.
type repositories struct {
	git   *gittest.Server
	now   func() time.Time
	known *sync.Map // what lies between two commits; it never changes
}

// Branch returns a branch's tip.
func (r repositories) Branch(project, name string) (string, bool) {
	sha, ok := r.git.Branches(project)[name]
	return sha, ok
}

// Changes returns what a source branch changes.
func (r repositories) Changes(sourceProject, sourceBranch, targetProject, targetBranch string) ([]gitlabtest.Change, error) {
	sha, ok := r.Branch(sourceProject, sourceBranch)
	if !ok {
		return nil, errors.New("the source branch is gone")
	}
	target, _ := r.Branch(targetProject, targetBranch)
	between := [2]string{sha, target}
	if known, ok := r.known.Load(between); ok {
		return slices.Clone(known.([]gitlabtest.Change)), nil
	}
	changes, err := r.git.Changes(sourceProject, sha, targetProject, targetBranch)
	out := make([]gitlabtest.Change, len(changes))
	for i, c := range changes {
		out[i] = gitlabtest.Change{OldPath: c.OldPath, NewPath: c.NewPath, Diff: c.Diff}
	}
	if err == nil {
		r.known.Store(between, slices.Clone(out))
	}
	return out, err
}

// Merge brings a source branch's change into the target branch.
func (r repositories) Merge(m gitlabtest.Merge) (string, error) {
	return r.git.Merge(gittest.Merge{
		From: m.SourceProject, Source: m.SourceBranch, To: m.TargetProject, Target: m.TargetBranch,
		Author: m.User, When: r.now(), Message: m.Message,
	})
}

// Write puts a file on a branch.
func (r repositories) Write(e gitlabtest.Edit) (string, error) {
	return r.git.Put(gittest.Edit{
		Repository: e.Project, Branch: e.Branch, Path: e.Path, Text: e.Content, Author: e.User, When: r.now(), Message: e.Message + "\n",
	})
}

// DeleteBranch deletes a branch.
func (r repositories) DeleteBranch(project, name string) error {
	return r.git.SetBranch(project, name, "")
}

// URL is where the world is found, by the name that it goes by.
func (w *World) URL() string { return w.url }

// host is the host in its url.
func (w *World) host() string {
	_, host, _ := strings.Cut(w.url, "://")
	return host
}

// Site is its name as a site, which no other world has.
func (w *World) Site() string { return w.site }

// Addr is the loopback address that it listens on.
func (w *World) Addr() string { return w.addr }

// Config is the path of the skillrun.yaml that points at it.
func (w *World) Config() string { return filepath.Join(w.o.Dir, "skillrun.yaml") }

// Fixtures names commits of the backend that scripts need.
func (w *World) Fixtures() Fixtures { return w.fixtures }

// Close stops serving and releases the folder. A request that is held back
// by a fault is cut off.
func (w *World) Close() error {
	if w.server == nil {
		return unlock(w.lock)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := w.server.Shutdown(ctx)
	if err != nil {
		err = w.server.Close()
	}
	<-w.done
	w.save()
	w.mu.Lock()
	defer w.mu.Unlock()
	return errors.Join(err, w.saveErr, unlock(w.lock))
}
