package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type deleteIn struct {
	Service string  `json:"service,omitempty" default:"files" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the files service in the configuration whose folder the path is in."`
	Path    string  `json:"path" doc:"The path of the file, relative to the folder. A file that is not there is deleted already; its folder stays, also an empty one."`
	Expect  *string `json:"expect" pattern:"^sha256:[0-9a-f]{64}$" doc:"The digest of what is deleted, as file_read gave it. Without it, the file is deleted whatever it holds."`
}

type deleteOut struct {
	Path string `json:"path" doc:"The path, as given."`
}

func (in deleteIn) check(unknown step.UnknownPaths) error {
	return checkPath(unknown, "path", in.Path)
}

// remove deletes the file. What is expected is looked at just before, as for a write.
func (f family) remove(_ context.Context, in deleteIn) (deleteOut, error) {
	out := deleteOut{in.Path}
	root, err := f.openService(in.Service)
	if err != nil {
		return out, err
	}
	defer root.Close()
	if there, err := expected(root, in.Path, in.Expect); err != nil || !there {
		return out, err
	}
	if err := root.Remove(in.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return out, unwritable(types.Unavailable, in.Path, err)
	}
	if err := flush(root, path.Dir(in.Path)); err != nil { // it may come back
		return out, unwritable(types.UnknownOutcome, in.Path, err)
	}
	return out, nil
}

// expected reports whether there is a file, and refuses one that holds something
// else; a file of any size where that does not matter.
func expected(root *os.Root, name string, digest *string) (there bool, err error) {
	there, err = present(root, name)
	if err == nil && there && digest != nil {
		_, err = current(root, name, digest)
	}
	return there, err
}

// findDeleted looks whether the file is there: that is the whole effect, whoever
// deleted it.
func (f family) findDeleted(_ context.Context, _ step.Key, in deleteIn) (step.Found[deleteOut], error) {
	root, err := f.openService(in.Service)
	if err != nil {
		return step.Found[deleteOut]{}, err
	}
	defer root.Close()
	switch there, err := present(root, in.Path); {
	case err != nil:
		return step.Found[deleteOut]{}, err
	case there:
		return step.Absent[deleteOut](), nil
	}
	return step.Exists(in.Path, deleteOut{in.Path}), nil
}

func (f family) previewDelete(ctx context.Context, in deleteIn, unknown step.UnknownPaths) (step.Prediction[deleteOut], error) {
	p := step.Prediction[deleteOut]{Change: step.Change{Title: "delete a file"}, Out: deleteOut{in.Path}}
	if unknown.Has("path") {
		p.Unknown = step.UnknownPaths{""}
		return p, nil
	}
	p.Change = step.Change{Title: "delete " + in.Path, Fields: []step.FieldChange{{Name: "path", Value: in.Path}}}
	if unknown.Has("service") || step.CallOf(ctx).Presumed {
		return p, nil
	}
	if unknown.Has("expect") {
		in.Expect = nil
	}
	root, err := f.openService(in.Service)
	if err != nil {
		return p, err
	}
	defer root.Close()
	_, err = expected(root, in.Path, in.Expect)
	return p, err
}

// flush brings to the disk which names are in a folder.
func flush(root *os.Root, dir string) error {
	folder, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
