package git

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/skillrun/skillrun/engine/types"
)

// How long the ssh agent has to list its keys, and to sign: it may ask a person first.
const (
	agentLists = 10 * time.Second
	agentSigns = 2 * time.Minute
)

// agentKeys are the keys of the user's ssh agent, of use until done is called.
func agentKeys(ctx context.Context) (keys []ssh.Signer, done func(), err error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, nil, types.Errorf(types.Auth, "there is no ssh agent").
			WithHint("start one with eval $(ssh-agent) and add your key with ssh-add; for a repository, its https URL does without")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, nil, agentStopped()
	case err != nil:
		return nil, nil, types.Errorf(types.Auth, "the ssh agent at SSH_AUTH_SOCK does not answer: %w", err).
			WithHint("start a new one with eval $(ssh-agent) and add your key with ssh-add")
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	done = func() { stop(); conn.Close() }
	conn.SetDeadline(time.Now().Add(agentLists)) // a stale forwarded agent takes connections and never answers
	if keys, err = agent.NewClient(conn).Signers(); err == nil {
		conn.SetDeadline(time.Now().Add(agentSigns))
	} else {
		done()
		if ctx.Err() != nil {
			return nil, nil, agentStopped()
		}
		return nil, nil, types.Errorf(types.Auth, "the ssh agent does not list its keys: %w", err).
			WithHint("unlock it with ssh-add -X, or start a new one with eval $(ssh-agent)")
	}
	return keys, done, nil
}

func agentStopped() *types.Error {
	return types.Errorf(types.Cancelled, "asking the ssh agent: stopped").WithHint("resume the run")
}

// sshHost is where to connect to, as the user's own ssh configuration has it.
func sshHost(ep *transport.Endpoint) (user, address string) {
	own := func(key string) string { return gitssh.DefaultSSHConfig.Get(ep.Host, key) }
	port := ep.Port
	if n, err := strconv.Atoi(own("Port")); err == nil && (port == 0 || port == gitssh.DefaultPort) {
		port = n
	}
	return cmp.Or(ep.User, own("User"), gitssh.DefaultUsername),
		net.JoinHostPort(cmp.Or(own("Hostname"), ep.Host), strconv.Itoa(cmp.Or(port, gitssh.DefaultPort)))
}

// checkKnownHosts refuses known hosts that go-git would wait for, or read without an end.
func checkKnownHosts() error {
	files := filepath.SplitList(os.Getenv("SSH_KNOWN_HOSTS"))
	if len(files) == 0 {
		home, _ := os.UserHomeDir()
		files = []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"}
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			if err := checkFile(info, maxSmall); err != nil {
				return err
			}
		}
	}
	return nil
}

func noKnownHosts(address string, err error) error {
	return types.Errorf(types.Forbidden, "no file of known ssh hosts can be read: %w", err).
		WithHint("fix or remove the line that it names; where there is no file yet, %s", keyscan(address))
}

// connect opens a connection to a host that is known and that admits lets us reach
// (nil: any), with the agent's keys: the host first proves who it is, then we do.
// go-git's own transport cannot be interrupted while it connects and does not tell
// why it could not.
func connect(ctx context.Context, ep *transport.Endpoint, quiet time.Duration, admits func(host string) error) (*ssh.Client, *wire, error) {
	user, address := sshHost(ep)
	if admits != nil {
		if err := admits(address); err != nil {
			return nil, nil, err
		}
	}
	if err := checkKnownHosts(); err != nil {
		return nil, nil, noKnownHosts(address, err)
	}
	known, err := gitssh.NewKnownHostsDb()
	if err != nil {
		return nil, nil, noKnownHosts(address, err)
	}
	keys, done, err := agentKeys(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	if len(keys) == 0 {
		return nil, nil, types.Errorf(types.Auth, "the ssh agent holds no key").WithHint("add yours with ssh-add")
	}
	w, err := dial(ctx, address, quiet)
	if err != nil {
		return nil, nil, err
	}
	asked := false // the host proved who it is, and wants us to
	c, channels, requests, err := ssh.NewClientConn(w.conn, address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(keys...)},
		HostKeyCallback: known.HostKeyCallback(), HostKeyAlgorithms: known.HostKeyAlgorithms(address),
		AuthCallback: func(*ssh.ClientAuthContext) (ssh.AuthMethod, error) {
			asked = true
			return nil, nil
		},
	})
	if err != nil {
		w.Close()
		return nil, nil, handshakeError(address, user, asked, err)
	}
	w.conn.SetDeadline(time.Time{})
	return ssh.NewClient(c, channels, requests), w, nil
}

// wire is a connection that ends with its context.
type wire struct {
	conn  net.Conn
	watch watch
	stop  func() bool
}

// dialTimeout is how long a host may take to accept a connection.
const dialTimeout = 30 * time.Second

// dial connects, and gives the host so long to shake hands.
func dial(ctx context.Context, address string, quiet time.Duration) (*wire, error) {
	conn, err := (&net.Dialer{Timeout: min(quiet, dialTimeout)}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	w := &wire{conn: conn, watch: newWatch(ctx, cancel, quiet)}
	w.stop = context.AfterFunc(ctx, func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(quiet))
	return w, nil
}

func (w *wire) Close() error {
	w.stop()
	w.watch.cancel(nil)
	return w.conn.Close()
}

func keyscan(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return "get the host's key with ssh-keyscan -p " + port + " " + host + ", compare its fingerprint with the one its owner publishes, and add it to ~/.ssh/known_hosts; SSH_KNOWN_HOSTS names another file"
}

// handshakeError tells why a connection did not come about.
func handshakeError(address, user string, asked bool, err error) error {
	var key *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	var algorithms *ssh.AlgorithmNegotiationError
	var wire net.Error
	switch {
	case errors.As(err, &revoked):
		return types.Errorf(types.Forbidden, "the key of the ssh host %s is revoked in known_hosts", address).
			WithHint("the connection may be intercepted: ask the host's owner before anything else")
	case errors.As(err, &key) && len(key.Want) > 0:
		return types.Errorf(types.Forbidden, "the ssh host %s has another key than known_hosts says", address).
			WithHint("the connection may be intercepted: ask the host's owner; if the key was changed, remove the old one from %s:%d, then %s",
				key.Want[0].Filename, key.Want[0].Line, keyscan(address))
	case errors.As(err, &key):
		return types.Errorf(types.Forbidden, "the ssh host %s is not in known_hosts", address).WithHint("%s", keyscan(address))
	case errors.As(err, &algorithms):
		return types.Errorf(types.Forbidden, "the ssh host %s and skillrun have no algorithm in common: %w", address, err).
			WithHint("known_hosts may hold a key of another kind than the host has now: %s", keyscan(address))
	case asked && !errors.As(err, &wire) && !errors.Is(err, io.EOF):
		return types.Errorf(types.Auth, "the ssh host %s accepts none of the agent's keys for the user %s: %w", address, user, err).
			WithHint("add the right key with ssh-add (ssh-add -l lists them, a host tries only a few), and check that its public half is known to the account there")
	}
	return err
}
