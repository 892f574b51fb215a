package execute

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The mode, the owner and the times of a file: Landlock has no right for them. The
// kernel asks the supervisor, which makes the change itself where the file is in one
// of the program's folders. It never lets the call to continue: by then its arguments,
// and what is at the path, may be others.

// attributeCall is how a call takes its file: the arguments that are the folder (or the
// file, without a path), the path and the flags, -1 for none, and those behind.
type attributeCall struct {
	folder, path, flags, rest int
	noFollow                  bool
	set                       func(fd int, n *notice, rest []uint64) error
}

func attributeCalls() map[uint32]attributeCall {
	out, _ := legacy()
	if out == nil {
		out = map[uint32]attributeCall{}
	}
	out[unix.SYS_FCHMOD] = attributeCall{0, -1, -1, 1, false, setMode}
	out[unix.SYS_FCHMODAT] = attributeCall{0, 1, -1, 2, false, setMode}
	out[fchmodat2] = attributeCall{0, 1, 3, 2, false, setMode}
	out[unix.SYS_FCHOWN] = attributeCall{0, -1, -1, 1, false, setOwner}
	out[unix.SYS_FCHOWNAT] = attributeCall{0, 1, 4, 2, false, setOwner}
	out[unix.SYS_UTIMENSAT] = attributeCall{0, 1, 3, 2, false, setTimes}
	return out
}

const fchmodat2 = 452 // on all architectures

// notice is what the kernel says of a call that waits, and answer what it is told.
type (
	notice struct {
		id         uint64
		pid, flags uint32
		call, arch uint32
		at         uint64
		arguments  [6]uint64
	}
	answer struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

// notifier is where the kernel asks.
type notifier struct {
	listener int
	calls    map[uint32]attributeCall
	may      []string // the folders of the program, by their own paths
}

func (a notifier) ioctl(request uintptr, what unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(a.listener), request, uintptr(what)); errno != 0 {
		return errno
	}
	return nil
}

// serve answers as long as there is the process.
func (a notifier) serve() {
	for {
		var n notice
		if err := a.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); err != nil {
			if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENOENT) { // of one that is gone by now
				continue
			}
			return
		}
		reply := answer{id: n.id}
		if err := a.handle(&n); err != nil {
			errno := syscall.EPERM
			_ = errors.As(err, &errno)
			reply.errno = -int32(errno)
		}
		_ = a.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&reply))
	}
}

func (a notifier) handle(n *notice) error {
	call := a.calls[n.call]
	fd, err := call.open(n)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := a.ioctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&n.id)); err != nil { // another process may have its number
		return err
	}
	real, err := os.Readlink(ownFile(fd))
	for _, dir := range a.may {
		if err == nil && within(real, dir) {
			return call.set(fd, n, n.arguments[call.rest:])
		}
	}
	return unix.EPERM
}

func ownFile(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// open opens the file of a call as the caller would, and only to name it.
func (c attributeCall) open(n *notice) (int, error) {
	proc := "/proc/" + strconv.Itoa(int(n.pid))
	flags, follow, path := uint64(0), !c.noFollow, ""
	if c.flags >= 0 {
		flags = n.arguments[c.flags]
		follow = follow && flags&unix.AT_SYMLINK_NOFOLLOW == 0
	}
	named := c.path >= 0 && n.arguments[c.path] != 0
	if named {
		raw, err := n.read(n.arguments[c.path], unix.PathMax)
		end := bytes.IndexByte(raw, 0)
		if err != nil || end < 0 || end == 0 && flags&unix.AT_EMPTY_PATH == 0 {
			return -1, unix.ENOENT
		}
		path = string(raw[:end])
	}
	base := proc + "/cwd"
	if c.folder >= 0 && int32(n.arguments[c.folder]) != unix.AT_FDCWD {
		base = proc + "/fd/" + strconv.Itoa(int(int32(n.arguments[c.folder])))
	}
	how := unix.O_PATH | unix.O_CLOEXEC
	switch {
	case path == "":
		return unix.Open(base, how, 0)
	case !filepath.IsAbs(path):
		path = base + "/" + path
	case strings.HasPrefix(path, "/proc/self/"):
		path = proc + strings.TrimPrefix(path, "/proc/self")
	default:
		path = proc + "/root" + path
	}
	if !follow {
		how |= unix.O_NOFOLLOW
	}
	return unix.Open(path, how, 0)
}

// read reads from the caller's memory, up to the end of what there is.
func (n *notice) read(at uint64, size int) ([]byte, error) {
	f, err := os.Open("/proc/" + strconv.Itoa(int(n.pid)) + "/mem")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := make([]byte, size)
	got, err := f.ReadAt(out, int64(at))
	if got > 0 {
		err = nil
	}
	return out[:got], err
}

func setMode(fd int, _ *notice, rest []uint64) error {
	return unix.Chmod(ownFile(fd), uint32(rest[0]))
}

func setOwner(fd int, _ *notice, rest []uint64) error {
	return unix.Fchownat(fd, "", int(int32(rest[0])), int(int32(rest[1])), unix.AT_EMPTY_PATH)
}

func setTimes(fd int, n *notice, rest []uint64) error {
	times := [2]unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	if rest[0] != 0 {
		raw, err := n.read(rest[0], int(unsafe.Sizeof(times)))
		if err != nil || len(raw) < int(unsafe.Sizeof(times)) {
			return unix.EFAULT
		}
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&times)), len(raw)), raw)
	}
	return unix.UtimesNanoAt(fd, "", times[:], unix.AT_EMPTY_PATH)
}
