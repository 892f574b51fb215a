package execute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// The record of a program is a file in the run's folder. Whoever starts the
// program holds it locked, and so does the supervisor, which has a copy: the
// kernel releases it when both are gone. That of exec says, as long as anything
// of the program may be at work, where that is.

// place is where and since when something runs.
type place struct {
	Pid     int    `json:"pid"` // of the supervisor
	Start   string `json:"start"`
	Machine string `json:"machine"`
	Boot    string `json:"boot"` // changes when the machine starts again
	Init    string `json:"init"` // and this when the container does
}

func currentPlace() place {
	p := place{Pid: os.Getpid()}
	p.Machine, _ = os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	p.Boot = strings.TrimSpace(string(boot))
	first, _ := processOf(1)
	self, _ := processOf(p.Pid)
	p.Init, p.Start = first.start, self.start
	return p
}

// isGone reports whether the machine, or the container, was started again since then.
func (p place) isGone() bool {
	now := currentPlace()
	return p.Machine == now.Machine && (p.Boot != now.Boot || p.Init != now.Init)
}

// outlast is how long is waited for what an earlier process started. Its
// supervisor ends it when that process dies, within the grace.
const (
	outlast = 30 * time.Second
	glance  = 5 * time.Millisecond
)

// hold opens and locks the record of a call; it is nil where there is none.
func (r runner) hold(ctx context.Context, c step.Call) (*os.File, error) {
	if c.Programs == "" || c.Key.IsZero() {
		return nil, nil
	}
	err := os.MkdirAll(c.Programs, 0o700)
	var f *os.File
	if err == nil {
		f, err = openRecord(c, os.O_CREATE)
	}
	if err == nil {
		if err = lockRecord(ctx, f); err == nil {
			return f, nil
		}
		f.Close()
	}
	if errors.Is(err, errRuns) {
		return nil, err
	}
	return nil, types.Errorf(types.Internal, "a record of the program: %w", err)
}

// openRecord opens the record of a call. It follows no link and waits for no pipe.
func openRecord(c step.Call, flag int) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(c.Programs, c.Key.Path), os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|flag, 0o600)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, f.Close(), errors.New("it is not a regular file"))
	}
	return f, nil
}

// lockRecord locks a record, as soon as no one else holds it.
func lockRecord(ctx context.Context, f *os.File) error {
	var err error
	free := pollUntil(ctx, func() bool {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		return !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR)
	})
	if !free {
		return errRuns
	}
	return err
}

// pollUntil asks again and again until something is so, or is not after a while.
func pollUntil(ctx context.Context, so func() bool) bool {
	for waited := time.Duration(0); ; waited += glance {
		if so() {
			return true
		}
		if waited >= outlast {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(glance):
		}
	}
}

// release releases a record. Closing it is not enough: see the lock of a journal.
func release(f *os.File) {
	if f != nil {
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		f.Close()
	}
}

// waitForEarlier waits until nothing is left of what earlier processes started for the
// same effect: by the processes that are there, and by the record. Else it says why.
func (r runner) waitForEarlier(ctx context.Context, c step.Call) (why string) {
	if r.Self == "" || c.Key.IsZero() {
		return ""
	}
	var at []int
	if !pollUntil(ctx, func() bool { at = atWork(c.Key.String()); return len(at) == 0 }) {
		return fmt.Sprintf("what an earlier process started for it still runs below process %d", at[0])
	}
	if c.Programs == "" {
		return ""
	}
	f, err := openRecord(c, 0)
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err == nil {
		defer release(f)
		err = lockRecord(ctx, f)
	}
	if err != nil {
		return err.Error()
	}
	return whyNotOver(f)
}

// whyNotOver says why what a record tells of may not be over, "" when it is.
func whyNotOver(f *os.File) string {
	text, err := io.ReadAll(io.LimitReader(f, 1<<12))
	if err == nil && len(text) == 0 {
		return ""
	}
	var p place
	if err := json.Unmarshal(text, &p); err == nil && p.isGone() {
		return ""
	}
	return "what it started may still be at work: process " + fmt.Sprint(p.Pid) + ", which watched over it, was killed"
}
