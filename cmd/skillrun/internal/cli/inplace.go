package cli

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/skillrun/skillrun/engine/types"
)

// inPlace is a file that a command writes anew where it is. No link is followed out of
// the folder that it is in: the working directory, or that of a file which is named from
// elsewhere.
type inPlace struct {
	root *os.Root
	name string
	mode fs.FileMode
}

// openInPlace opens the place of a file that is there, and reads it. Close it.
func (p *Program) openInPlace(file string) (*inPlace, []byte, error) {
	dir, name := p.rooted(file)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	at := &inPlace{root: root, name: name}
	text, err := at.read()
	if err != nil {
		at.close()
		return nil, nil, err
	}
	return at, text, nil
}

// rooted is a file by the folder that no link is followed out of, and its name in that.
func (p *Program) rooted(file string) (dir, name string) {
	dir, path := p.path("."), p.path(file)
	if !below(dir, path) {
		return filepath.Split(path)
	}
	name, _ = filepath.Rel(dir, path)
	return dir, name
}

func (i *inPlace) close() { _ = i.root.Close() }

func (i *inPlace) read() ([]byte, error) {
	info, err := i.root.Lstat(i.name)
	if err != nil {
		return nil, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return nil, types.Errorf(types.Forbidden, "it is a link").WithHint("name the file that it leads to")
	}
	f, err := i.root.OpenFile(i.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, err
	}
	i.mode = info.Mode().Perm()
	return limited(f, i.name, maxFile)
}

// write replaces the file's text in one step; who may read it stays. A file that nobody
// may write is left alone, although its folder would allow it.
func (i *inPlace) write(text []byte) error {
	if i.mode&0o200 == 0 {
		return errors.New("it is read-only")
	}
	beside := filepath.Join(filepath.Dir(i.name), ".new-"+rand.Text())
	f, err := i.root.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(i.mode), f.Close()); err == nil {
		err = i.root.Rename(beside, i.name)
	}
	if err != nil {
		_ = i.root.Remove(beside)
	}
	return err
}
