package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The bounds of what a file costs that someone else wrote.
const (
	tooLong  = 2 * time.Second
	tooMuch  = 256 << 10 // KiB
	noAnswer = 30 * time.Second
)

// TestMutants mutates skills, configurations, plans and journals, those of this
// project and some that the program made, and gives them to the verbs that read
// them (mutants_worker_test.go). None panics, takes more than two seconds or more
// than 256 MB, and a plan or a journal that is accepted is the one that was made.
// All 20,000 are SKILLRUN_SWEEP=full; SKILLRUN_MUTANT=N is just the one with a
// number.
func TestMutants(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	corpus := corpusOf(b)
	from, step, end := 0, runtime.GOMAXPROCS(0), map[string]int{"full": 20_000, "ci": 300}[sweeping()]
	if end == 0 {
		end = 12
	}
	if one, err := strconv.Atoi(os.Getenv("SKILLRUN_MUTANT")); err == nil {
		from, step, end = one, 1, one+1
	}
	var sum harvest
	var all sync.WaitGroup
	for i := range step {
		all.Go(func() {
			for at := from + i; at < end; { // a worker that died is started again behind what ended it
				next, err := mutantsFrom(&sum, corpus, b.conf, at, step, end)
				if err != nil {
					t.Errorf("%v", err)
				}
				at = next
			}
		})
	}
	all.Wait()
	for _, w := range b.state().writes() {
		t.Errorf("something was written: %s %s", w.Method, w.Path)
	}
	if sum.tried != (end-from) && !t.Failed() {
		t.Errorf("%d were tried, not %d", sum.tried, end-from)
	}
	t.Logf("%d mutated files, %d of them accepted; the longest took %s (%s), at most %d MiB", sum.tried, sum.accepted, sum.longest.Took.Round(time.Millisecond), sum.longest.File, sum.peak>>10)
}

// harvest is what all mutants came to.
type harvest struct {
	mu              sync.Mutex
	tried, accepted int
	longest         trial
	peak            int64
}

func (s *harvest) add(v trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried++
	if v.Accepted {
		s.accepted++
	}
	if v.Took > s.longest.Took {
		s.longest = v
	}
	s.peak = max(s.peak, v.Peak)
}

// mutantsFrom runs a worker until it is done or dies, and returns the case to continue with.
func mutantsFrom(sum *harvest, corpus, conf string, at, step, end int) (next int, err error) {
	program, err := os.Executable()
	if err != nil {
		return end, err
	}
	end = min(end, at+100*step) // what a program keeps for good is not what one file costs
	c := exec.Command(program, corpus, conf, strconv.Itoa(at), strconv.Itoa(step), strconv.Itoa(end))
	c.Args[0] = "mutants" // as which the test is the worker
	c.Env = append(os.Environ(), "GOMEMLIMIT=160MiB", "GOGC=100", "GOTRACEBACK=all")
	var log bytes.Buffer
	c.Stderr = &log
	out, err := c.StdoutPipe()
	if err != nil {
		return end, err
	}
	if err := c.Start(); err != nil {
		return end, err
	}
	watch := time.AfterFunc(noAnswer, func() { c.Process.Signal(os.Interrupt); c.Process.Kill() })
	var last trial
	var mutant []byte
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		watch.Reset(noAnswer)
		last = trial{}
		if err := json.Unmarshal(line, &last); err != nil {
			return end, fmt.Errorf("the worker says %q", line)
		}
		if !last.Tried {
			mutant = last.Mutant
			continue
		}
		sum.add(last)
		if wrong := last.tooBad(); wrong != "" {
			watch.Stop()
			_ = c.Process.Kill()
			_ = c.Wait()
			return last.Case + step, told(last, mutant, wrong)
		}
	}
	killed := !watch.Stop()
	switch err := c.Wait(); {
	case killed:
		return last.Case + step, told(last, mutant, "it had no end after "+noAnswer.String())
	case err != nil:
		return last.Case + step, told(last, mutant, err.Error()+"\n"+cut(log.String(), 6000))
	}
	return last.Case + step, nil
}

// tooBad says what is wrong with what became of a file.
func (v trial) tooBad() string {
	switch {
	case v.Wrong != "":
		return v.Wrong
	case v.Took > tooLong:
		return "it took " + v.Took.String()
	case v.Peak > tooMuch:
		return fmt.Sprintf("it took %d MiB", v.Peak>>10)
	}
	return ""
}

// told is a failure with what brings it back.
func told(v trial, mutant []byte, wrong string) error {
	kept := filepath.Join(os.TempDir(), fmt.Sprintf("mutant-%d%s", v.Case, filepath.Ext(v.File)))
	if err := os.WriteFile(kept, mutant, 0o600); err != nil {
		kept = err.Error()
	}
	return fmt.Errorf("SKILLRUN_MUTANT=%d (%s: %s), kept in %s: %s\n%s", v.Case, v.File, v.How, kept, wrong, cut(string(mutant), 1000))
}

func cut(text string, n int) string {
	if len(text) > n {
		return text[:n] + " …"
	}
	return text
}

// processorTime is what this process has used so far: it does not grow while others
// have the machine.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// peak is the most memory that this process had so far, in KiB; 0 where the
// kernel does not say.
func peak() (kib int64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(after, &kib)
	return kib
}
