package yamlfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

func readFile(ctx context.Context, workspace, file string) ([]byte, error) {
	root, err := workspaces.Open(ctx, workspace)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := checkFile(root, workspace, file); err != nil {
		return nil, err
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, types.Errorf(types.Internal, "cannot read %s: %w", file, workspaces.Bare(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxFile {
		return nil, tooLarge(info.Size()).With("file", file)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, types.Errorf(types.Internal, "cannot read %s: %w", file, workspaces.Bare(err))
	}
	return src, nil
}

// checkFile refuses everything but a regular file that is named by a plain
// path and reached without leaving the workspace.
func checkFile(root *os.Root, workspace, file string) error {
	if err := workspaces.CheckPath(file); err != nil {
		return err
	}
	info, err := root.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return types.Errorf(types.NotFound, "%s is not in the workspace %s", file, workspace).
			WithHint("add it to git_checkout's paths")
	case err != nil:
		return types.Errorf(types.Conflict, "%s cannot be reached inside the workspace: %w", file, workspaces.Bare(err)).
			WithHint("name a file that is not behind a symbolic link")
	case info.Mode()&fs.ModeSymlink != 0:
		return types.Errorf(types.Conflict, "%s is a symbolic link", file).
			WithHint("name the file it points to")
	case !info.Mode().IsRegular():
		return types.Errorf(types.Conflict, "%s is not a file", file).WithHint("name a file of the repository, not a folder")
	}
	return nil
}

// replaceFile writes the file beside itself and renames it, so that a kill
// leaves the old file or the new one.
func replaceFile(ctx context.Context, workspace, file string, data []byte) error {
	root, err := workspaces.Open(ctx, workspace)
	if err != nil {
		return err
	}
	defer root.Close()
	temp := path.Join(path.Dir(file), "."+path.Base(file)+".skillrun-new")
	if err := writeNew(root, file, temp, data); err != nil {
		_ = root.Remove(temp)
		return types.Errorf(types.Internal, "cannot write %s: %w", file, workspaces.Bare(err))
	}
	return nil
}

func writeNew(root *os.Root, file, temp string, data []byte) error {
	info, err := root.Lstat(file)
	if err != nil {
		return err
	}
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // what a killed run left behind
	}
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close()); err != nil {
		return err
	}
	return root.Rename(temp, file)
}
