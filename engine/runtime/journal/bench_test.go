package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
)

func BenchmarkAppend(b *testing.B) {
	for name, sync := range map[string]bool{"sync": true, "nosync": false} {
		b.Run(name, func(b *testing.B) {
			s, _ := newStore(b)
			f := create(b, s)
			defer f.Close()
			for b.Loop() {
				check(b, f.Append(event("step"), sync))
			}
		})
	}
}

// BenchmarkBare is what the disk needs for a line, without a journal.
func BenchmarkBare(b *testing.B) {
	line := append(bytes.Repeat([]byte("x"), 300), '\n')
	for name, sync := range map[string]bool{"sync": true, "nosync": false} {
		b.Run(name, func(b *testing.B) {
			f := must(os.Create(filepath.Join(b.TempDir(), "bare")))(b)
			defer f.Close()
			for b.Loop() {
				must(f.Write(line))(b)
				if sync {
					check(b, f.Sync())
				}
			}
		})
	}
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
