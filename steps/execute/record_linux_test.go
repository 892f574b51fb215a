package execute

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
)

// TestRecordIsAFile: the record of a call is a regular file: no link is followed
// to another, and nothing is kept in a pipe.
func TestRecordIsAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	for name, put := range map[string]func(path string) error{
		"link":   func(path string) error { return os.Symlink(outside, path) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"":       func(string) error { return nil },
	} {
		c := step.Call{Key: step.Key{Work: "w", Path: "p" + name}, Programs: dir}
		if err := put(filepath.Join(dir, c.Key.Path)); err != nil {
			t.Fatal(err)
		}
		f, err := openRecord(c, os.O_CREATE)
		if err == nil {
			err = errors.Join(f.Close(), errors.New("it was opened"))
		}
		if opened := err.Error() == "it was opened"; opened != (name == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a link was followed")
	}
}
