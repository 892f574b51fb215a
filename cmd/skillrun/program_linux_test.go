package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// deploying is a program whose effect a grandchild in a session of its own has,
// later than it could be seen, and that waits for it. All of them hold a pipe open.
const deploying = `#!/bin/sh
exec 9>"$1.alive"; echo begun >&9
(setsid sh -c 'sleep 0.4; echo made >> "$1"; sleep 0.05' sh "$1" &)
while ! [ -s "$1" ]; do sleep 0.01; done
`

const deployed = `name: deployed
description: Deploys by a program that lets others do it
config:
  log: {type: string, required: true, description: Where it says so}
steps:
  - id: deploy
    uses: exec
    with:
      program: deploy
      args: ["${{ config.log }}"]
      find: {program: test, args: [-s, "${{ config.log }}"]}
`

// TestExecKillSweep kills skillrun at random moments while a program runs whose
// grandchildren do the work, and resumes the run, or with the same command
// where its journal is lost, at once: the effect is there once. All moments are
// SKILLRUN_SWEEP=ci.
func TestExecKillSweep(t *testing.T) {
	t.Parallel()
	moments := 4
	if sweeping() != "" {
		moments = 50
	}
	random := rand.New(rand.NewPCG(sweepSeed, 4))
	for _, lost := range []bool{false, true} {
		var killed atomic.Int64
		var all sync.WaitGroup
		at := make(chan moment)
		for range 8 { // most of the time they wait
			all.Go(func() {
				for m := range at {
					was, err := killedAt(t.TempDir(), m, lost)
					if err != nil {
						t.Errorf("killed at %+v, lost %v: %v", m, lost, err)
					}
					if was {
						killed.Add(1)
					}
				}
			})
		}
		for i := range moments {
			at <- moment{time.Duration(random.IntN(450)) * time.Millisecond, i%4 != 0}
		}
		close(at)
		all.Wait()
		t.Logf("journal lost: %v; %d of %d were killed in time", lost, killed.Load(), moments)
	}
}

// moment is when skillrun is killed: so long after its start, or the program's.
type moment struct {
	after   time.Duration
	program bool
}

// killedAt kills a run, continues with it and says what is wrong.
func killedAt(home string, m moment, lost bool) (killed bool, err error) {
	log := filepath.Join(home, "log")
	if err := syscall.Mkfifo(log+".alive", 0o600); err != nil {
		return false, err
	}
	alive, err := os.OpenFile(log+".alive", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false, err
	}
	defer alive.Close()
	bin, conf := filepath.Join(home, "bin"), filepath.Join(home, ".config", "skillrun")
	for path, text := range map[string]string{
		filepath.Join(bin, "deploy"):         deploying,
		filepath.Join(conf, "skillrun.yaml"): "policy: {settle: 0s, confirm: never}\nconfig: {log: " + log + "}\n",
		filepath.Join(home, "deployed.yaml"): deployed,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return false, err
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			return false, err
		}
	}
	var out bytes.Buffer
	program := func(args ...string) *exec.Cmd {
		c := exec.Command(self, args...)
		c.Args[0] = "skillrun" // as which the test is the program
		c.Dir, c.Stdout, c.Stderr = home, &out, &out
		c.Env = []string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH")}
		return c
	}
	first := program("run", "./deployed.yaml")
	if err := first.Start(); err != nil {
		return false, err
	}
	if m.program {
		waitFor(log + ".alive")
	}
	time.Sleep(m.after)
	_ = first.Process.Signal(syscall.SIGKILL)
	killed = first.Wait() != nil
	next := program("run", "./deployed.yaml")
	begun, _ := filepath.Glob(filepath.Join(home, ".local/state/skillrun/default/runs/*/run.json"))
	switch {
	case lost:
		err = os.RemoveAll(filepath.Join(home, ".local"))
	case len(begun) > 0:
		next = program("resume", "last")
	}
	if err != nil {
		return killed, err
	}
	if err := next.Run(); err != nil && (killed || !strings.Contains(out.String(), "is done")) {
		return killed, fmt.Errorf("%w\n%s", err, out.String())
	}
	_ = alive.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(alive); err != nil { // until all that writes is over
		return killed, err
	}
	if made, err := os.ReadFile(log); string(made) != "made\n" {
		return killed, fmt.Errorf("the effects are %q, %v\n%s", made, err, out.String())
	}
	return killed, nil
}

// waitFor waits until a pipe, which no one may have open yet, was written to.
func waitFor(path string) {
	both, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer both.Close()
	_ = both.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, _ = both.Read(make([]byte, 64))
}
