package execute

import (
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sandbox of a program: Landlock for files and signals, and a filter of system
// calls for the network, of which Landlock knows only TCP. Both are of the thread
// that starts the program, and of all that comes of it; the rest of the supervisor
// keeps what it needs.

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

// rights are those that are held with a version: of files, of TCP, of what else
// reaches out.
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

// abilities of root are lost in the sandbox: with them one looks into other
// processes, or makes the machine another one.
var abilities = []uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_PERFMON, unix.CAP_BPF, unix.CAP_CHECKPOINT_RESTORE, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO,
	unix.CAP_SYS_BOOT, unix.CAP_SYS_TIME, unix.CAP_SYS_CHROOT, unix.CAP_MKNOD, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_SYSLOG,
	unix.CAP_SETFCAP, unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE, unix.CAP_AUDIT_CONTROL, unix.CAP_DAC_READ_SEARCH,
}

// confined runs f, which starts the program, on a thread that is in the sandbox.
// The thread stays: the program dies with it.
func confined(program string, may []string, f func() (int, error)) (pid int, err error) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		if err = confine(program, may); err == nil {
			pid, err = f()
		}
		close(done)
		select {}
	}()
	<-done
	return pid, err
}

// confine puts this thread into the sandbox.
func confine(program string, may []string) error {
	attr := rights(landlock())
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return errno
	}
	defer unix.Close(int(fd))
	allow := func(path string, access uint64) error { return beneath(int(fd), path, access&attr.Handled_access_fs) }
	for _, path := range append([]string{filepath.Dir(program)}, system...) {
		if err := allow(path, reading); err != nil {
			return err
		}
	}
	for _, path := range devices {
		if err := allow(path, ofDevice); err != nil {
			return err
		}
	}
	for _, path := range may {
		if err := allow(path, attr.Handled_access_fs&^unix.LANDLOCK_ACCESS_FS_MAKE_CHAR&^unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK); err != nil {
			return err
		}
	}
	for _, ability := range abilities { // of root; anybody else has none, and may not drop any
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, ability, 0, 0, 0)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return errno
	}
	return offline()
}

// beneath allows something in a folder, or of a file. One that is not there needs
// no leave.
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

// architecture is what the filter takes system calls for; there are no sockets for
// programs of another one, whose numbers differ.
var architecture = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]

// offline lets this thread open no socket of any kind, and no ring that could.
func offline() error {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		atMost = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer = unix.BPF_RET | unix.BPF_K
		no     = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
		none   = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
		x32    = 0x40000000
	)
	filter := []unix.SockFilter{
		{Code: load, K: 4}, // the architecture
		{Code: equal, Jt: 1, K: architecture},
		{Code: answer, K: none},
		{Code: load, K: 0}, // the number
		{Code: atMost, Jt: 3, K: x32},
		{Code: equal, Jt: 1, K: unix.SYS_SOCKET},
		{Code: equal, Jt: 1, Jf: 2, K: unix.SYS_IO_URING_SETUP},
		{Code: answer, K: no},
		{Code: answer, K: none},
		{Code: answer, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}
