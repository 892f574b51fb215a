package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

const day = 24 * time.Hour

// later is a number of days after the runs of these tests were begun.
func later(days int) time.Time { return journaltest.Header().StartedAt.Add(time.Duration(days) * day) }

// aged makes a run of a skill that ended, or parked, so many days after it began.
func aged(t *testing.T, s *journal.Store, n int, skill, state string, days int) {
	t.Helper()
	h := header(id(n), id(n))
	h.Skill = skill
	f := must(s.Create(h))(t)
	last := journal.Record{Kind: journal.Finished, State: state, At: later(days)}
	if state == "parked" {
		last = journal.Record{Kind: journal.Parked, Reason: "await", At: later(days)}
	}
	check(t, f.Append(event("a"), false))
	check(t, f.Append(last, true))
	check(t, f.Close())
}

// herd is a store with runs of all sorts.
func herd(t *testing.T, disk journal.Options) (*journal.Store, string) {
	t.Helper()
	dir := newDir(t)
	s := journal.NewStore(dir, disk)
	aged(t, s, 1, "a", "done", 0)
	aged(t, s, 2, "a", "failed", 1)
	aged(t, s, 3, "a", "cancelled", 2)
	aged(t, s, 4, "b", "rejected", 0)
	aged(t, s, 5, "b", "undone", 20)
	aged(t, s, 6, "a", "parked", 0)
	aged(t, s, 7, "a", "done", 0)
	aged(t, s, 8, "a", "done", 0)
	runs := filepath.Join(dir, "runs")
	broken := filepath.Join(runs, id(7), "journal.jsonl")
	check(t, os.WriteFile(broken, []byte("{}\n"), 0o600))
	check(t, os.MkdirAll(filepath.Join(runs, id(9), "blobs"), 0o700)) // never started
	check(t, os.Mkdir(filepath.Join(runs, "not a run"), 0o700))
	held, _, err := s.Open(id(8))
	check(t, err)
	t.Cleanup(func() { _ = held.Close() })
	return s, dir
}

func there(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, e := range must(os.ReadDir(filepath.Join(dir, "runs")))(t) {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(e.Name(), "20260115-1015"), "-aaaaaa"))
	}
	return names
}

// Only what is finished and old goes; a dry run says the same and does nothing.
func TestPrune(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		p    journal.Pruning
		left []string
	}{
		"all":          {journal.Pruning{Now: later(30)}, []string{"06", "07", "08", "not a run"}},
		"old ones":     {journal.Pruning{Now: later(30), OlderThan: 29 * day}, []string{"03", "05", "06", "07", "08", "not a run"}},
		"all but some": {journal.Pruning{Now: later(30), Keep: 1}, []string{"03", "05", "06", "07", "08", "not a run"}},
		"none":         {journal.Pruning{Now: later(30), OlderThan: 90 * day, Keep: 1}, []string{"01", "02", "03", "04", "05", "06", "07", "08", "not a run"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := herd(t, new(faults).options())
			before := there(t, dir)
			dry := test.p
			dry.DryRun = true
			would := must(s.Prune(dry))(t)
			if diff := cmp.Diff(before, there(t, dir)); diff != "" {
				t.Errorf("a dry run removed something:\n%s", diff)
			}
			did := must(s.Prune(test.p))(t)
			if diff := cmp.Diff(would, did); diff != "" {
				t.Errorf("it did not do what the dry run said (-dry +real):\n%s", diff)
			}
			if diff := cmp.Diff(test.left, there(t, dir)); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
			for _, p := range did {
				if p.State != "" && (p.Bytes < 1000 || p.Skill == "" || p.UpdatedAt.IsZero()) {
					t.Errorf("%+v says too little", p)
				}
			}
			if left := must(os.ReadDir(filepath.Join(dir, "removed")))(t); len(left) > 0 {
				t.Errorf("%d folders are not emptied", len(left))
			}
			if again := must(s.Prune(test.p))(t); len(again) > 0 {
				t.Errorf("the second time it removed %+v", again)
			}
		})
	}
}

func TestPruneOfNothing(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	if gone := must(s.Prune(journal.Pruning{Now: later(1)}))(t); gone != nil {
		t.Errorf("got %+v", gone)
	}
	if _, err := os.Stat(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a store was made")
	}
}

// A cache that calls a run finished does not get it removed.
func TestPruneDoesNotTrustTheCache(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	aged(t, s, 1, "a", "parked", 0)
	dir := must(s.RunDir(id(1)))(t)
	cache := filepath.Join(dir, "run.json")
	data := must(os.ReadFile(cache))(t)
	check(t, os.WriteFile(cache, journal.ResealCache([]byte(strings.Replace(string(data), `"parked"`, `"done"`, 1))), 0o600))
	if list := must(s.List())(t); list[0].State != journal.StateDone {
		t.Fatalf("the cache is not used: %+v", list)
	}
	if gone := must(s.Prune(journal.Pruning{Now: later(1)}))(t); len(gone) > 0 {
		t.Errorf("got %+v", gone)
	}
}

// Every operation of the disk fails in turn: no run is ever half there, none
// that must stay is gone, and the next Prune ends the work.
func TestPruneEveryOperationFails(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		disk := new(faults)
		dir := newDir(t)
		s := journal.NewStore(dir, disk.options())
		aged(t, s, 1, "a", "done", 0)
		aged(t, s, 2, "a", "parked", 0)
		check(t, os.Mkdir(filepath.Join(dir, "runs", id(3)), 0o700)) // never started
		disk.ops, disk.at = 0, at
		_, err := s.Prune(journal.Pruning{Now: later(30)})
		if disk.fired == "" {
			check(t, err)
			if at <= 6 {
				t.Errorf("only %d operations failed", at-1)
			}
			return
		}
		if !errors.Is(err, errInjected) || types.AsError(err).Hint == "" {
			t.Errorf("%s: error %v", disk.fired, err)
		}
		disk.at = 0
		for _, r := range must(s.List())(t) {
			if r.State == journal.StateDamaged {
				t.Errorf("after a failed %s there is half a run: %+v", disk.fired, r)
			}
		}
		must(s.Prune(journal.Pruning{Now: later(30)}))(t)
		if diff := cmp.Diff([]string{"02"}, there(t, dir)); diff != "" {
			t.Errorf("after a failed %s (-want +got):\n%s", disk.fired, diff)
		}
		if left := must(os.ReadDir(filepath.Join(dir, "removed")))(t); len(left) > 0 {
			t.Errorf("after a failed %s %d folders are left", disk.fired, len(left))
		}
	}
}

// A journal that is gone is not hidden: it is unknown what the run has done.
// One that never was is of a run that never started.
func TestLostJournal(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(dir string) error
		want  string
	}{
		"missing":          {func(dir string) error { return os.Remove(dir + "/journal.jsonl") }, lostHere},
		"empty":            {func(dir string) error { return os.Truncate(dir+"/journal.jsonl", 0) }, lostHere},
		"cut in its first": {func(dir string) error { return os.Truncate(dir+"/journal.jsonl", 100) }, lostHere},
		"missing, with the cache": {func(dir string) error {
			return errors.Join(os.Remove(dir+"/journal.jsonl"), os.Remove(dir+"/run.json"))
		}, lostHere},
		"never there": {func(dir string) error {
			return errors.Join(os.Truncate(dir+"/journal.jsonl", 0), os.Remove(dir+"/run.json"), os.RemoveAll(dir+"/blobs"))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newStore(t)
			f := create(t, s)
			check(t, f.Append(journaltest.Large(), false))
			check(t, f.Close())
			check(t, test.spoil(dir))
			list := must(s.List())(t)
			_, found, err := s.Unfinished(journaltest.Header().Work)
			check(t, err)
			_, _, err = s.Open(runID)
			if test.want == "" {
				wantError(t, err, journal.ErrEmpty, types.Conflict, neverStarted)
				if len(list) > 0 || found {
					t.Errorf("listed as %+v, found %t", list, found)
				}
				again := must(s.Create(header(id(1), journaltest.Header().Work)))(t)
				check(t, again.Close())
				return
			}
			wantError(t, err, journal.ErrDamaged, types.Conflict, test.want)
			if len(list) != 1 || list[0].State != journal.StateDamaged || list[0].ID != runID || list[0].Error.Hint == "" {
				t.Errorf("listed as %+v", list)
			}
			// The cache is what is left to say of which work the run is.
			if known := list[0].Skill != ""; known != found {
				t.Errorf("of skill %q, and found %t", list[0].Skill, found)
			}
		})
	}
}

// TestPrunedStaysUsed: a run that was removed is not made once more by its plan, nor
// imported again; also when the note of another one was cut short.
func TestPrunedStaysUsed(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	data, _ := archived(t)
	a := must(journal.OpenArchive(data))(t)
	check(t, s.Import(a, "ben", later(2)))
	check(t, os.WriteFile(filepath.Join(filepath.Dir(filepath.Dir(dir)), "pruned"), []byte("\n2026011"), 0o600))
	f, _, err := s.Open(runID)
	check(t, err)
	check(t, f.Append(journal.Record{Kind: journal.Finished, State: "done", At: later(3)}, true))
	check(t, f.Close())
	if gone := must(s.Prune(journal.Pruning{Now: later(9)}))(t); len(gone) != 1 {
		t.Fatalf("%v", gone)
	}
	const want = "run " + runID + " was here already, and was removed"
	if err := s.Import(a, "ben", later(4)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("imported again: %v", err)
	}
	if _, _, err := s.Start(journaltest.Header()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("made again: %v", err)
	}
	check(t, must(s.Create(header(id(5), "w")))(t).Close())
}
