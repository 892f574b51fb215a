package execute

import (
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter of system calls: no network, nothing that is shared by a number or a name
// that is no file's, and no change of a file that Landlock has no right for.

// deniedCall is a call that is held back, unless all that is said of its arguments is so.
type deniedCall struct {
	call   uint32
	unless []argumentTest
}

// argumentTest is an argument, some bits of it, and what these have to be.
type argumentTest struct{ argument, bits, is uint32 }

// whole are all bits of an argument that is an int.
const whole = 1<<32 - 1

// deniedCalls are calls that are never made, or only for the caller itself.
func deniedCalls() []deniedCall {
	var out []deniedCall
	for _, call := range []uint32{
		unix.SYS_SOCKET,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
		unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_MSGGET, unix.SYS_MSGSND, unix.SYS_MSGRCV, unix.SYS_MSGCTL,
		unix.SYS_SEMGET, unix.SYS_SEMOP, unix.SYS_SEMTIMEDOP, unix.SYS_SEMCTL, unix.SYS_MQ_OPEN, unix.SYS_MQ_UNLINK,
		unix.SYS_INOTIFY_ADD_WATCH, unix.SYS_FANOTIFY_MARK, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
		unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_OPEN_BY_HANDLE_AT,
	} {
		out = append(out, deniedCall{call: call})
	}
	myself := argumentTest{0, whole, 0}
	for _, call := range []uint32{unix.SYS_PRLIMIT64, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR} {
		out = append(out, deniedCall{call, []argumentTest{myself}})
	}
	return append(out,
		deniedCall{unix.SYS_SETPRIORITY, []argumentTest{{0, whole, unix.PRIO_PROCESS}, {1, whole, 0}}},
		deniedCall{unix.SYS_IOPRIO_SET, []argumentTest{{0, whole, 1}, {1, whole, 0}}},
		// A pair of streams (1) or of sequences (5) stays a pair; others can be connected again.
		deniedCall{unix.SYS_SOCKETPAIR, []argumentTest{{0, whole, unix.AF_UNIX}, {1, 0xb, unix.SOCK_STREAM}}},
	)
}

// absent are calls that are not there, for which programs have another way: rings,
// which could open sockets, and what sets attributes of which no one here knows.
var absent = []uint32{
	unix.SYS_IO_URING_SETUP, unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR,
	unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
}

// flags are what ioctl is not asked: to set the flags of a file that is open to be read.
var flags = []uint32{0x40086602, 0x401c5820} // FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR

// later is the first call that is newer than this filter, on all architectures.
const later = 463

// architecture is the one with the filter's numbers; programs of others get no calls.
var architecture = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]

// instructions are the kernel's filter: a block per call, that answers or is jumped over.
func instructions(asked map[uint32]attributeCall) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		from  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		and   = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
		reply = unix.BPF_RET | unix.BPF_K
		no    = unix.SECCOMP_RET_ERRNO | uint32(unix.EACCES)
		none  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	out := []unix.SockFilter{
		{Code: load, K: 4}, // the architecture
		{Code: equal, Jt: 1, K: architecture},
		{Code: reply, K: none},
		{Code: load, K: 0}, // the number
		{Code: from, Jf: 1, K: later},
		{Code: reply, K: none},
	}
	block := func(call uint32, b ...unix.SockFilter) {
		out = append(append(out, unix.SockFilter{Code: equal, Jf: uint8(len(b)), K: call}), b...)
	}
	for _, h := range deniedCalls() {
		var b []unix.SockFilter
		for _, g := range h.unless {
			b = append(b, unix.SockFilter{Code: load, K: 16 + 8*g.argument}, unix.SockFilter{Code: and, K: g.bits},
				unix.SockFilter{Code: equal, Jt: 1, K: g.is}, unix.SockFilter{Code: reply, K: no})
		}
		last := unix.SockFilter{Code: reply, K: unix.SECCOMP_RET_ALLOW}
		if len(h.unless) == 0 {
			last.K = no
		}
		block(h.call, append(b, last)...)
	}
	_, missing := legacy()
	for _, call := range append(missing, absent...) {
		block(call, unix.SockFilter{Code: reply, K: none})
	}
	ioctl := []unix.SockFilter{{Code: load, K: 16 + 8*1}}
	for _, f := range flags {
		ioctl = append(ioctl, unix.SockFilter{Code: equal, Jf: 1, K: f}, unix.SockFilter{Code: reply, K: no})
	}
	block(unix.SYS_IOCTL, append(ioctl, unix.SockFilter{Code: reply, K: unix.SECCOMP_RET_ALLOW})...)
	for call := range asked {
		block(call, unix.SockFilter{Code: reply, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	return append(out, unix.SockFilter{Code: reply, K: unix.SECCOMP_RET_ALLOW})
}

// filtered puts this thread behind the filter, whose questions the process answers.
func filtered(may []string) error {
	real := make([]string, len(may))
	for i, dir := range may {
		var err error
		if real[i], err = filepath.EvalSymlinks(dir); err != nil {
			return err
		}
	}
	calls := attributeCalls()
	filter := instructions(calls)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	go notifier{int(fd), calls, real}.serve()
	return nil
}
