package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/types"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
	tmpEnd   = ".tmp" // of a file that is not whole yet
)

// Options are the operations of the file system that can fail in the middle of
// a run. The zero value does them; a test puts itself in between.
type Options struct {
	Open     func(path string, flag int, mode fs.FileMode) (*os.File, error)
	Write    func(f *os.File, p []byte) (int, error)
	Sync     func(f *os.File) error // of a file or a folder
	Rename   func(from, to string) error
	Truncate func(f *os.File, size int64) error
	Mkdir    func(path string, mode fs.FileMode) error
	Remove   func(path string) error // with all that is in it
	// Hide takes out of JSON what no file may hold; nil hides nothing.
	Hide func(data []byte) []byte
}

func (o Options) withDefaults() Options {
	if o.Open == nil {
		o.Open = os.OpenFile
	}
	if o.Write == nil {
		o.Write = (*os.File).Write
	}
	if o.Sync == nil {
		o.Sync = (*os.File).Sync
	}
	if o.Rename == nil {
		o.Rename = os.Rename
	}
	if o.Truncate == nil {
		o.Truncate = (*os.File).Truncate
	}
	if o.Mkdir == nil {
		o.Mkdir = os.Mkdir
	}
	if o.Remove == nil {
		o.Remove = os.RemoveAll
	}
	return o
}

// open opens a file of ours. It never follows a link, never waits for a pipe's
// other end, and gives a new file its mode whatever the umask is.
func (o Options) open(path string, flag int) (*os.File, error) {
	f, err := o.Open(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, fileMode)
	if err != nil {
		return nil, err
	}
	if flag&os.O_CREATE != 0 {
		err = f.Chmod(fileMode)
	}
	if err == nil {
		err = checkFile(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (o Options) write(f *os.File, p []byte) error {
	n, err := o.Write(f, p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

func (o Options) syncDir(path string) error {
	d, err := o.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(o.Sync(d), d.Close())
}

// mkdir makes one folder and makes sure that it stays.
func (o Options) mkdir(path string) error {
	if err := o.Mkdir(path, dirMode); err != nil {
		return err
	}
	if err := os.Chmod(path, dirMode); err != nil {
		return err
	}
	return o.syncDir(filepath.Dir(path))
}

// mkdirAll makes a folder and those above it, as far as they are missing.
func (o Options) mkdirAll(path string) error {
	_, err := os.Lstat(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := o.mkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	if err := o.mkdir(path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// replace gives a file new content in one step, by rename. With sync the
// content is on the disk before the name is.
func (o Options) replace(path string, content []byte, sync bool) error {
	next := path + tmpEnd
	f, err := o.open(next, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = o.write(f, content)
	if err == nil && sync {
		err = o.Sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := o.Rename(next, path); err != nil || !sync {
		return err
	}
	return o.syncDir(filepath.Dir(path))
}

// maxFile is how large a file of a run may be, in bytes. It is some millions of
// records, far more than a run writes: whatever was written has to be read again.
const maxFile int64 = 4 << 30

// read reads a file of a run.
func (o Options) read(path string) ([]byte, error) {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkSize(path, info.Size()); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

func checkSize(path string, size int64) error {
	if size <= maxFile {
		return nil
	}
	return types.Errorf(types.Conflict, "%s has %d MiB, and at most %d are read", path, size>>20, maxFile>>20).
		WithHint("see what wrote it; restore the run's folder from a backup, or move it away to begin anew")
}

// ending is what is left free in a journal for the records that end what was
// begun: what became of writes, and of the run.
const ending = 64 << 20

// checkRoom refuses a record that would make a journal of so many bytes, which
// could not be read again: first what begins something, so that what was sent
// can still be told.
func checkRoom(size int64, r *Record) error {
	limit := maxFile - ending
	switch {
	case r.Kind == Parked, r.Kind == Finished, r.Kind == Resolved, r.Kind == Undone, r.Kind == Event && r.Effect == "write":
		limit = maxFile
	}
	if size <= limit {
		return nil
	}
	return types.Errorf(types.Conflict, "the journal is full: it has %d MiB, and more than %d could not be read again", size>>20, limit>>20).
		WithHint("cancel the run, and let a skill do its work in several runs")
}

func (o Options) readUpTo(path string, limit int64) ([]byte, error) {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, errors.Join(err, f.Close())
}
