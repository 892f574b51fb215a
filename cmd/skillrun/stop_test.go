package main

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestSignalsEndEveryWait: a process that waits for a stream which never comes
// ends when it is told to.
func TestSignalsEndEveryWait(t *testing.T) {
	t.Parallel()
	program, err := sweepable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "run", "release_aa_backend_prod", "--input", "commit_sha=-")
	cmd.Dir, cmd.Env = t.TempDir(), []string{"HOME=" + t.TempDir()}
	stdin, err := cmd.StdinPipe() // no one writes to it, nor closes it
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	first := false
	for limit := time.After(60 * time.Second); ; {
		select {
		case <-ended:
			return
		case <-again.C:
			if !first { // it may come before the program is told of signals; then it ends as well
				first = true
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
		case <-limit:
			_ = cmd.Process.Kill()
			t.Fatal("it does not end")
		}
	}
}
