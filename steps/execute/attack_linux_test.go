package execute_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// attack is the test as a program that tries what no path leads to, and prints what
// it did: with a file, a socket and a process that are not its own, and with the
// number of a file that its starter has open.
func attack(args []string) int {
	file, socket := args[0], args[1]
	pid, _ := strconv.Atoi(args[2])
	fd, _ := strconv.Atoi(args[3])
	call := func(number, a, b, c uintptr) error {
		if _, _, errno := unix.Syscall(number, a, b, c); errno != 0 {
			return errno
		}
		return nil
	}
	text := func(s string) uintptr { p, _ := unix.BytePtrFromString(s); return uintptr(unsafe.Pointer(p)) }
	named := func() int { fd, _ := unix.Open(file, unix.O_PATH, 0); return fd }
	for what, do := range map[string]func() error{
		"read a file that was left open": func() error { _, err := unix.Pread(fd, make([]byte, 1), 0); return err },
		"chmod":                          func() error { return unix.Chmod(file, 0o604) },
		"chmod by another path":          func() error { return unix.Chmod("/proc/self/root"+file, 0o604) },
		"chmod of what is open":          func() error { return unix.Chmod("/proc/self/fd/"+strconv.Itoa(named()), 0o604) },
		"fchmodat from a folder":         func() error { return unix.Fchmodat(unix.AT_FDCWD, up(file), 0o604, 0) },
		"fchmod":                         func() error { f, _ := unix.Open("/etc/passwd", unix.O_RDONLY, 0); return unix.Fchmod(f, 0o644) },
		"chown":                          func() error { return unix.Chown(file, os.Getuid(), os.Getgid()) },
		"lchown":                         func() error { return unix.Lchown(file, os.Getuid(), os.Getgid()) },
		"utimensat":                      func() error { return unix.UtimesNanoAt(unix.AT_FDCWD, file, make([]unix.Timespec, 2), 0) },
		"setxattr":                       func() error { return unix.Setxattr(file, "user.x", []byte("x"), 0) },
		"watch a folder": func() error {
			w, _ := unix.InotifyInit()
			_, err := unix.InotifyAddWatch(w, filepath.Dir(file), unix.IN_CREATE)
			return err
		},
		"limit another process":             func() error { var l unix.Rlimit; return unix.Prlimit(pid, unix.RLIMIT_CPU, nil, &l) },
		"slow another process":              func() error { return unix.Setpriority(unix.PRIO_PROCESS, pid, 5) },
		"bind another process to processor": func() error { var s unix.CPUSet; s.Set(0); return unix.SchedSetaffinity(pid, &s) },
		"shared memory":                     func() error { return call(unix.SYS_SHMGET, unix.IPC_PRIVATE, 4096, 0o600) },
		"a message queue":                   func() error { return call(unix.SYS_MSGGET, 0, 0o600, 0) },
		"semaphores":                        func() error { return call(unix.SYS_SEMGET, 0, 1, 0o600) },
		"a queue with a name": func() error {
			return call(unix.SYS_MQ_OPEN, text("none"+strconv.Itoa(os.Getpid())), unix.O_CREAT|unix.O_RDWR, 0o600)
		},
		"keys":                 func() error { _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false); return err },
		"a datagram to a path": func() error { return send(unix.SOCK_DGRAM, socket) },
		"the same, raw":        func() error { return send(unix.SOCK_RAW, socket) },
		"flags of a file": func() error {
			f, _ := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
			v, _ := unix.IoctlGetUint32(f, unix.FS_IOC_GETFLAGS)
			return unix.IoctlSetPointerInt(f, unix.FS_IOC_SETFLAGS, int(v))
		},
	} {
		if err := do(); err == nil {
			fmt.Println(what)
		}
	}
	return 0
}

// up is a path to the same from the working directory.
func up(file string) string {
	dir, _ := os.Getwd()
	rel, _ := filepath.Rel(dir, file)
	return rel
}

// send sends a datagram from one of a pair of sockets.
func send(kind int, socket string) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err != nil {
		return err
	}
	return unix.Sendto(pair[0], []byte("x"), 0, &unix.SockaddrUnix{Name: socket})
}

// TestSandboxOfCalls: what is refused to a program in the sandbox works without it,
// and changes nothing in it.
func TestSandboxOfCalls(t *testing.T) {
	t.Parallel()
	base, home := t.TempDir(), t.TempDir()
	secret, socket := filepath.Join(home, "secret"), filepath.Join(home, "socket")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	other := exec.Command("sleep", "100")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	open, err := unix.Open(secret, unix.O_RDONLY, 0) // as a shell leaves one open to what it starts
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(open)
	s, _ := step.NewCatalogue(execute.Steps(execute.Options{Env: os.LookupEnv, Self: self})).Lookup("exec")
	exe, _ := os.Executable()
	run := func(sandbox bool) (string, error) {
		call := step.Call{Key: step.Key{Work: "attack" + strconv.Itoa(os.Getpid()), Path: "p"}, Workspaces: base}
		raw, err := s.Do(step.WithCall(t.Context(), call), types.Encode(map[string]any{"program": exe, "sandbox": sandbox,
			"args": []string{attacking, secret, socket, strconv.Itoa(other.Process.Pid), strconv.Itoa(open)}}))
		var out struct {
			Stdout string `json:"stdout"`
		}
		if err == nil {
			err = json.Unmarshal(raw, &out)
		}
		return out.Stdout, err
	}
	before, _ := os.Stat(secret)
	out, err := run(true)
	if types.CodeOf(err) == types.Forbidden { // there is no Landlock: see TestSandbox
		return
	}
	after, _ := os.Stat(secret)
	if err != nil || out != "" || before.Mode() != after.Mode() || !before.ModTime().Equal(after.ModTime()) {
		t.Errorf("in the sandbox: %v, %v, %v\n%s", err, after.Mode(), after.ModTime(), out)
	}
	if out, err := run(false); err != nil || strings.Count(out, "\n") < 18 {
		t.Errorf("without it: %v\n%s", err, out)
	}
}
