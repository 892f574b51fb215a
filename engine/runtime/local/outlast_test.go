package local_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// TestWorkspacesAreClearedBehindPrograms: what an earlier process left running may
// still write into the workspaces; they are made again when it has ended.
func TestWorkspacesAreClearedBehindPrograms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop()
		o := s.options(journal.NewMemory(), act("z", "look"))
		o.Workspaces, o.Programs = filepath.Join(t.TempDir(), "w"), t.TempDir()
		left := filepath.Join(o.Workspaces, "left")
		program, err := os.Create(filepath.Join(o.Programs, "p"))
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		if err := syscall.Flock(int(program.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			time.Sleep(time.Second)
			if err := os.MkdirAll(left, 0o700); err != nil {
				t.Error(err)
			}
			if err := syscall.Flock(int(program.Fd()), syscall.LOCK_UN); err != nil {
				t.Error(err)
			}
		}()
		if out := run(t, t.Context(), o); out.State != runtime.Done {
			t.Errorf("%s %+v", out.State, out.Failure)
		}
		<-ended
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Errorf("what a program wrote meanwhile is still there: %v", err)
		}
	})
}

// TestPipeAmongPrograms: what lies among the records of programs and is none is
// not waited for.
func TestPipeAmongPrograms(t *testing.T) {
	t.Parallel()
	s := newShop()
	o := s.options(journal.NewMemory(), act("z", "look"))
	o.Workspaces, o.Programs = filepath.Join(t.TempDir(), "w"), t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(o.Programs, "p"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, t.Context(), o); out.State != runtime.Done {
		t.Errorf("%s %+v", out.State, out.Failure)
	}
}
