package git_test

import (
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// accepting counts who connects to a listener, and hangs up.
func accepting(t *testing.T, l net.Listener, err error) *atomic.Int64 {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	n := &atomic.Int64{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			conn.Close()
		}
	}()
	return n
}

// TestSSH asks for the agent and for the known hosts before it talks to a
// host. It changes the environment, so it is not parallel.
func TestSSH(t *testing.T) {
	r := newRemote(t)
	host, err := net.Listen("tcp", "127.0.0.1:0")
	calls := accepting(t, host, err)
	_, port, _ := net.SplitHostPort(host.Addr().String())
	in := map[string]any{"repo": "ssh://git@127.0.0.1:" + port + "/x.git", "path": file}

	t.Setenv("SSH_AUTH_SOCK", "")
	r.fails("git_read_file", in, types.Auth, "no ssh agent")

	socket := filepath.Join(t.TempDir(), "agent")
	agent, err := net.Listen("unix", socket)
	accepting(t, agent, err)
	t.Setenv("SSH_AUTH_SOCK", socket)
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(t.TempDir(), "none"))
	_, err = r.do("git_read_file", in)
	if err == nil || !strings.Contains(err.Error(), "known_hosts") {
		t.Errorf("%v", err)
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("the host was called %d times though nobody knows it", n)
	}
}
