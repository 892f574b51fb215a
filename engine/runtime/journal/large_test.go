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
