package execute

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestSandbox: a program in it works, and reaches nothing but its own. Where the
// kernel has no Landlock the step is refused.
func TestSandbox(t *testing.T) {
	t.Parallel()
	base, home := t.TempDir(), t.TempDir()
	secret := filepath.Join(home, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(base, "ws/files"), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	s, _ := step.NewCatalogue(Steps(Options{Env: os.LookupEnv, Self: "/proc/self/exe"})).Lookup("exec")
	run := func(script string, sandbox bool) (string, error) {
		in := map[string]any{"program": "bash", "args": []string{"-s", secret, port, strconv.Itoa(os.Getpid())}, "stdin": script, "dir": "ws", "sandbox": sandbox}
		call := step.Call{Key: step.Key{Work: "w", Path: "p"}, Workspaces: base, Programs: filepath.Join(base, "programs")}
		raw, err := s.Do(step.WithCall(t.Context(), call), types.Encode(in))
		return string(raw), err
	}
	if landlock() < 1 {
		if _, err := run("true", true); types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "the sandbox is not available here: this kernel has no Landlock") {
			t.Error(err)
		}
		return
	}
	for what, script := range map[string]string{
		"its own folder":      `echo x >file && mv file other && rm other && mkdir d && rmdir d && ln -s a b && rm b`,
		"the temporary one":   `f=$(mktemp) && echo x >"$f" && [ "${f%/*}" = "$TMPDIR" ]`,
		"the system":          `cat /etc/hosts >/dev/null && ls /usr/bin | sort | head -1 && [ -r /proc/self/status ] && : </dev/urandom`,
		"a process in it":     `sleep 100 & kill $! && ! wait $!`,
		"a pipe and a socket": `echo x | cat`,
		"mode, owner and times": `umask 077; echo x >f; chmod 750 f; chown "$(id -u)" f; touch -d 2001-01-01 f "$TMPDIR"; mkdir d; cp -p f d/g; ln -s f l
			chmod 711 "$PWD/l"; touch -h l; cd d; chmod u+s,g-x g; chmod 600 /proc/self/cwd/../f; [ "$(stat -c %a-%Y g ../f | sort | tr '\n' ' ')" = "4740-978307200 600-978307200 " ]; cd ..; rm -r f d l`,
	} {
		if out, err := run("set -e\n"+script, true); err != nil {
			t.Errorf("%s is out of reach: %s %v", what, out, err)
		}
	}
	for what, script := range map[string]string{
		"a file of the home":          `cat "$1"`,
		"a list of it":                `ls "${1%/*}"`,
		"a file that is changed":      `echo x >>"$1"`,
		"a new file elsewhere":        `echo x >"${1%/*}/new"`,
		"another workspace":           `mkdir ../../other`,
		"a link that leads out":       `ln -s "$1" out; cat out`,
		"a hard link":                 `ln "$1" hard`,
		"one that is removed":         `rm -f "$1"; [ ! -e "$1" ]`,
		"a connection":                `exec 3<>/dev/tcp/127.0.0.1/$2`,
		"a name that is looked up":    `exec 3<>/dev/udp/127.0.0.1/$2`,
		"who started it":              `kill -0 $3`,
		"the supervisor":              `kill -0 $PPID`,
		"variables of who started it": `cat /proc/$3/environ >/dev/null`,
		"a device":                    `mknod dev b 7 0`,
	} {
		if out, err := run(script, true); types.CodeOf(err) != ExitCode {
			t.Errorf("%s is reached: %s %v", what, out, err)
		}
		if strings.Contains(what, "supervisor") || strings.Contains(what, "device") || strings.Contains(what, "workspace") || strings.Contains(what, "removed") {
			continue
		}
		if out, err := run(script, false); err != nil {
			t.Errorf("%s is not there without a sandbox either: %s %v", what, out, err)
		}
		_ = os.Remove(filepath.Join(base, "ws/files/out"))
		_ = os.Remove(filepath.Join(base, "ws/files/hard"))
	}
}

// TestSandboxAroundHome: what is the user's is not read for being in a folder of the
// system, or where the program is.
func TestSandboxAroundHome(t *testing.T) {
	t.Parallel()
	usr, err := filepath.EvalSymlinks("/usr/lib")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		program      string
		hidden       []string
		reads, never string
	}{
		{"/usr/bin/env", []string{"/home/me"}, "/usr/bin", ""},
		{"/usr/bin/env", []string{"/"}, "/usr", "/"},
		{"/usr/bin/env", []string{usr}, "/usr/bin", usr},
		{"/usr/bin/env", []string{"/usr/bin"}, "/usr/bin/env", "/usr/bin"},
		{"/deploy", []string{"/home/me"}, "/deploy", "/"},
	} {
		var got []string
		err := box{program: c.program, hidden: c.hidden}.readable(func(path string) error { got = append(got, path); return nil })
		if err != nil || !slices.Contains(got, c.reads) {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
		for _, path := range got {
			if c.never != "" && within(c.never, path) {
				t.Errorf("%+v: %s is read", c, path)
			}
		}
	}
}

// TestNoSandbox: where there is none, a program that is to have one is not started.
func TestNoSandbox(t *testing.T) {
	t.Parallel()
	boxed := launchOptions{Sandbox: true}
	for _, c := range []struct {
		self    string
		version int
		m       launchOptions
		refused bool
	}{{"x", 0, boxed, true}, {"", 7, boxed, true}, {"x", 1, boxed, false}, {"x", 0, launchOptions{}, false}} {
		err := runner{Options{Self: c.self}}.boxes(c.m, c.version)
		if (err != nil) != c.refused || err != nil && types.CodeOf(err) != types.Forbidden {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for version, want := range map[int][3]uint64{1: {1<<13 - 1, 0, 0}, 3: {1<<15 - 1, 0, 0}, 4: {1<<15 - 1, 3, 0}, 6: {1<<16 - 1, 3, 3}} {
		if a := rights(version); [3]uint64{a.Handled_access_fs, a.Handled_access_net, a.Scoped} != want {
			t.Errorf("version %d holds %+v", version, a)
		}
	}
}
