package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type readIn struct {
	At
	Path string `json:"path" doc:"The path of the file, relative to the folder."`
}

func (in readIn) check(unknown step.UnknownPaths) error {
	if err := in.At.check(unknown); err != nil {
		return err
	}
	return checkPath(unknown, "path", in.Path)
}

type readOut struct {
	Path   string `json:"path" doc:"The path, as given."`
	Text   string `json:"text" doc:"The content of the file: UTF-8, up to 1 MiB."`
	Digest string `json:"digest" doc:"The digest of the file, sha256:…, as file_write takes it."`
	Bytes  int    `json:"bytes" doc:"The size of the file in bytes."`
}

func (f family) read(ctx context.Context, in readIn) (readOut, error) {
	root, err := f.open(ctx, in.At)
	if err != nil {
		return readOut{}, err
	}
	defer root.Close()
	data, err := content(root, in.Path)
	if err != nil {
		return readOut{}, err
	}
	s, err := text(in.Path, data)
	return readOut{in.Path, s, digest(data), len(data)}, err
}

type existsOut struct {
	Path   string `json:"path" doc:"The path, as given."`
	Exists bool   `json:"exists" doc:"Whether it exists."`
	Kind   string `json:"kind" doc:"What it is: file, folder, link or other; empty when it does not exist."`
	Bytes  int    `json:"bytes" doc:"The size of a file in bytes, else 0."`
}

func (f family) exists(ctx context.Context, in readIn) (existsOut, error) {
	out := existsOut{Path: in.Path}
	root, err := f.open(ctx, in.At)
	if err != nil {
		return out, err
	}
	defer root.Close()
	info, err := root.Lstat(in.Path)
	if err != nil {
		if err = accessError(in.Path, err); types.CodeOf(err) == types.NotFound {
			err = nil
		}
		return out, err
	}
	out.Exists, out.Kind = true, kind(info.Mode())
	if out.Kind == "file" {
		out.Bytes = int(info.Size())
	}
	return out, nil
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsRegular():
		return "file"
	case m.IsDir():
		return "folder"
	case m&fs.ModeSymlink != 0:
		return "link"
	}
	return "other"
}

type globIn struct {
	At
	Pattern string `json:"pattern" doc:"The pattern, relative to the folder: * and ? match part of a name, [a-z] one of these characters, ** as a whole folder any number of folders. Names that begin with a dot match only if the pattern has the dot."`
}

func (in globIn) check(unknown step.UnknownPaths) error {
	if err := in.At.check(unknown); err != nil || unknown.Has("pattern") {
		return err
	}
	for p := range strings.SplitSeq(in.Pattern, "/") {
		if _, err := path.Match(p, ""); err != nil {
			return types.Errorf(types.BadInput, "%q is not a pattern", in.Pattern).WithHint("close the [ of a set of characters, or write \\[ for the character")
		}
	}
	return workspaces.CheckPath(in.Pattern)
}

type globOut struct {
	Paths []string `json:"paths" doc:"The paths of the files that match, sorted; not folders, not links. At most 2,000; more are an error."`
	Count int      `json:"count" doc:"How many there are."`
}

func (f family) glob(ctx context.Context, in globIn) (globOut, error) {
	root, err := f.open(ctx, in.At)
	if err != nil {
		return globOut{}, err
	}
	defer root.Close()
	w := walk{parts: strings.Split(in.Pattern, "/"), found: []string{}}
	if err := fs.WalkDir(root.FS(), ".", w.visit(ctx)); err != nil {
		return globOut{}, err
	}
	slices.Sort(w.found)
	return globOut{w.found, len(w.found)}, nil
}

// walk looks through a folder for what matches.
type walk struct {
	parts []string
	found []string
	seen  int
}

func (w *walk) visit(ctx context.Context) fs.WalkDirFunc {
	return func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return types.Errorf(types.Cancelled, "stopped while listing files").WithHint("resume the run")
		}
		switch w.seen++; {
		case errors.Is(err, fs.ErrPermission) && name != ".":
			return fs.SkipDir // what cannot be seen is not listed
		case err != nil:
			return accessError(name, err)
		case w.seen > maxSeen || len(w.found) >= maxFound:
			return types.Errorf(types.Conflict, "there are too many files to list").
				WithHint("begin the pattern with the folder that the files are in")
		case name != "." && d.IsDir() && !matches(w.parts, strings.Split(name, "/"), true):
			return fs.SkipDir
		case d.Type().IsRegular() && matches(w.parts, strings.Split(name, "/"), false):
			w.found = append(w.found, name)
		}
		return nil
	}
}

// matches checks a path against a pattern, or with prefix what could be below it.
func matches(pattern, path []string, prefix bool) bool {
	if len(path) == 0 {
		return prefix || len(pattern) == 0
	}
	switch {
	case len(pattern) == 0:
		return false
	case pattern[0] == "**":
		return matches(pattern[1:], path, prefix) || !strings.HasPrefix(path[0], ".") && matches(pattern, path[1:], prefix)
	}
	return segment(pattern[0], path[0]) && matches(pattern[1:], path[1:], prefix)
}

func segment(pattern, name string) bool {
	if strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, ".") {
		return false
	}
	ok, _ := path.Match(pattern, name) // a bad pattern was refused
	return ok
}

// lookUp is os.Root's Lstat as a question: nil info when nothing is there.
func lookUp(root *os.Root, path string) (fs.FileInfo, error) {
	info, err := root.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return info, err
}
