package git_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// through sends every request through f.
func (r *remote) through(f roundTrip) {
	r.service.Transport = f
	r.connect()
}

func isPush(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-receive-pack")
}

// answer is a response that no server sent.
func answer(req *http.Request, status int, body string) *http.Response {
	rec := httptest.NewRecorder()
	rec.WriteHeader(status)
	rec.WriteString(body)
	resp := rec.Result()
	resp.Request = req
	return resp
}

// sideband is a status as a server sends it that also carries remarks.
func sideband(status string) string { return fmt.Sprintf("%04x\x01%s0000", len(status)+5, status) }

// TestPushFails sorts the ends of a push: not done, or it is unknown. What is
// unknown is told by looking.
func TestPushFails(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		push  roundTrip
		code  types.Code
		want  string
		there bool
	}{
		"the answer is lost": {func(req *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err == nil {
				resp.Body.Close()
			}
			return nil, io.ErrUnexpectedEOF
		}, types.UnknownOutcome, "the answer was lost", true},
		"the answer is cut off": {func(req *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err == nil {
				resp.Body.Close()
				resp.Body = io.NopCloser(strings.NewReader("000eunpa"))
			}
			return resp, err
		}, types.UnknownOutcome, "push release-1", true},
		"the answer is empty": {func(req *http.Request) (*http.Response, error) {
			return answer(req, 200, ""), nil
		}, types.UnknownOutcome, "the server gave no status", false},
		"the answer is of another branch": {func(req *http.Request) (*http.Response, error) {
			return answer(req, 200, sideband("000eunpack ok\n0018ok refs/heads/other\n0000")), nil
		}, types.UnknownOutcome, "the server did not report the result of the push", false},
		"the objects are refused": {func(req *http.Request) (*http.Response, error) {
			return answer(req, 200, sideband("0011unpack error\n0000")), nil
		}, types.BadInput, "the server could not take the objects: error", false},
		"a bad gateway":  {func(req *http.Request) (*http.Response, error) { return answer(req, 502, "oops"), nil }, types.UnknownOutcome, "502 Bad Gateway: oops", false},
		"a redirect":     {func(req *http.Request) (*http.Response, error) { return answer(req, 302, ""), nil }, types.UnknownOutcome, "302 Found", false},
		"too many":       {func(req *http.Request) (*http.Response, error) { return answer(req, 429, ""), nil }, types.RateLimited, "429", false},
		"too large":      {func(req *http.Request) (*http.Response, error) { return answer(req, 413, ""), nil }, types.BadInput, "413", false},
		"no credential":  {func(req *http.Request) (*http.Response, error) { return answer(req, 401, ""), nil }, types.Auth, "the server requires a credential, or another one", false},
		"no right":       {func(req *http.Request) (*http.Response, error) { return answer(req, 403, ""), nil }, types.Forbidden, "lacks permission", false},
		"cannot be sent": {func(*http.Request) (*http.Response, error) { return nil, dial }, types.Network, "cannot reach the service", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			r.prepare("")
			r.through(func(req *http.Request) (*http.Response, error) {
				if isPush(req) {
					return tt.push(req)
				}
				return http.DefaultTransport.RoundTrip(req)
			})
			r.fails("git_push", ws(), tt.code, tt.want)
			want := step.StateAbsent
			if tt.there {
				want = step.StateExists
			}
			if f := r.find(ws()); f.State != want {
				t.Errorf("looked for after it: %+v, want %s", f, want)
			}
		})
	}
}

// TestPushSendsOnce counts the requests that write.
func TestPushSendsOnce(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	var pushes atomic.Int32
	var body []byte
	r.through(func(req *http.Request) (*http.Response, error) {
		if isPush(req) {
			pushes.Add(1)
			body, _ = io.ReadAll(req.Body)
			req.Body = io.NopCloser(bytes.NewReader(body))
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	r.must("git_push", ws())
	r.must("git_push", ws()) // it is there
	const gate = 4 << 10
	if pushes.Load() != 1 || len(body) > gate {
		t.Errorf("%d pushes, the last of %d bytes; the gate is 1 of %d", pushes.Load(), len(body), gate)
	}
}

// TestServerMovesTheBranch has someone push between our look and our update:
// the server refuses the old value, and what it says decides nothing.
func TestServerMovesTheBranch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	r.through(func(req *http.Request) (*http.Response, error) {
		if isPush(req) {
			r.branch("release-1", commit("x", "theirs\n", 7, map[string]*string{"x": text("x\n")}, "c"))
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	r.fails("git_push", ws(), types.Conflict, "the branch moved while it was pushed: stale info")
}

// TestBranchMovesBeforeThePush has someone push before our update reads where
// the branch is: it is not replaced.
func TestBranchMovesBeforeThePush(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	theirs := ""
	r.through(func(req *http.Request) (*http.Response, error) {
		if strings.Contains(req.URL.RawQuery, "git-receive-pack") && theirs == "" {
			r.branch("release-1", commit("x", "theirs\n", 7, map[string]*string{"x": text("x\n")}, "c"))
			theirs = r.Branches("service/app-interface")["release-1"]
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	r.fails("git_push", ws(), types.Conflict, "moved to")
	if now := r.Branches("service/app-interface")["release-1"]; theirs == "" || now != theirs {
		t.Errorf("the branch is at %s, they left it at %s", now, theirs)
	}
}

// TestReadFails sorts the failures of reads.
func TestReadFails(t *testing.T) {
	t.Parallel()
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		read roundTrip
		code types.Code
		want string
	}{
		"no credential": {func(req *http.Request) (*http.Response, error) { return answer(req, 401, ""), nil }, types.Auth, "requires a credential"},
		"no right":      {func(req *http.Request) (*http.Response, error) { return answer(req, 403, ""), nil }, types.Forbidden, "lacks permission"},
		"unavailable":   {func(req *http.Request) (*http.Response, error) { return answer(req, 503, "later"), nil }, types.Unavailable, "503 Service Unavailable: later"},
		"moved":         {func(req *http.Request) (*http.Response, error) { return answer(req, 301, ""), nil }, types.Unavailable, "301"},
		"cannot reach":  {func(*http.Request) (*http.Response, error) { return nil, dial }, types.Network, "cannot reach the service"},
		"breaks":        {func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, types.Network, "the connection broke"},
		"no answer": {func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}, types.Timeout, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			if tt.code == types.Timeout {
				r.service.Timeout = 50 * time.Millisecond
			}
			r.through(tt.read)
			r.fails("git_branch_list", map[string]any{"repo": r.url}, tt.code, tt.want)
		})
	}
}

// TestFetchBreaks loses the pack of a first read: what was taken so far does
// not stand in the way of the next one.
func TestFetchBreaks(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	var broken atomic.Bool
	broken.Store(true)
	r.through(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err == nil && req.Method == http.MethodPost && broken.Load() {
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(io.LimitReader(resp.Body, 200), failing{}), resp.Body}
		}
		return resp, err
	})
	in := map[string]any{"repo": r.url, "path": file}
	r.fails("git_read_file", in, types.Network, "the connection broke")
	broken.Store(false)
	r.must("git_read_file", in)
}

// TestComparingFails sorts the failures of the steps that compare commits: on
// a server that is slow, that breaks off, and that is well again.
func TestComparingFails(t *testing.T) {
	t.Parallel()
	for step, in := range map[string]map[string]any{"git_diff": {"from": "feature"}, "git_show": {"commit": "feature"}, "git_fetch": {"ref": "feature"}} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			in["repo"] = r.url
			r.service.Timeout = 100 * time.Millisecond
			r.through(func(req *http.Request) (*http.Response, error) {
				if req.Method != http.MethodPost {
					return http.DefaultTransport.RoundTrip(req)
				}
				<-req.Context().Done()
				return nil, req.Context().Err()
			})
			r.fails(step, in, types.Timeout, "no answer in time")
			r.service.Timeout = 0
			r.through(func(req *http.Request) (*http.Response, error) {
				resp, err := http.DefaultTransport.RoundTrip(req)
				if err == nil && req.Method == http.MethodPost {
					resp.Body = struct {
						io.Reader
						io.Closer
					}{io.MultiReader(io.LimitReader(resp.Body, 200), failing{}), resp.Body}
				}
				return resp, err
			})
			r.fails(step, in, types.Network, "the connection broke")
			r.through(http.DefaultTransport.RoundTrip)
			r.must(step, in)
		})
	}
}

// failing is a connection that broke.
type failing struct{}

// Read fails.
func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestCredentialStaysAtHome sends the token to the service's own scheme and
// host, and to no one else.
func TestCredentialStaysAtHome(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"": true, "http://localhost:1": false, "https://127.0.0.1": false, "http://127.0.0.1.example.com": false,
	} {
		r := newRemote(t)
		if url != "" {
			r.service.URL = url
		}
		var sent atomic.Bool
		r.through(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("Authorization") != "" {
				sent.Store(true)
			}
			return http.DefaultTransport.RoundTrip(req)
		})
		r.must("git_branch_list", map[string]any{"repo": r.url})
		if sent.Load() != want {
			t.Errorf("service at %q: the token was sent: %v, want %v", url, sent.Load(), want)
		}
	}
}

// TestHostileRepositories tries what the checker would let through if no one
// looked: other transports, flags, users in URLs, more than one line.
func TestHostileRepositories(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for repo, code := range map[string]types.Code{
		"ext::sh -c touch% /x":                         types.BadInput,
		"file:///etc":                                  types.BadInput,
		"git://example.com/x.git":                      types.BadInput,
		"http://example.com/x.git":                     types.BadInput,
		"http://127.0.0.1.example.com/x.git":           types.BadInput,
		"https://u:p@example.com/x.git":                types.BadInput,
		"ssh://-oProxyCommand=x/y":                     types.BadInput,
		"-oProxyCommand=x@example.com:y":               types.NotFound,
		"https://example.com/x\nhost=evil.example.com": types.BadInput,
		"https:///x":                                   types.BadInput,
		"--upload-pack=x":                              types.NotFound,
		"/etc":                                         types.NotFound,
		"":                                             types.NotFound,
		"https://exa mple.com/x":                       types.BadInput,
	} {
		_, err := r.do("git_branch_list", map[string]any{"repo": repo})
		if types.CodeOf(err) != code {
			t.Errorf("%q: %v, want %s", repo, err, code)
		}
	}
}

// TestHostileNames never reach a folder or a server.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
	for _, branch := range []string{"--upload-pack=x", "-x", "../x", "a/../b", "a..b", "a//b", "/a", "a/", "a.lock", "a.", "a b", "a~1", "a^", "a:b", "a?", "@{x}", "a\nb", "", "HEAD\\x", ".a", "a/.b", "a.lock/b"} {
		r.fails("git_branch_create", ws("branch", branch), types.BadInput, "is not a branch name")
	}
	for _, path := range []string{"../../etc/passwd", "/etc/passwd", "a/../b", "./a", "a//b", "", ".", "..", ".git/config", "a/.GIT/b", "a/", "a\x00b"} {
		r.fails("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{path}}, types.BadInput, "is not a path inside the repository")
	}
	for _, name := range []string{"../x", "/x", "..", "X", "-x", ".x", ""} {
		r.fails("git_commit", map[string]any{"workspace": name, "message": "m"}, types.BadInput, "is not the name of a workspace")
	}
}

// TestLinks lays no link down and commits none: one of the repository is
// refused, and one that someone puts into the workspace is not followed.
func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	dir := t.TempDir()
	g, err := gogit.PlainClone(dir, false, &gogit.CloneOptions{URL: r.url})
	if err != nil {
		t.Fatal(err)
	}
	w, err := g.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "secret")
	r.write(secret, "secret\n")
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Add("link"); err != nil {
		t.Fatal(err)
	}
	me := &gogit.CommitOptions{Author: signature}
	h, err := w.Commit("a link", me)
	if err != nil {
		t.Fatal(err)
	}
	bare := t.TempDir()
	if err := os.CopyFS(bare, os.DirFS(filepath.Join(dir, ".git"))); err != nil { // go-git would clone a path with the git binary
		t.Fatal(err)
	}
	b, err := gogit.PlainOpen(bare)
	if err != nil {
		t.Fatal(err)
	}
	r.remotes(b, nil)
	for _, path := range []string{"link", "link/x"} {
		in := map[string]any{"repo": bare, "commit": h.String(), "paths": []any{path}}
		if _, err := r.do("git_checkout", in); types.CodeOf(err) != types.BadInput && types.CodeOf(err) != types.NotFound {
			t.Errorf("%s: %v", path, err)
		}
	}
	r.begin("")
	inside := filepath.Join(r.call.Workspaces, "app-interface", "files", file)
	if err := errors.Join(os.Remove(inside), os.Symlink(secret, inside)); err != nil {
		t.Fatal(err)
	}
	out := r.must("git_commit", ws("message", "m"))
	r.must("git_push", ws())
	e := r.treeOf(out["sha"].(string))[file]
	text, err := r.ReadFile("service/app-interface", out["sha"].(string), file)
	if e.Mode != filemode.Symlink || err != nil || text != secret {
		t.Errorf("a link in a file's place is committed as %v: %q %v", e.Mode, text, err)
	}
}
