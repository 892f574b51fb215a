package yamlfile

import (
	"context"
	"errors"
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
	src, err := workspaces.ReadFile(root, file, maxFile)
	if err != nil {
		return nil, types.Errorf(types.Internal, "cannot read %s: %w", file, workspaces.Bare(err))
	}
	return src, nil
}

// checkFile refuses everything but a regular file of a size that is read, which is
// named by a plain path and reached without leaving the workspace.
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
	case info.Size() > maxFile:
		return tooLarge(info.Size()).With("file", file)
	}
	return nil
}

// replaceFile replaces a file by a rename: a kill leaves the old one or the new one.
func replaceFile(ctx context.Context, workspace, file string, data []byte) error {
	root, err := workspaces.Open(ctx, workspace)
	if err != nil {
		return err
	}
	defer root.Close()
	temp := path.Join(path.Dir(file), "."+path.Base(file)+".skillrun-new")
	info, err := root.Lstat(file)
	if err == nil {
		err = workspaces.WriteNew(root, temp, data, info.Mode().Perm(), false)
	}
	if err == nil {
		err = root.Rename(temp, file)
	}
	if err != nil {
		_ = root.Remove(temp)
		return types.Errorf(types.Internal, "cannot write %s: %w", file, workspaces.Bare(err))
	}
	return nil
}
