package git

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/skillrun/skillrun/steps/workspaces"
)

// Admit returns what is asked before a step of another family writes a file of
// a workspace that is not there yet. It returns the permissions of the file in
// the repository, or of a new one, and refuses a path that no commit could hold:
// one that git refuses, below a submodule, a link or a file, or in the place of
// a folder. From then on the path is one of the workspace's own: when the file
// is gone later, it is deleted.
func Admit(o Options) func(ctx context.Context, workspace, path string) (fs.FileMode, error) {
	c := &client{o: o}
	return func(ctx context.Context, workspace, path string) (fs.FileMode, error) {
		if refusedName(path, false) {
			return 0, refused(path)
		}
		dir, err := workspaces.Dir(ctx, workspace)
		if err != nil {
			return 0, err
		}
		unlock, err := waitLock(ctx, filepath.Join(dir, "lock"))
		if errors.Is(err, fs.ErrNotExist) {
			err = workspaces.Missing(workspace)
		}
		if err != nil {
			return 0, err
		}
		defer unlock()
		w, err := c.openWorkspace(ctx, workspace)
		if err != nil {
			return 0, err
		}
		return w.admit(ctx, path)
	}
}

func (w *workspace) admit(ctx context.Context, path string) (fs.FileMode, error) {
	if err := w.reach(ctx, w.base(), []string{path}); err != nil {
		return 0, err
	}
	at, err := w.at(path)
	if err != nil {
		return 0, err
	}
	mode := filemode.Regular
	if !slices.Contains(w.meta.Files, at.path) {
		if mode, err = at.takes(path, mode); err != nil {
			return 0, err
		}
	}
	if !slices.Contains(w.meta.Files, path) {
		w.meta.Files = append(w.meta.Files, path)
		if err := w.save(); err != nil {
			return 0, err
		}
	}
	if mode == filemode.Executable {
		return 0o755, nil
	}
	return 0o644, nil
}
