package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var workspacePattern = types.PatternOf[At]("workspace")

// open opens the folder that the arguments name. Every access goes through it.
func (f family) open(ctx context.Context, at At) (*os.Root, error) {
	if at.Workspace != nil {
		return openWorkspace(ctx, *at.Workspace)
	}
	return f.openService(*at.Service)
}

// check refuses arguments that name no folder, or two.
func (at At) check(unknown step.UnknownPaths) error {
	err := unknown.Given(1, 1, map[string]bool{"workspace": at.Workspace != nil, "service": at.Service != nil})
	if err != nil {
		return types.Errorf(types.BadInput, "give either workspace or service").
			WithHint("workspace is the output of git_checkout; service is a files service of skillrun.yaml")
	}
	return nil
}

// checkPath refuses an argument that is no plain path below the folder.
func checkPath(name, path string, unknown step.UnknownPaths) error {
	if unknown.Has(name) {
		return nil
	}
	return valid(path)
}

func openWorkspace(ctx context.Context, name string) (*os.Root, error) {
	base := step.CallOf(ctx).Workspaces
	if base == "" {
		return nil, types.Errorf(types.Internal, "this run has no folder for workspaces")
	}
	if !workspacePattern.MatchString(name) {
		return nil, types.Errorf(types.BadInput, "%q is not the name of a workspace", name).
			WithHint("give the workspace output of git_checkout to this step")
	}
	root, err := os.OpenRoot(filepath.Join(base, name, "files"))
	if err != nil {
		return nil, types.Errorf(types.NotFound, "there is no workspace %s", name).
			WithHint("git_checkout creates one; give its workspace output to this step")
	}
	return root, nil
}

func (f family) openService(name string) (*os.Root, error) {
	s, name, err := step.Pick(f.services, "files", name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, types.Errorf(types.Unavailable, "the folder of service %q cannot be opened: %w", name, bare(err)).
			WithHint("make %s, or change root of the service in skillrun.yaml", s.Root)
	}
	return root, nil
}

// valid refuses everything but a plain path below the folder.
func valid(path string) error {
	if !fs.ValidPath(path) || path == "." || strings.ContainsAny(path, "\\\x00") {
		return types.Errorf(types.BadInput, "%q is not a path inside the folder", path).
			WithHint("write it relative to the folder, with / and without . or .. in it")
	}
	return nil
}

// content reads a file, and says of one that is none what it is.
func content(root *os.Root, path string) ([]byte, error) {
	if err := valid(path); err != nil {
		return nil, err
	}
	// Without waiting: a pipe would hold the run up until somebody writes to it.
	f, err := root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, reached(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, types.Errorf(types.Conflict, "%s is not a file", path).WithHint("name a file, not a folder")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, reached(path, err)
	case len(data) > maxFile:
		return nil, types.Errorf(types.Conflict, "%s is larger than %d MiB", path, maxFile>>20).
			WithHint("extract what the skill needs, for example with exec_read")
	}
	return data, nil
}

func text(path string, data []byte) (string, error) {
	if !utf8.Valid(data) || strings.Contains(string(data), "\x00") {
		return "", types.Errorf(types.Conflict, "%s is not UTF-8 text", path).WithHint("read it with a program instead, for example with exec_read")
	}
	return string(data), nil
}

// reached says why a path is not reached.
func reached(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return types.Errorf(types.NotFound, "there is no %s", path).WithHint("check the path; file_exists does not fail on a missing file")
	case errors.Is(err, fs.ErrPermission):
		return types.Errorf(types.Forbidden, "skillrun lacks permission to reach %s", path).WithHint("give the user who runs skillrun permission to read it")
	}
	return types.Errorf(types.Conflict, "%s cannot be reached inside the folder: %w", path, bare(err)).
		WithHint("name a file that is not behind a symbolic link out of the folder")
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// bare is err without the path of this machine's folder.
func bare(err error) error {
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
