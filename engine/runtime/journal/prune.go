package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// Pruning says which runs may go.
type Pruning struct {
	Now       time.Time
	OlderThan time.Duration // since the last record
	Keep      int           // how many of the latest finished runs of every skill stay, however old
	DryRun    bool          // only tell
}

// Pruned is a run that went, or would go.
type Pruned struct {
	ID        string    `json:"id"`
	Skill     string    `json:"skill"` // "" of a run that never started
	State     State     `json:"state"` // "" of a run that never started
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Bytes     int64     `json:"bytes"`
}

// Prune removes finished runs, and folders in which a run was to be made and
// never was. What is unfinished, damaged or held by a process stays. It returns
// what is gone, also beside an error.
//
// A folder is moved out of the runs in one step before it is emptied, so that
// a kill leaves no half of a run; what such a kill leaves is removed by the
// next Prune.
func (s *Store) Prune(p Pruning) ([]Pruned, error) {
	if !p.DryRun {
		if err := s.emptyRemoved(); err != nil {
			return nil, err
		}
	}
	chosen, err := s.old(p)
	if err != nil {
		return nil, err
	}
	var gone []Pruned
	for _, c := range chosen {
		done := true
		if !p.DryRun {
			done, err = s.remove(c)
		}
		if done {
			gone = append(gone, c)
		}
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// old chooses what goes by what the journals say: a listing may come from the
// cache, which nothing is removed for.
func (s *Store) old(p Pruning) ([]Pruned, error) {
	ids, err := s.IDs()
	if err != nil {
		return nil, err
	}
	kept := map[string]int{}
	var chosen []Pruned
	for _, id := range ids { // newest first
		c, ok := s.candidate(id)
		if !ok {
			continue
		}
		if c.State != "" {
			kept[c.Skill]++
			if kept[c.Skill] <= p.Keep || p.Now.Sub(c.UpdatedAt) < p.OlderThan {
				continue
			}
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

func (s *Store) candidate(id string) (Pruned, bool) {
	dir, err := s.find(id)
	if err != nil || s.fs.held(filepath.Join(dir, lockName)) {
		return Pruned{}, false
	}
	sum, ok := s.ended(dir, id)
	if !ok {
		return Pruned{}, false
	}
	return Pruned{ID: id, Skill: sum.Skill, State: sum.State, UpdatedAt: sum.UpdatedAt, Bytes: sizeOf(dir)}, true
}

// ended reports whether a run is finished, or with an empty summary never started.
func (s *Store) ended(dir, id string) (Summary, bool) {
	l, err := s.load(dir, id)
	sum := Summarize(l.records)
	return sum, errors.Is(err, ErrEmpty) || err == nil && sum.Finished()
}

// remove takes a run away, unless it is no longer what it was when it was
// chosen. No run is made meanwhile: a folder without a journal may be one
// that is being made.
func (s *Store) remove(c Pruned) (gone bool, err error) {
	store, err := s.lock()
	if err != nil {
		return false, err
	}
	defer release(store)
	dir, err := s.find(c.ID)
	if err != nil {
		return false, nil // another process was faster
	}
	lock, err := s.fs.lock(filepath.Join(dir, lockName), lookTime)
	if errors.Is(err, ErrLocked) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer release(lock)
	if now, ok := s.ended(dir, c.ID); !ok || now.State != c.State {
		return false, nil // someone continued with it
	}
	removed := filepath.Join(s.dir, removedName)
	away := filepath.Join(removed, c.ID)
	if err := errors.Join(s.fs.mkdirAll(removed), s.note(c.ID)); err != nil {
		return false, pruneError(err)
	}
	if err := errors.Join(checkDir(removed), s.fs.Rename(dir, away)); err != nil {
		return false, pruneError(err)
	}
	if err := s.fs.Remove(away); err != nil {
		return true, pruneError(err)
	}
	return true, nil
}

// The ids of runs that were removed stay: a plan or an archive of one of them would
// do once more what the run has done, and no one would know.

func (s *Store) note(id string) error {
	f, err := s.fs.open(filepath.Join(s.dir, prunedName), os.O_WRONLY|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return err
	}
	err = s.fs.write(f, []byte("\n"+id+"\n")) // the first end is that of a line that was cut short
	if err == nil {
		err = s.fs.Sync(f)
	}
	return errors.Join(err, f.Close())
}

// unused refuses the id of a run that was here and was removed.
func (s *Store) unused(id string) error {
	text, err := s.fs.read(filepath.Join(s.dir, prunedName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return disk("read which runs were removed", err)
	case strings.Contains(string(text), "\n"+id+"\n"):
		return types.Errorf(types.Conflict, "run %s was here already, and was removed when it was finished", id).
			WithHint("start a new run of its skill, or plan again: the new run looks for what this one did")
	}
	return nil
}

// emptyRemoved removes what a killed Prune left.
func (s *Store) emptyRemoved() error {
	removed := filepath.Join(s.dir, removedName)
	entries, err := os.ReadDir(removed)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = s.check(removed)
	}
	for _, e := range entries {
		if err == nil && ValidID(e.Name()) {
			err = s.fs.Remove(filepath.Join(removed, e.Name()))
		}
	}
	if err != nil {
		return pruneError(err)
	}
	return nil
}

func pruneError(err error) *types.Error {
	return disk("remove a run", err)
}

func sizeOf(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
