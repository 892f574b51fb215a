package sandbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"

	"github.com/skillrun/skillrun/steps/git/gittest"
	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
	"github.com/skillrun/skillrun/steps/httpapi/httpapitest"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
	"github.com/skillrun/skillrun/steps/quay/ocitest"
	"github.com/skillrun/skillrun/steps/quay/quaytest"
	"github.com/skillrun/skillrun/steps/slack/slacktest"
)

// Request is one request that came to the world.
type Request struct {
	Service string `json:"service"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Status  int    `json:"status"`          // that the client was told; 0 is none
	Fault   string `json:"fault,omitempty"` // the kind of the fault that spoilt it
}

// maxRequests is how many requests are remembered.
const maxRequests = 10_000

// Requests are those that came, oldest first.
func (w *World) Requests() []Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// seeded is what was there before anybody came.
type seeded struct {
	Issues        []string `json:"issues"`
	MergeRequests []int    `json:"merge_requests"`
}

// record remembers a request.
func (w *World) record(r Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, r)
	if len(w.requests) > maxRequests {
		w.requests = slices.Clone(w.requests[len(w.requests)-maxRequests:])
	}
}

// save writes the stand-ins' state down. It is called after every request that
// may have changed something, before its answer is sent.
func (w *World) save() {
	if w.o.InMemory {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	requests, err := json.Marshal(w.requests)
	apis, apisErr := w.apiStates()
	if err := errors.Join(err, apisErr); err != nil {
		w.saveErr = errors.Join(w.saveErr, err)
		return
	}
	for name, data := range map[string][]byte{"jira.json": w.jira.Snapshot(), "gitlab.json": w.gitlab.Snapshot(), "slack.json": w.slack.Snapshot(), "requests.json": requests, apisName: apis} {
		if err := w.o.write(name, data); err != nil {
			w.saveErr = errors.Join(w.saveErr, err)
		}
	}
}

// load reads the state of an earlier process, or seeds a new world.
func (w *World) load() error {
	seeds, err := w.o.read("seeded.json")
	if errors.Is(err, fs.ErrNotExist) { // it is written last: what else is there is half a seed
		return w.seed()
	}
	if err != nil {
		return err
	}
	issues, err := w.o.read("jira.json")
	if err != nil {
		return err
	}
	mrs, err := w.o.read("gitlab.json")
	if err != nil {
		return err
	}
	requests, err := w.o.read("requests.json")
	if err != nil {
		return err
	}
	messages, err := w.o.read("slack.json")
	if errors.Is(err, fs.ErrNotExist) { // a world from before there was Slack in it
		messages, err = w.slack.Snapshot(), nil
	}
	if err != nil {
		return err
	}
	return errors.Join(w.slack.Restore(messages), w.jira.Restore(issues), w.gitlab.Restore(mrs), json.Unmarshal(seeds, &w.seeded), json.Unmarshal(requests, &w.requests))
}

// seed files what a new world has: an issue, and two merge requests that have
// nothing to do with releases.
func (w *World) seed() error {
	w.seeded.Issues = []string{w.jira.File("AAP", "Automation Analytics: plan the next release")}
	for _, mr := range []struct{ branch, title string }{{bumpBranch, "Bump the image of another service"}, {docsBranch, "Describe the on-call rota"}} {
		body := fmt.Sprintf(`{"source_branch":%q,"target_branch":"master","title":%q}`, mr.branch, mr.title)
		if err := w.asAlice("/api/v4/projects/101/merge_requests", body); err != nil {
			return err
		}
	}
	for _, mr := range w.gitlab.MergeRequests() {
		w.seeded.MergeRequests = append(w.seeded.MergeRequests, mr.IID)
	}
	data, err := json.Marshal(w.seeded)
	if err != nil || w.o.InMemory {
		return err
	}
	if w.save(); w.saveErr != nil {
		return w.saveErr
	}
	return w.o.write("seeded.json", data)
}

// asAlice posts to the GitLab stand-in without a network.
func (w *World) asAlice(path, body string) error {
	req, err := http.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("PRIVATE-TOKEN", w.tokens["alice"])
	req.Header.Set("Content-Type", "application/json")
	held := &answer{header: http.Header{}, status: http.StatusOK}
	w.gitlab.ServeHTTP(held, req)
	if held.status/100 != 2 {
		return fmt.Errorf("seeding GitLab: %d %s", held.status, held.body.String())
	}
	return nil
}

// serveState answers GET /_state.
func (w *World) serveState(out http.ResponseWriter) {
	type jiraState struct {
		Issues []jiratest.IssueView `json:"issues"`
		Seeded []jiratest.IssueView `json:"seeded"`
	}
	type gitlabState struct {
		MergeRequests []gitlabtest.MRView `json:"merge_requests"`
		Seeded        []gitlabtest.MRView `json:"seeded"`
	}
	type repository struct {
		Branches map[string]string `json:"branches"`
		Tags     map[string]string `json:"tags"`
	}
	w.mu.Lock()
	requests, seeds := slices.Clone(w.requests), w.seeded
	w.mu.Unlock()
	if requests == nil {
		requests = []Request{}
	}
	j := jiraState{[]jiratest.IssueView{}, []jiratest.IssueView{}}
	for _, i := range w.jira.Issues() {
		if slices.Contains(seeds.Issues, i.Key) {
			j.Seeded = append(j.Seeded, i)
		} else {
			j.Issues = append(j.Issues, i)
		}
	}
	g := gitlabState{[]gitlabtest.MRView{}, []gitlabtest.MRView{}}
	for _, mr := range w.gitlab.MergeRequests() {
		if slices.Contains(seeds.MergeRequests, mr.IID) {
			g.Seeded = append(g.Seeded, mr)
		} else {
			g.MergeRequests = append(g.MergeRequests, mr)
		}
	}
	repos := map[string]repository{}
	for _, name := range []string{backendProject, deployProject, forkProject} {
		repos[name] = repository{w.git.Branches(name), w.git.Tags(name)}
	}
	out.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	e.Encode(map[string]any{"fixtures": w.fixtures, "jira": j, "gitlab": g, "git": repos, "slack": map[string]any{"messages": w.messages()}, "requests": requests})
}

// messages are those in the channel, none as an empty list.
func (w *World) messages() []slacktest.Message {
	return append([]slacktest.Message{}, w.slack.Messages()...)
}

// tokens reads the world's tokens, and makes those that are not there.
func tokens(o Options) (map[string]string, error) {
	dir := filepath.Join(o.Dir, "tokens")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, name := range append([]string{"git", "quay", "jira", "gitlab", "alice", "slack"}, o.Authored.names()...) {
		data, err := o.read(filepath.Join("tokens", name))
		if errors.Is(err, fs.ErrNotExist) {
			data = []byte("sandbox-" + rand.Text())
			err = o.write(filepath.Join("tokens", name), data)
		}
		if err != nil {
			return nil, err
		}
		out[name] = strings.TrimSpace(string(data))
	}
	return out, nil
}

// disk is the world's folder.
func (o Options) disk() billy.Filesystem {
	if o.fs == nil {
		return osfs.New(o.Dir)
	}
	return o.fs(o.Dir)
}

// unlock gives the lock back. Closing the file is not enough: a program that is
// being started at this moment has a copy of it, and the lock with it, until it
// runs.
func unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}

// lock takes a kernel lock, which dies with the process, and waits for it.
func lock(ctx context.Context, name string, log io.Writer) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	said := false
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
		if !said && log != nil {
			fmt.Fprintln(log, "another process has this sandbox open; waiting for it")
			said = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answer is an answer that is not sent yet.
type answer struct {
	header  http.Header
	status  int
	decided bool
	body    bytes.Buffer
	fault   *Fault // what happens to it on its way
	greedy  func() // is told of a client that took all of an endless body
}

// Options says where the world lives, and what it is like. Of what it is like,
// the folder keeps what was said last: a zero value changes nothing.
type Options struct {
	Dir  string
	Addr string // loopback address to listen on; "" is the one it had
	Log  io.Writer
	Now  func() time.Time

	TLS        bool          // serve https, under an authority made for the folder
	Deployment string        // of Jira: "cloud", which is what it is at first, or "datacenter"
	Registry   string        // "quay", which is what it is at first, or "oci"
	Host       string        // in the urls it writes, instead of the address; who resolves it is not its affair
	Delay      time.Duration // before each answer
	Skew       time.Duration // how far its Date header is ahead

	Authored Authored // what the authors of skills add

	// InMemory is a world that does not listen and does not save what happens:
	// it is reached by its [World.Transport] only.
	InMemory bool

	fs func(dir string) billy.Filesystem // nil is the machine's; a test has one that stops
}

// World is an open sandbox.
type World struct {
	o        Options
	mode     mode
	site     string // its name as a site, which no other world has
	addr     string
	url      string
	lock     *os.File
	server   *http.Server
	done     chan struct{}
	tokens   map[string]string
	fixtures Fixtures

	git    *gittest.Server
	quay   *quaytest.Server
	oci    *ocitest.Server
	jira   *jiratest.Server
	gitlab *gitlabtest.Server
	slack  *slacktest.Server
	apis   map[string]*httpapitest.Server // those that authors add, by name

	mu       sync.Mutex
	requests []Request
	seeded   seeded
	saveErr  error

	handler http.Handler // everything, as it is served
	faults  faults
	opened  memento
}

// memento is what a world can go back to.
type memento struct {
	jira, gitlab []byte
	slack        []byte
	branches     map[string]map[string]string
	tags         map[string]map[string]string
	requests     int
}
