package execute

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sandbox of a program: Landlock for files and signals, and a filter of system
// calls for the rest; see filter_linux.go. Both hold the thread that starts the
// program, and all that comes of it, but not the rest of the supervisor.

// What Landlock can hold, by the version of its interface.
const (
	reading  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_EXECUTE
	first    = 1<<13 - 1 // all of version 1
	ofFiles  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	ofDevice = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
)

// landlock is the version of its interface that the kernel has, 0 for none.
func landlock() int {
	v, _, err := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if err != 0 {
		return 0
	}
	return int(v)
}

// rights are those that a version holds: of files, of TCP, of what else reaches out.
func rights(version int) unix.LandlockRulesetAttr {
	a := unix.LandlockRulesetAttr{Handled_access_fs: first}
	if version >= 2 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if version >= 4 {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if version >= 5 {
		a.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if version >= 6 {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
	}
	return a
}

// system are the folders that programs are made of; they may be read.
var system = []string{"/bin", "/sbin", "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix", "/gnu", "/proc", "/sys/devices/system/cpu", "/run/systemd/resolve"}

// devices may be read and written.
var devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}

// kept are the abilities that root has in the sandbox: those over its own files. With
// others one looks into other processes, or makes the machine another one.
var kept = []uintptr{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_FSETID, unix.CAP_KILL, unix.CAP_SETGID, unix.CAP_SETUID}

// runConfined runs f, which starts the program, on a thread that is in the sandbox.
// The thread stays: the program dies with it.
func runConfined(b box, f func() (int, error)) (pid int, err error) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if err = b.confine(); err == nil {
			pid, err = f()
		}
		close(done)
		select {}
	}()
	<-done
	return pid, err
}

// box is a sandbox: the program in it, the folders that it may change, and those of
// the user, which are not read for being where the system or the program is.
type box struct {
	program     string
	may, hidden []string
}

// readable calls f with what may be read: the program's own folder, or only the file
// where the user's are in it, and the system.
func (b box) readable(f func(path string) error) error {
	own := filepath.Dir(b.program)
	if real, err := filepath.EvalSymlinks(own); err != nil || b.holds(real) {
		own = b.program
	}
	err := f(own)
	for _, path := range system {
		err = errors.Join(err, b.around(path, f))
	}
	return err
}

// holds reports whether one of the user's folders is there, or below.
func (b box) holds(dir string) bool {
	return slices.ContainsFunc(b.hidden, func(h string) bool { return within(h, dir) })
}

// around calls f with a path, or with what is beside the user's folders in it.
func (b box) around(path string, f func(path string) error) error {
	real, err := filepath.EvalSymlinks(path)
	switch {
	case err != nil || slices.Contains(b.hidden, real):
		return nil
	case !b.holds(real):
		return f(path)
	}
	names, err := os.ReadDir(real)
	for _, name := range names {
		err = errors.Join(err, b.around(filepath.Join(real, name.Name()), f))
	}
	return err
}

// within reports whether a path is a folder, or below it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/")
}

// confine puts this thread into the sandbox.
func (b box) confine() error {
	attr := rights(landlock())
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	allow := func(path string, access uint64) error { return beneath(int(fd), path, access&attr.Handled_access_fs) }
	if err := b.readable(func(path string) error { return allow(path, reading) }); err != nil {
		return err
	}
	for _, path := range devices {
		if err := allow(path, ofDevice); err != nil {
			return err
		}
	}
	for _, path := range b.may {
		if err := allow(path, attr.Handled_access_fs&^unix.LANDLOCK_ACCESS_FS_MAKE_CHAR&^unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK); err != nil {
			return err
		}
	}
	for ability := uintptr(0); ability < 64; ability++ { // anybody but root has none, and may not drop any
		if !slices.Contains(kept, ability) {
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, ability, 0, 0, 0)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return filtered(b.may)
}

// beneath allows something in a folder, or of a file, if it is there.
func beneath(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		if os.IsNotExist(err) || os.IsPermission(err) {
			return nil
		}
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err == nil && stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= ofFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
