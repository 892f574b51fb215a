package machine_test

import (
	"runtime"
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLinear counts what an event costs at the beginning and at the end of a
// long program: the same, whatever the machine's speed.
func TestLinear(t *testing.T) {
	const n = 2000
	nodes := make([]program.Node, n)
	for i := range nodes {
		nodes[i] = uses("s"+itoa(i), types.Values{"x": "${{ inputs.n }}"})
		nodes[i].Drop = []string{nodes[i].ID}
	}
	m := machine.New(prog(nodes...), start)
	events := make([]machine.Event, n)
	for i := range events {
		events[i] = done("s"+itoa(i), types.Values{"y": 1})
	}
	at := 0
	measure := func(count int) (allocs, size uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range count {
			next(t, m)
			m.Notes()
			apply(t, m, events[at])
			at++
		}
		runtime.ReadMemStats(&after)
		return (after.Mallocs - before.Mallocs) / uint64(count), (after.TotalAlloc - before.TotalAlloc) / uint64(count)
	}
	measure(10)
	firstAllocs, firstBytes := measure(200)
	measure(n - 500)
	lastAllocs, lastBytes := measure(200)
	const maxAllocs, maxBytes = 24, 2300 // an event; measured 20 and 1,968
	if firstAllocs > maxAllocs || firstBytes > maxBytes {
		t.Errorf("an event costs %d allocations and %d bytes; the gates are %d and %d", firstAllocs, firstBytes, maxAllocs, maxBytes)
	}
	if lastAllocs > firstAllocs+1 || lastBytes > firstBytes+firstBytes/10 {
		t.Errorf("at the end an event costs %d allocations and %d bytes, at first %d and %d", lastAllocs, lastBytes, firstAllocs, firstBytes)
	}
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + string(rune('0'+i%10))
}

func BenchmarkEvent(b *testing.B) {
	nodes := make([]program.Node, b.N)
	for i := range nodes {
		nodes[i] = uses("s"+itoa(i), types.Values{"x": "${{ inputs.n }}"})
		nodes[i].Drop = []string{nodes[i].ID}
	}
	m := machine.New(prog(nodes...), start)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		m.Next()
		if err := m.Apply(done("s"+itoa(i), nil)); err != nil {
			b.Fatal(err)
		}
		m.Notes()
	}
}
