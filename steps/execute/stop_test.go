package execute_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// TestExecKillsTheGroup: a program that does not heed the signal, and its
// children, are gone when the step has ended, by time-out and by cancellation.
func TestExecKillsTheGroup(t *testing.T) {
	w := newWorld(t)
	w.script("stubborn", `trap '' TERM; (trap '' TERM; exec sh "$0.child" "$1") & wait`)
	w.script("stubborn.child", `exec 3>"$1"; echo ready >&3; while :; do sleep 10; done`)
	for _, name := range []string{"exec", "exec_read"} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(fifo, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		reader, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			_, _ = io.ReadFull(reader, make([]byte, len("ready\n")))
			f.Close() // from here on, only the child writes
			cancel()
		}()
		_, err = w.do(ctx, name, map[string]any{"program": "stubborn", "args": []string{fifo}})
		want := map[string]types.Code{"exec": types.UnknownOutcome, "exec_read": types.Cancelled}[name]
		if types.CodeOf(err) != want || !strings.Contains(err.Error(), "stubborn was stopped") {
			t.Errorf("%s: %v", name, err)
		}
		_ = reader.SetReadDeadline(time.Now().Add(5 * time.Second))
		if rest, err := io.ReadAll(reader); err != nil || len(rest) > 0 {
			t.Errorf("%s: a child lives on: %q, %v", name, rest, err)
		}
	}
}

// TestExecTimeout: of a write that was stopped it is unknown what it has done;
// one that looks has merely taken too long. A program that is told to end and
// then says that all is well has not done its work.
func TestExecTimeout(t *testing.T) {
	w := newWorld(t)
	w.script("slow", `trap 'exit 0' TERM; sleep 10 & wait`)
	for name, want := range map[string]string{
		"exec":      "slow took longer than 100ms and was stopped: it is unknown what slow had done until then (check whether it did its work, then resume the run)",
		"exec_read": "slow took longer than 100ms and was stopped (give it more time with timeout, or see why it hangs)",
	} {
		_, err := w.do(t.Context(), name, map[string]any{"program": "slow", "timeout": "100ms"})
		if code := map[string]types.Code{"exec": types.UnknownOutcome, "exec_read": types.Timeout}[name]; types.CodeOf(err) != code || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExecStoppedByOthers: the end of the step's time, or of the run's, is not
// that of the program.
func TestExecStoppedByOthers(t *testing.T) {
	w := newWorld(t)
	w.script("slow", `sleep 10 & wait`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := w.do(ctx, "exec_read", map[string]any{"program": "slow"}); err == nil || !strings.HasPrefix(err.Error(), "slow was stopped (") {
		t.Error(err)
	}
}

// TestSignalForBoth: a signal that came to the program first stops the run; one that came
// to the program alone is how it failed.
func TestSignalForBoth(t *testing.T) {
	w := newWorld(t)
	w.script("hup", `test -z "$1" || exec 3>"$1"; kill -HUP $$; sleep 10`)
	for name, want := range map[string]string{"exec": "hup was stopped", "exec_read": "hup was stopped ("} {
		fifo := filepath.Join(t.TempDir(), "fifo")
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer cancel()
			_, _ = os.ReadFile(fifo) // until the program is dead
		}()
		if _, err := w.do(ctx, name, map[string]any{"program": "hup", "args": []string{fifo}}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.do(t.Context(), "exec_read", map[string]any{"program": "hup"}); types.CodeOf(err) != execute.ExitCode || err.Error() != "hup ended with the signal hangup (see its output; expect lists the exit codes that mean success)" {
		t.Error(err)
	}
}

// TestExecLeavesNothingRunning: what a program leaves in its group when it ends
// is ended too.
func TestExecLeavesNothingRunning(t *testing.T) {
	w := newWorld(t)
	w.script("parent", `sleep 100 & echo started`)
	out, err := w.do(t.Context(), "exec", map[string]any{"program": "parent"})
	if err != nil || out.Stdout != "started\n" {
		t.Errorf("%+v, %v", out, err)
	}
}
