package journal_test

import (
	"os"
	"path/filepath"
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

// TestFullJournal: a journal does not grow to what could not be read again, and
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
		{"room", 4<<30 - 65<<20, begins, false},
		{"the last room", 4<<30 - 64<<20 - 10, begins, true},
		{"a write in the last room", 4<<30 - 64<<20 - 10, wrote, false},
		{"the end in the last room", 4<<30 - 64<<20 - 10, finished, false},
		{"a write in none", 4<<30 - 10, wrote, true},
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
