package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// sweepSeed chooses the cases of a sample; the same ones each time.
const sweepSeed = 20260115

// sweeping says how much is asked for: "full" is everything, "ci" what fits into
// a CI job, "" a sample of a few seconds.
func sweeping() string { return os.Getenv("SKILLRUN_SWEEP") }

// fullSweep reports whether every case is asked for, and not a sample only.
func fullSweep() bool { return sweeping() != "" }

// requestsOf are what a release asks that meets no fault.
func (a *arena) requestsOf(t testing.TB, warm bool) []sandbox.Request {
	t.Helper()
	v, err := a.try(t, faultCase{spoiltKind: spoiltKind{name: "nothing"}, warm: warm})
	if err != nil || v.processes != 1 {
		t.Fatalf("without a fault: %d processes, %v", v.processes, err)
	}
	return v.requests
}

// allCases are every request of a release, each spoilt in every way, and what
// Jira's index may hide after it. Those of git are spoilt in a release that has
// fetched nothing yet, where there are more of them, the others in one that
// has, which is quicker.
func allCases(cold, warm []sandbox.Request) []faultCase {
	var out []faultCase
	varied := map[target]bool{}
	add := func(r sandbox.Request, c faultCase) {
		to := target{r.Service, writes(r)}
		out = append(out, casesOf(to, c, !varied[to])...)
		varied[to] = true
	}
	for n, r := range cold {
		if r.Service == "git" {
			add(r, faultCase{nth: n + 1})
		}
	}
	for n, r := range warm {
		if r.Service != "git" {
			add(r, faultCase{nth: n + 1, warm: true})
		}
	}
	return out
}

func writes(r sandbox.Request) bool {
	return r.Method != http.MethodGet && !strings.HasSuffix(r.Path, "/git-upload-pack")
}

// casesOf are those of one request. What is only read is the same before and
// after it was read.
func casesOf(to target, c faultCase, variants bool) []faultCase {
	var out []faultCase
	for _, c.spoiltKind = range spoiltKinds() {
		if !to.write && c.fault.When == "after" || c.variant && !variants {
			continue
		}
		c.lag = 0
		out = append(out, c)
		if to.write && to.service == "jira" && loses(c.fault) {
			for _, c.lag = range []float64{5, 60, 300} {
				out = append(out, c)
			}
		}
	}
	return out
}

// loses reports whether a fault leaves the client without knowing what became
// of its request.
func loses(f sandbox.Fault) bool {
	return f.When == "after" || slices.Contains([]string{sandbox.Reset, sandbox.Timeout, sandbox.Truncated}, f.Kind)
}

// TestFaultSweep spoils every request of a release in every way: it is through
// at once or after it was taken up again, and nothing is there twice.
func TestFaultSweep(t *testing.T) {
	t.Parallel()
	sample := 16
	if fullSweep() {
		sample = 0
	}
	sweep(t, newArena, sample)
}

// TestFaultSockets does so with a sample of them over real connections.
func TestFaultSockets(t *testing.T) {
	t.Parallel()
	sample := 2
	if fullSweep() {
		sample = 50
	}
	sweep(t, newSocketArena, sample)
}

// tally is how a sweep's cases ended.
type tally struct {
	mu                               sync.Mutex
	atOnce, resumed, resolved, wrong int
}

// String sums it up.
func (s *tally) String() string {
	return fmt.Sprintf("%d through at once, %d resumed, %d resolved by a person, %d wrong", s.atOnce, s.resumed, s.resolved, s.wrong)
}

// maxShown is how many broken promises are printed.
const maxShown = 40

func (s *tally) add(t *testing.T, c faultCase, v verdict, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		if s.wrong++; s.wrong <= maxShown {
			t.Errorf("%s: %v", c.about(v), err)
		}
	case v.resolved:
		s.resolved++
	case v.processes > 1:
		s.resumed++
	default:
		s.atOnce++
	}
}

// about names a case with the request that was spoilt.
func (c faultCase) about(v verdict) string {
	if c.nth < 1 || c.nth > len(v.requests) {
		return c.String()
	}
	r := v.requests[c.nth-1]
	return fmt.Sprintf("%s (%s %s %s)", c, r.Service, r.Method, r.Path)
}

// sweep tries a sample of all cases, or every one when the sample is 0, each
// worker in a world of its own.
func sweep(t *testing.T, open func(testing.TB) *arena, sample int) {
	first := open(t)
	cold := first.requestsOf(t, false)
	first.keepCache(t)
	cases := allCases(cold, first.requestsOf(t, true))
	whole := len(cases)
	if sample > 0 {
		rnd := rand.New(rand.NewPCG(sweepSeed, 0))
		rnd.Shuffle(whole, func(i, j int) { cases[i], cases[j] = cases[j], cases[i] })
		cases = cases[:sample]
	}
	begun := time.Now()
	workers := []*arena{first}
	for len(workers) < runtime.GOMAXPROCS(0) {
		a := open(t)
		a.cache = first.cache
		workers = append(workers, a)
	}
	s, next := &tally{}, make(chan faultCase)
	var wg sync.WaitGroup
	for _, a := range workers {
		wg.Go(func() {
			for c := range next {
				v, err := a.try(t, c)
				s.add(t, c, v, err)
			}
		})
	}
	for _, c := range cases {
		next <- c
	}
	close(next)
	wg.Wait()
	t.Logf("%d of %d cases in %s: %s", len(cases), whole, time.Since(begun).Round(time.Millisecond), s)
}
