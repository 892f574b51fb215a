package journal_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

const runID = "20260115-101530-k3f9q2"

// Ends of messages.
const (
	restore      = " (restore the run's folder from a backup, or move it away to start a new run)"
	noRunHint    = " (a run belongs to its site: pass the --sandbox or --config that it was started with)"
	neverStarted = "run " + runID + " was stopped before its first record: the run never started" +
		" (start a new run: this one has done nothing, and `runs prune` removes it)"
	again    = ", then run the same command again; it resumes from what is recorded)"
	seeDisk  = " (check the disk" + again
	lostHere = "the journal is damaged at line 1: what was there is gone" + restore
)

var errInjected = errors.New("injected")

// faults lets the disk fail at the n-th operation that can, and at all later
// ones or only there.
type faults struct {
	at    int // 0: never
	once  bool
	opens bool  // opening a file can fail too
	err   error // nil: errInjected
	ops   int
	fired string // what failed first
}

func (f *faults) fail(op string) bool {
	f.ops++
	if f.at == 0 || f.ops < f.at || f.once && f.ops > f.at {
		return false
	}
	if f.fired == "" {
		f.fired = op
	}
	return true
}

// refusal is how the disk fails.
func (f *faults) refusal() error {
	if f.err == nil {
		return errInjected
	}
	return f.err
}

// options are the real operations, as far as they do not fail. A failing write
// leaves half of what it was given.
func (f *faults) options() journal.Options {
	return journal.Options{
		Open: func(path string, flag int, mode fs.FileMode) (*os.File, error) {
			if f.opens && f.fail("open "+filepath.Base(path)) {
				return nil, f.refusal()
			}
			return os.OpenFile(path, flag, mode)
		},
		Write: func(file *os.File, p []byte) (int, error) {
			if f.fail("write " + filepath.Base(file.Name())) {
				n, _ := file.Write(p[:len(p)/2])
				return n, f.refusal()
			}
			return file.Write(p)
		},
		Sync: func(file *os.File) error {
			if f.fail("sync " + filepath.Base(file.Name())) {
				return f.refusal()
			}
			return nil // without a power cut no one can tell, and a real one takes its time
		},
		Rename: func(from, to string) error {
			if f.fail("rename " + filepath.Base(to)) {
				return f.refusal()
			}
			return os.Rename(from, to)
		},
		Truncate: func(file *os.File, size int64) error {
			if f.fail("truncate " + filepath.Base(file.Name())) {
				return f.refusal()
			}
			return file.Truncate(size)
		},
		Mkdir: func(path string, mode fs.FileMode) error {
			if f.fail("mkdir " + filepath.Base(path)) {
				return f.refusal()
			}
			return os.Mkdir(path, mode)
		},
		Remove: func(path string) error {
			if f.fail("remove " + filepath.Base(path)) {
				_ = os.Remove(filepath.Join(path, "journal.jsonl")) // a part of it
				return f.refusal()
			}
			return os.RemoveAll(path)
		},
	}
}

// whole reports whether sweeps go through everything. Without it they take a
// part, the same each time.
func whole() bool { return os.Getenv("SKILLRUN_SWEEP") == "full" }

// newDir returns a folder for a store, not made yet.
func newDir(t testing.TB) string {
	return filepath.Join(t.TempDir(), "state", "site")
}

func newStore(t testing.TB) (*journal.Store, string) {
	dir := newDir(t)
	return journal.NewStore(dir, journal.Options{}), filepath.Join(dir, "runs", runID)
}

func header(id, work string) journal.RunHeader {
	h := journaltest.Header()
	h.ID, h.Work = id, work
	return h
}

func create(t testing.TB, s *journal.Store) *journal.File {
	t.Helper()
	return must(s.Create(journaltest.Header()))(t)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// written returns the bytes of a journal with records of every kind.
func written(t testing.TB) []byte {
	t.Helper()
	s, dir := newStore(t)
	f := create(t, s)
	defer f.Close()
	for _, r := range journaltest.Records() {
		check(t, f.Append(r, false))
	}
	return must(os.ReadFile(filepath.Join(dir, "journal.jsonl")))(t)
}

// planted returns a store whose one run has these bytes as its journal.
func planted(t testing.TB, data []byte) (*journal.Store, string) {
	t.Helper()
	s, dir := newStore(t)
	check(t, create(t, s).Close())
	check(t, os.WriteFile(filepath.Join(dir, "journal.jsonl"), data, 0o600))
	return s, dir
}

func event(path string) journal.Record {
	return journal.Record{Kind: journal.Event, Path: path, At: journaltest.Header().StartedAt,
		Event: &machine.Event{Kind: machine.Done, Path: path, Output: types.Values{"ok": true}}}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks the message in full, and what errors.Is finds.
func wantError(t testing.TB, err, is error, code types.Code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", message)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("errors.Is does not find %q in %q", is, err)
	}
	if got := types.CodeOf(err); got != code {
		t.Errorf("code %s, want %s", got, code)
	}
	if got := err.Error(); got != message {
		t.Errorf("error\n\t%s\nwant\n\t%s", got, message)
	}
}

func id(n int) string { return fmt.Sprintf("20260115-1015%02d-aaaaaa", n) }
