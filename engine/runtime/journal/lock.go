package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
	"golang.org/x/sys/unix"
)

const (
	// lookTime covers the moment for which a listing holds a lock to see
	// whether someone else does.
	lookTime = 20 * time.Millisecond
	// startTime is for the lock under which a run is looked for and made.
	startTime = 10 * time.Second
	lockPause = 2 * time.Millisecond
)

// lock takes the kernel's lock on the file at path, which is made if needed
// and never removed: a lock on a removed file excludes no one. The lock goes
// when the file is closed or its process ends.
func (o Options) lock(path string, patience time.Duration) (*os.File, error) {
	f, err := o.open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, disk("open the lock", err)
	}
	for waited := time.Duration(0); ; waited += lockPause {
		err = flock(f, unix.LOCK_EX)
		if !errors.Is(err, unix.EWOULDBLOCK) || waited >= patience {
			break
		}
		time.Sleep(lockPause)
	}
	if err == nil {
		sign(f)
		return f, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("%w by process %s", ErrLocked, signed(path))
	}
	return nil, errors.Join(err, f.Close())
}

// release gives a lock back. Closing the file is not enough: a program that is
// being started at this moment has a copy of it until it runs, and the kernel
// keeps the lock as long as there is a copy.
func release(f *os.File) error {
	return errors.Join(flock(f, unix.LOCK_UN), f.Close())
}

func (o Options) held(path string) bool {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer release(f)
	return errors.Is(flock(f, unix.LOCK_SH), unix.EWOULDBLOCK)
}

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sign writes down who holds the lock. It is for people: a failure changes
// nothing, and nothing is decided by what stands there. The width is fixed so
// that the file need not be emptied first, which some file systems answer with
// a sync.
func sign(f *os.File) {
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-*d\n", signatureLen-1, os.Getpid()), 0)
}

// signatureLen is the length of the line that names the process.
const signatureLen = 20

// signature reads the lines of a lock: the process, and the run that has a group.
func signature(path string) (pid, run string) {
	data, err := Options{}.withDefaults().readUpTo(path, 1<<10)
	if err != nil {
		return "", ""
	}
	pid, run, _ = strings.Cut(string(data), "\n")
	return strings.TrimSpace(pid), strings.TrimSpace(run)
}

func signed(path string) string {
	pid, _ := signature(path)
	if n, err := strconv.Atoi(pid); err == nil {
		return strconv.Itoa(n)
	}
	return "unknown"
}

// lockError says of which run a lock could not be had.
func lockError(id string, err error) error {
	if !errors.Is(err, ErrLocked) {
		return err
	}
	return types.Errorf(types.Conflict, "run %s is %w", id, err).
		WithHint("wait for that process, or stop it")
}
