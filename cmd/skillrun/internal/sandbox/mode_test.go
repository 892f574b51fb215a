package sandbox_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// openAs opens a world in a folder with options.
func openAs(t *testing.T, o sandbox.Options) client {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	w, err := sandbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	pool := trusting(t, w, o.Dir)
	t.Cleanup(func() {
		pool.CloseIdleConnections()
		w.Close()
	})
	return client{t, o.Dir, w, &http.Client{Transport: pool}}
}

// trusting reaches a world by whatever name it goes by, and trusts its
// authority and no other.
func trusting(t *testing.T, w *sandbox.World, dir string) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	if data, err := os.ReadFile(filepath.Join(dir, "ca.pem")); err == nil {
		roots.AppendCertsFromPEM(data)
	}
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, w.Addr())
		},
	}
}

// TestModeIsKept: what was said once holds for whoever opens the folder next.
func TestModeIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openAs(t, sandbox.Options{Dir: dir, TLS: true, Deployment: "datacenter", Registry: "oci", Host: "world.test"})
	url, ca := c.w.URL(), c.file("ca.pem")
	if _, port, _ := net.SplitHostPort(c.w.Addr()); url != "https://world.test:"+port {
		t.Errorf("it is at %s", url)
	}
	before := c.services()
	c.state()
	c.w.Close()
	c = openAs(t, sandbox.Options{Dir: dir})
	if c.w.URL() != url || c.file("ca.pem") != ca {
		t.Errorf("was at %s, is at %s, and has the same authority: %t", url, c.w.URL(), c.file("ca.pem") == ca)
	}
	want := map[string][]string{
		"git": {url, "", ""}, "gitlab": {url + "/gitlab", "", ""},
		"jira": {url + "/jira", "datacenter", ""}, "quay": {url, "", "oci"},
		"slack": {url + "/slack", "", ""},
	}
	if diff := cmp.Diff(want, before); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, c.services()); diff != "" {
		t.Errorf("the configuration changed:\n%s", diff)
	}
	c.state()
	c.w.Close()
	c = openAs(t, sandbox.Options{Dir: dir, Deployment: "cloud", Registry: "quay"})
	want["jira"], want["quay"] = []string{url + "/jira", "cloud", ""}, []string{url + "/quay", "", "quay"}
	if diff := cmp.Diff(want, c.services()); diff != "" {
		t.Errorf("what was asked for anew:\n%s", diff)
	}
}

func (c client) file(name string) string {
	c.Helper()
	data, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.Fatal(err)
	}
	return string(data)
}

// services is what the configuration says of each service.
func (c client) services() map[string][]string {
	c.Helper()
	out := map[string][]string{}
	for name, s := range c.config().Services {
		out[name] = []string{s.URL, s.Deployment, s.API}
		if (s.CA == filepath.Join(c.dir, "ca.pem")) != strings.HasPrefix(s.URL, "https:") {
			c.Errorf("%s at %s has the certificates %q", name, s.URL, s.CA)
		}
	}
	return out
}

// TestUntrusted: the authority of one world is worth nothing in another.
func TestUntrusted(t *testing.T) {
	t.Parallel()
	a := openAs(t, sandbox.Options{Dir: t.TempDir(), TLS: true})
	b := openAs(t, sandbox.Options{Dir: t.TempDir(), TLS: true})
	pool := trusting(t, a.w, b.dir)
	defer pool.CloseIdleConnections()
	resp, err := (&http.Client{Transport: pool}).Get(a.w.URL() + "/_state")
	if err == nil {
		resp.Body.Close()
		t.Fatal("trusted")
	}
	if !strings.Contains(err.Error(), "unknown authority") && !strings.Contains(err.Error(), "not trusted") && !strings.Contains(err.Error(), "ECDSA verification failure") {
		t.Error(err)
	}
}

// TestDataCenter: there a token is a bearer's, and no one has a user.
func TestDataCenter(t *testing.T) {
	t.Parallel()
	c := openAs(t, sandbox.Options{Dir: t.TempDir(), Deployment: "datacenter"})
	if user := c.jiraUser(); user != "" {
		t.Errorf("the user is %q", user)
	}
	for auth, want := range map[string]int{"Bearer " + c.token("jira"): 200, "Bearer x": 401, "": 401} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.w.URL()+"/jira/rest/api/2/myself", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", auth)
		resp, err := c.web.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: %d, want %d", auth, resp.StatusCode, want)
		}
	}
}

// TestSkew: the world's clock is its own, and ahead as far as asked.
func TestSkew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 15, 22, 30, 0, 0, time.UTC)
	c := openAs(t, sandbox.Options{Dir: t.TempDir(), Now: func() time.Time { return now }, Skew: -5 * time.Minute})
	resp, err := c.web.Get(c.w.URL() + "/_state")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Date"); got != "Thu, 15 Jan 2026 22:25:00 GMT" {
		t.Error(got)
	}
}

// TestDelay: an answer waits, and one that no one waits for is not waited out.
func TestDelay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := openAs(t, sandbox.Options{Dir: dir, Delay: 30 * time.Millisecond})
	begun := time.Now()
	c.do("gitlab", "GET", "/gitlab/api/v4/projects/101", "", 200)
	if took := time.Since(begun); took < 30*time.Millisecond {
		t.Errorf("it answered after %s", took)
	}
	c.w.Close()
	c = openAs(t, sandbox.Options{Dir: dir, Delay: time.Hour})
	c.state()
	c.web.Timeout = 30 * time.Millisecond
	if resp, err := c.web.Get(c.w.URL() + "/gitlab/api/v4/projects/101"); err == nil {
		resp.Body.Close()
		t.Error("it did not wait")
	}
	if err := c.w.Close(); err != nil {
		t.Error(err)
	}
}

func TestModesThatAreNone(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]sandbox.Options{
		`the sandbox has no Jira "server"; use cloud or datacenter`:          {Deployment: "server"},
		`the sandbox has no registry "docker"; use quay or oci`:              {Registry: "docker"},
		`the sandbox cannot answer 1s early; use a delay above zero`:         {Delay: -time.Second},
		`the sandbox goes by another name only over https; ask for that too`: {Host: "world.test"},
	} {
		o.Dir, o.Now = t.TempDir(), time.Now
		if w, err := sandbox.Open(t.Context(), o); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
			if err == nil {
				w.Close()
			}
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"ca.pem": "x", "ca-key.pem": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, Now: time.Now, TLS: true}); err == nil {
		w.Close()
		t.Error("a world without an authority")
	}
}

// TestLockIsNoLink: a link in place of the world's lock is not followed.
func TestLockIsNoLink(t *testing.T) {
	t.Parallel()
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	if err := os.Symlink(outside, filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	w, err := sandbox.Open(t.Context(), sandbox.Options{Dir: dir, Now: time.Now})
	if err == nil {
		w.Close()
	}
	if _, there := os.Lstat(outside); err == nil || there == nil {
		t.Errorf("the lock led out of the folder: %v", err)
	}
}

// TestOnlyFilesAreRead: a pipe in the world's folder is not waited for, and what has
// no end, or is far too large, is not read.
func TestOnlyFilesAreRead(t *testing.T) {
	t.Parallel()
	o := sandbox.Options{Dir: t.TempDir(), TLS: true, Now: time.Now}
	w, err := sandbox.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	aside := t.TempDir()
	for _, name := range []string{"mode.json", "seeded.json", "jira.json", "site", "skillrun.yaml", "skillrun.written", "tokens/jira", "ca.pem", "ca-key.pem"} {
		path, genuine := filepath.Join(o.Dir, name), filepath.Join(aside, filepath.Base(name))
		if err := os.Rename(path, genuine); err != nil {
			t.Fatal(err)
		}
		for kind, make := range map[string]func(path string) error{
			"not a regular file": func(path string) error { return syscall.Mkfifo(path, 0o600) },
			"not a regular":      func(path string) error { return os.Symlink("/dev/zero", path) },
			"larger than":        func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
		} {
			if err := make(path); err != nil {
				t.Fatal(err)
			}
			w, err = sandbox.Open(t.Context(), o)
			if err == nil {
				w.Close()
			}
			if err == nil || !strings.Contains(err.Error(), kind) {
				t.Errorf("%s: %v, not %q", name, err, kind)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(genuine, path); err != nil {
			t.Fatal(err)
		}
	}
}
