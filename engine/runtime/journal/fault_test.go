package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
	"golang.org/x/sys/unix"
)

// Every operation of the disk fails in turn, once or from then on: a disk that
// is full, that reads only, that is broken. Until then everything succeeds;
// afterwards nothing does; and what succeeded is there.
func TestEveryOperationFails(t *testing.T) {
	t.Parallel()
	for _, disk := range []faults{
		{err: unix.EIO, once: true, opens: true}, {err: unix.ENOSPC}, {err: unix.EROFS, opens: true},
		{err: unix.EIO, opens: true}, {err: unix.ENOSPC, once: true}, {err: unix.EROFS, once: true, opens: true},
	} {
		if disk.once != (disk.err == unix.EIO) && !whole() {
			continue
		}
		t.Run(fmt.Sprintf("%v once %t", disk.err, disk.once), func(t *testing.T) {
			t.Parallel()
			testOperationsFail(t, disk)
		})
	}
}

func testOperationsFail(t *testing.T, model faults) {
	seen := map[string]bool{}
	for at := 1; ; at++ {
		disk := model
		disk.at = at
		dir := newDir(t)
		kept, err := story(t, journal.NewStore(dir, disk.options()), model.once || whole())
		if disk.fired == "" {
			check(t, err)
			break
		}
		op := strings.NewReplacer(filepath.Base(dir), "SITE").Replace(disk.fired)
		seen[op[:min(len(op), 20)]] = true
		cache := strings.Contains(disk.fired, "run.json")
		if !cache && !errors.Is(err, model.err) || cache && model.once && err != nil {
			t.Errorf("%d (%s): error %v", at, disk.fired, err)
		}
		if err != nil && (types.CodeOf(err) != types.Unavailable || types.AsError(err).Hint == "") {
			t.Errorf("%d (%s): %s error, or one without a hint: %v", at, disk.fired, types.CodeOf(err), err)
		}
		compareKept(t, disk.fired, dir, kept, model.once)
	}
	ops := []string{"mkdir runs", "sync runs", "mkdir " + runID[:14], "sync " + runID[:15],
		"write journal.jsonl", "sync journal.jsonl", "write run.json.tmp", "rename run.json",
		"mkdir blobs", "truncate journal.json"}
	if model.once {
		ops = append(ops, "sync blobs")
	}
	if model.opens {
		ops = append(ops, "open lock", "open journal.jsonl", "open runs", "open run.json.tmp")
	}
	for _, op := range ops {
		if !seen[op[:min(len(op), 20)]] {
			t.Errorf("%q never failed; those that did: %v", op, seen)
		}
	}
}

// story makes a run, kills it in the middle of a write, opens it again and
// finishes it. It returns how many records it was told are kept, and the first error.
func story(t *testing.T, s *journal.Store, large bool) (kept int, first error) {
	t.Helper()
	f, err := s.Create(journaltest.Header())
	if err != nil {
		return 0, err
	}
	kept = 1
	output := event("output")
	if large {
		output = journaltest.Large()
	}
	kept, first = appendAll(t, f, kept, event("a"), output, journaltest.Records()[4])
	check(t, f.Close())
	tear(t, f.Dir())
	f, _, err = s.Open(runID)
	if err != nil {
		return kept, errors.Join(first, err)
	}
	if first != nil {
		return kept, errors.Join(first, f.Close())
	}
	kept, first = appendAll(t, f, kept, event("b"), journaltest.Records()[7])
	return kept, errors.Join(first, f.Close())
}

func appendAll(t *testing.T, f *journal.File, kept int, records ...journal.Record) (int, error) {
	t.Helper()
	var first error
	for _, r := range records {
		err := f.Append(r, true)
		switch {
		case err == nil && first == nil:
			kept++
		case err == nil:
			t.Errorf("an append succeeded after %v", first)
		case first == nil:
			first = err
		case !errors.Is(err, journal.ErrPoisoned):
			t.Errorf("a later append failed with %v, and not because of an earlier one", err)
		}
	}
	return kept, first
}

// tear adds half a line, unless the journal has one.
func tear(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, "journal.jsonl")
	if data := must(os.ReadFile(path))(t); !bytes.HasSuffix(data, []byte("\n")) {
		return
	}
	f := must(os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0))(t)
	must(f.WriteString(`{"r":{"se`))(t)
	check(t, f.Close())
}

// compareKept opens the run on a disk that works.
func compareKept(t *testing.T, op, dir string, kept int, once bool) {
	t.Helper()
	s := journal.NewStore(dir, new(faults).options())
	f, _, err := s.Open(runID)
	if kept == 0 {
		_, gone := os.Stat(filepath.Join(dir, "runs", runID))
		if once && !errors.Is(gone, fs.ErrNotExist) {
			t.Errorf("after a failed %s half a run is left", op)
		}
		startsAgain(t, op, s, f)
		return
	}
	if err != nil {
		t.Fatalf("after a failed %s: %v", op, err)
	}
	defer f.Close()
	records := f.Records()
	if len(records) < kept || len(records) > kept+1 {
		t.Errorf("after a failed %s: %d records, told %d", op, len(records), kept)
	}
	check(t, f.Append(event("later"), true))
	list := must(s.List())(t)
	want := journal.Summarize(f.Records())
	want.State = journal.StateRunning
	if diff := cmp.Diff([]journal.Summary{want}, list, sameRecord, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("after a failed %s the listing is wrong (-want +got):\n%s", op, diff)
	}
}

// startsAgain: what is left of a run that could not be made, when its folder
// could not be removed either, is in no one's way. Its header may be whole: then
// it is a run in which nothing happened.
func startsAgain(t *testing.T, op string, s *journal.Store, left *journal.File) {
	t.Helper()
	if left != nil {
		check(t, left.Close())
	}
	f, unfinished, err := s.Start(header(id(1), journaltest.Header().Work))
	if err != nil || (unfinished == runID) != (left != nil) {
		t.Errorf("after a failed %s: unfinished %q, error %v", op, unfinished, err)
	}
	if f != nil {
		check(t, f.Close())
	}
	must(s.Prune(journal.Pruning{Now: later(1)}))(t)
	if list := must(s.List())(t); len(list) != 1 {
		t.Errorf("after a failed %s the runs are %+v", op, list)
	}
}
