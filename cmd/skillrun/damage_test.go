package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestEveryFlipIsFound: someone rejects a release, and then one bit of its
// journal changes, most often in the last line, which holds the word. Whatever
// verb comes to the run says that it is damaged, and nothing is written: not to
// the services, and not to the journal.
func TestEveryFlipIsFound(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3)
	b.on("reject", "last").want(t, 0)
	b.on("verify", "last").want(t, 0)
	found, err := filepath.Glob(filepath.Join(b.home, ".local/state/skillrun/*/runs/*/journal.jsonl"))
	if b.must(err); len(found) != 1 {
		t.Fatalf("journals: %q", found)
	}
	path := found[0]
	good, err := os.ReadFile(path)
	b.must(err)
	last := bytes.LastIndexByte(good[:len(good)-1], '\n') + 1
	random := rand.New(rand.NewPCG(1, 150))
	bits := 20
	if fullSweep() {
		bits = 150
	}
	for n := range bits {
		bit := last*8 + random.IntN((len(good)-last)*8)
		if n%3 == 0 {
			bit = random.IntN(len(good) * 8)
		}
		if n < 8 {
			bit = len(good)*8 - 1 - n // of the last newline
		}
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		b.must(os.WriteFile(path, bad, 0o600))
		b.on("verify", "last").want(t, 1, `damaged|later skillrun`)
		b.on("runs").want(t, 0, `(?m)^\S+ +\S+ +damaged `)
		for _, verb := range [][]string{{"runs", "last"}, {"resume", "last", "--yes"}, {"undo", "last", "--yes"}} {
			if r := b.on(verb...); r.code == 0 {
				t.Errorf("bit %d: %v exits 0\n%s%s", bit, verb, r.out, r.log)
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, bad) {
			t.Fatalf("bit %d: the journal was written (%v)", bit, err)
		}
	}
	if w := b.state().writes(); len(w) != 0 {
		t.Errorf("it wrote: %+v", w)
	}
}
