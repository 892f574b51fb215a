package git_test

import (
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/skillrun/skillrun/engine/types"
)

// TestIdentity writes who authored, who committed and who signed off.
func TestIdentity(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.service.CommitterName, r.service.CommitterEmail, r.service.SignOff = "Ada", "ada@example.com", true
	r.connect()
	const signOff = "Signed-off-by: Ada <ada@example.com>"
	for _, message := range []string{"release", "release\n\n" + signOff} {
		if err := r.SetBranch("service/app-interface", "release-1", ""); err != nil {
			t.Fatal(err)
		}
		r.begin("")
		r.edit("ref: new\nother: x\n")
		sha := r.must("git_commit", ws("message", message))["sha"].(string)
		r.must("git_push", ws())
		c, err := r.Commit("service/app-interface", sha)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Author.Name + " " + c.Committer.Name + " " + c.Committer.Email; got != "Bot Ada ada@example.com" {
			t.Errorf("identities %s", got)
		}
		if n := strings.Count(c.Message, signOff); n != 1 || !strings.HasSuffix(c.Message, "\nSkillrun-Key: workworkworkwork-pathpathpa\n") {
			t.Errorf("message %q", c.Message)
		}
	}
	shown := r.must("git_show", map[string]any{"repo": r.url, "commit": "release-1"})
	if shown["committer"] != "Ada" || shown["author"] != "Bot" {
		t.Errorf("%v", shown)
	}
}

func TestIdentityRefuses(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.begin("")
	r.edit("ref: new\n")
	in := ws("message", "m")
	r.service.SignOff, r.service.AuthorName = true, ""
	r.connect()
	r.fails("git_commit", in, types.BadInput, "sign_off is on, but neither author nor committer is named (add author")
	r.service.AuthorName = "Bot <x>"
	r.connect()
	r.fails("git_commit", in, types.BadInput, `"Bot <x>" cannot be used in a commit`)
}

// verify has git itself check a signature.
func verify(t *testing.T, dir, sha string, key ssh.PublicKey) {
	t.Helper()
	for _, name := range []string{"git", "ssh-keygen"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip("no " + name + " binary")
		}
	}
	allowed := filepath.Join(t.TempDir(), "allowed")
	if err := os.WriteFile(allowed, append([]byte("bot@example.com "), ssh.MarshalAuthorizedKey(key)...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("git", "-c", "safe.directory=*", "-c", "gpg.ssh.allowedSignersFile="+allowed, "--git-dir", dir, "verify-commit", "-v", sha).CombinedOutput()
	if err != nil || !strings.Contains(string(out), `Good "git" signature for bot@example.com`) {
		t.Errorf("git verify-commit: %v\n%s", err, out)
	}
}

// TestSigned signs with a key of a file; git itself finds the signature good,
// and a resumed run makes the same commit.
func TestSigned(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	user, _, path := keyPair(t)
	r.service.SigningKeyFile, r.service.SignOff = path, true
	r.connect()
	sha := r.prepare("")["sha"].(string)
	r.call.Workspaces = t.TempDir()
	if again := r.prepare("")["sha"]; again != sha {
		t.Errorf("resumed, it is %s and was %s", again, sha)
	}
	r.must("git_push", ws())
	verify(t, r.dir("service/app-interface"), sha, user.PublicKey())
}

// TestSignedByAgent signs with keys that the ssh agent holds, named by their
// public halves. It changes the environment, so it is not parallel.
func TestSignedByAgent(t *testing.T) {
	r := newRemote(t)
	user, private, path := keyPair(t)
	other, otherPrivate := rsaKey(t)
	ring := startAgent(t, private, otherPrivate)
	rsaPath := filepath.Join(t.TempDir(), "rsa.pub")
	r.write(rsaPath, string(ssh.MarshalAuthorizedKey(other.PublicKey())))
	for file, key := range map[string]ssh.PublicKey{path + ".pub": user.PublicKey(), rsaPath: other.PublicKey()} {
		r.service.SigningKeyFile = file
		r.connect()
		sha := r.prepare("")["sha"].(string)
		r.call.Workspaces = t.TempDir()
		if again := r.prepare("")["sha"]; again != sha {
			t.Errorf("%s: resumed, it is %s and was %s", file, again, sha)
		}
		r.must("git_push", ws())
		verify(t, r.dir("service/app-interface"), sha, key)
		if err := r.SetBranch("service/app-interface", "release-1", ""); err != nil {
			t.Fatal(err)
		}
	}
	r.begin("")
	r.edit("ref: new\n")
	if err := ring.Remove(other.PublicKey()); err != nil {
		t.Fatal(err)
	}
	r.service.SigningKeyFile = rsaPath
	r.connect()
	r.fails("git_commit", ws("message", "m"), types.Auth, "the ssh agent does not hold the signing key SHA256:")
	t.Setenv("SSH_AUTH_SOCK", "")
	r.fails("git_commit", ws("message", "m"), types.Auth, "there is no ssh agent (start one")
}

// TestSigningKeyRefused refuses keys that cannot sign, or not the same twice.
func TestSigningKeyRefused(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.begin("")
	r.edit("ref: new\n")
	_, private, open := keyPair(t)
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	locked, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		r.write(path, text)
		return path
	}
	for path, want := range map[string]string{
		"/nowhere/key": "the signing key cannot be read: ",
		open:           "can be read by others (chmod 600 " + open,
		write("locked", string(pem.EncodeToMemory(locked))): "has a passphrase (load it into the ssh agent with ssh-add",
		write("text", "nothing\n"):                          "is not an ssh key: ",
		write("ecdsa", ecdsaKey(t)):                         "is a key of type ecdsa-sha2-nistp256, which signs differently each time",
	} {
		r.service.SigningKeyFile = path
		r.connect()
		r.fails("git_commit", ws("message", "m"), types.BadInput, want)
	}
}
