package journal

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReleasedLockIsFree: a lock that was given back is free although a program
// that was being started has a copy of its file.
func TestReleasedLockIsFree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	o := Options{}.withDefaults()
	f, err := o.lock(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fd)
	copied := os.NewFile(uintptr(fd), path)
	defer copied.Close()
	if err := release(f); err != nil {
		t.Fatal(err)
	}
	again, err := o.lock(path, 0)
	if err != nil {
		t.Fatalf("the lock is not free: %v", err)
	}
	if err := release(again); err != nil {
		t.Error(err)
	}
}
