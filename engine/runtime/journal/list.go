package journal

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// cached is run.json: a summary, and the journal that it is of.
type cached struct {
	Size    int64   `json:"size"`
	ModTime int64   `json:"mtime_ns"`
	Summary Summary `json:"summary"`
}

// cacheSummary writes run.json. It may fail: a cache that does not fit the
// journal is not used, and what had to be kept is kept.
func (f *File) cacheSummary() {
	info, err := f.file.Stat()
	if err != nil {
		return
	}
	data, err := encode(cached{Size: info.Size(), ModTime: info.ModTime().UnixNano(), Summary: f.summary})
	if err == nil {
		_ = f.fs.replace(f.path(cacheName), append(data, '\n'), false)
	}
}

// cachedSummary reads run.json, if it is of the journal as it is now.
func (s *Store) cachedSummary(dir, id string) (Summary, bool) {
	info, err := os.Lstat(filepath.Join(dir, journalName))
	if err != nil {
		return Summary{}, false
	}
	data, err := s.fs.read(filepath.Join(dir, cacheName))
	if err != nil {
		return Summary{}, false
	}
	var c cached
	fits := json.Unmarshal(data, &c) == nil && c.Summary.ID == id &&
		c.Size == info.Size() && c.ModTime == info.ModTime().UnixNano()
	return c.Summary, fits
}

// List returns the runs, newest first. A run whose journal cannot be read is
// listed as damaged; one that never started is left out.
func (s *Store) List() ([]Summary, error) {
	runs := filepath.Join(s.dir, runsName)
	err := s.check(runs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(runs)
	if err != nil {
		return nil, disk("list the runs", err)
	}
	var list []Summary
	for _, e := range slices.Backward(entries) { // ReadDir sorts by name
		if !ValidID(e.Name()) {
			continue
		}
		if summary, ok := s.summary(e.Name()); ok {
			list = append(list, summary)
		}
	}
	return list, nil
}

// summary is false of a run that never started.
func (s *Store) summary(id string) (Summary, bool) {
	dir, err := s.find(id)
	if err != nil {
		return Summary{ID: id, State: StateDamaged, Error: types.AsError(err)}, true
	}
	sum, fits := s.cachedSummary(dir, id)
	if !fits {
		l, err := s.load(dir, id)
		if errors.Is(err, ErrEmpty) {
			return Summary{}, false
		}
		sum = Summarize(l.records)
		if err != nil {
			sum.ID, sum.State, sum.Error = id, StateDamaged, types.AsError(err)
		}
	}
	if sum.State == StateInterrupted && s.fs.held(filepath.Join(dir, lockName)) {
		sum.State = StateRunning
	}
	return sum, true
}

// Unfinished returns the latest run with that work that is not finished. A
// damaged one is not: nobody knows what it has done, and opening it says so.
func (s *Store) Unfinished(work string) (id string, found bool, err error) {
	list, err := s.List()
	if err != nil {
		return "", false, err
	}
	for _, r := range list {
		if r.Work == work && !r.Finished() {
			return r.ID, true, nil
		}
	}
	return "", false, nil
}
