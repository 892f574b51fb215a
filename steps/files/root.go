package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// open opens the folder that the arguments name. Every access goes through it.
func (f family) open(ctx context.Context, at At) (*os.Root, error) {
	if at.Workspace != nil {
		return workspaces.Open(ctx, *at.Workspace)
	}
	return f.openService(*at.Service)
}

// check refuses arguments that name no folder, or two.
func (at At) check(unknown step.UnknownPaths) error {
	err := unknown.CheckCount(1, 1, map[string]bool{"workspace": at.Workspace != nil, "service": at.Service != nil})
	if err != nil {
		return types.Errorf(types.BadInput, "give either workspace or service").
			WithHint("workspace is the output of git_checkout; service is a files service of skillrun.yaml")
	}
	return nil
}

// checkPath refuses an argument that is no plain path below the folder.
func checkPath(unknown step.UnknownPaths, argument, path string) error {
	if unknown.Has(argument) {
		return nil
	}
	return workspaces.CheckPath(path)
}

func (f family) openService(name string) (*os.Root, error) {
	s, name, err := step.Pick(f.services, "files", name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, types.Errorf(types.Unavailable, "the folder of service %q cannot be opened: %w", name, workspaces.Bare(err)).
			WithHint("create %s, or change root of the service in skillrun.yaml", s.Root)
	}
	return root, nil
}

// present reports whether there is a file, and refuses what is none.
func present(root *os.Root, name string) (bool, error) {
	info, err := lookUp(root, name)
	switch {
	case err != nil:
		if err = accessError(name, err); types.CodeOf(err) == types.NotFound {
			err = nil
		}
		return false, err
	case info == nil:
		return false, nil
	case info.Mode()&fs.ModeSymlink != 0:
		return true, types.Errorf(types.Conflict, "%s is a symbolic link", name).WithHint("name the file it points to")
	case !info.Mode().IsRegular():
		return true, noFileError(name)
	}
	return true, nil
}

func noFileError(name string) error {
	return types.Errorf(types.Conflict, "%s is not a file", name).WithHint("name a file, not a folder")
}

// content reads a file, and says of one that is none what it is.
func content(root *os.Root, path string) ([]byte, error) {
	if err := workspaces.CheckPath(path); err != nil {
		return nil, err
	}
	data, err := workspaces.ReadFile(root, path, maxFile)
	switch {
	case errors.Is(err, workspaces.ErrNotFile):
		return nil, noFileError(path)
	case errors.Is(err, workspaces.ErrLarge):
		return nil, types.Errorf(types.Conflict, "%s is larger than %d MiB", path, maxFile>>20).
			WithHint("extract what the skill needs, for example with exec_read")
	case err != nil:
		return nil, accessError(path, err)
	}
	return data, nil
}

func text(path string, data []byte) (string, error) {
	if !utf8.Valid(data) || strings.Contains(string(data), "\x00") {
		return "", types.Errorf(types.Conflict, "%s is not UTF-8 text", path).WithHint("read it with a program instead, for example with exec_read")
	}
	return string(data), nil
}

func accessError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return types.Errorf(types.NotFound, "there is no %s", path).WithHint("check the path; file_exists does not fail on a missing file")
	case errors.Is(err, fs.ErrPermission):
		return types.Errorf(types.Forbidden, "skillrun lacks permission to reach %s", path).WithHint("give the user who runs skillrun permission to read it")
	}
	return types.Errorf(types.Conflict, "%s cannot be reached inside the folder: %w", path, workspaces.Bare(err)).
		WithHint("name a file that is not behind a symbolic link out of the folder")
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
