package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// newNetwork is a bench in a world that is not reached by plain http on
// loopback; the test itself reaches it past every proxy.
func newNetwork(t *testing.T, o sandbox.Options) *bench {
	t.Helper()
	b := newBenchIn(t, o)
	pool := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, b.world.Addr())
	}}
	if ca, err := os.ReadFile(b.file("ca.pem")); err == nil {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(ca)
		pool.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	t.Cleanup(pool.CloseIdleConnections)
	b.web = &http.Client{Transport: pool}
	return b
}

// file is the path of a file of the world.
func (b *bench) file(name string) string { return filepath.Join(filepath.Dir(b.world.Config()), name) }

// released checks that a release made exactly one of each.
func (b *bench) released(r result) state {
	b.t.Helper()
	r.want(b.t, 0, `AAP-61250`, `Release MR: `+b.world.URL()+`/gitlab/\S+/merge_requests/3`)
	s := b.state()
	if len(s.Jira.Issues) != 1 || len(s.Gitlab.MergeRequests) != 1 || len(s.Jira.Issues[0].RemoteLinks) != 1 {
		b.t.Errorf("%d issues, %d merge requests, links %v", len(s.Jira.Issues), len(s.Gitlab.MergeRequests), s.Jira.Issues)
	}
	return s
}

// wroteNothing checks that the world is as it was.
func (b *bench) wroteNothing() {
	b.t.Helper()
	if got := b.state().writes(); len(got) != 0 {
		b.t.Errorf("written: %v", got)
	}
}

// TestSites runs the release against every kind of site. The second time, the
// world is asked and all is there.
func TestSites(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]sandbox.Options{
		"Data Center":                        {Deployment: "datacenter"},
		"OCI registry":                       {Registry: "oci"},
		"private CA":                         {TLS: true},
		"all of it, Data Center and OCI":     {TLS: true, Deployment: "datacenter", Registry: "oci"},
		"all of it, Cloud and Quay, by name": {TLS: true, Host: "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newNetwork(t, o)
			s := b.released(b.release(b.sha()))
			asked := func(part string) bool {
				for _, r := range s.Requests {
					if strings.Contains(r.Path, part) {
						return true
					}
				}
				return false
			}
			if got, want := asked("/search/jql"), o.Deployment == ""; got != want {
				t.Errorf("Cloud's search was asked: %t", got)
			}
			if got, want := asked("/v2/"), o.Registry == "oci"; got != want {
				t.Errorf("the registry's API was asked: %t", got)
			}
			b.forget()
			b.release(b.sha()).want(t, 0, "adopted  jira", "adopted  push", "adopted  mr", "adopted  link")
			b.release("commit_sha="+b.world.Fixtures().NoImageSHA).want(t, 1, "Build first")
		})
	}
}

// TestSandboxModes: what `skillrun sandbox` was told its world is like holds
// for --sandbox, until the world is emptied.
func TestSandboxModes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	serve := func(args ...string) result { // until interrupted, which it is
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		b.ctx = ctx
		defer func() { b.ctx = nil }()
		return b.run(append([]string{"sandbox"}, args...)...)
	}
	serve("--deployment", "server").want(t, 2, `the sandbox has no Jira "server"; use cloud or datacenter`)
	serve("--registry", "docker").want(t, 2, `the sandbox has no registry "docker"; use quay or oci`)
	serve("--tls", "--deployment", "datacenter", "--delay", "1ms").want(t, 0, `^ready https://127`)
	serve("--registry", "oci").want(t, 0, `^ready https://127`)
	conf := filepath.Join(b.home, ".local", "state", "skillrun", "sandbox-world", "skillrun.yaml")
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"deployment: datacenter, token: file:tokens/jira, ca: ca.pem}", "api: oci"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	b.run("release_aa_backend_prod", "--sandbox", "--input", b.sha()).want(t, 0, `Release MR: https://127`)
	b.run("sandbox", "reset").want(t, 0)
	serve().want(t, 0, `^ready http://127`)
}

// TestUntrustedAuthority: a service whose certificate is not trusted gets
// nothing, and the message says whose certificate it was and what to do.
func TestUntrustedAuthority(t *testing.T) {
	t.Parallel()
	other := newNetwork(t, sandbox.Options{TLS: true})
	for name, change := range map[string]func(b *bench){
		"none":    func(b *bench) { b.configure(", ca: ca.pem", "") },
		"another": func(b *bench) { b.configure("ca: ca.pem", "ca: "+other.file("ca.pem")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newNetwork(t, sandbox.Options{TLS: true})
			change(b)
			b.release(b.sha()).want(t, 1, `\[network\]`, `its certificate is signed by “CN=skillrun sandbox [A-Z0-9]+”, which is not trusted here`,
				`name the authority's certificate with ca: FILE\.pem`)
			if got := b.state().Requests; len(got) != 0 {
				t.Errorf("it was asked: %v", got)
			}
		})
	}
}

// TestOneUntrusted: when only the service of the first write is not trusted,
// nothing is written either.
func TestOneUntrusted(t *testing.T) {
	t.Parallel()
	b := newNetwork(t, sandbox.Options{TLS: true})
	b.configure("file:tokens/jira, ca: ca.pem", "file:tokens/jira")
	b.release(b.sha()).want(t, 1, `\[network\]`, `which is not trusted here`)
	b.wroteNothing()
}

// front stands before a world. It lets requests through, but for those that
// spoil answers itself.
type front struct {
	*httptest.Server
	spoil func(w http.ResponseWriter, r *http.Request, to target) bool
}

// target is what a request is for.
type target struct {
	service string
	write   bool
}

func targetOf(r *http.Request) target {
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return target{service, r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "/git-upload-pack")}
}

// behind puts a front before the bench's world, for every service.
func (b *bench) behind(spoil func(http.ResponseWriter, *http.Request, target) bool) *front {
	b.t.Helper()
	f := &front{spoil: spoil}
	world, err := url.Parse(b.world.URL())
	if err != nil {
		b.t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(world)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.spoil(w, r, targetOf(r)) {
			through.ServeHTTP(w, r)
		}
	}))
	b.t.Cleanup(f.Close)
	b.configure(b.world.URL(), f.URL, "settle: 1s", "settle: 0s")
	return f
}

// TestRedirects: wherever a service sends its client, no request goes there,
// and so no credential. It is another port of the same host, where net/http
// itself would send the credential along.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"git", "quay", "jira", "gitlab"} {
		for _, write := range []bool{false, true} {
			if service == "quay" && write {
				continue // nothing is written there
			}
			for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
				t.Run(fmt.Sprint(service, write, status), func(t *testing.T) {
					t.Parallel()
					redirected(t, target{service, write}, status)
				})
			}
		}
	}
}

func redirected(t *testing.T, what target, status int) {
	b := newBench(t)
	var mu sync.Mutex
	var seen []http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header)
	}))
	t.Cleanup(elsewhere.Close)
	sent := 0
	b.behind(func(w http.ResponseWriter, r *http.Request, to target) bool {
		if to != what {
			return false
		}
		mu.Lock()
		sent++
		mu.Unlock()
		http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), status)
		return true
	})
	r := b.release(b.sha())
	mu.Lock()
	defer mu.Unlock()
	if r.code != 1 && r.code != 3 || sent == 0 {
		t.Errorf("exit %d after %d redirects\n%s", r.code, sent, r.log)
	}
	if len(seen) != 0 {
		t.Errorf("asked elsewhere, with %v", seen)
	}
}

// TestTimeouts: each service has its own time-out.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"git", "quay", "jira", "gitlab"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.behind(func(_ http.ResponseWriter, r *http.Request, to target) bool {
				if to.service == service {
					<-r.Context().Done()
				}
				return to.service == service
			})
			b.configure("  "+service+": {", "  "+service+": {timeout: 1s, ")
			begun := time.Now()
			b.release(b.sha()).want(t, 1, `\[timeout\]`, `no answer in time`, `timeout: 60s`)
			if took := time.Since(begun); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			b.wroteNothing()
		})
	}
}

// patientClock advances by what is slept.
type patientClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

// Now returns the time.
func (c *patientClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep takes no time.
func (c *patientClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return ctx.Err()
}

// busyOnce answers the first request for a target that it is asked too much.
func busyOnce(what target) (func(http.ResponseWriter, *http.Request, target) bool, func() int) {
	var mu sync.Mutex
	asked := 0
	return func(w http.ResponseWriter, _ *http.Request, to target) bool {
			mu.Lock()
			defer mu.Unlock()
			if to != what {
				return false
			}
			if asked++; asked > 1 {
				return false
			}
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}, func() int {
			mu.Lock()
			defer mu.Unlock()
			return asked
		}
}

// TestBusyRead: a read that a busy service wants asked later is asked later.
func TestBusyRead(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"quay", "jira", "gitlab"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			clock := &patientClock{now: fixed}
			b.clock = clock
			spoil, _ := busyOnce(target{service, false})
			b.behind(spoil)
			r := b.release(b.sha())
			r.want(t, 0, `asks to wait \(429\): asking again in 7s`)
			if diff := cmp.Diff([]time.Duration{7 * time.Second}, clock.slept); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBusyWrite: a write that was refused for being too much is not sent again
// on its own; the run that is resumed sends it, once.
func TestBusyWrite(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"jira", "gitlab"} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			clock := &patientClock{now: fixed}
			b.clock = clock
			spoil, sent := busyOnce(target{service, true})
			b.behind(spoil)
			r := b.release(b.sha(), "--output json")
			run := r.json(t)
			if r.code != 1 || run.Error == nil || run.Error.Code != "rate_limited" || !strings.Contains(run.Error.Hint, "7") {
				t.Fatalf("exit %d, %+v", r.code, run.Error)
			}
			if sent() != 1 || len(clock.slept) != 0 {
				t.Errorf("sent %d times, slept %v", sent(), clock.slept)
			}
			b.run("resume", run.Run, "--config", b.conf).want(t, 0)
			if s := b.state(); len(s.Jira.Issues) != 1 || len(s.Gitlab.MergeRequests) != 1 {
				t.Errorf("%d issues, %d merge requests", len(s.Jira.Issues), len(s.Gitlab.MergeRequests))
			}
		})
	}
}
