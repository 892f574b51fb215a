package steps

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// environment is a few variables.
type environment map[string]string

func (e environment) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

// load reads a configuration.
func load(t *testing.T, text string, env environment) *config.Config {
	t.Helper()
	files := fstest.MapFS{"u/skillrun.yaml": {Data: []byte(text)}, "u/key": {Data: []byte("k")}}
	cfg, list := config.Load(config.Options{
		Kinds: Kinds(),
		Dir:   "/w", UserDir: "/u", Env: env.lookup,
		ReadFile: func(path string) ([]byte, error) { return files.ReadFile(strings.TrimPrefix(path, "/")) },
		Stat:     func(path string) (fs.FileInfo, error) { return files.Stat(strings.TrimPrefix(path, "/")) },
	})
	if list.HasErrors() {
		t.Fatal(list)
	}
	return cfg
}

func TestProxies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  environment
		url  string
		want string // "" goes directly
	}{
		{"none", environment{}, "https://a.example.com", ""},
		{"https", environment{"HTTPS_PROXY": "http://p:3128"}, "https://a.example.com", "http://p:3128"},
		{"without a scheme", environment{"HTTPS_PROXY": "p.example.com:3128"}, "https://a.example.com", "http://p.example.com:3128"},
		{"lower case", environment{"https_proxy": "https://p"}, "https://a.example.com", "https://p"},
		{"lower case wins", environment{"https_proxy": "http://low", "HTTPS_PROXY": "http://up"}, "https://a.example.com", "http://low"},
		{"user and password", environment{"HTTPS_PROXY": "http://u:p%40ss@p:1"}, "https://a.example.com", "http://u:p%40ss@p:1"},
		{"socks", environment{"HTTPS_PROXY": "socks5://p:1080"}, "https://a.example.com", "socks5://p:1080"},
		{"excepted", environment{"HTTPS_PROXY": "http://p", "NO_PROXY": "other, .example.com"}, "https://a.example.com", ""},
		{"excepted, lower case", environment{"HTTPS_PROXY": "http://p", "no_proxy": "a.example.com:443"}, "https://a.example.com", ""},
		{"not excepted", environment{"HTTPS_PROXY": "http://p", "NO_PROXY": "b.example.com"}, "https://a.example.com", "http://p"},
		{"this machine", environment{"HTTPS_PROXY": "http://p", "HTTP_PROXY": "http://p"}, "http://127.0.0.1:80", ""},
	}
	for _, tt := range tests {
		find, err := proxies(tt.env.lookup)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if u, err := find(req); err != nil {
			got = err.Error()
		} else if u != nil {
			got = u.String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestNoProxy: a variable that is no address stops the program, unseen.
// Otherwise what was meant to go through a proxy would go directly.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://u:hunter2/@p", "ftp://p", "http://", "http://u:hunter2 @p", "://p", "http://:3128"} {
		_, err := All(load(t, "services: {quay: {url: https://quay.example.com}}", environment{"HTTPS_PROXY": address}), Options{Cache: t.TempDir()})
		want := "the variable HTTPS_PROXY is not the address of a proxy; it is not shown here (write it as http://HOST:PORT, " +
			"or http://USER:PASSWORD@HOST:PORT with signs such as @ and / in the password as %40 and %2F)"
		if err == nil || err.Error() != want || types.CodeOf(err) != types.BadInput {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestInTheClear: nothing but https leaves this machine, wherever the address
// came from.
func TestInTheClear(t *testing.T) {
	t.Parallel()
	var sent []string
	rt := encrypted{roundTrip(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.URL.Host)
		return nil, io.EOF
	}), config.Policy{}.Admits}
	for _, u := range []string{
		"https://a.example.com", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1",
		"http://a.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1", "http://localhost.example.com",
	} {
		body := &closer{}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u, body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rt.RoundTrip(req); errors.Is(err, errClear) != body.closed || !body.closed && !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v, closed: %v", u, err, body.closed)
		} else if body.closed && !strings.Contains(err.Error(), "it would be sent unencrypted; use https to other machines") {
			t.Errorf("%s: %v", u, err)
		}
	}
	if diff := cmp.Diff([]string{"a.example.com", "localhost:1", "127.0.0.1:1", "[::1]:1"}, sent); diff != "" {
		t.Error(diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type closer struct{ closed bool }

// Read has nothing.
func (c *closer) Read([]byte) (int, error) { return 0, io.EOF }

// Close remembers that it was called.
func (c *closer) Close() error {
	c.closed = true
	return nil
}

// TestConnect checks what families are given against the configuration.
func TestConnect(t *testing.T) {
	t.Parallel()
	cfg := load(t, `services:
  git: {url: https://g.example.com, user: bot, token: env:T, author: Dr. Release Bot <bot@example.com>,
    committer: CI <ci@example.com>, sign_off: true, signing_key: key}
  quay: {url: https://q.example.com, api: oci, token: env:T, timeout: 3s}
  jira: {url: https://j.example.com, deployment: datacenter, token: env:T}
  gitlab: {url: https://l.example.com, token: env:ABSENT}
  http: {url: https://h.example.com/v1, user: bot, token: env:T, header: X-Api-Key, queries: [/q], timeout: 2s}
  files: {root: reports}
  slack: {token: env:T}
`, environment{"T": "secret"})
	c := &connector{cfg: cfg}
	g, q, j, l := each(c, "git", c.git)["git"], each(c, "quay", c.quay)["quay"], each(c, "jira", c.jira)["jira"], each(c, "gitlab", c.gitlab)["gitlab"]
	h, f := each(c, "http", c.http)["http"], each(c, "files", c.files)["files"]
	s := each(c, "slack", c.slack)["slack"]
	got := []any{
		g.User, g.Token.Reveal(), g.Helper, g.AuthorName, g.AuthorEmail, g.CommitterName, g.CommitterEmail, g.SignOff, g.SigningKeyFile, g.Timeout,
		q.API, q.Timeout, j.Deployment, j.User, j.Token.Reveal(), l.URL, l.Token.Reveal(), l.Timeout,
		h.URL, h.User, h.Token.Reveal(), h.Header, h.Queries[0], h.Timeout, f.Root, s.URL, s.Token.Reveal(), s.Timeout,
	}
	want := []any{
		"bot", "secret", false, "Dr. Release Bot", "bot@example.com", "CI", "ci@example.com", true, "/u/key", time.Duration(0),
		"oci", 3 * time.Second, "datacenter", "", "secret", "https://l.example.com", "", 30 * time.Second,
		"https://h.example.com/v1", "bot", "secret", "X-Api-Key", "/q", 2 * time.Second, "/u/reports", "https://slack.com", "secret", 30 * time.Second,
	}
	if diff := cmp.Diff(want, got); diff != "" || c.err != nil {
		t.Error(diff, c.err)
	}
	if t1, t2 := pool(t, g.Transport), pool(t, q.Transport); t1 == t2 || t1.TLSHandshakeTimeout != connecting || t2.TLSHandshakeTimeout != 3*time.Second {
		t.Errorf("connections: %v and %v for a handshake", t1.TLSHandshakeTimeout, t2.TLSHandshakeTimeout)
	}
}

func pool(t *testing.T, rt http.RoundTripper) *http.Transport {
	t.Helper()
	p, ok := rt.(encrypted).next.(rest.Inflating).Next.(*http.Transport)
	if !ok {
		t.Fatalf("%T", rt)
	}
	return p
}

// TestProxyRefusal: what a proxy says when it does not let a request through is
// kept.
func TestProxyRefusal(t *testing.T) {
	t.Parallel()
	c := &connector{cfg: load(t, "", nil)}
	hook := pool(t, c.transport(config.Service{})).OnProxyConnectResponse
	err := hook(context.Background(), &url.URL{Host: "p:3128"}, nil, &http.Response{StatusCode: http.StatusProxyAuthRequired})
	if err == nil || !strings.Contains(err.Error(), "the proxy p:3128 answered 407") {
		t.Error(err)
	}
}
