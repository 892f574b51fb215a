package git_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"
)

// keyPair makes a key, and writes its private half to a file.
func keyPair(t testing.TB) (signer ssh.Signer, private ed25519.PrivateKey, path string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err = ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public := ssh.MarshalAuthorizedKey(signer.PublicKey())
	if err := os.WriteFile(path+".pub", public, 0o600); err != nil {
		t.Fatal(err)
	}
	return signer, private, path
}

// startAgent serves an ssh agent that holds keys.
func startAgent(t *testing.T, keys ...any) agent.Agent {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	serveAgent(t, ring)
	return ring
}

// serveAgent serves an agent, and names it as the user's.
func serveAgent(t *testing.T, a agent.Agent) {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listening(t, "unix", socket, func(conn net.Conn) { agent.ServeAgent(a, conn) })
	t.Setenv("SSH_AUTH_SOCK", socket)
}

// listening serves every connection by a function.
func listening(t testing.TB, network, addr string, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l
}

// hangingUp answers no one.
func hangingUp(t testing.TB, network, addr string) net.Listener {
	t.Helper()
	return listening(t, network, addr, func(net.Conn) {})
}

// rsaKey makes a key of another kind.
func rsaKey(t testing.TB) (ssh.Signer, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signer, key
}

// ecdsaKey is the file of a key whose signatures differ.
func ecdsaKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// sshHost is an ssh server that runs git's own services for repositories.
type sshHost struct {
	t     testing.TB
	repos string
	key   ssh.Signer
	user  ssh.PublicKey // who is let in
	addr  string
	// readOnly lets no one push.
	readOnly bool
	// deaf takes no variables, as many hosts do; insists serves no one who does
	// not ask for protocol v2.
	deaf, insists bool
	mu            sync.Mutex
	asked         []string // the commands
}

func (r *remote) serveSSH(user ssh.PublicKey) *sshHost {
	r.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		r.t.Skip("no git binary")
	}
	key, _, _ := keyPair(r.t)
	h := &sshHost{t: r.t, repos: r.repos, key: key, user: user}
	h.addr = listening(r.t, "tcp", "127.0.0.1:0", h.serve).Addr().String()
	r.url = "ssh://git@" + h.addr + "/service/app-interface.git"
	return h
}

// known writes what is known of the host.
func (h *sshHost) known(t *testing.T, keys ...ssh.PublicKey) string {
	t.Helper()
	var lines []string
	for _, k := range keys {
		lines = append(lines, knownhosts.Line([]string{knownhosts.Normalize(h.addr)}, k))
	}
	path := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_KNOWN_HOSTS", path)
	return path
}

func (h *sshHost) serve(conn net.Conn) {
	cfg := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(h.user.Marshal()) {
			return nil, errors.New("a stranger")
		}
		return nil, nil
	}}
	cfg.AddHostKey(h.key)
	server, channels, requests, err := ssh.NewServerConn(conn, cfg)
	if err != nil {
		return
	}
	defer server.Close()
	go ssh.DiscardRequests(requests)
	for c := range channels {
		ch, requests, err := c.Accept()
		if err != nil {
			return
		}
		go h.session(ch, requests)
	}
}

// session runs the one command of a session in the folder of repositories.
func (h *sshHost) session(ch ssh.Channel, requests <-chan *ssh.Request) {
	defer ch.Close()
	protocol := ""
	for req := range requests {
		var env struct{ Name, Value string }
		if req.Type == "env" && !h.deaf && ssh.Unmarshal(req.Payload, &env) == nil && env.Name == "GIT_PROTOCOL" {
			protocol = env.Value
		}
		if req.Type != "exec" {
			req.Reply(false, nil)
			continue
		}
		var line struct{ Command string }
		ssh.Unmarshal(req.Payload, &line)
		req.Reply(true, nil)
		status := h.exec(ch, line.Command, protocol)
		ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
		return
	}
}

func (h *sshHost) exec(ch ssh.Channel, line, protocol string) int {
	h.mu.Lock()
	h.asked = append(h.asked, line)
	h.mu.Unlock()
	name, path, _ := strings.Cut(line, " ")
	path = strings.TrimPrefix(strings.Trim(path, "'"), "/")
	if strings.HasPrefix(path, "~") { // as git's own services expand it, somewhere below the home
		_, path, _ = strings.Cut(path, "/")
	}
	if h.insists && name == "git-upload-pack" && protocol != "version=2" {
		io.WriteString(ch.Stderr(), "fatal: protocol version 2 is required\n")
		return 128
	}
	if h.readOnly && name == "git-receive-pack" {
		io.WriteString(ch.Stderr(), "remote: you may not push here\r\nremote: ask Ada\n")
		return 1
	}
	cmd := exec.Command("git", "-c", "safe.directory=*", strings.TrimPrefix(name, "git-"), path)
	cmd.Dir, cmd.Env = h.repos, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_PROTOCOL="+protocol)
	in, err := cmd.StdinPipe()
	if err != nil {
		return 1
	}
	go func() {
		io.Copy(in, ch)
		in.Close()
	}()
	cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
	if err := cmd.Run(); err != nil {
		return 128
	}
	return 0
}
