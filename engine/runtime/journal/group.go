package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// GroupLock is the right to be the only one of a `concurrency` group on this
// machine. The kernel takes it back when the process ends, however it ends.
type GroupLock struct {
	file *os.File
}

// LockGroup takes the lock of a group for a run, or says at once who has it:
// errors.Is finds [ErrLocked], and the error's detail "run" is the other run's
// id, where it is known.
func (s *Store) LockGroup(name, run string) (*GroupLock, error) {
	if err := checkID(run); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	locks := filepath.Join(s.dir, locksName)
	if err := s.fs.mkdirAll(locks); err != nil {
		return nil, disk("make the folder of the locks", err)
	}
	if err := checkDir(locks); err != nil {
		return nil, err
	}
	path := s.groupPath(name)
	f, err := s.fs.lock(path, lookTime)
	if errors.Is(err, ErrLocked) {
		return nil, groupError(name, path)
	}
	if err != nil {
		return nil, err
	}
	signRun(f, run)
	return &GroupLock{file: f}, nil
}

// GroupHolder returns the id of the run that has a group's lock; it is empty
// when no one wrote it down.
func (s *Store) GroupHolder(name string) (run string, held bool) {
	path := s.groupPath(name)
	if !s.fs.held(path) {
		return "", false
	}
	return signedRun(path), true
}

// Close releases the lock.
func (l *GroupLock) Close() error {
	if l.file == nil {
		return nil
	}
	signRun(l.file, "") // the next holder's id takes a moment to stand there
	err := release(l.file)
	l.file = nil
	return err
}

// groupPath is the file of a group's lock. A name is any text, so the file's
// has its digest; the readable part is for people.
func (s *Store) groupPath(name string) string {
	readable := strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	readable = readable[:min(len(readable), 40)]
	return filepath.Join(s.dir, locksName, readable+"-"+types.Digest([]byte(name))[:16]+".lock")
}

func groupError(name, path string) *types.Error {
	who, run := "process "+signed(path), signedRun(path)
	if run != "" {
		who = "run " + run + " (" + who + ")"
	}
	err := types.Errorf(types.Conflict, "the concurrency group %q is %w by %s", name, ErrLocked, who).
		WithHint("wait until that run ends or parks, or cancel it")
	if run != "" {
		err = err.With("run", run)
	}
	return err
}

// signRun writes down behind the process which run holds the lock; see [sign].
func signRun(f *os.File, run string) {
	_, _ = f.WriteAt(fmt.Appendf(nil, "%-23s\n", run), signatureLen)
}

func signedRun(path string) string {
	_, run := signature(path)
	if !ValidID(run) {
		return ""
	}
	return run
}
