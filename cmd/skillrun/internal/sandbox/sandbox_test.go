package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

const (
	backend   = "automation-analytics/automation-analytics-backend"
	service   = "service/app-interface"
	fork      = "release-bot/app-interface"
	issues    = "/jira/rest/api/2/issue"
	mrs       = "/gitlab/api/v4/projects/service%2Fapp-interface/merge_requests"
	anIssue   = `{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Story"},"summary":"One","labels":["l"]}}`
	deployOfs = "data/services/insights/tower-analytics/cicd/deploy-clowder.yml"
)

// TestState checks what a new world says against what scripts rely on.
func TestState(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	var shape map[string]json.RawMessage
	if err := json.Unmarshal(c.do("", "GET", "/_state", "", 200), &shape); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"fixtures", "jira", "gitlab", "git", "requests"} {
		if len(shape[k]) == 0 || bytes.Contains(shape[k], []byte(": null")) && k != "gitlab" {
			t.Errorf("%s is %.60s", k, shape[k])
		}
	}
	s := c.state()
	if len(s.Jira.Issues) != 0 || len(s.GitLab.MergeRequests) != 0 || len(s.Requests) != 0 {
		t.Errorf("a new world holds work of others: %+v %+v %+v", s.Jira.Issues, s.GitLab.MergeRequests, s.Requests)
	}
	if len(s.Jira.Seeded) == 0 || len(s.GitLab.Seeded) != 2 {
		t.Errorf("seeded: %+v %+v", s.Jira.Seeded, s.GitLab.Seeded)
	}
	for _, m := range s.GitLab.Seeded {
		if m.State != "opened" || s.Git[service].Branches[m.SourceBranch] == "" || !strings.HasPrefix(m.WebURL, c.w.URL()+"/gitlab/"+service) {
			t.Errorf("seeded merge request %+v", m)
		}
	}
	if diff := cmp.Diff(s.Git[service].Branches, s.Git[fork].Branches); diff != "" {
		t.Errorf("the fork is another one (-upstream +fork):\n%s", diff)
	}
	if s.Git[service].Branches["master"] == "" || s.Git[backend].Branches["main"] == "" {
		t.Errorf("branches %v", s.Git)
	}
	c.do("", "POST", "/_state", "", http.StatusMethodNotAllowed)
	c.do("", "GET", "/elsewhere", "", http.StatusNotFound)
}

// TestFixturesAreFixed pins what must be the same on every machine and in every
// year.
func TestFixturesAreFixed(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir()).state()
	want := map[string]string{
		"release_sha":  "6eed4fee29032154ed77b411a6b42a2453258fc0",
		"prod_sha":     "2fdd383a847fe97486adc2a9e62fa0f30a60d6dd",
		"no_image_sha": "c434964909f282a5d622060445add18eb17b54b1",
		"unknown_sha":  "0123456789012345678901234567890123456789",
		"older_sha":    "74aaaa4db756ae1566e96de5993ab36c137216f9",
		"branch_sha":   "1342bb4a9f8f40c827d194a04f0a4feff38c4333",
	}
	if diff := cmp.Diff(want, s.Fixtures); diff != "" {
		t.Errorf("the backend is another one (-want +got):\n%s", diff)
	}
	if got, want := s.Git[service].Branches["master"], "7c00f627d121a3e4343a0e8fe5db0635111f7dcb"; got != want {
		t.Errorf("%s is at %s, want %s", service, got, want)
	}
}

// TestChangesAreSeen makes an issue and a merge request as programs do.
func TestChangesAreSeen(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	c.do("jira", "POST", issues, anIssue, 201)
	c.do("gitlab", "POST", mrs, `{"title":"T","source_branch":"master","target_branch":"nowhere"}`, 400)
	seeded := c.state().GitLab.Seeded[0]
	c.do("alice", "PUT", mrs+"/1", `{"state_event":"close"}`, 200)
	c.do("gitlab", "POST", mrs, `{"title":"T","source_branch":"`+seeded.SourceBranch+`","target_branch":"master"}`, 201)
	c.do("alice", "POST", mrs+"/3/approve", "", 201)
	s := c.state()
	if len(s.Jira.Issues) != 1 || s.Jira.Issues[0].Key != "AAP-61250" || s.Jira.Issues[0].Project != "AAP" || s.Jira.Issues[0].Summary != "One" {
		t.Errorf("issues %+v", s.Jira.Issues)
	}
	if len(s.GitLab.MergeRequests) != 1 || s.GitLab.MergeRequests[0].IID != 3 || s.GitLab.Seeded[0].State != "closed" {
		t.Errorf("merge requests %+v %+v", s.GitLab.MergeRequests, s.GitLab.Seeded)
	}
	if n := len(s.Requests); n < 5 {
		t.Fatalf("%d requests", n)
	}
	if got := s.Requests[0]; got.Service != "jira" || got.Method != "POST" || !strings.HasSuffix(got.Path, "/rest/api/2/issue") || got.Status != 201 {
		t.Errorf("first request %+v", got)
	}
	var diffs []struct {
		NewPath string `json:"new_path"`
		Diff    string `json:"diff"`
	}
	if err := json.Unmarshal(c.do("gitlab", "GET", mrs+"/3/diffs", "", 200), &diffs); err != nil || len(diffs) != 1 || diffs[0].Diff == "" || diffs[0].NewPath == deployOfs {
		t.Errorf("diffs %+v %v", diffs, err)
	}
}

// TestReopen closes a world and opens it again: it is the same one, at the same
// address.
func TestReopen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	c.do("jira", "POST", issues, anIssue, 201)
	before, url, token := c.state(), c.w.URL(), c.token("git")
	if err := c.w.Close(); err != nil {
		t.Fatal(err)
	}
	c.web.CloseIdleConnections()
	c = open(t, dir)
	if c.w.URL() != url || c.token("git") != token {
		t.Errorf("was at %s, is at %s", url, c.w.URL())
	}
	if diff := cmp.Diff(before, c.state()); diff != "" {
		t.Errorf("another world (-before +after):\n%s", diff)
	}
	c.do("jira", "POST", issues, anIssue, 201)
	if got := c.state().Jira.Issues; len(got) != 2 || got[1].Key != "AAP-61251" {
		t.Errorf("issues %+v", got)
	}
}

// TestTakenPort opens a world whose port someone else has now.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	old := strings.TrimPrefix(c.w.URL(), "http://")
	c.w.Close()
	l, err := net.Listen("tcp", old)
	if err != nil {
		t.Skip("somebody else took the port between: ", err)
	}
	defer l.Close()
	c = open(t, dir)
	if c.w.URL() == "http://"+old {
		t.Errorf("two listen at %s", old)
	}
	if got := c.config().Services["jira"].URL; got != c.w.URL()+"/jira" {
		t.Errorf("the configuration points to %s, the world is at %s", got, c.w.URL())
	}
}

func TestRefusesOtherAddresses(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:0", ":8080", "192.0.2.1:80", "example.com:80", "[::]:0", "127.0.0.1"} {
		w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: t.TempDir(), Addr: addr, Now: time.Now})
		if err == nil {
			w.Close()
			t.Errorf("%s: it listens at %s", addr, w.URL())
		} else if !strings.Contains(err.Error(), "loopback") && !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// TestOneAtATime opens a folder that is open: the second waits, says so once,
// and gives up with its context.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	var log bytes.Buffer
	if w, err := sandbox.Open(ctx, sandbox.Options{Dir: c.dir, Log: &log, Now: time.Now}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("opened %v, %v", w, err)
	}
	if strings.Count(log.String(), "waiting") != 1 {
		t.Errorf("log %q", log.String())
	}
	opened := make(chan error, 1)
	go func() {
		w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: c.dir, Log: io.Discard, Now: time.Now})
		if err == nil {
			err = w.Close()
		}
		opened <- err
	}()
	c.w.Close()
	if err := <-opened; err != nil {
		t.Errorf("the second did not get its turn: %v", err)
	}
}

// TestPrivate looks at the permissions of what tells secrets.
func TestPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "world")
	c := open(t, dir)
	c.do("jira", "POST", issues, anIssue, 201)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == filepath.Join(dir, "git") {
			return errors.Join(err, fs.SkipDir)
		}
		info, err := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err == nil && info.Mode().Perm() != want {
			t.Errorf("%s: %v, want %v", path, info.Mode().Perm(), want)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.SkipDir) {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "git")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("git: %v %v", info, err)
	}
}

// TestConfig reads the configuration as the program does.
func TestConfig(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	cfg := c.config()
	if !strings.HasPrefix(cfg.Site, "sandbox-") || cfg.Policy.Confirm != "never" {
		t.Errorf("site %q, confirm %q", cfg.Site, cfg.Policy.Confirm)
	}
	if diags := c.missing("git", "quay", "jira", "gitlab", "slack"); diags.HasErrors() {
		t.Errorf("%v", diags)
	}
	for _, name := range []string{"git", "quay", "jira", "gitlab", "slack"} {
		if got, err := cfg.Token(name); err != nil || got.Reveal() != c.token(name) {
			t.Errorf("token of %s: %v", name, err)
		}
	}
}

// TestGit clones without a credential, and pushes with one only.
func TestGit(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	s := c.state()
	repo, url := c.clone(backend)
	for name, sha := range s.Fixtures {
		_, err := repo.CommitObject(plumbing.NewHash(sha))
		if there := err == nil; there != (name != "unknown_sha") {
			t.Errorf("%s (%s): %v", name, sha, err)
		}
	}
	if n := between(t, repo, s.Fixtures["prod_sha"], s.Fixtures["release_sha"]); n != 5 {
		t.Errorf("%d commits from production to the release", n)
	}
	if n := between(t, repo, s.Fixtures["release_sha"], s.Fixtures["prod_sha"]); n != 0 {
		t.Errorf("%d commits of production are not in the release", n)
	}
	if n := between(t, repo, "", s.Git[backend].Branches["main"]); n < 40 {
		t.Errorf("%d commits", n)
	}
	push := &git.PushOptions{RemoteURL: url, RefSpecs: []config.RefSpec{"refs/heads/main:refs/heads/copy"}}
	if err := repo.PushContext(t.Context(), push); err == nil {
		t.Error("pushed without a credential")
	}
	push.Auth = &githttp.BasicAuth{Username: "x", Password: c.token("git")}
	if err := repo.PushContext(t.Context(), push); err != nil {
		t.Errorf("push: %v", err)
	}
	if got := c.state().Git[backend].Branches; got["copy"] != got["main"] {
		t.Errorf("branches %v", got)
	}
}

// TestURLsAreServed follows the urls that the stand-ins hand out: they hold the
// path below which each is served.
func TestURLsAreServed(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	var project struct {
		HTTP string `json:"http_url_to_repo"`
	}
	if err := json.Unmarshal(c.do("gitlab", "GET", "/gitlab/api/v4/projects/101", "", 200), &project); err != nil {
		t.Fatal(err)
	}
	c.do("", "GET", strings.TrimPrefix(project.HTTP, c.w.URL())+"/info/refs?service=git-upload-pack", "", 200)
	var info struct{ BaseURL string }
	if err := json.Unmarshal(c.do("jira", "GET", "/jira/rest/api/2/serverInfo", "", 200), &info); err != nil {
		t.Fatal(err)
	}
	if info.BaseURL != c.w.URL()+"/jira" {
		t.Errorf("baseUrl is %s", info.BaseURL)
	}
	var issue struct{ Self string }
	if err := json.Unmarshal(c.do("jira", "POST", issues, anIssue, 201), &issue); err != nil {
		t.Fatal(err)
	}
	c.do("jira", "GET", strings.TrimPrefix(issue.Self, c.w.URL()), "", 200)
}

// TestImages asks the registry about the commits that scripts name.
func TestImages(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	f := c.state().Fixtures
	for name, want := range map[string]int{"release_sha": 1, "prod_sha": 1, "older_sha": 1, "branch_sha": 1, "no_image_sha": 0, "unknown_sha": 0} {
		var page struct{ Tags []struct{ Name string } }
		body := c.do("", "GET", "/quay/api/v1/repository/redhat-services-prod/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main/tag/?onlyActiveTags=true&specificTag="+f[name], "", 200)
		if err := json.Unmarshal(body, &page); err != nil || len(page.Tags) != want {
			t.Errorf("%s: %d tags, want %d (%v)", name, len(page.Tags), want, err)
		}
	}
}

// TestCloseEndsEverything counts goroutines. It runs alone, before the parallel
// tests continue.
func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	c := open(t, t.TempDir())
	c.state()
	c.web.CloseIdleConnections()
	if err := c.w.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// BenchmarkFirstOpen is what a newcomer waits for.
func BenchmarkFirstOpen(b *testing.B) {
	for b.Loop() {
		w, err := sandbox.Open(b.Context(), sandbox.Options{Dir: b.TempDir(), Log: io.Discard, Now: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		w.Close()
	}
}
