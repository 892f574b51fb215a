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
	dir, err := s.RunDir(h.ID)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.fs.mkdir(dir); errors.Is(err, fs.ErrExist) {
		return nil, types.Errorf(types.Conflict, "there is a run %s already", h.ID)
	} else if err != nil {
		_ = os.Remove(dir) // made, perhaps, and then not certain to stay; never one with a run in it
		return nil, disk("make the run's folder", err)
	}
	f, err := s.create(dir, h)
	if err != nil {
		// Nothing has happened in this run, and nothing will.
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return f, nil
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

// Start makes a run unless there is an unfinished one with the same work,
// whose id it returns instead. However many processes do this at once, one run
// is made.
func (s *Store) Start(h RunHeader) (f *File, unfinished string, err error) {
	if err := checkID(h.ID); err != nil {
		return nil, "", err
	}
	if err := s.prepare(); err != nil {
		return nil, "", err
	}
	lock, err := s.fs.lock(filepath.Join(s.dir, lockName), startTime)
	if err != nil {
		return nil, "", lockError("store", err)
	}
	defer lock.Close()
	id, found, err := s.Unfinished(h.Work)
	if err != nil || found {
		return nil, id, err
	}
	f, err = s.Create(h)
	return f, "", err
}

// prepare makes the store's folders.
func (s *Store) prepare() error {
	runs := filepath.Join(s.dir, runsName)
	if err := s.fs.mkdirAll(runs); err != nil {
		return disk("make the state folder", err)
	}
	return s.check(runs)
}

// check refuses a store that others can write.
func (s *Store) check(within ...string) error {
	err := checkDir(filepath.Dir(s.dir), true)
	for _, dir := range slices.Concat([]string{s.dir}, within) {
		if err == nil {
			err = checkDir(dir, false)
		}
	}
	return err
}

// find returns the folder of a run that there is.
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
		err = unpack(l.records, s.blobs(dir))
	}
	if err != nil {
		return nil, Report{}, err
	}
	return l.records, l.report, nil
}

// Open takes a run's lock and opens its journal to go on with it. A torn last
// line is cut off, as the report says.
func (s *Store) Open(id string) (*File, Report, error) {
	dir, err := s.find(id)
	if err != nil {
		return nil, Report{}, err
	}
	lock, err := s.fs.lock(filepath.Join(dir, lockName), lookTime)
	if err != nil {
		return nil, Report{}, lockError(id, err)
	}
	f := &File{dir: dir, fs: s.fs, lock: lock}
	l, err := s.load(dir, id)
	if err == nil {
		err = unpack(l.records, f.blob)
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
	data    []byte // what is good of it
	records []Record
	report  Report
}

func (s *Store) load(dir, id string) (l loaded, err error) {
	path := filepath.Join(dir, journalName)
	l.data, err = s.fs.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, empty(id)
	}
	if err != nil {
		return l, disk("read the journal", err)
	}
	records, good, torn, err := Parse(l.data)
	l.records = records
	switch {
	case err != nil:
		return l, err
	case len(records) == 0:
		return l, empty(id)
	case records[0].Run.ID != id:
		return l, damaged(1, fmt.Errorf("it is the journal of run %s", records[0].Run.ID))
	case torn:
		l.report = Report{Cut: len(l.data) - good, Line: len(records) + 1, Path: path}
	}
	l.data = l.data[:good]
	return l, nil
}

func (s *Store) blobs(dir string) func(string) ([]byte, error) {
	return (&File{dir: dir, fs: s.fs}).blob
}

func empty(id string) *types.Error {
	return types.Errorf(types.Conflict, "run %s was stopped before its first record: %w", id, ErrEmpty).
		WithHint("remove its folder and start it anew; it has done nothing")
}
