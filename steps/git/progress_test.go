package git_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestSlowUpload: a push may take longer than the server may be silent, as long
// as it moves.
func TestSlowUpload(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	const silent, pieces = 400 * time.Millisecond, 6
	r.service.Timeout = silent
	r.through(func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/git-receive-pack") && req.Body != nil {
			var sent bytes.Buffer
			buf := make([]byte, 1+req.ContentLength/pieces)
			for {
				n, err := req.Body.Read(buf)
				sent.Write(buf[:n])
				if err != nil {
					break
				}
				select { // a slow line
				case <-time.After(silent / 4):
				case <-req.Context().Done():
					return nil, req.Context().Err()
				}
			}
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(&sent)
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	began := time.Now()
	r.must("git_push", ws())
	if took := time.Since(began); took < silent {
		t.Errorf("it took only %s: nothing was slow", took)
	}
}

// TestAgentInterrupted: Ctrl-C while an agent does not answer is no fault of
// the agent.
func TestAgentInterrupted(t *testing.T) {
	r := newRemote(t)
	user, _, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	socket := filepath.Join(t.TempDir(), "a")
	ctx, stop := context.WithCancel(step.WithCall(t.Context(), r.call))
	defer stop()
	listening(t, "unix", socket, func(net.Conn) { stop() })
	t.Setenv("SSH_AUTH_SOCK", socket)
	s, _ := r.steps.Lookup("git_branch_list")
	_, err := s.Do(ctx, types.Encode(map[string]any{"repo": r.url, "service": "git"}))
	if types.CodeOf(err) != types.Cancelled || !strings.Contains(err.Error(), "asking the ssh agent: stopped") {
		t.Errorf("got %v", err)
	}
}
