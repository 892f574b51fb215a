package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
	"github.com/skillrun/skillrun/docs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/examples"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// bench is the whole program in this process, against a sandbox of its own.
type bench struct {
	t     *testing.T
	world *sandbox.World
	home  string // state, cache and configuration of the user
	dir   string // working directory
	conf  string // the configuration runs use
	now   time.Time
	env   map[string]string
	stdin string
	ctx   context.Context // nil is the test's own
	clock engine.Clock    // nil stands still
	web   *http.Client    // how the test itself reaches the world; nil is the usual one
}

// fixed is the time of these tests; it is the 16th in Auckland.
var fixed = time.Date(2026, 1, 15, 22, 30, 0, 0, time.UTC)

func newBench(t *testing.T) *bench {
	t.Helper()
	return newBenchIn(t, sandbox.Options{})
}

// newBenchIn is a bench in a world of another kind.
func newBenchIn(t *testing.T, o sandbox.Options) *bench {
	t.Helper()
	b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{}}
	o.Dir, o.Now = filepath.Join(t.TempDir(), "world"), func() time.Time { return fixed }
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
	b.world, b.conf = w, w.Config()
	return b
}

// handClock stands still; sleeping is refused, because no test waits.
type handClock struct{ b *bench }

// Now returns the bench's time.
func (c handClock) Now() time.Time { return c.b.now }

// Sleep fails the test.
func (c handClock) Sleep(context.Context, time.Duration) error {
	c.b.t.Error("something sleeps")
	return context.Canceled
}

// result is what a command left behind.
type result struct {
	code     int
	out, log string
}

// run runs one command line.
func (b *bench) run(args ...string) result {
	b.t.Helper()
	var out, log bytes.Buffer
	p := &cli.Program{
		Build: cli.Build{Version: "test"}, User: "ada", Stdin: strings.NewReader(b.stdin), Stdout: &out, Stderr: &log, Dir: b.dir,
		Env: func(name string) (string, bool) {
			if name == "HOME" {
				return b.home, true
			}
			v, ok := b.env[name]
			return v, ok
		},
		Clock: handClock{b}, Random: rand.Reader, Builtin: skills.FS, Book: docs.Pages, Examples: examples.FS, Catalogue: seams{}.catalogue, Examiners: examiners, Schemas: steps.Schemas, Kinds: steps.Kinds(), Locks: seams{}.lock, Sandbox: openSandbox,
	}
	ctx := b.t.Context()
	if b.ctx != nil {
		ctx = b.ctx
	}
	if b.clock != nil {
		p.Clock = b.clock
	}
	code := p.Run(ctx, args)
	return result{code, out.String(), log.String()}
}

// release runs the release with inputs, against the bench's sandbox.
func (b *bench) release(inputs ...string) result {
	b.t.Helper()
	args := []string{"release_aa_backend_prod", "--config", b.conf}
	for _, i := range inputs {
		if strings.HasPrefix(i, "--") {
			args = append(args, strings.Fields(i)...)
		} else {
			args = append(args, "--input", i)
		}
	}
	return b.run(args...)
}

func (b *bench) sha() string { return "commit_sha=" + b.world.Fixtures().ReleaseSHA }

// state is the sandbox's GET /_state.
type state struct {
	Jira struct {
		Issues []struct {
			Key, Summary string
			Labels       []string
			RemoteLinks  []struct{ GlobalID, URL string } `json:"remote_links"`
		}
	}
	Gitlab struct {
		MergeRequests []struct {
			IID                                               int
			Title, Description, State                         string
			SourceBranch, TargetBranch, WebURL, SourceProject string
		}
	}
	Git      map[string]struct{ Branches map[string]string }
	Requests []sandbox.Request
}

func (b *bench) state() state {
	b.t.Helper()
	web := http.DefaultClient
	if b.web != nil {
		web = b.web
	}
	resp, err := web.Get(b.world.URL() + "/_state")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, name := range []string{"source_branch", "target_branch", "web_url", "source_project", "globalId", "merge_requests"} {
		text = bytes.ReplaceAll(text, []byte(`"`+name+`"`), []byte(`"`+strings.ReplaceAll(name, "_", "")+`"`))
	}
	text = bytes.ReplaceAll(text, []byte(`"remotelinks"`), []byte(`"remote_links"`))
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		b.t.Fatal(err)
	}
	return s
}

// writes are the requests that changed something: everything but GET, fetches
// and refused logins.
func (s state) writes() []sandbox.Request {
	var out []sandbox.Request
	for _, r := range s.Requests {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.Path, "/git-upload-pack") {
			out = append(out, r)
		}
	}
	return out
}

// configure replaces text in a copy of the sandbox's configuration, which runs
// use from then on.
func (b *bench) configure(oldNew ...string) {
	b.t.Helper()
	text, err := os.ReadFile(b.conf)
	if err != nil {
		b.t.Fatal(err)
	}
	changed := strings.NewReplacer(oldNew...).Replace(string(text))
	if changed == string(text) {
		b.t.Fatalf("the configuration has none of %q", oldNew)
	}
	b.conf = filepath.Join(filepath.Dir(b.world.Config()), "other.yaml")
	if err := os.WriteFile(b.conf, []byte(changed), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// person sends a request to the GitLab stand-in as alice.
func (b *bench) person(method, path, body string) {
	b.t.Helper()
	token, err := os.ReadFile(filepath.Join(filepath.Dir(b.world.Config()), "tokens", "alice"))
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequest(method, b.world.URL()+"/gitlab/api/v4/projects/101/"+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", string(token))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(resp.Body)
		b.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
}

// forget removes every run: the journal is lost.
func (b *bench) forget() {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.home, ".local", "state")); err != nil {
		b.t.Fatal(err)
	}
}

// asJSON is a result of --output json.
type asJSON struct {
	Run, State, Reason, Journal string
	Outputs                     map[string]any
	Effects                     []struct{ ID, Outcome, Found, Key string }
	Steps                       []struct {
		ID, State string
		Result    map[string]any
	}
	Error *struct{ Code, Message, Hint, Step string }
}

func (r result) json(t *testing.T) asJSON {
	t.Helper()
	var out asJSON
	if err := json.Unmarshal([]byte(r.out), &out); err != nil {
		t.Fatalf("stdout is not JSON: %v\n%s\n%s", err, r.out, r.log)
	}
	return out
}

// goOn are the arguments of the command that continues, as it was printed.
func (r result) goOn() []string {
	_, cmd, _ := strings.Cut(r.log, "to continue: skillrun ")
	cmd, _, _ = strings.Cut(cmd, "\n")
	return strings.Fields(cmd)
}

// want checks an exit code and what the output says, as regular expressions.
func (r result) want(t *testing.T, code int, patterns ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit %d, want %d\n%s\n%s", r.code, code, r.out, r.log)
	}
	for _, p := range patterns {
		if !regexp.MustCompile(p).MatchString(r.out + r.log) {
			t.Errorf("nothing matches %q in\n%s\n%s", p, r.out, r.log)
		}
	}
}

func (b *bench) gitlabGet(path string) *http.Request {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.world.URL()+"/gitlab/api/v4/projects/101/"+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(filepath.Dir(b.world.Config()), "tokens", "alice"))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("PRIVATE-TOKEN", string(token))
	return req
}

func decode(t *testing.T, r io.Reader, v any) {
	t.Helper()
	if err := json.NewDecoder(r).Decode(v); err != nil {
		t.Fatal(err)
	}
}
