package git_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// TestRedirectElsewhere has a server send us to another host at each request:
// we do not go, so neither does the credential.
func TestRedirectElsewhere(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]types.Code{
		"info/refs?service=git-upload-pack": types.Unavailable, "/git-upload-pack": types.Unavailable,
		"info/refs?service=git-receive-pack": types.Unavailable, "/git-receive-pack": types.UnknownOutcome,
	} {
		var calls atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
		t.Cleanup(other.Close)
		var on atomic.Bool
		r := newRemoteBehind(t, func(r *remote) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if on.Load() && strings.HasSuffix(req.URL.RequestURI(), path) {
					http.Redirect(w, req, other.URL+req.URL.RequestURI(), http.StatusTemporaryRedirect)
					return
				}
				r.ServeHTTP(w, req)
			})
		})
		r.prepare("")
		on.Store(true)
		step, in := "git_push", ws()
		if path == "/git-upload-pack" { // a push needs none
			step, in = "git_read_file", map[string]any{"repo": r.url, "path": "f", "ref": "feature"}
		}
		r.fails(step, in, code, "edirect")
		if n := calls.Load(); n != 0 {
			t.Errorf("%s: the other host was called %d times", path, n)
		}
	}
}

// TestAnswersThatAreNotGit gets a sign-in page where git's answer should be.
func TestAnswersThatAreNotGit(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><html><body>Sign in</body></html>"
	for _, body := range []string{page, "", "0000", "001e# service=git-upload-pack\n", "ffff", strings.Repeat("x", 1<<16)} {
		for path, code := range map[string]types.Code{"/info/refs": types.Network, "/git-upload-pack": types.Network, "/git-receive-pack": types.UnknownOutcome} {
			r := newRemote(t)
			in, name := map[string]any{"repo": r.url, "path": file}, "git_read_file"
			if path == "/git-receive-pack" {
				r.prepare("")
				in, name = ws(), "git_push"
			}
			r.through(func(req *http.Request) (*http.Response, error) {
				if strings.HasSuffix(req.URL.Path, path) {
					return answer(req, 200, body), nil
				}
				return http.DefaultTransport.RoundTrip(req)
			})
			if path == "/info/refs" && body == "0000" { // an empty repository says so
				code = types.NotFound
			}
			if _, err := r.do(name, in); types.CodeOf(err) != code {
				t.Errorf("%s answers %.20q: %s %v, want %s", path, body, types.CodeOf(err), err, code)
			}
		}
	}
}

// TestPackIsCutOff ends the answer early without an error, at every length.
func TestPackIsCutOff(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	var length atomic.Int64
	var whole atomic.Int64
	r.through(func(req *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil || req.Method != http.MethodPost {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		whole.Store(int64(len(body)))
		resp.Body = io.NopCloser(bytes.NewReader(body[:min(int64(len(body)), length.Load())]))
		return resp, err
	})
	in := map[string]any{"repo": r.url, "path": file}
	for whole.Load() == 0 || length.Load() < whole.Load() {
		if _, err := r.do("git_read_file", in); err == nil {
			t.Fatalf("%d of %d bytes were enough", length.Load(), whole.Load())
		}
		length.Add(37)
	}
	r.must("git_read_file", in)
}

// TestStopped cancels a step in each of its requests.
func TestStopped(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]types.Code{"/info/refs": types.Cancelled, "/git-upload-pack": types.Cancelled, "/git-receive-pack": types.UnknownOutcome} {
		r := newRemote(t)
		name, in := "git_read_file", map[string]any{"repo": r.url, "path": file}
		if path == "/git-receive-pack" {
			r.prepare("")
			name, in = "git_push", ws()
		}
		ctx, cancel := context.WithCancel(r.ctx())
		defer cancel()
		r.through(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, path) {
				cancel()
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return http.DefaultTransport.RoundTrip(req)
		})
		s, _ := r.steps.Lookup(name)
		_, err := s.Do(ctx, types.Encode(s.In.Defaults(in)))
		if types.CodeOf(err) != code {
			t.Errorf("%s: %s %v, want %s", path, types.CodeOf(err), err, code)
		}
	}
}

// TestServerFallsSilent waits for a server that stops in the middle of an
// answer, but not forever.
func TestServerFallsSilent(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]types.Code{"/info/refs": types.Timeout, "/git-upload-pack": types.Network, "/git-receive-pack": types.UnknownOutcome} {
		r := newRemote(t)
		r.service.Timeout = time.Second // for what is answered before, on a busy machine too
		name, in := "git_read_file", map[string]any{"repo": r.url, "path": file}
		if path == "/git-receive-pack" {
			r.prepare("")
			name, in = "git_push", ws()
		}
		r.through(func(req *http.Request) (*http.Response, error) {
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err == nil && strings.HasSuffix(req.URL.Path, path) {
				resp.Body = &silent{ReadCloser: resp.Body, done: req.Context().Done()}
			}
			return resp, err
		})
		// go-git keeps no cause of what breaks in a pack; both codes may be retried.
		if _, err := r.do(name, in); types.CodeOf(err) != code && (code != types.Network || types.CodeOf(err) != types.Timeout) {
			t.Errorf("%s: %s %v, want %s", path, types.CodeOf(err), err, code)
		}
	}
}

// silent is a body that ends in silence after its first bytes.
type silent struct {
	io.ReadCloser
	done <-chan struct{}
	read int
}

// Read gives 10 bytes, then waits for the request's end.
func (s *silent) Read(p []byte) (int, error) {
	if s.read >= 10 {
		<-s.done
		return 0, io.ErrUnexpectedEOF
	}
	n, err := s.ReadCloser.Read(p[:min(len(p), 10-s.read)])
	s.read += n
	return n, err
}
