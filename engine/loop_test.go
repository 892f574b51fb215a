package engine_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// longLoop is a skill with n items, of which each is read and computed with.
// What the loop gives is not read by anything, so nothing is kept of it.
func longLoop(n int) string {
	return fmt.Sprintf(`name: long
steps:
  - id: all
    for_each: 1..%d
    max_parallel: 4
    steps:
      - {id: twice, set: {n: "${{ item * 2 }}"}}
      - {id: seen, uses: look, with: {title: "item ${{ steps.twice.n }}"}}
      - {id: found, assert: steps.seen.key == "found", message: nothing is there}
`, n)
}

// loop runs a long loop to its end, and returns the most memory that was alive
// while it ran, in bytes: looked at after each tenth of the items.
func loop(t testing.TB, n int) (most uint64) {
	t.Helper()
	e := newEngine(t, tracker{}, journal.Options{})
	s, diags := e.Check("long.yaml", []byte(longLoop(n)))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	done := 0
	alive := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := alive()
	o := engine.Options{Observe: func(v engine.Event) {
		if v.ID != "seen" || v.Type != engine.EventStepDone {
			return
		}
		if done++; done%max(n/10, 1) == 0 {
			if now := alive(); now > before {
				most = max(most, now-before)
			}
		}
	}}
	r, diags, err := e.Start(t.Context(), bound(t, s, engine.Binding{Now: stopped{}.Now(), Zone: time.UTC}), o)
	if err != nil || diags.HasErrors() || r.State != engine.Done || done != n {
		t.Fatalf("%s %v %v %+v, %d items", r.State, diags, err, r.Failure, done)
	}
	return most
}

// TestLongLoop: memory is flat in the number of items, but for the list itself
// and the thousand items that are reported one by one.
func TestLongLoop(t *testing.T) {
	short, long := loop(t, 2_000), loop(t, 20_000)
	t.Logf("alive at most: %d KiB at 2,000 items, %d KiB at 20,000", short>>10, long>>10)
	if list := uint64(20_000 * 64); long > short+list {
		t.Errorf("%d KiB more are alive", (long-short)>>10)
	}
}

// BenchmarkLoop is linear when ns/item is the same in all three.
func BenchmarkLoop(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var most uint64
			for b.Loop() {
				most = max(most, loop(b, n))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/item")
			b.ReportMetric(float64(most)/1024, "KiB-alive")
		})
	}
}
