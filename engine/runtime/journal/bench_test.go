package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/runtime/journal"
)

// BenchmarkStep is what a step costs in the journal (a read one append, a write
// an intent and its result, both synced), and beside it the same bytes appended
// and synced without a journal.
func BenchmarkStep(b *testing.B) {
	for _, kind := range []string{"read", "write"} {
		b.Run(kind+"/journal", func(b *testing.B) {
			p := newPair(b, kind)
			for b.Loop() {
				p.journal(b)
			}
		})
		b.Run(kind+"/bare", func(b *testing.B) {
			p := newPair(b, kind)
			for b.Loop() {
				p.bare(b)
			}
		})
	}
}

// TestCostOfJournaling measures both in turn, so that whatever else the machine
// does happens to both. The gate is wide, for the race detector slows one of the two: it finds
// work that grows with the journal.
func TestCostOfJournaling(t *testing.T) {
	p := newPair(t, "write")
	const times, gate = 41, 8.0
	journaled, bare := make([]time.Duration, times), make([]time.Duration, times)
	for i := range times {
		if i%2 == 0 { // who comes second may find the disk awake
			journaled[i] = timed(t, p.journal)
		}
		bare[i] = timed(t, p.bare)
		if i%2 == 1 {
			journaled[i] = timed(t, p.journal)
		}
	}
	slices.Sort(journaled)
	slices.Sort(bare)
	a, b := journaled[times/2], bare[times/2]
	ratio := float64(a) / float64(b)
	t.Logf("a write in the journal %v, the same %d bytes appended and synced %v: %.2f times as much", a, p.size(), b, ratio)
	if ratio > gate {
		t.Errorf("journaling takes %.2f times as long as a bare append and fsync, the gate is %.0f", ratio, gate)
	}
}

// pair is a journal and a file beside it that gets the same bytes.
type pair struct {
	file    *journal.File
	plain   *os.File
	records []journal.Record
	lines   [][]byte
	sync    bool
}

// newPair takes the records of a step from the release.
func newPair(t testing.TB, kind string) *pair {
	t.Helper()
	all, _, _, err := journal.Parse(release(t))
	check(t, err)
	p := &pair{sync: kind == "write"}
	for i, r := range all {
		if p.sync && r.Path == "push" || !p.sync && r.Path == "image" {
			p.records, p.lines = append(p.records, r), append(p.lines, lines(release(t))[i])
		}
	}
	s, dir := newStore(t)
	p.file = create(t, s)
	p.plain = must(os.Create(filepath.Join(dir, "bare")))(t)
	t.Cleanup(func() { _, _ = p.file.Close(), p.plain.Close() })
	return p
}

func (p *pair) size() int { return len(bytes.Join(p.lines, nil)) }

func (p *pair) journal(t testing.TB) {
	for _, r := range p.records {
		check(t, p.file.Append(r, p.sync))
	}
}

func (p *pair) bare(t testing.TB) {
	for _, line := range p.lines {
		must(p.plain.Write(line))(t)
		if p.sync {
			check(t, p.plain.Sync())
		}
	}
}

func timed(t testing.TB, f func(testing.TB)) time.Duration {
	begin := time.Now()
	f(t)
	return time.Since(begin)
}

func BenchmarkParse(b *testing.B) {
	m := startedMemory(b)
	for range 1000 {
		check(b, m.Append(event("step"), false))
	}
	data := m.Bytes()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, _, _, err := journal.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
