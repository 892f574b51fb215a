package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

func TestFileConforms(t *testing.T) {
	t.Parallel()
	journaltest.Run(t, func(t *testing.T) (journal.Journal, func() journal.Journal) {
		s, _ := newStore(t)
		return create(t, s), func() journal.Journal {
			f, report, err := s.Open(runID)
			if err != nil || report.Torn() {
				t.Fatalf("report %q, error %v", report, err)
			}
			return f
		}
	})
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	defer f.Close()
	got := []string{f.Dir(), f.Workspaces(), f.Inbox(), must(s.RunDir(runID))(t), must(s.Inbox(runID))(t)}
	want := []string{dir, dir + "/workspaces", dir + "/inbox", dir, dir + "/inbox"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, path := range want {
		if info := must(os.Stat(path))(t); !info.IsDir() {
			t.Errorf("%s is not a folder", path)
		}
	}
	_, err := s.Create(journaltest.Header())
	wantError(t, err, nil, types.Conflict, "there is a run "+runID+" already (start it once more: it gets another id)")
}

func TestCounters(t *testing.T) {
	t.Parallel()
	var disk faults
	s := journal.NewStore(newDir(t), disk.options())
	f := create(t, s)
	defer f.Close()
	before := disk.ops
	check(t, f.Append(event("a"), false))
	check(t, f.Append(event("b"), true))
	if a, n := f.Counters(); a != 3 || n != 2 {
		t.Errorf("%d appends and %d syncs, want 3 and 2", a, n)
	}
	if n := disk.ops - before; n != 3 {
		t.Errorf("%d operations of the disk, want two writes and a sync", n)
	}
}

// A journal that was cut at any byte opens with what is whole in it, continues
// from there, and is whole again.
func TestOpenEveryPrefix(t *testing.T) {
	t.Parallel()
	data := written(t)
	_, dir := planted(t, data)
	s := journal.NewStore(filepath.Dir(filepath.Dir(dir)), new(faults).options())
	path := filepath.Join(dir, "journal.jsonl")
	check(t, os.Remove(filepath.Join(dir, "run.json"))) // it is written after the header
	first := bytes.IndexByte(data, '\n') + 1
	for n := 0; n <= len(data); n++ {
		// Parse reads every prefix in TestEveryPrefix: the ends of lines, and some.
		if near := bytes.IndexByte(data[max(0, n-2):min(len(data), n+2)], '\n') >= 0; !near && n%13 > 0 && !whole() {
			continue
		}
		check(t, os.Remove(path)) // ext4 takes long to write over a file
		check(t, os.WriteFile(path, data[:n], 0o600))
		if n < first {
			_, _, err := s.Open(runID)
			wantError(t, err, journal.ErrEmpty, types.Conflict, neverStarted)
			continue
		}
		whole := bytes.Count(data[:n], []byte("\n"))
		cut := n - bytes.LastIndexByte(data[:n], '\n') - 1
		if _, report, err := s.Read(runID); err != nil || report.Cut != cut {
			t.Fatalf("%d bytes: cut %d want %d, error %v", n, report.Cut, cut, err)
		}
		if now := must(os.ReadFile(path))(t); len(now) != n {
			t.Fatalf("%d bytes: Read made %d of them", n, len(now))
		}
		f, report, err := s.Open(runID)
		if err != nil || report.Cut != cut || report.Torn() != (cut > 0) || (report.String() == "") != (cut == 0) {
			t.Fatalf("%d bytes: cut %d want %d, error %v", n, report.Cut, cut, err)
		}
		check(t, f.Append(event("later"), n%100 == 0))
		if got := len(f.Records()); got != whole+1 {
			t.Fatalf("%d bytes: %d records, want %d", n, got, whole+1)
		}
		check(t, f.Close())
	}
}

// What Open builds on is on the disk, even when an earlier fsync failed and the
// kernel only pretends that it is.
func TestOpenBringsWhatItFoundToTheDisk(t *testing.T) {
	t.Parallel()
	data := written(t)
	_, dir := planted(t, append(bytes.Clone(data), `{"r":`...))
	var done []string
	s := journal.NewStore(filepath.Dir(filepath.Dir(dir)), journal.Options{
		Truncate: func(f *os.File, size int64) error {
			done = append(done, fmt.Sprint("truncate ", size == int64(len(data))))
			return f.Truncate(size)
		},
		Write: func(f *os.File, p []byte) (int, error) {
			done = append(done, fmt.Sprint("write ", bytes.Equal(p, data)))
			return f.Write(p)
		},
		Sync: func(f *os.File) error {
			done = append(done, "sync "+filepath.Base(f.Name()))
			return f.Sync()
		},
	})
	f, _, err := s.Open(runID)
	check(t, err)
	check(t, f.Close())
	if diff := cmp.Diff([]string{"truncate true", "write true", "sync journal.jsonl"}, done); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if now := must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t); !bytes.Equal(now, data) {
		t.Error("the journal is not what was good of it")
	}
}

// A write that ends early and says nothing is a failed one.
func TestShortWrite(t *testing.T) {
	t.Parallel()
	short := false
	s := journal.NewStore(newDir(t), journal.Options{
		Write: func(f *os.File, p []byte) (int, error) {
			if short {
				p = p[:len(p)-1]
			}
			return f.Write(p)
		},
	})
	f := create(t, s)
	defer f.Close()
	short = true
	wantError(t, f.Append(event("a"), false), io.ErrShortWrite, types.Unavailable, "cannot write the journal: short write"+seeDisk)
	short = false
	if err := f.Append(event("b"), false); !errors.Is(err, journal.ErrPoisoned) {
		t.Errorf("a later append: %v", err)
	}
}

// A record is written after the output it names is on the disk.
func TestBlobIsOnTheDiskFirst(t *testing.T) {
	t.Parallel()
	var done []string
	note := func(op, path string) { done = append(done, op+" "+filepath.Base(path)) }
	s := journal.NewStore(newDir(t), journal.Options{
		Write:  func(f *os.File, p []byte) (int, error) { note("write", f.Name()); return f.Write(p) },
		Sync:   func(f *os.File) error { note("sync", f.Name()); return f.Sync() },
		Rename: func(from, to string) error { note("rename", to); return os.Rename(from, to) },
	})
	f := create(t, s)
	defer f.Close()
	done = nil
	check(t, f.Append(journaltest.Large(), true))
	blob := f.Records()[1].Blob
	want := []string{"write " + blob + ".tmp", "sync " + blob + ".tmp", "rename " + blob, "sync blobs",
		"write journal.jsonl", "sync journal.jsonl"}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReportSaysWhatIsCut(t *testing.T) {
	t.Parallel()
	data := written(t)
	s, dir := planted(t, append(data, `{"r":{"se`...))
	_, report, err := s.Read(runID)
	check(t, err)
	want := "the last record was cut short: line 15 of " + dir +
		"/journal.jsonl, 9 bytes; it is left out, as its write never ended"
	if report.String() != want {
		t.Errorf("got  %s\nwant %s", report, want)
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	t.Parallel()
	data := written(t)
	bad := bytes.Clone(data)
	bad[100] ^= 1
	s, dir := planted(t, bad)
	want := "the journal is damaged at line 1: the line is cut short or its checksum does not fit" + restore
	_, _, err := s.Open(runID)
	wantError(t, err, journal.ErrDamaged, types.Conflict, want)
	_, _, err = s.Read(runID)
	wantError(t, err, journal.ErrDamaged, types.Conflict, want)
	if now := must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t); !bytes.Equal(now, bad) {
		t.Error("a damaged journal was changed")
	}
	// The lock is free again.
	check(t, os.WriteFile(filepath.Join(dir, "journal.jsonl"), data, 0o600))
	f, _, err := s.Open(runID)
	check(t, err)
	check(t, f.Close())
}

func TestOpenRefusesAnotherRunsJournal(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	check(t, create(t, s).Close())
	other := filepath.Join(filepath.Dir(dir), id(1))
	check(t, os.Rename(dir, other))
	_, _, err := s.Open(id(1))
	wantError(t, err, journal.ErrDamaged, types.Conflict,
		"the journal is damaged at line 1: it is the journal of run "+runID+restore)
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	check(t, f.Append(journaltest.Large(), true))
	check(t, f.Close())
	blobs := must(filepath.Glob(dir + "/blobs/*"))(t)
	if len(blobs) != 1 {
		t.Fatalf("blobs %q, want one", blobs)
	}
	content := must(os.ReadFile(blobs[0]))(t)
	refused := func() {
		t.Helper()
		const want = "the output of record 2 is damaged" + restore
		_, _, err := s.Open(runID)
		wantError(t, err, journal.ErrDamaged, types.Conflict, want)
		_, _, err = s.Read(runID)
		wantError(t, err, journal.ErrDamaged, types.Conflict, want)
	}
	changed := bytes.Replace(content, []byte("5"), []byte("6"), 1)
	check(t, os.WriteFile(blobs[0], changed, 0o600))
	refused()
	check(t, os.Remove(blobs[0]))
	refused()
	check(t, os.WriteFile(blobs[0], content, 0o600))
	if _, _, err := s.Read(runID); err != nil {
		t.Error(err)
	}
}

// What was written and is gone while the run continues stops it.
func TestRecordsNoticeALostDisk(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	defer f.Close()
	check(t, f.Append(event("a"), true))
	check(t, os.Truncate(filepath.Join(dir, "journal.jsonl"), 0))
	if got := f.Records(); len(got) != 1 || got[0].Run.ID != runID {
		t.Errorf("of an empty file %d records, want the header", len(got))
	}
	wantError(t, f.Append(event("b"), true), journal.ErrPoisoned, types.Unavailable,
		"an earlier record could not be kept: the journal is damaged at line 1: it is gone"+seeDisk)
}
