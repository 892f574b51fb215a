package git_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// spoken serves by a handler in another version of git's protocol than is asked
// for: "" is v0.
func spoken(version string, serve func(*remote) http.Handler) func(*remote) http.Handler {
	return func(r *remote) http.Handler {
		next := serve(r)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Header.Get("Git-Protocol") != "" {
				req.Header.Set("Git-Protocol", version)
			}
			next.ServeHTTP(w, req)
		})
	}
}

// insisting serves no one who reads without asking for protocol v2.
func insisting(serve func(*remote) http.Handler) func(*remote) http.Handler {
	return func(r *remote) http.Handler {
		next := serve(r)
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			reads := strings.Contains(req.URL.RequestURI(), "git-upload-pack")
			if reads && req.Header.Get("Git-Protocol") != "version=2" {
				http.Error(w, "git protocol version 2 is required", http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}

// TestServersInsistOnVersion2 releases and looks back through a server that
// speaks nothing else, and through those that do not speak it yet: the same
// comes of it.
func TestServersInsistOnVersion2(t *testing.T) {
	t.Parallel()
	options := map[string][]string{
		"whole": nil, "filter": {"uploadpack.allowFilter=true"}, "any": {"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
	}
	sample := []string{"insists whole", "version 0 any", "version 1 filter"} // each server and each kind
	for kind, options := range options {
		real := backend(t, options...)
		for name, serve := range map[string]func(*remote) http.Handler{
			"insists": insisting(real), "version 0": spoken("", real), "version 1": spoken("version=1", real),
		} {
			if !sweeping() && !slices.Contains(sample, name+" "+kind) {
				continue
			}
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRemoteBehind(t, serve)
				sha := r.releaseBy(r.url)
				if got := r.Branches("service/app-interface")["release-1"]; got != sha {
					t.Errorf("branch at %q, want %s", got, sha)
				}
				old := r.must("git_read_file", map[string]any{"repo": r.url, "path": "README", "ref": r.shas["b"]})
				if old["text"] != "r\n" || old["default_branch"] != "main" {
					t.Errorf("an older commit's file: %v", old)
				}
				out := r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["c"], "to": r.shas["feature"]})
				if out["relation"] != "diverged" || subjects(out["commits"]) != "not merged" {
					t.Errorf("log %v", out)
				}
				r.fails("git_log", map[string]any{"repo": r.url, "to": r.shas["lost"]}, types.NotFound, "push it first")
				r.fails("git_read_file", map[string]any{"repo": r.url, "path": file, "ref": r.shas["lost"]}, types.NotFound, "push it first")
				// What comes later is fetched on top of what is there.
				later := r.main(commit("d", "theirs\n", 9, map[string]*string{"data/other.yml": text("y\n")}, "c"))
				if out := r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["c"], "to": later}); subjects(out["commits"]) != "theirs" {
					t.Errorf("log %v", out)
				}
			})
		}
	}
}

// TestOnlyBranchesAreListed: a repository with thousands of tags and merge
// requests costs no more to look at.
func TestOnlyBranchesAreListed(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true"))
	var refs strings.Builder
	for i := range 5000 {
		refs.WriteString(r.shas["a"] + " refs/merge-requests/" + strings.Repeat("1", i%7+1) + "/" + strings.Repeat("0", i/7+1)[:1] + string(rune('a'+i%26)) + "/head\n")
	}
	r.write(r.dir("service/app-interface")+"/packed-refs", "# pack-refs with: peeled fully-peeled \n"+refs.String())
	m := &meter{}
	r.service.Transport = m
	r.connect()
	r.must("git_branch_list", map[string]any{"repo": r.url})
	if n := m.bytes.Load(); n > 2<<10 {
		t.Errorf("%d bytes to list two branches", n)
	}
}

// TestSSHVersions reads through hosts that insist on protocol v2, and through
// those that take no variable and speak an earlier one.
func TestSSHVersions(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		r := newRemote(t)
		user, private, _ := keyPair(t)
		h := r.serveSSH(user.PublicKey())
		h.deaf, h.insists = deaf, !deaf
		h.known(t, h.key.PublicKey())
		startAgent(t, private)
		sha := r.releaseBy(r.url)
		if got := r.Branches("service/app-interface")["release-1"]; got != sha {
			t.Errorf("deaf %v: branch at %q, want %s", deaf, got, sha)
		}
		if out := r.must("git_diff", map[string]any{"repo": r.url, "from": "main", "to": "release-1"}); changed(out["files"]) != "modified "+file+" +1 -1" {
			t.Errorf("deaf %v: %v", deaf, out)
		}
		r.fails("git_read_file", map[string]any{"repo": strings.Replace(r.url, "app-interface", "none", 1), "path": file}, types.NotFound, "the ssh host finds no repository /service/none.git: fatal: ")
		if deaf {
			h.deaf, h.insists = true, true
			r.fails("git_branch_list", map[string]any{"repo": r.url}, types.NotFound, "fatal: protocol version 2 is required")
		}
	}
}

// TestServerSpeaksInErrors shows what a server says in the middle of protocol
// v2, and takes no answer that is cut off for a whole one.
func TestServerSpeaksInErrors(t *testing.T) {
	t.Parallel()
	const ls, pack = "/git-upload-pack", "command=fetch"
	for _, tt := range []struct{ when, body, want string }{
		{ls, "001cERR no more today\x1b[31m!\n", "the server reports: no more today[31m!"},
		{ls, "0034" + "0123456789012345678901234567890123456789 HEAD", "the connection broke"},
		{ls, "zzzz", "the connection broke"},
		{pack, "000dpackfile\n000f\x03disk full!", "the server reports: disk full!"},
		{pack, "000dpackfile\n0008\x02hi\n0000", "the connection broke"},
		{pack, "000dpackfile\n0008\x09hi\n", "the connection broke"},
		{pack, "0000", "the server reports: nothing"},
		{pack, "0014acknowledgments\n0008NAK\n0000", "the connection broke"},
	} {
		r := newRemoteBehind(t, backend(t))
		var spoilt atomic.Bool
		r.through(func(req *http.Request) (*http.Response, error) {
			if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, ls) {
				return http.DefaultTransport.RoundTrip(req)
			}
			asked, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			if tt.when == ls || strings.Contains(string(asked), tt.when) {
				spoilt.Store(true)
				return answer(req, 200, tt.body), nil
			}
			req.Body = io.NopCloser(strings.NewReader(string(asked)))
			return http.DefaultTransport.RoundTrip(req)
		})
		_, err := r.do("git_read_file", map[string]any{"repo": r.url, "path": file})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !spoilt.Load() {
			t.Errorf("%q: %v, want %q", tt.body, err, tt.want)
		}
	}
}

// FuzzGreeting holds that nothing a server says in protocol v2 makes it panic
// or hang.
func FuzzGreeting(f *testing.F) {
	for _, s := range []string{
		"000eversion 2\n0013ls-refs=unborn\n0000", "001e# service=git-upload-pack\n0000000eversion 2\n0000",
		"000eversion 1\n0000", "0000", "0001", "0004", "0003", "ffff", "", "000eversion 2\n", "000dpackfile\n0006\x01P0000",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, greeting, said string) {
		r := newRemote(t)
		r.through(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPost {
				return answer(req, 200, said), nil
			}
			return answer(req, 200, greeting), nil
		})
		if _, err := r.do("git_read_file", map[string]any{"repo": r.url, "path": file}); err == nil {
			t.Error("a file was read from nothing")
		}
	})
}
