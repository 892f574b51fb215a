package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// The names in a store's and in a run's folder.
const (
	runsName       = "runs"
	journalName    = "journal.jsonl"
	cacheName      = "run.json"
	lockName       = "lock"
	inboxName      = "inbox"
	blobsName      = "blobs"
	workspacesName = "workspaces"
	programsName   = "programs"
	locksName      = "locks"
	machineName    = "machine"
	removedName    = "removed"
	incomingName   = "incoming"
	prunedName     = "pruned"
)

// Store keeps the runs of one site on a disk.
type Store struct {
	dir string
	fs  Options
}

// NewStore returns the store in dir, which is <state>/<site> and is made with
// its first run.
func NewStore(dir string, fs Options) *Store {
	return &Store{dir: dir, fs: fs.withDefaults()}
}

// Report says what reading a journal found besides its records.
type Report struct {
	Cut  int    // bytes of a last line that was cut short
	Line int    // its number
	Path string // of the journal
}

// Torn reports whether the last line was cut short.
func (r Report) Torn() bool { return r.Cut > 0 }

// String says so to people; it is empty when there is nothing to say.
func (r Report) String() string {
	if !r.Torn() {
		return ""
	}
	return fmt.Sprintf("the last record was cut short: line %d of %s, %d bytes; it is left out, as its write never ended",
		r.Line, r.Path, r.Cut)
}

// RunDir returns the folder of a run, whether or not there is one.
func (s *Store) RunDir(id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, runsName, id), nil
}

// Inbox returns the folder in which others leave requests for a run.
func (s *Store) Inbox(id string) (string, error) {
	dir, err := s.RunDir(id)
	return filepath.Join(dir, inboxName), err
}

// Create makes a run and its journal, and takes its lock. When it returns, the
// header is on the disk.
func (s *Store) Create(h RunHeader) (*File, error) {
	f, _, err := s.make(h, false)
	return f, err
}

// Start makes a run unless there is an unfinished one with the same work,
// whose id it returns instead. However many processes do this at once, one run
// is made.
func (s *Store) Start(h RunHeader) (f *File, unfinished string, err error) {
	return s.make(h, true)
}

// make makes a run while no one else does, nor removes any.
func (s *Store) make(h RunHeader, once bool) (f *File, unfinished string, err error) {
	dir, err := s.RunDir(h.ID)
	if err != nil {
		return nil, "", err
	}
	if err := s.prepare(); err != nil {
		return nil, "", err
	}
	lock, err := s.lock()
	if err != nil {
		return nil, "", err
	}
	defer release(lock)
	if once {
		id, found, err := s.Unfinished(h.Work)
		if err != nil || found {
			return nil, id, err
		}
	}
	if err := s.unused(h.ID); err != nil {
		return nil, "", err
	}
	if err := s.fs.mkdir(dir); errors.Is(err, fs.ErrExist) {
		return nil, "", types.Errorf(types.Conflict, "there is a run %s already", h.ID).WithHint("start it once more: it gets another id")
	} else if err != nil {
		_ = os.Remove(dir) // made, perhaps, and then not certain to stay; never one with a run in it
		return nil, "", disk("make the run's folder", err)
	}
	if f, err = s.create(dir, h); err != nil {
		// Nothing has happened in this run, and nothing will.
		return nil, "", errors.Join(err, s.fs.Remove(dir))
	}
	return f, "", nil
}

// lock takes the store's lock, which is held for moments only.
func (s *Store) lock() (*os.File, error) {
	path := filepath.Join(s.dir, lockName)
	lock, err := s.fs.lock(path, startTime)
	if errors.Is(err, ErrLocked) {
		return nil, types.Errorf(types.Conflict, "the state folder is %w", err).
			WithHint("check what that process does: it has held %s for %s", s.dir, startTime)
	}
	return lock, err
}

func (s *Store) create(dir string, h RunHeader) (*File, error) {
	lock, err := s.fs.lock(filepath.Join(dir, lockName), lookTime)
	if err != nil {
		return nil, lockError(h.ID, err)
	}
	f := &File{dir: dir, fs: s.fs, lock: lock, end: newChain()}
	for _, name := range []string{inboxName, blobsName, workspacesName} {
		if err := s.fs.mkdir(filepath.Join(dir, name)); err != nil {
			return nil, errors.Join(disk("make the run's folders", err), f.Close())
		}
	}
	f.file, err = s.fs.open(f.path(journalName), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err == nil {
		err = s.fs.syncDir(dir)
	}
	if err != nil {
		return nil, errors.Join(disk("make the journal", err), f.Close())
	}
	h.Versions.Journal = Format
	if err := f.Append(Record{Kind: Header, At: h.StartedAt, Run: &h}, true); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (s *Store) prepare() error {
	runs := filepath.Join(s.dir, runsName)
	if err := s.fs.mkdirAll(runs); err != nil {
		return disk("make the state folder", err)
	}
	return s.check(runs)
}

// check refuses a store that others can write, or put another in the place of.
func (s *Store) check(within ...string) error {
	err := checkAbove(filepath.Dir(s.dir))
	for _, dir := range slices.Concat([]string{s.dir}, within) {
		if err == nil {
			err = checkDir(dir)
		}
	}
	return err
}

func (s *Store) find(id string) (string, error) {
	dir, err := s.RunDir(id)
	if err != nil {
		return "", err
	}
	err = s.check(filepath.Dir(dir), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return "", notFound(id)
	}
	return dir, err
}

// Read returns a run's records. It needs no lock and writes nothing, so it may
// come in the middle of a write; the report then speaks of a torn line.
func (s *Store) Read(id string) ([]Record, Report, error) {
	dir, err := s.find(id)
	if err != nil {
		return nil, Report{}, err
	}
	l, err := s.load(dir, id)
	if err == nil {
		_, err = unpack(l.records, l.weight, s.blobs(dir))
	}
	if err != nil {
		return nil, Report{}, err
	}
	return l.records, l.report, nil
}

// Open takes a run's lock and opens its journal to continue with it. A torn last
// line is cut off, as the report says.
func (s *Store) Open(id string) (*File, Report, error) {
	dir, err := s.find(id)
	if err != nil {
		return nil, Report{}, err
	}
	lock, err := s.fs.lock(filepath.Join(dir, lockName), lookTime)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Report{}, notFound(id) // removed just now
	}
	if err != nil {
		return nil, Report{}, lockError(id, err)
	}
	f := &File{dir: dir, fs: s.fs, lock: lock}
	l, err := s.load(dir, id)
	if err == nil {
		l.weight, err = unpack(l.records, l.weight, f.blob)
	}
	if err == nil {
		err = f.goOn(l)
	}
	if err != nil {
		return nil, Report{}, errors.Join(err, f.Close())
	}
	return f, l.report, nil
}

// loaded is a journal as it was found.
type loaded struct {
	size    int64 // what is good of it, in bytes
	records []Record
	weight  int64
	end     chain // behind the last one
	report  Report
}

// load reads a journal, without the outputs that are in blobs. What is good of
// a damaged one stands beside the error.
func (s *Store) load(dir, id string) (loaded, error) {
	path := filepath.Join(dir, journalName)
	f, err := s.fs.open(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return loaded{}, s.nothing(dir, id)
	}
	if err != nil {
		return loaded{}, disk("read the journal", err)
	}
	defer f.Close()
	if err := checkSize(f); err != nil {
		return loaded{}, disk("read the journal", err)
	}
	p := parse(f, 0, newChain())
	l := loaded{size: p.good, records: p.records, weight: p.weight, end: p.end}
	switch {
	case p.err != nil:
		return l, p.err
	case len(p.records) == 0:
		return l, s.nothing(dir, id)
	case p.records[0].Run.ID != id:
		return l, damaged(1, fmt.Errorf("it is the journal of run %s", p.records[0].Run.ID))
	case p.cut > 0:
		l.report = Report{Cut: p.cut, Line: len(p.records) + 1, Path: path}
	}
	return l, nil
}

func (s *Store) blobs(dir string) func(string) ([]byte, error) {
	return (&File{dir: dir, fs: s.fs}).blob
}

// nothing says why a run has no record. A run that was killed while it was made
// has nothing beside its empty folders; one that has lost its journal has.
func (s *Store) nothing(dir, id string) *types.Error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return notFound(id)
	}
	blobs, _ := os.ReadDir(filepath.Join(dir, blobsName))
	workspaces, _ := os.ReadDir(filepath.Join(dir, workspacesName))
	_, err := os.Lstat(filepath.Join(dir, cacheName))
	if err == nil || len(blobs)+len(workspaces) > 0 {
		return damaged(1, errGone)
	}
	return types.Errorf(types.Conflict, "run %s was stopped before its first record: %w", id, ErrEmpty).
		WithHint("start a new run: this one has done nothing, and `runs prune` removes it")
}
