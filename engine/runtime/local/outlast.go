package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	glance  = 5 * time.Millisecond
	glances = 2000 // ten seconds
)

// waitForOrphans waits until what an earlier process started and left running is over:
// it could still write into the workspaces. What does not end in time is left to
// the step that it belongs to.
func (r *runner) waitForOrphans(ctx context.Context) {
	if r.Programs == "" {
		return
	}
	entries, _ := os.ReadDir(r.Programs)
	for _, e := range entries {
		for n := 0; n < glances && isLocked(filepath.Join(r.Programs, e.Name())); n++ {
			if r.Clock.Sleep(ctx, glance) != nil {
				return
			}
		}
	}
}

func isLocked(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if err != nil {
		return false
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	return errors.Is(err, syscall.EWOULDBLOCK)
}
