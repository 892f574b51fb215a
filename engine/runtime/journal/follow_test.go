package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

// Whoever follows sees each record once, in order, with its output, and
// nothing when nothing is new.
func TestAfter(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	f := create(t, s)
	defer f.Close()
	var seen []journal.Record
	var at journal.Position
	follow := func() int {
		t.Helper()
		news, to, err := s.After(runID, at)
		check(t, err)
		seen, at = append(seen, news...), to
		return len(news)
	}
	if n := follow(); n != 1 {
		t.Errorf("%d records at first, want the header", n)
	}
	for _, r := range append(journaltest.Records(), journaltest.Large()) {
		if n := follow(); n != 0 {
			t.Errorf("%d records when nothing is new", n)
		}
		check(t, f.Append(r, false))
		if n := follow(); n != 1 {
			t.Errorf("%d records, want the new one", n)
		}
	}
	if diff := cmp.Diff(f.Records(), seen, sameRecord, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if at.Seq != len(seen) {
		t.Errorf("the position is behind %d records, want %d", at.Seq, len(seen))
	}
}

// A journal is followed from any record, and at any byte that is written of
// the next ones.
func TestAfterEveryByte(t *testing.T) {
	t.Parallel()
	data := written(t)
	s, dir := planted(t, nil)
	path := filepath.Join(dir, "journal.jsonl")
	all := lines(data)
	var at journal.Position
	n := len(all[0])
	check(t, os.WriteFile(path, data[:n], 0o600))
	news, at, err := s.After(runID, at)
	if err != nil || len(news) != 1 {
		t.Fatalf("%d records, %v", len(news), err)
	}
	file := must(os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0))(t)
	defer file.Close()
	for ; n < len(data); n++ {
		must(file.Write(data[n : n+1]))(t)
		news, to, err := s.After(runID, at)
		whole := data[n] == '\n'
		if err != nil || (len(news) == 1) != whole || to.Offset > int64(n+1) {
			t.Fatalf("%d bytes: %d records, %v", n+1, len(news), err)
		}
		at = to
	}
	if at.Seq != len(all) {
		t.Errorf("%d records, want %d", at.Seq, len(all))
	}
}

func TestAfterRefuses(t *testing.T) {
	t.Parallel()
	data := written(t)
	s, dir := planted(t, data)
	path := filepath.Join(dir, "journal.jsonl")
	all := lines(data)
	_, at, err := s.After(runID, journal.Position{})
	check(t, err)
	check(t, os.Truncate(path, 10))
	_, _, err = s.After(runID, at)
	wantError(t, err, journal.ErrDamaged, types.Conflict, fmt.Sprintf(
		"the journal is damaged at line %d: what was there is gone%s", len(all)+1, restore))
	check(t, os.WriteFile(path, append(data, all[2]...), 0o600))
	_, _, err = s.After(runID, at)
	wantError(t, err, journal.ErrDamaged, types.Conflict, fmt.Sprintf(
		"the journal is damaged at line %d: it does not follow the line before%s", len(all)+1, restore))
	check(t, os.Remove(path))
	_, _, err = s.After(runID, journal.Position{})
	wantError(t, err, journal.ErrDamaged, types.Conflict, lostHere)
	_, _, err = s.After(id(1), journal.Position{})
	wantError(t, err, nil, types.NotFound, "there is no run "+id(1)+noRunHint)
}

func TestHeld(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	if pid, held := s.Held(runID); held || pid != "" {
		t.Errorf("a run that is not there is held by %q", pid)
	}
	f := create(t, s)
	if pid, held := s.Held(runID); !held || pid != fmt.Sprint(os.Getpid()) {
		t.Errorf("held %t by %q", held, pid)
	}
	check(t, f.Close())
	if pid, held := s.Held(runID); held || pid != "" {
		t.Errorf("a run that nobody has is held by %q", pid)
	}
}
