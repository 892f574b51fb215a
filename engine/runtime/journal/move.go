package journal

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// How a run moves.
//
// [Exported] is brought to the disk first, and only then is there an archive at
// all. So whenever a process is killed, a disk full or a file lost:
//
//   - never two places: before the record no one has an archive that could be
//     imported; behind it, this place does not continue.
//   - never none: before the record the run continues here; behind it the archive
//     can be written once more from what is here, as often as anybody likes, the
//     same byte for byte. Nothing of the run is removed here.
//
// An import is done in one step, the rename that puts the run, or its longer
// journal, in its place. Its last record is [Imported], so the same archive is
// known again: it is a beginning of the journal that is here. An archive that continues from what is here, back from where it was exported to, is taken up: then the
// journal that is here is a beginning of the archive's.
//
// Two places can import one archive, and cannot know of each other. What holds
// then is what holds for any two runs of the same work: each write is looked for
// in the world by its key, which both have, before it is sent.

// Move is what is asked of an export.
type Move struct {
	At time.Time
	By string
	To []string // the keys it is encrypted to; none is plain
	// Instead exports a run once more that was exported to other keys.
	Instead bool
	// May refuses the run as it stands, which no one is at meanwhile; may be nil.
	May func([]Record) error
	// Fits refuses an archive before anything is written down; may be nil.
	Fits func(archive []byte) error
}

// Export writes down that a parked run continues elsewhere, and returns its archive.
// Of a run that was exported to the same keys it returns the archive once more.
func (s *Store) Export(id string, m Move) (data []byte, err error) {
	f, _, err := s.Open(id)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	again, err := f.mayMove(m)
	if err == nil && m.May != nil {
		err = m.May(f.Records())
	}
	if err != nil {
		return nil, err
	}
	journal, err := f.fs.read(f.path(journalName))
	if err != nil {
		return nil, disk("read the journal", err)
	}
	r := Record{Kind: Exported, At: m.At, By: m.By, To: m.To}
	if !again {
		p, err := f.end.pack(r)
		if err != nil {
			return nil, err
		}
		journal = append(journal, p.line...)
	}
	a, err := newArchive(journal, f.blob)
	if err == nil {
		data, err = a.bytes()
	}
	if err == nil && m.Fits != nil {
		err = m.Fits(data)
	}
	if err == nil && !again {
		err = f.Append(r, true)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// mayMove reports whether a run was exported so already, or refuses.
func (f *File) mayMove(m Move) (again bool, err error) {
	waiting, _, err := f.fs.requests(f.Inbox())
	if err != nil {
		return false, err
	}
	s := f.summary
	switch {
	case s.State == StateExported && slices.Equal(s.Moved.To, m.To):
		return true, nil
	case s.State == StateExported && !m.Instead:
		return false, types.Errorf(types.Conflict, "run %s was exported %sat %s", s.ID, to(s.Moved), s.Moved.At.UTC().Format(time.DateTime)).
			WithHint("export it to the same key again; or, when the first archive cannot be imported, to another one with --instead")
	case s.State == StateExported:
		return false, nil
	case s.Finished():
		return false, types.Errorf(types.Conflict, "run %s is %s; only a parked run can be exported", s.ID, s.State).
			WithHint("there is nothing left of it to resume elsewhere; to do its work again, start its skill there")
	case s.State != StateParked:
		return false, types.Errorf(types.Conflict, "run %s is %s; only a parked run can be exported", s.ID, s.State).
			WithHint("resume it here until it parks")
	case len(waiting) > 0:
		return false, types.Errorf(types.Conflict, "run %s has a request that it has not handled yet", s.ID).
			WithHint("resume it here first")
	}
	return false, nil
}

func to(m *Moved) string {
	if len(m.To) == 0 {
		return "plain "
	}
	return "to " + m.To[0] + " "
}

// Import puts the run of an archive in its place here, where it continues.
func (s *Store) Import(a Archive, by string, at time.Time) error {
	h := a.Records[0].Run
	dir, err := s.RunDir(h.ID)
	if err != nil {
		return err
	}
	p, err := a.end.pack(Record{Kind: Imported, At: at, By: by})
	if err != nil {
		return err
	}
	if err := s.prepare(); err != nil {
		return err
	}
	lock, err := s.lock() // no run is made meanwhile, nor removed
	if err != nil {
		return err
	}
	defer release(lock)
	if other, found, err := s.Unfinished(h.Work); err != nil || found && other != h.ID {
		return errors.Join(err, sameWork(other))
	}
	if err := s.unused(h.ID); err != nil {
		return err
	}
	whole := append(bytes.Clone(a.journal), p.line...)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return s.install(dir, a, whole)
	}
	return s.takeBack(a, whole)
}

func sameWork(id string) error {
	if id == "" {
		return nil
	}
	return types.Errorf(types.Conflict, "run %s of the same work is not finished here", id).
		WithHint("end that one first, with `cancel`; or resume it instead")
}

// install puts a run in its place that is not here.
func (s *Store) install(dir string, a Archive, journal []byte) error {
	incoming := filepath.Join(s.dir, incomingName)
	next := filepath.Join(incoming, filepath.Base(dir))
	err := s.fs.mkdirAll(incoming)
	if err == nil {
		err = checkDir(incoming)
	}
	if err == nil {
		err = s.fs.Remove(next) // of an import that was killed
	}
	for _, name := range []string{"", inboxName, blobsName, workspacesName} {
		if err == nil {
			err = s.fs.mkdir(filepath.Join(next, name))
		}
	}
	if err == nil {
		err = s.fs.keepBlobs(next, a.blobs)
	}
	if err == nil {
		err = s.fs.replace(filepath.Join(next, journalName), journal, true)
	}
	if err == nil {
		err = s.fs.Rename(next, dir)
	}
	if err == nil {
		err = s.fs.syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return disk("import the run", err)
	}
	return nil
}

func (o Options) keepBlobs(dir string, blobs map[string][]byte) error {
	for _, name := range types.SortedKeys(blobs) {
		if err := o.replace(filepath.Join(dir, blobsName, name), blobs[name], true); err != nil {
			return err
		}
	}
	return nil
}

// takeBack resumes a run that was exported from here, where the archive continues it.
func (s *Store) takeBack(a Archive, journal []byte) (err error) {
	f, _, err := s.Open(a.Records[0].Run.ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	here, err := f.fs.read(f.path(journalName))
	if err != nil {
		return disk("read the journal", err)
	}
	if err := f.mayTakeBack(a, here); err != nil {
		return err
	}
	if err = f.fs.keepBlobs(f.dir, a.blobs); err == nil {
		err = f.fs.replace(f.path(journalName), journal, true)
	}
	if err != nil {
		return disk("import the run", err)
	}
	return nil
}

func (f *File) mayTakeBack(a Archive, here []byte) error {
	id := f.summary.ID
	switch {
	case bytes.HasPrefix(here, a.journal) && len(here) > len(a.journal):
		records := f.Records()
		next := records[len(a.Records)]
		if next.Kind != Imported {
			return types.Errorf(types.Conflict, "run %s has continued here since it was exported: it is %s", id, f.summary.State).
				WithHint("start a new run: %s", a.Records[0].Run.Command)
		}
		return types.Errorf(types.Conflict, "this archive was imported here already, at %s", next.At.UTC().Format(time.DateTime)).
			WithHint("resume the run; `runs` says how")
	case !bytes.HasPrefix(a.journal, here):
		return types.Errorf(types.Conflict, "run %s is here and differs from the archive: it was resumed in two places", id).
			WithHint("see what each has done, with `runs` here and there; then resume one of them")
	case f.summary.State != StateExported:
		return types.Errorf(types.Conflict, "run %s continues here: it is %s, and was not exported", id, f.summary.State).
			WithHint("this folder is a copy of another: resume the run in one of them")
	}
	return nil
}

// Keep gives a file of the user's its content, in one step and on the disk; one
// that is there already stays as it is, which is an error.
func (o Options) Keep(path string, content []byte) error {
	o = o.withDefaults()
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "write", Path: path, Err: fs.ErrExist}
	}
	return o.replace(path, content, true)
}
