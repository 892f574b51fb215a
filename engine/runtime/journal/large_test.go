package journal_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestHugeJournal: a journal of terabytes is refused before it is read, by
// whoever would read it.
func TestHugeJournal(t *testing.T) {
	t.Parallel()
	s, dir := planted(t, written(t))
	check(t, os.Truncate(filepath.Join(dir, "journal.jsonl"), 1<<40))
	for name, read := range map[string]func() error{
		"open":   func() error { _, _, err := s.Open(runID); return err },
		"after":  func() error { _, _, err := s.After(runID, journal.Position{}); return err },
		"verify": func() error { _, err := s.Verify(runID); return err },
	} {
		if err := read(); types.CodeOf(err) != types.Conflict {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFullJournal: a run's records do not grow to what could not be read again, and
// what became of a write still has room in it when nothing new has.
func TestFullJournal(t *testing.T) {
	t.Parallel()
	begins, wrote := event("a"), event("a")
	wrote.Effect, wrote.Outcome = "write", "created"
	finished := journal.Record{Kind: journal.Finished, At: begins.At, State: "failed"}
	for _, c := range []struct {
		name   string
		size   int64
		record journal.Record
		full   bool
	}{
		{"room", 128<<20 - 9<<20, begins, false},
		{"the last room", 128<<20 - 8<<20 - 10, begins, true},
		{"a write in the last room", 128<<20 - 8<<20 - 10, wrote, false},
		{"the end in the last room", 128<<20 - 8<<20 - 10, finished, false},
		{"a write in none", 128<<20 - 10, wrote, true},
	} {
		s, dir := newStore(t)
		f := create(t, s)
		was := len(must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t))
		f.Swell(c.size)
		err := f.Append(c.record, true)
		if full := types.CodeOf(err) == types.Conflict && types.AsError(err).Hint != ""; full != c.full || err != nil && !c.full {
			t.Errorf("%s: %v", c.name, err)
		}
		if is := len(must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t)); c.full && is != was {
			t.Errorf("%s: it grew by %d bytes", c.name, is-was)
		}
		check(t, f.Close())
	}
}

// TestHeavyRecords: a few bytes can take many in memory. Outputs of small objects
// fill a run before they could not be read again, in lines and in blobs; and a run
// that has more of them all the same is refused while it is read.
func TestHeavyRecords(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"lines": 60_000, "blobs": 300_000} {
		s, _ := newStore(t)
		f := create(t, s)
		f.Swell(int64(128<<20 - 8<<20 - 70*size))
		heavy := event("a")
		heavy.Event.Output = types.Values{"list": slices.Repeat([]any{map[string]any{}}, size)}
		check(t, f.Append(heavy, false))
		if err := f.Append(heavy, false); types.CodeOf(err) != types.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		check(t, f.Close())
		f, _, err := s.Open(runID)
		check(t, err)
		f.Swell(-1 << 40)
		for range 128 << 20 / (64 * size) {
			check(t, f.Append(heavy, false))
		}
		check(t, f.Close())
		if _, _, err := s.Open(runID); types.CodeOf(err) != types.Conflict {
			t.Errorf("%s: opened: %v", name, err)
		}
		if size < 100_000 {
			if _, _, err := s.After(runID, journal.Position{}); types.CodeOf(err) != types.Conflict {
				t.Errorf("%s: followed: %v", name, err)
			}
		}
	}
}
