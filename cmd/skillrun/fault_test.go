package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// arena is a world in which one release after the other meets a fault. Nothing
// in it waits: its clock advances by what is slept, and its network is memory,
// unless it is one with sockets.
type arena struct {
	world *sandbox.World
	clock *patientClock
	wrap  func(http.RoundTripper) http.RoundTripper // between the steps and the network
	conf  string
	home  string
	seed  census // what is there when nothing was released
	cache fs.FS  // what a release fetched of the repositories
}

// newArena is a world in memory.
func newArena(t testing.TB) *arena {
	a := openArena(t, sandbox.Options{InMemory: true})
	rt := a.world.Transport()
	a.wrap = func(http.RoundTripper) http.RoundTripper { return rt }
	return a
}

// newSocketArena is a world with sockets: what is broken off is broken off there,
// and what does not answer is waited for, four seconds long.
func newSocketArena(t testing.TB) *arena {
	t.Helper()
	a := openArena(t, sandbox.Options{})
	text, err := os.ReadFile(a.conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"git", "gitlab", "jira", "quay"} {
		text = bytes.ReplaceAll(text, []byte("  "+service+": {"), []byte("  "+service+": {timeout: 4s, "))
	}
	a.conf = filepath.Join(filepath.Dir(a.conf), "hasty.yaml")
	if err := os.WriteFile(a.conf, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

func openArena(t testing.TB, o sandbox.Options) *arena {
	t.Helper()
	a := &arena{clock: &patientClock{now: fixed}}
	o.Dir, o.Now = filepath.Join(t.TempDir(), "world"), a.clock.Now
	seedOf(t, o.Dir)
	w, err := sandbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	a.world, a.conf = w, w.Config()
	a.seed = a.count(a.view())
	return a
}

// renew makes a new world of it, with a home where nothing was ever run; when it
// is warm, what is fetched of the repositories is there.
func (a *arena) renew(warm bool) error {
	a.clock.reset(fixed)
	if a.home != "" {
		if err := os.RemoveAll(a.home); err != nil {
			return err
		}
	}
	home, err := os.MkdirTemp(quickDir(), "arena")
	if err != nil {
		return err
	}
	a.home = home
	if warm {
		if err := os.CopyFS(a.cached(), a.cache); err != nil {
			return err
		}
	}
	return a.world.Rewind()
}

func (a *arena) cached() string { return filepath.Join(a.home, ".cache", "skillrun") }

// quickDir is where folders are made that a thousand runs come and go in: in
// memory where the machine has room there, because a disk takes most of the
// time.
func quickDir() string {
	const memory, room = "/dev/shm", 2 << 30
	var disk syscall.Statfs_t
	if err := syscall.Statfs(memory, &disk); err == nil && disk.Bavail*uint64(disk.Bsize) > room {
		return memory
	}
	return ""
}

func (c *patientClock) reset(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = now, nil
}

// end removes what the last run left.
func (a *arena) end() {
	if a.home != "" {
		_ = os.RemoveAll(a.home)
	}
}

// keepCache runs a release once more and keeps what it fetched.
func (a *arena) keepCache(t testing.TB) {
	t.Helper()
	if err := a.renew(false); err != nil {
		t.Fatal(err)
	}
	defer a.end()
	if r := a.run(t, a.command()...); r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.log)
	}
	kept := t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(a.cached())); err != nil {
		t.Fatal(err)
	}
	a.cache = os.DirFS(kept)
}

// command is the release.
func (a *arena) command() []string {
	return []string{"release_aa_backend_prod", "--input", "commit_sha=" + a.world.Fixtures().ReleaseSHA, "--output", "json"}
}

// patience is how long a process may take: nothing in it waits.
const patience = 40 * time.Second

// run runs one command line against the arena's world.
func (a *arena) run(t testing.TB, args ...string) result {
	var out, log bytes.Buffer
	connect := func(cfg *config.Config, f cli.Folders) (*step.Catalogue, error) {
		return steps.All(cfg, steps.Options{Cache: f.Cache, State: f.State, Wrap: a.wrap})
	}
	p := &cli.Program{
		Build: cli.Build{Version: "test"}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &log, Dir: a.home,
		Env:   func(name string) (string, bool) { return map[string]string{"HOME": a.home}[name], name == "HOME" },
		Clock: a.clock, Random: rand.Reader, Builtin: skills.FS, Catalogue: connect, Examiners: examiners, Schemas: steps.Schemas, Kinds: steps.Kinds(), Locks: seams{}.lock, Sandbox: openSandbox,
		Disk: engine.Disk{Sync: func(*os.File) error { return nil }}, // no test here cuts the power
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	code := p.Run(ctx, append(args, "--config", a.conf))
	return result{code, out.String(), log.String()}
}

// census is what there is of everything that a release makes.
type census struct {
	Issues, Links, MRs, Branches, Commits int
}

// one of each, above what was there before.
func (c census) above(seed census) census {
	return census{c.Issues - seed.Issues, c.Links - seed.Links, c.MRs - seed.MRs, c.Branches - seed.Branches, c.Commits - seed.Commits}
}

// atMostOne reports whether nothing is there twice.
func (c census) atMostOne() bool {
	return max(c.Issues, c.Links, c.MRs, c.Branches, c.Commits) <= 1 && min(c.Issues, c.Links, c.MRs, c.Branches, c.Commits) >= 0
}

var oneOfEach = census{1, 1, 1, 1, 1}

// sight is the world's /_state, as far as a sweep looks at it.
type sight struct {
	Jira struct {
		Issues []struct {
			Key         string
			Summary     string
			Status      string
			Comments    []string
			RemoteLinks []struct{ URL string } `json:"remote_links"`
		}
	}
	Gitlab struct {
		MergeRequests []struct {
			IID          int
			Title, State string
			WebURL       string `json:"web_url"`
		} `json:"merge_requests"`
	}
	Git      map[string]struct{ Branches, Tags map[string]string }
	Requests []sandbox.Request
}

// view looks at the world past every fault.
func (a *arena) view() sight {
	var s sight
	req, err := http.NewRequest(http.MethodGet, a.world.URL()+"/_state", nil)
	if err != nil {
		panic(err)
	}
	resp, err := a.world.Transport().RoundTrip(req)
	if err == nil {
		err = json.NewDecoder(resp.Body).Decode(&s)
	}
	if err != nil {
		panic(err) // it does not come over a network
	}
	return s
}

func (a *arena) count(s sight) census {
	var c census
	for _, i := range s.Jira.Issues {
		c.Issues++
		c.Links += len(i.RemoteLinks)
	}
	c.MRs = len(s.Gitlab.MergeRequests)
	for name, r := range s.Git {
		for branch, sha := range r.Branches {
			c.Branches++
			if strings.HasPrefix(branch, "release-") {
				c.Commits += a.world.Ahead(name, sha)
			}
		}
	}
	return c
}
