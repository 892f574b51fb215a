package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
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

// rewrite writes the first bytes of a file over themselves, from where it stands.
func (o Options) rewrite(f *os.File, size int64) error {
	from := io.NewSectionReader(f, 0, size)
	for buffer := make([]byte, min(size, 1<<20)); ; {
		n, err := io.ReadFull(from, buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			err = o.write(f, buffer[:n])
		}
		if err != nil {
			return err
		}
	}
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

func (o Options) read(path string) ([]byte, error) {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkSize(f); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxWeight))
}

func (o Options) readUpTo(path string, limit int64) ([]byte, error) {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit))
	return data, errors.Join(err, f.Close())
}
