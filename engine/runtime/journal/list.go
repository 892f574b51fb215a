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

// sealed is how a cache stands in its file. Like a line of the journal it has a
// checksum: what a listing says of a run decides whether the same command continues with it, so one that was edited is not used.
type sealed struct {
	Of  json.RawMessage `json:"of"`
	Sum string          `json:"sum"`
}

// maxCache is more than any summary takes.
const maxCache = 1 << 20

// cacheSummary writes run.json. It may fail: a cache that does not fit the
// journal is not used, and what had to be kept is kept.
func (f *File) cacheSummary() {
	info, err := f.file.Stat()
	if err != nil {
		return
	}
	of, err := encode(cached{Size: info.Size(), ModTime: info.ModTime().UnixNano(), Summary: f.summary})
	if err != nil {
		return
	}
	if data, err := encode(sealed{Of: of, Sum: types.Digest(of)}); err == nil {
		_ = f.fs.replace(f.path(cacheName), append(data, '\n'), false)
	}
}

// cachedSummary reads run.json, if it is of the journal as it is now.
func (s *Store) cachedSummary(dir, id string) (Summary, bool) {
	info, err := os.Lstat(filepath.Join(dir, journalName))
	if err != nil {
		return Summary{}, false
	}
	c, err := s.cache(dir, id)
	return c.Summary, err == nil && c.Size == info.Size() && c.ModTime == info.ModTime().UnixNano()
}

// cache reads run.json, if it is as it was written.
func (s *Store) cache(dir, id string) (c cached, err error) {
	data, err := s.fs.readUpTo(filepath.Join(dir, cacheName), maxCache)
	if err != nil {
		return cached{}, err
	}
	var file sealed
	if json.Unmarshal(data, &file) != nil || file.Sum != types.Digest(file.Of) || json.Unmarshal(file.Of, &c) != nil || c.Summary.ID != id {
		return cached{}, ErrDamaged
	}
	return c, nil
}

// List returns the runs, newest first. A run whose journal cannot be read, or
// is gone, is listed as damaged; one that never started is left out.
func (s *Store) List() ([]Summary, error) {
	ids, err := s.IDs()
	if err != nil {
		return nil, err
	}
	var list []Summary
	for _, id := range ids {
		if summary, ok := s.Summary(id); ok {
			list = append(list, summary)
		}
	}
	return list, nil
}

// IDs returns the ids of the runs, newest first by the second in which they began;
// those that never started are among them.
func (s *Store) IDs() ([]string, error) {
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
	var ids []string
	for _, e := range slices.Backward(entries) { // ReadDir sorts by name
		if ValidID(e.Name()) {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

// Summary returns what a listing tells of one run, without reading the others. It
// is false of a run that never started.
func (s *Store) Summary(id string) (Summary, bool) {
	dir, err := s.find(id)
	if err != nil {
		return Summary{ID: id, State: StateDamaged, Error: types.AsError(err)}, true
	}
	sum, fits := s.cachedSummary(dir, id)
	if !fits {
		l, err := s.load(dir, id)
		if errors.Is(err, ErrEmpty) || types.CodeOf(err) == types.NotFound {
			return Summary{}, false
		}
		sum = Summarize(l.records)
		if err != nil {
			sum = s.damagedSummary(dir, id, sum, err)
		}
	}
	if (sum.State == StateInterrupted || sum.State == StatePartlyUndone) && s.fs.held(filepath.Join(dir, lockName)) {
		sum.State = StateRunning
	}
	return sum, true
}

// damagedSummary tells what is known of a run whose journal cannot be read. When
// not even its header can, the cache says of what work it was.
func (s *Store) damagedSummary(dir, id string, sum Summary, err error) Summary {
	if sum.Records == 0 {
		c, _ := s.cache(dir, id)
		sum = c.Summary
		sum.Reason, sum.Steps, sum.Records, sum.Pending = "", 0, 0, nil
	}
	sum.ID, sum.State, sum.Error = id, StateDamaged, types.AsError(err)
	return sum
}

// Unfinished returns the latest run with that work that is not finished. A
// damaged one is not: it is unknown what it has done, and opening it says so.
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
