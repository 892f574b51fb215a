// Package workspaces is where the steps of several families meet: a folder of the
// run, made by git_checkout, whose files others read, edit and run programs on. It
// opens one by its name, and reads and writes files as all of them do; what lies
// beside the files is git's.
package workspaces

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Pattern is what the name of a workspace matches; the arguments that take one
// have it as their pattern.
const Pattern = `^[a-z0-9][a-z0-9._-]{0,63}$`

var pattern = types.Pattern(Pattern)

// CheckName refuses what cannot be the name of a workspace.
func CheckName(name string) error {
	if !pattern().MatchString(name) {
		return types.Errorf(types.BadInput, "%q is not the name of a workspace", name).
			WithHint("give the workspace output of git_checkout to this step")
	}
	return nil
}

// Base returns the run's own folder for workspaces, which may not be there yet. A
// step that has no run has none.
func Base(ctx context.Context) (string, error) {
	base := step.CallOf(ctx).Workspaces
	if base == "" {
		return "", types.Errorf(types.Internal, "this run has no folder for workspaces")
	}
	return base, nil
}

// Dir returns the folder of a workspace inside the run's own, whether it is there
// or not.
func Dir(ctx context.Context, name string) (string, error) {
	base, err := Base(ctx)
	if err != nil {
		return "", err
	}
	return filepath.Join(base, name), CheckName(name)
}

// Files returns the folder of a workspace's files; it is an error that there is
// none.
func Files(ctx context.Context, name string) (string, error) {
	dir, err := Dir(ctx, name)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "files")
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return "", Missing(name)
	case err == nil && !info.IsDir():
		return "", broken(name, syscall.ENOTDIR)
	case err != nil:
		return "", broken(name, err)
	}
	return dir, nil
}

// Open opens the files of a workspace. Neither a name nor a link that came with
// the repository leads out of them.
func Open(ctx context.Context, name string) (*os.Root, error) {
	dir, err := Files(ctx, name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, broken(name, err)
	}
	return root, nil
}

func broken(name string, err error) error {
	return types.Errorf(types.Internal, "cannot open the workspace %s: %w", name, Bare(err))
}

// Missing says that there is no workspace of a name.
func Missing(name string) error {
	return types.Errorf(types.NotFound, "there is no workspace %s", name).
		WithHint("git_checkout creates one; give its workspace output to this step")
}

// CheckPath refuses everything but a plain path of a file below a folder.
func CheckPath(path string) error {
	if !fs.ValidPath(path) || path == "." || strings.ContainsAny(path, "\\\x00") {
		return types.Errorf(types.BadInput, "%q is not a path inside the folder", path).
			WithHint("write it relative to the folder, with / and without . or .. in it")
	}
	return nil
}

// What [ReadFile] says of a file that it does not return.
var (
	ErrNotFile = errors.New("it is not a regular file")
	ErrLarge   = errors.New("it is too large")
)

// ReadFile reads a regular file of at most limit bytes, also when it grows meanwhile.
// It does not wait for a pipe that is in its place.
func ReadFile(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, ErrNotFile
	case info.Size() > limit:
		return nil, ErrLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, ErrLarge
	}
	return data, err
}

// WriteNew writes a file that is to be renamed when it is whole, in the place of one
// that a killed run left behind. With flush it is on the disk then.
func WriteNew(root *os.Root, name string, data []byte, mode fs.FileMode, flush bool) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Chmod(mode)
	}
	if err == nil && flush {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Bare is an error of a file without the path of this machine's folder.
func Bare(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}
