package journal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
)

// stateOf is the state of the one run, "" when there is none.
func stateOf(t testing.TB, s *journal.Store) journal.State {
	t.Helper()
	list := must(s.List())(t)
	if len(list) == 0 {
		return ""
	}
	if v := must(s.Verify(runID))(t); len(list) > 1 || !v.Good() {
		t.Fatalf("%d runs; %v", len(list), v.Wrong)
	}
	return list[0].State
}

// killed are the disks that stop at each operation in turn, until do gets to its
// end.
func killed(t *testing.T, do func(disk *faults) error) {
	t.Helper()
	for at := 1; ; at++ {
		disk := &faults{at: at, err: unix.EROFS, opens: true}
		err := do(disk)
		if disk.fired == "" {
			check(t, err)
			if at < 8 {
				t.Fatalf("it has %d operations", at)
			}
			return
		}
		if t.Failed() {
			t.Fatalf("at %d, %s: %v", at, disk.fired, err)
		}
	}
}

// TestExportKilled: at whatever operation an export ends, the run continues here and
// there is no archive, or it does not and there is one, or it can be made.
func TestExportKilled(t *testing.T) {
	t.Parallel()
	killed(t, func(disk *faults) error {
		dir, out := newDir(t), filepath.Join(t.TempDir(), "run.skillrun")
		s := journal.NewStore(dir, journal.Options{})
		parkedRun(t, s)
		data, err := journal.NewStore(dir, disk.options()).Export(runID, move())
		if err == nil {
			err = disk.options().Keep(out, data)
		}
		there := false
		for _, name := range []string{out, out + ".tmp"} {
			text, _ := os.ReadFile(name)
			_, bad := journal.OpenArchive(text)
			there = there || bad == nil
		}
		switch state := stateOf(t, s); {
		case state == journal.StateParked && there:
			t.Error("it goes on here, and there is an archive")
		case state != journal.StateParked && state != journal.StateExported:
			t.Errorf("it is %s", state)
		}
		again := must(s.Export(runID, move()))(t)
		if data != nil && string(again) != string(data) {
			t.Error("said again, it is another archive")
		}
		must(journal.OpenArchive(again))(t)
		if state := stateOf(t, s); state != journal.StateExported {
			t.Errorf("it is %s", state)
		}
		return err
	})
}

// TestImportKilled: at whatever operation an import ends, the run is not there, or
// continues there as a whole.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	data, _ := archived(t)
	a := must(journal.OpenArchive(data))(t)
	killed(t, func(disk *faults) error {
		dir := newDir(t)
		s := journal.NewStore(dir, journal.Options{})
		err := journal.NewStore(dir, disk.options()).Import(a, "ben", later(2))
		switch state := stateOf(t, s); state {
		case "":
			check(t, s.Import(a, "ben", later(3)))
		case journal.StateParked:
			if again := s.Import(a, "ben", later(3)); again == nil || !strings.Contains(again.Error(), "imported here already") {
				t.Errorf("imported twice: %v", again)
			}
		default:
			t.Errorf("it is %s", state)
		}
		if state := stateOf(t, s); state != journal.StateParked {
			t.Errorf("it is %s", state)
		}
		return err
	})
}

// TestTakeBackKilled: the same where a run comes back with what it did elsewhere.
func TestTakeBackKilled(t *testing.T) {
	t.Parallel()
	first, _ := archived(t)
	there, _ := newStore(t)
	check(t, there.Import(must(journal.OpenArchive(first))(t), "ben", later(2)))
	f, _, err := there.Open(runID)
	check(t, err)
	large := journaltest.Large()
	large.Path, large.Event.Path = "c", "c"
	large.Event.Output["n"] = 1
	check(t, f.Append(large, true))
	check(t, f.Append(journal.Record{Kind: journal.Parked, Reason: "await", At: later(3)}, true))
	check(t, f.Close())
	back := must(journal.OpenArchive(must(there.Export(runID, journal.Move{At: later(4), By: "ben"}))(t)))(t)
	killed(t, func(disk *faults) error {
		dir := newDir(t)
		s := journal.NewStore(dir, journal.Options{})
		parkedRun(t, s)
		must(s.Export(runID, move()))(t)
		err := journal.NewStore(dir, disk.options()).Import(back, "ada", later(5))
		if stateOf(t, s) == journal.StateExported {
			check(t, s.Import(back, "ada", later(6)))
		}
		sum := must(s.List())(t)[0]
		if stateOf(t, s) != journal.StateParked || sum.Reason != "await" || sum.Moved != nil || sum.Records != 10 {
			t.Errorf("it is %+v", sum)
		}
		return err
	})
}

// TestImportRefuses: a run that continues here, or has continued otherwise, stays as it
// is.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	data, home := archived(t)
	a := must(journal.OpenArchive(data))(t)
	refuses := func(name string, s *journal.Store, why string) {
		t.Helper()
		before := stateOf(t, s)
		err := s.Import(a, "ben", later(2))
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", name, err)
		}
		if after := stateOf(t, s); after != before {
			t.Errorf("%s: it is %s, and was %s", name, after, before)
		}
	}
	copied, _ := newStore(t)
	parkedRun(t, copied)
	refuses("a copy that goes on", copied, "continues here: it is parked, and was not exported")

	other, _ := newStore(t)
	parkedRun(t, other)
	must(other.Export(runID, journal.Move{At: later(1), By: "eve"}))(t)
	refuses("exported to others", other, "it was resumed in two places")

	same, _ := newStore(t)
	check(t, must(same.Create(header(id(1), journaltest.Header().Work)))(t).Close())
	err := same.Import(a, "ben", later(2))
	if err == nil || !strings.Contains(err.Error(), "of the same work is not finished here") {
		t.Errorf("another run of the work: %v", err)
	}

	check(t, home.Import(a, "ada", later(2))) // back, unchanged
	refuses("taken back", home, "imported here already")
	held, _, err := home.Open(runID)
	check(t, err)
	refuses("held", home, "locked by process")
	if _, err := home.Export(runID, move()); err == nil || !strings.Contains(err.Error(), "locked by process") {
		t.Errorf("export of a run that is held: %v", err)
	}
	check(t, held.Close())
	check(t, home.Ask(runID, journal.Request{Kind: journal.Cancel, At: later(3)}))
	if _, err := home.Export(runID, move()); err == nil || !strings.Contains(err.Error(), "has a request that it has not handled yet") {
		t.Errorf("export of a run with a request: %v", err)
	}
}

// TestMovedSummary: a run is what it was again once it is imported, but for what
// was said to it elsewhere.
func TestMovedSummary(t *testing.T) {
	t.Parallel()
	at := journaltest.Header().StartedAt
	h := journaltest.Header()
	records := []journal.Record{
		{Kind: journal.Header, At: at, Run: &h}, {Kind: journal.Parked, At: at, Reason: "approve", Path: "b"},
		{Kind: journal.Approved, At: at, Path: "b", By: "ada"}, {Kind: journal.Exported, At: later(1), By: "ada", To: []string{"age1x"}},
	}
	s := journal.Summarize(records)
	if s.State != journal.StateExported || s.Finished() || s.Moved.By != "ada" || s.Moved.To[0] != "age1x" || !s.Moved.At.Equal(later(1)) {
		t.Errorf("exported: %+v", s)
	}
	s = journal.Summarize(append(records, journal.Record{Kind: journal.Imported, At: later(2), By: "ben"}))
	if s.State != journal.StateParked || s.Path != "b" || s.Reason != "approve" || s.Answer != nil || s.Moved != nil || s.Whole != nil || s.Records != 5 || !s.UpdatedAt.Equal(later(2)) {
		t.Errorf("imported: %+v", s)
	}
	s = journal.Summarize(append(records, journal.Record{Kind: journal.Finished, At: later(2), State: "cancelled"}))
	if s.State != journal.StateCancelled || !s.Finished() || s.Moved == nil {
		t.Errorf("given up: %+v", s)
	}
}
