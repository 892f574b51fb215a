package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/skillrun/skillrun/engine/types"
)

// File is the journal of one run on a disk, held by its one writer.
type File struct {
	dir  string
	fs   Options
	lock *os.File

	mu      sync.Mutex
	file    *os.File
	end     chain
	size    int64
	weight  int64
	summary Summary
	found   []Record // what Open read, until it is asked for or outdated
	header  Record
	appends int
	syncs   int
	failed  error
	told    map[string]bool // files of the inbox that are no requests
}

var _ Journal = (*File)(nil)

// Dir returns the run's folder.
func (f *File) Dir() string { return f.dir }

// Workspaces returns the folder of the run's own files, which may be thrown
// away and made again at will.
func (f *File) Workspaces() string { return f.path(workspacesName) }

// Programs returns the folder in which steps note what may outlive them.
func (f *File) Programs() string { return f.path(programsName) }

// Inbox returns the folder in which others leave requests.
func (f *File) Inbox() string { return f.path(inboxName) }

func (f *File) path(names ...string) string {
	return filepath.Join(append([]string{f.dir}, names...)...)
}

// Append adds a record.
func (f *File) Append(r Record, sync bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failed != nil {
		return f.failed
	}
	r, err := f.fs.hidden(r)
	if err != nil {
		return err
	}
	p, err := f.end.pack(r)
	if err == nil {
		err = f.write(p, sync)
	}
	if err != nil {
		f.failed = poisoned(err)
		return err
	}
	f.keep(p, sync)
	return nil
}

// hidden is a record without what no file may hold. A step's output was hidden
// before the run saw it. Where something happened cannot be changed.
func (o Options) hidden(r Record) (Record, error) {
	if o.Hide == nil || r.Kind == Header {
		return r, nil
	}
	told := r
	if r.Event != nil {
		e := *r.Event
		e.Output = nil
		told.Event = &e
	}
	data, err := encode(told)
	if err != nil {
		return r, err
	}
	clean := o.Hide(data)
	if bytes.Equal(clean, data) {
		return r, nil
	}
	var out Record
	if err := json.Unmarshal(clean, &out); err != nil || out.Path != r.Path || r.Event != nil && out.Event.Path != r.Event.Path {
		return r, types.Errorf(types.BadInput, "the name of a step, or the key of an item, holds the credential of a service").
			WithHint("give the loop another key")
	}
	if r.Event != nil {
		out.Event.Output = r.Event.Output
	}
	return out, nil
}

// write brings a record to the disk; its blob first, so that no record ever
// names one that is not there.
func (f *File) write(p packed, sync bool) error {
	if err := checkRoom(f.weight+p.weight, &p.record); err != nil {
		return err
	}
	if p.blob != nil {
		if err := f.fs.replace(f.path(blobsName, p.record.Blob), p.blob, true); err != nil {
			return disk("keep an output", err)
		}
	}
	if err := f.fs.write(f.file, p.line); err != nil {
		return disk("write the journal", err)
	}
	if sync {
		if err := f.fs.Sync(f.file); err != nil {
			return disk("bring the journal to the disk", err)
		}
	}
	return nil
}

func (f *File) keep(p packed, sync bool) {
	f.end = p.next
	f.size += int64(len(p.line))
	f.weight += p.weight
	f.found = nil
	if p.record.Kind == Header {
		f.header = p.record
	}
	f.appends++
	if sync {
		f.syncs++
	}
	f.summary.add(&p.record)
	switch p.record.Kind {
	case Header, Parked, Finished, Exported, Imported:
		f.cacheSummary()
	}
}

// goOn makes f continue the journal that was found.
//
// It writes the journal's bytes once more, over themselves. After a failed
// fsync the kernel may show bytes that are not on the disk and never will be,
// because it believes them written; a process that reads them there would
// build on nothing. The same bytes over themselves cannot be torn.
func (f *File) goOn(l loaded) (err error) {
	f.file, err = f.fs.open(f.path(journalName), os.O_RDWR)
	if err == nil && l.report.Torn() {
		err = f.fs.Truncate(f.file, l.size)
	}
	if err == nil {
		err = f.fs.rewrite(f.file, l.size)
	}
	if err == nil {
		err = f.fs.Sync(f.file)
	}
	if err != nil {
		return disk("bring the journal to the disk", err)
	}
	f.end = l.end
	f.size, f.weight = l.size, l.weight
	f.summary = Summarize(l.records)
	f.found = l.records
	f.header = l.records[0]
	return nil
}

// Records returns everything appended so far. It reads the disk again instead
// of holding a long run in memory; when the disk cannot be read, or does not
// say what was written, the journal is poisoned and what could be read is
// returned: the header always.
func (f *File) Records() []Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	records := f.found
	if f.found = nil; records == nil {
		var err error
		if records, err = f.reread(); err != nil && f.failed == nil {
			f.failed = poisoned(err)
		}
	}
	if len(records) == 0 && f.header.Run != nil {
		records = []Record{f.header}
	}
	if len(records) > 0 {
		run := *records[0].Run // ours stays as it is
		records[0].Run = &run
	}
	return records
}

func (f *File) reread() ([]Record, error) {
	file, err := f.fs.open(f.path(journalName), os.O_RDONLY)
	if err != nil {
		return nil, disk("read the journal", err)
	}
	defer file.Close()
	p := parse(io.LimitReader(file, f.size), 0, newChain())
	if err = p.err; err == nil && len(p.records) != f.end.seq {
		err = damaged(len(p.records)+1, errors.New("it is gone"))
	}
	if err == nil {
		_, err = unpack(p.records, p.weight, f.blob)
	}
	return p.records, err
}

// blob reads an output. Its name is a digest: [Parse] lets nothing else through.
func (f *File) blob(digest string) ([]byte, error) {
	out, err := f.fs.read(f.path(blobsName, digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // its digest will not fit
	}
	if err != nil {
		return nil, disk("read an output", err)
	}
	return out, nil
}

// Counters returns how many records were appended since the journal was
// opened, and how many of them with sync.
func (f *File) Counters() (appends, syncs int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.appends, f.syncs
}

// Close releases the writer's lock; later appends fail.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var err error
	if f.file != nil {
		err = f.file.Close()
	}
	if f.lock != nil {
		err = errors.Join(err, release(f.lock))
	}
	f.file, f.lock, f.failed = nil, nil, errClosed
	return err
}
