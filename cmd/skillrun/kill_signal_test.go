package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestSignalSweep sends the signals that a process can heed at every point: it
// ends within five seconds, with the signal's exit code unless it was through,
// and is resumed.
func TestSignalSweep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs processes for seconds")
	}
	points := newKiller(t).points(t)
	for i, signal := range []string{"int", "term", "hup"} {
		chosen, began := smoke(points, 35+20*i), time.Now()
		switch sweeping() {
		case "full":
			chosen = points
		case "ci": // each point has one of the three
			chosen = sampleFrom(points, i, 3)
		}
		var slowest atomic.Int64
		var through atomic.Int64
		swept(t, chosen, func(k *killer, n int) error {
			if err := k.renew(false); err != nil {
				return err
			}
			at := time.Now()
			r := k.exec(t.Context(), fmt.Sprintf("%s:%d", signal, n), k.again()...)
			took := time.Since(at)
			for old := slowest.Load(); int64(took) > old && !slowest.CompareAndSwap(old, int64(took)); old = slowest.Load() {
			}
			switch want := map[string]int{"int": 130, "term": 143, "hup": 130}[signal]; {
			case took > 5*time.Second:
				return fmt.Errorf("it took %s", took)
			case r.code == 0:
				through.Add(1)
			case r.code != want:
				return fmt.Errorf("exit %d, want %d\n%s", r.code, want, r.log)
			}
			args, err := k.goOn(t, variant{})
			if err != nil {
				return err
			}
			if r := k.exec(t.Context(), "", args...); r.code != 0 {
				return fmt.Errorf("exit %d\n%s", r.code, r.log)
			}
			return k.complete()
		})
		t.Logf("%s: %d of %d points in %s; %d were through by then; the slowest process took %s", strings.ToUpper(signal), number(chosen), len(points),
			time.Since(began).Round(100*time.Millisecond), through.Load(), time.Duration(slowest.Load()).Round(10*time.Millisecond))
	}
}
