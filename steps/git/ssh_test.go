package git_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The tests of this file change the environment, so they are not parallel.

// TestSSH reads and pushes over ssh, and again as a later run does.
func TestSSH(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	startAgent(t, private)
	sha := r.releaseBy(r.url)
	if got := r.Branches("service/app-interface")["release-1"]; got != sha {
		t.Errorf("branch at %q, want %s", got, sha)
	}
	r.fresh()
	if again := r.prepare(""); again["sha"] != sha || again["objects"] != 0 {
		t.Errorf("again %v, want %s", again, sha)
	}
	r.must("git_push", ws())
	if out := r.must("git_diff", map[string]any{"repo": r.url, "from": "main", "to": "release-1"}); changed(out["files"]) != "modified "+file+" +1 -1" {
		t.Errorf("%v", out)
	}
}

// TestSSHReferences lists, makes and deletes tags over ssh, and moves and deletes branches.
func TestSSHReferences(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	startAgent(t, private)
	in := r.tagging()
	out := r.must("git_tag_create", in)
	if f := r.findOf("git_tag_create", in); f.State != step.StateExists {
		t.Errorf("%+v", f)
	}
	if list := r.must("git_tag_list", map[string]any{"repo": r.url})["tags"].([]any); len(list) != 1 {
		t.Errorf("tags %v", list)
	}
	if _, err := r.undo("git_tag_create", in, out); err != nil || len(r.Tags(project)) != 0 {
		t.Errorf("%v, tags %v", err, r.Tags(project))
	}
	rebased := r.must("git_rebase", map[string]any{"repo": r.url, "commit": r.shas["feature"], "onto": r.shas["c"]})
	r.must("git_branch_update", ws("branch", "feature", "expect", r.shas["feature"]))
	if at := r.Branches(project)["feature"]; at != rebased["sha"] {
		t.Errorf("it is at %s, want %s", at, rebased["sha"])
	}
	gone := r.deleting("feature", rebased["sha"].(string))
	made := r.must("git_branch_delete", gone)
	if _, err := r.undo("git_branch_delete", gone, made); err != nil || r.Branches(project)["feature"] != rebased["sha"] {
		t.Errorf("%v, branches %v", err, r.Branches(project))
	}
}

// TestSSHHosts talks to no host that is not the one that is known, and says
// what to do about it.
func TestSSHHosts(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	other, _, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	startAgent(t, private)
	in := map[string]any{"repo": r.url, "path": file}

	h.known(t)
	r.fails("git_read_file", in, types.Forbidden, "the ssh host "+h.addr+" is not in known_hosts (get the host's key with ssh-keyscan -p ")
	path := h.known(t, other.PublicKey())
	r.fails("git_read_file", in, types.Forbidden, "has another key than known_hosts says (the connection may be intercepted: ask the host's owner; if the key was changed, remove the old one from "+path+":1, then ")
	revoked, err := os.ReadFile(h.known(t, h.key.PublicKey()))
	if err != nil {
		t.Fatal(err)
	}
	r.write(os.Getenv("SSH_KNOWN_HOSTS"), "@revoked "+string(revoked))
	r.fails("git_read_file", in, types.Forbidden, "is revoked in known_hosts")
	otherKind, _ := rsaKey(t)
	r.write(os.Getenv("SSH_KNOWN_HOSTS"), strings.Split(string(revoked), " ")[0]+" "+string(ssh.MarshalAuthorizedKey(otherKind.PublicKey())))
	r.fails("git_read_file", in, types.Forbidden, " and skillrun have no algorithm in common")
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_KNOWN_HOSTS", pipe)
	r.fails("git_read_file", in, types.Forbidden, "no file of known ssh hosts can be read: pipe is not a regular file")
	t.Setenv("SSH_KNOWN_HOSTS", filepath.Join(t.TempDir(), "none"))
	r.fails("git_read_file", in, types.Forbidden, "no file of known ssh hosts can be read")
}

// TestSSHKeys says what is wrong with the agent, its keys or the account.
func TestSSHKeys(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	_, stranger, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	in := map[string]any{"repo": r.url, "path": file}

	t.Setenv("SSH_AUTH_SOCK", "")
	r.fails("git_read_file", in, types.Auth, "there is no ssh agent")
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(t.TempDir(), "gone"))
	r.fails("git_read_file", in, types.Auth, "the ssh agent at SSH_AUTH_SOCK does not answer")
	startAgent(t)
	r.fails("git_read_file", in, types.Auth, "the ssh agent holds no key")
	startAgent(t, stranger)
	r.fails("git_read_file", in, types.Auth, "accepts none of the agent's keys for the user git")
	dumb := hangingUp(t, "unix", filepath.Join(filepath.Dir(os.Getenv("SSH_AUTH_SOCK")), "dumb"))
	t.Setenv("SSH_AUTH_SOCK", dumb.Addr().String())
	r.fails("git_read_file", in, types.Auth, "the ssh agent does not list its keys")

	startAgent(t, stranger, private)
	r.fails("git_read_file", map[string]any{"repo": strings.Replace(r.url, "app-interface", "none", 1), "path": file}, types.NotFound, "the ssh host finds no repository /service/none.git: fatal: ")
	h.readOnly = true
	r.prepare("")
	r.fails("git_push", ws(), types.Forbidden, "the ssh host refuses a push to /service/app-interface.git: remote: you may not push here; remote: ask Ada")
}

// TestSSHHook shows all that a hook says.
func TestSSHHook(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	startAgent(t, private)
	r.hook("service/app-interface", "printf 'one\\ntwo\\nthree\\n' >&2; exit 1")
	r.prepare("")
	r.fails("git_push", ws(), types.Forbidden, "the server refused it: pre-receive hook declined: one; two; three")
}

// TestSSHSlow waits for no host that falls silent, before or after it has
// shown who it is.
func TestSSHSlow(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	startAgent(t, private)
	block := make(chan struct{})
	t.Cleanup(func() { close(block) })
	silent := listening(t, "tcp", "127.0.0.1:0", func(net.Conn) { <-block })
	r.service.Timeout = 200 * time.Millisecond
	r.connect()
	r.fails("git_branch_list", map[string]any{"repo": "ssh://git@" + silent.Addr().String() + "/x.git"}, types.Timeout, "no answer in time")
	r.service.Timeout = 0
	r.connect()
	r.hook("service/app-interface", "read x; sleep 5")
	r.prepare("")
	r.service.Timeout = time.Second
	r.connect()
	r.fails("git_push", ws(), types.UnknownOutcome, "the request was sent and the answer was lost")
	hangsUp := hangingUp(t, "tcp", "127.0.0.1:0")
	r.fails("git_branch_list", map[string]any{"repo": "ssh://git@" + hangsUp.Addr().String() + "/x.git"}, types.Network, "the connection broke")
	hangsUp.Close()
	r.fails("git_branch_list", map[string]any{"repo": "ssh://git@" + hangsUp.Addr().String() + "/x.git"}, types.Network, "cannot reach the service")
}

// TestSSHHomeFolders reads and pushes below a home folder there, however the
// remote is spelt.
func TestSSHHomeFolders(t *testing.T) {
	r := newRemote(t)
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	h.known(t, h.key.PublicKey())
	startAgent(t, private)
	sha := ""
	for remote, path := range map[string]string{
		"ssh://git@" + h.addr + "/~/service/app-interface.git":       "'~/service/app-interface.git'",
		"ssh://git@" + h.addr + "/~ada/service/app-interface.git":    "'~ada/service/app-interface.git'",
		"git+ssh://git@" + h.addr + "/service/app-interface.git":     "'/service/app-interface.git'",
		"[git@" + h.addr + "]:~/service/app-interface.git":           "'~/service/app-interface.git'",
		"[git@" + h.addr + "]:service/app-interface.git":             "'service/app-interface.git'",
		"ssh+git://git@" + h.addr + "/~/service/app%2Dinterface.git": "'~/service/app-interface.git'",
	} {
		r.fresh()
		r.url = remote
		if again := r.releaseBy(remote); sha != "" && again != sha {
			t.Errorf("%s: %s, want %s", remote, again, sha)
		} else {
			sha = again
		}
		h.mu.Lock()
		for _, line := range h.asked {
			if _, asked, _ := strings.Cut(line, " "); asked != path {
				t.Errorf("%s asks for %s, want %s", remote, asked, path)
			}
		}
		h.asked = nil
		h.mu.Unlock()
	}
}
