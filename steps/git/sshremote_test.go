package git

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSSHRemotesAsGit checks what is asked of which host against what git asks.
func TestSSHRemotesAsGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	for _, remote := range []string{
		"ssh://git@host/x/y.git", "ssh://host/x.git", "ssh://git@host:2222/x.git", "ssh://host/~/x.git", "ssh://host/~ada/x.git", "ssh://host/a%20b/x.git",
		"ssh://git@host.example.com/~/deep/x", "git+ssh://git@host/x.git", "ssh+git://git@host:22/x.git", "git+ssh://host/~/x.git", "ssh://git@[::1]/x.git",
		"git@host:x/y.git", "git@host:/x/y.git", "git@host:~/x.git", "git@host:~ada/x.git", "host:x.git", "host:/x.git", "git@host:/~/x.git", "my_host:x.git",
		"git@host:2222/x.git", "git@host.example.com:group/sub/x", "[git@host:2222]:x.git", "[host:2222]:/x.git", "git@[::1]:x.git", "[::1]:x.git",
		"git@host:it's/x!.git", "git@host:a b.git", "a-b.c@host:x",
	} {
		ep := sshRemote(remote)
		if ep == nil || isPath(remote) || allowed(remote) != nil {
			t.Errorf("%s is no ssh remote: %v", remote, allowed(remote))
			continue
		}
		host := ep.Host
		if ep.User != "" {
			host = ep.User + "@" + host
		}
		got := host + " " + shellQuoted(ep.Path)
		if ep.Port != 0 {
			got = "-p " + strconv.Itoa(ep.Port) + " " + got
		}
		if want := gitAsks(t, remote); got != want {
			t.Errorf("%s: %s, git asks %s", remote, got, want)
		}
	}
	for _, remote := range []string{
		"ext::sh -c x", "host:-x", "-host:x", "host::x", "ftp://host/x", "git://host/x", "http://host/x", "https:host/x", "file:///x", "file:x", "host:",
		"git@-host:x", "-oProxyCommand=x@host:y", "git@ho st:x", "ssh:x", "ssh:///x", "git@host:x\ny", "[git@host:22:x", "[-x]:y", "ssh://git:pw@host/x", "ssh://-host/x",
		"./a:b", "/a:b", "a/b:c", "../a", "a",
	} {
		if !isPath(remote) && allowed(remote) == nil {
			t.Errorf("%s is taken for the ssh remote %+v", remote, sshRemote(remote))
		}
	}
}

// gitAsks is what git says to ssh: the options for the port, the host, and the
// repository.
func gitAsks(t *testing.T, remote string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "asked")
	script := filepath.Join(t.TempDir(), "ssh")
	if err := os.WriteFile(script, []byte("printf '%s\\n' \"$*\" >"+out+"\nexit 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "-c", "protocol.version=0", "ls-remote", remote)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GIT_SSH_COMMAND=sh "+script, "GIT_SSH_VARIANT=ssh", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	said, _ := cmd.CombinedOutput()
	asked, err := os.ReadFile(out)
	if err != nil {
		t.Fatalf("%s: git did not ask: %s", remote, said)
	}
	return strings.Replace(strings.TrimSpace(string(asked)), "git-upload-pack ", "", 1)
}
