package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// The sweeps of this file run the release as a process of its own, in the build
// that signals itself at a point (seams_failpoint.go), against a sandbox in
// another process: this one.

// sweepable is the program with points in it, which do nothing unless one is asked
// for. To build it takes seconds, so it is built once.
var sweepable = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "failpoint")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "skillrun")
	out, err := exec.Command("go", "build", "-tags", "failpoint", "-ldflags", "-s -w", "-o", bin, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return bin, nil
})

// killer is a world that a process works in.
type killer struct {
	*arena
	bin string
	// args is another command than the release, lostArgs the same when the run's
	// folder is gone, and whole says what is wrong with what they wrote; zero is
	// the release.
	args, lostArgs []string
	whole          func() error
}

func newKiller(t *testing.T) *killer {
	t.Helper()
	bin, err := sweepable()
	if err != nil {
		t.Fatal(err)
	}
	k := &killer{arena: openArena(t, sandbox.Options{}), bin: bin}
	t.Cleanup(k.end)
	return k
}

// aLongTime is more than any process here takes, waits for a late request and
// all.
const aLongTime = 30 * time.Second

// exec runs the program; point is "" for no signal. A code of -1 is a death by
// a signal.
func (k *killer) exec(ctx context.Context, point string, args ...string) result {
	ctx, cancel := context.WithTimeout(ctx, aLongTime)
	defer cancel()
	var out, log bytes.Buffer
	c := exec.CommandContext(ctx, k.bin, append(args, "--config", k.conf)...)
	c.Dir, c.Stdout, c.Stderr = k.home, &out, &log
	c.Env = []string{"HOME=" + k.home, "PATH=" + os.Getenv("PATH")}
	if point != "" {
		c.Env = append(c.Env, "SKILLRUN_FAILPOINT="+point)
	}
	err := c.Run()
	if ctx.Err() != nil {
		return result{-2, out.String(), log.String() + "\nit was still there after " + aLongTime.String()}
	}
	var died *exec.ExitError
	switch {
	case err == nil:
		return result{0, out.String(), log.String()}
	case errors.As(err, &died):
		return result{died.ExitCode(), out.String(), log.String()}
	}
	return result{-3, "", err.Error()}
}

// again is the release for a given day, so that it is the same work tomorrow.
func (k *killer) again() []string {
	if k.args != nil {
		return k.args
	}
	return append(k.command(), "--input", "release_date=2026-01-15")
}

// points are the names of the points of a run that nothing happens to.
func (k *killer) points(t *testing.T) []string {
	t.Helper()
	if err := k.renew(false); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(k.home, "points")
	if r := k.exec(t.Context(), "list:"+file, k.again()...); r.code != 0 {
		t.Fatalf("exit %d\n%s", r.code, r.log)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// unfinished is the run that the killed process left, "" when there is none.
func (k *killer) unfinished(t *testing.T) (string, error) {
	r := k.exec(t.Context(), "", "runs", "--output", "json")
	var list struct{ Runs []struct{ ID, State string } }
	if err := json.Unmarshal([]byte(r.out), &list); err != nil {
		return "", fmt.Errorf("runs: exit %d, %s", r.code, r.log)
	}
	switch {
	case len(list.Runs) == 0:
		return "", nil
	case len(list.Runs) > 1:
		return "", fmt.Errorf("%d runs", len(list.Runs))
	case list.Runs[0].State == "running":
		return "", errors.New("a lock outlived its process")
	}
	return list.Runs[0].ID, nil
}

// complete says what is wrong with the world after all was done.
func (k *killer) complete() error {
	if k.whole != nil {
		return k.whole()
	}
	seen := k.view()
	if got := k.count(seen).above(k.seed); got != oneOfEach {
		return fmt.Errorf("there are %+v", got)
	}
	for name, r := range seen.Git {
		for branch := range r.Branches {
			if strings.Contains(branch, "lock-") {
				return fmt.Errorf("%s has a branch %s", name, branch)
			}
		}
	}
	return nil
}

// variant is what happens after the kill.
type variant struct {
	name string
	lost bool    // the run's folder is removed
	lag  float64 // of Jira's index, in seconds
	then bool    // the process that continues is killed too
}

// kill runs the release, kills it at a point and continues.
func (k *killer) kill(t *testing.T, v variant, n int, second int) error {
	if err := k.renew(false); err != nil {
		return err
	}
	if v.lag > 0 {
		if err := k.world.Arm(sandbox.Fault{Kind: sandbox.SearchLag, Seconds: v.lag}); err != nil {
			return err
		}
		defer k.world.Disarm()
	}
	if r := k.exec(t.Context(), fmt.Sprintf("kill:%d", n), k.again()...); r.code != -1 {
		return fmt.Errorf("not killed: exit %d\n%s", r.code, r.log)
	}
	args, err := k.goOn(t, v)
	if err != nil {
		return err
	}
	if v.then {
		switch r := k.exec(t.Context(), fmt.Sprintf("kill:%d", second), args...); r.code {
		case -1: // killed again, or through before the point
		case 0:
		default:
			return fmt.Errorf("the second process: exit %d\n%s", r.code, r.log)
		}
		if args, err = k.goOn(t, v); err != nil {
			return err
		}
	}
	if r := k.exec(t.Context(), "", args...); r.code != 0 {
		return fmt.Errorf("exit %d\n%s", r.code, r.log)
	}
	return k.complete()
}

// goOn is the command that continues after a kill.
func (k *killer) goOn(t *testing.T, v variant) ([]string, error) {
	if v.lost {
		if k.lostArgs != nil {
			return k.lostArgs, os.RemoveAll(filepath.Join(k.home, ".local", "state"))
		}
		return k.again(), os.RemoveAll(filepath.Join(k.home, ".local", "state"))
	}
	run, err := k.unfinished(t)
	if err != nil || run == "" {
		return k.again(), err
	}
	return []string{"resume", run, "--output", "json"}, nil
}

// swept shares points between worlds, each of which takes the next one.
func swept(t *testing.T, points []string, do func(k *killer, n int) error) {
	t.Helper()
	var next, wrong atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), number(points)) {
		k := newKiller(t)
		all.Go(func() {
			for {
				n := int(next.Add(1))
				if n > len(points) {
					return
				}
				if points[n-1] == "" {
					continue // not in the sample
				}
				if err := do(k, n); err != nil {
					wrong.Add(1)
					t.Errorf("point %d, %s: %v", n, points[n-1], err)
				}
			}
		})
	}
	all.Wait()
}

// sample leaves one point in every so many, the same ones each time.
func sample(points []string, every int) []string { return sampleFrom(points, every/2, every) }

func sampleFrom(points []string, first, every int) []string {
	out := make([]string, len(points))
	for i := first; i < len(points); i += every {
		out[i] = points[i]
	}
	return out
}

// smoke leaves one point at each of so many hundredths of them.
func smoke(points []string, hundredths ...int) []string {
	out := make([]string, len(points))
	for _, h := range hundredths {
		out[len(points)*h/100] = points[len(points)*h/100]
	}
	return out
}

func number(points []string) (n int) {
	for _, p := range points {
		if p != "" {
			n++
		}
	}
	return n
}

// TestKillSweep kills the release at every point, continues with it, and counts.
func TestKillSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	points := newKiller(t).points(t)
	random := rand.New(rand.NewPCG(sweepSeed, 1))
	for _, v := range []struct {
		variant
		full, ci int   // one point in so many
		short    []int // at these hundredths
	}{
		{variant{name: "resumed"}, 1, 1, []int{50, 80}},
		{variant{name: "the run's folder removed, the same command", lost: true}, 1, 2, []int{70}},
		{variant{name: "the same, and the search lags by 60 s", lost: true, lag: 60}, 1, 3, []int{60}},
		{variant{name: "killed again while it resumes", then: true}, 4, 8, []int{40}},
	} {
		chosen, began := smoke(points, v.short...), time.Now()
		if every := map[string]int{"full": v.full, "ci": v.ci}[sweeping()]; every > 0 {
			chosen = sample(points, every)
		}
		seconds := make([]int, len(points)+1)
		for i := range seconds {
			seconds[i] = 1 + random.IntN(len(points)/2)
		}
		swept(t, chosen, func(k *killer, n int) error { return k.kill(t, v.variant, n, seconds[n]) })
		t.Logf("%s: %d of %d points in %s", v.name, number(chosen), len(points), time.Since(began).Round(100*time.Millisecond))
	}
}
