package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type writeIn struct {
	Service string       `json:"service,omitempty" default:"files" trusted:"true" pattern:"^[a-z][a-z0-9_-]*$" doc:"The name of the files service in the configuration whose folder the path is in."`
	Path    string       `json:"path" doc:"The path of the file, relative to the folder. Missing folders are created."`
	Text    *string      `json:"text" doc:"The content of the file, up to 1 MiB. Give either this or secret_text."`
	Secret  types.Secret `json:"secret_text,omitzero" doc:"A secret as the content, instead of text. Only you can read the file then (mode 0600), and the result does not tell its digest."`
	Expect  *string      `json:"expect" pattern:"^(absent|sha256:[0-9a-f]{64})$" doc:"What must be there before: absent, or the digest that file_read gave. Without it, the file is replaced."`
}

type writeOut struct {
	Path   string `json:"path" doc:"The path, as given."`
	Digest string `json:"digest" doc:"The digest of the file as it is now, sha256:…; empty for a secret."`
	Bytes  int    `json:"bytes" doc:"The size of the file in bytes; 0 for a secret."`
}

var expectPattern = types.PatternOf[writeIn]("expect")

func (in writeIn) check(unknown step.UnknownPaths) error {
	if err := unknown.CheckCount(1, 1, map[string]bool{"text": in.Text != nil, "secret_text": !in.Secret.IsZero()}); err != nil {
		return err
	}
	switch {
	case len(in.content()) > maxFile:
		return types.Errorf(types.BadInput, "the text is larger than %d MiB", maxFile>>20).WithHint("write less, or several files")
	case in.Expect != nil && !unknown.Has("expect") && !expectPattern().MatchString(*in.Expect):
		return types.Errorf(types.BadInput, "expect is %q", *in.Expect).WithHint("give absent, or the digest that file_read gave")
	}
	return checkPath(unknown, "path", in.Path)
}

func (in writeIn) out() writeOut {
	if !in.Secret.IsZero() {
		return writeOut{Path: in.Path}
	}
	return writeOut{in.Path, digest([]byte(in.content())), len(in.content())}
}

// write puts the file in place by a rename; before that, nothing has happened.
// What is expected is looked at just before: between two programs that write
// the same file at the same moment, the later one wins.
func (f family) write(ctx context.Context, in writeIn) (writeOut, error) {
	root, err := f.openService(in.Service)
	if err != nil {
		return writeOut{}, err
	}
	defer root.Close()
	if in.Secret.IsZero() {
		return in.put(ctx, root, newFile)
	}
	return in.put(ctx, root, secretFile)
}

// content is what the file is to hold.
func (in writeIn) content() string {
	if in.Text != nil {
		return *in.Text
	}
	return in.Secret.Reveal()
}

type localIn struct {
	Workspace string `json:"workspace" workspace:"true" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"The workspace, as git_checkout returned it."`
	Path      string `json:"path" doc:"The path of the file in the repository, checked out or not. Missing folders are created. Paths that cannot be committed are refused: .git in any spelling, and paths below a submodule, a link or a file."`
	Text      string `json:"text" doc:"The content of the file, up to 1 MiB."`
}

func (in localIn) file() writeIn { return writeIn{Path: in.Path, Text: &in.Text} }

func (in localIn) check(unknown step.UnknownPaths) error { return in.file().check(unknown) }

// writeWorkspace writes a file of a workspace, new or not. The repository is
// asked about one that is not there, so that what no commit could hold is
// refused now, and a script that was not checked out stays one.
func (f family) writeWorkspace(ctx context.Context, in localIn) (writeOut, error) {
	root, err := workspaces.Open(ctx, in.Workspace)
	if err != nil {
		return writeOut{}, err
	}
	defer root.Close()
	if err := checkNoLinks(root, in.Path); err != nil {
		return writeOut{}, err
	}
	mode := newFile
	if info, err := lookUp(root, in.Path); err == nil && info == nil && f.admit != nil {
		if mode, err = f.admit(ctx, in.Workspace, in.Path); err != nil {
			return writeOut{}, err
		}
	}
	return in.file().put(ctx, root, mode)
}

// checkNoLinks refuses a path behind a link or a file: it would be another one, or none.
func checkNoLinks(root *os.Root, name string) error {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		info, err := lookUp(root, dir)
		switch {
		case err != nil && !errors.Is(err, syscall.ENOTDIR):
			return accessError(name, err)
		case info == nil || info.IsDir():
		case info.Mode()&fs.ModeSymlink != 0:
			return types.Errorf(types.Conflict, "%s is below %s, a symbolic link", name, dir).WithHint("name the folder it points to")
		default:
			return types.Errorf(types.Conflict, "%s is below %s, a file", name, dir).WithHint("give another path")
		}
	}
	return nil
}

// newFile are the permissions of a file that was not there; secretFile are those of one
// that holds a secret, whatever it was before.
const (
	newFile    fs.FileMode = 0o644
	secretFile fs.FileMode = 0o600
)

func (in writeIn) put(ctx context.Context, root *os.Root, mode fs.FileMode) (writeOut, error) {
	if _, err := current(root, in.Path, in.Expect); err != nil {
		return writeOut{}, err
	}
	if dir := path.Dir(in.Path); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return writeOut{}, unwritable(types.Unavailable, in.Path, err)
		}
	}
	if err := replace(root, in.Path, tempName(ctx, in.Path), []byte(in.content()), mode); err != nil {
		return writeOut{}, err
	}
	return in.out(), nil
}

// current returns what a file holds, nil for none, and refuses what is not expected.
func current(root *os.Root, name string, expect *string) ([]byte, error) {
	var data []byte
	there, err := present(root, name)
	if err == nil && there {
		data, err = content(root, name)
	}
	if err != nil || expect == nil {
		return data, err
	}
	is := "absent"
	if data != nil {
		is = digest(data)
	}
	if is != *expect {
		return data, types.Errorf(types.Conflict, "%s is not as expected: it is %s", name, is).
			WithHint("it was changed in the meantime: read it again").With("digest", is)
	}
	return data, nil
}

// find compares the file with what it is to hold: that is the whole effect, whoever
// put it there and whatever was expected before.
func (f family) find(_ context.Context, _ step.Key, in writeIn) (step.Found[writeOut], error) {
	root, err := f.openService(in.Service)
	if err != nil {
		return step.Found[writeOut]{}, err
	}
	defer root.Close()
	data, err := current(root, in.Path, nil)
	switch {
	case err != nil:
		return step.Found[writeOut]{}, err
	case data == nil || string(data) != in.content() || !in.Secret.IsZero() && in.open(root):
		return step.Absent[writeOut](), nil
	}
	return step.Exists(in.Path, in.out()), nil
}

// open reports whether others can read the file.
func (in writeIn) open(root *os.Root) bool {
	info, err := lookUp(root, in.Path)
	return err != nil || info == nil || info.Mode().Perm()&0o077 != 0
}

func (f family) preview(_ context.Context, in writeIn, unknown step.UnknownPaths) (step.Prediction[writeOut], error) {
	p := step.Prediction[writeOut]{Change: step.Change{Title: "write a file"}, Out: writeOut{Path: in.Path}}
	if unknown.Has("path") {
		p.Unknown = step.UnknownPaths{""}
		return p, nil
	}
	p.Change.Title = "write " + in.Path
	p.Change.Fields = []step.FieldChange{{Name: "path", Value: in.Path}}
	if unknown.Has("text") || unknown.Has("secret_text") {
		p.Unknown = step.UnknownPaths{"digest", "bytes"}
		return p, nil
	}
	p.Out = in.out()
	if in.Secret.IsZero() {
		p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: "text", Value: in.content()})
	} else {
		p.Change.Fields = append(p.Change.Fields, step.FieldChange{Name: "secret_text", Value: in.Secret.String()})
	}
	if unknown.Has("expect") {
		in.Expect = nil
	}
	if unknown.Has("service") {
		return p, nil
	}
	root, err := f.openService(in.Service)
	if err != nil {
		return p, err
	}
	defer root.Close()
	_, err = current(root, in.Path, in.Expect)
	return p, err
}

// tempName is where the new file lies until it is whole. It is the call's own: no other
// write takes it away, and one that is repeated finds what it left behind.
func tempName(ctx context.Context, name string) string {
	key := ""
	if k := step.CallOf(ctx).Key; !k.IsZero() {
		key = "." + step.Hash(10, k.String())
	}
	return path.Join(path.Dir(name), "."+path.Base(name)+key+".skillrun-new")
}

// replace writes the file as next, flushes and renames it. mode is that of a new one.
func replace(root *os.Root, name, next string, data []byte, mode fs.FileMode) error {
	if info, err := lookUp(root, name); err == nil && info != nil && mode != secretFile {
		mode = info.Mode().Perm()
	}
	folder, err := root.Open(path.Dir(name))
	if err != nil {
		return unwritable(types.Unavailable, name, err)
	}
	defer folder.Close()
	err = workspaces.WriteNew(root, next, data, mode, true)
	if err == nil {
		err = root.Rename(next, name)
	}
	if err != nil {
		_ = root.Remove(next)
		return unwritable(types.Unavailable, name, err)
	}
	if err := folder.Sync(); err != nil { // it has its name, and may lose it again
		return unwritable(types.UnknownOutcome, name, err)
	}
	return nil
}

func unwritable(code types.Code, name string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return types.Errorf(types.Forbidden, "skillrun lacks permission to write %s", name).WithHint("give the user who runs skillrun permission to write to its folder")
	}
	return types.Errorf(code, "%s cannot be written: %w", name, workspaces.Bare(err)).WithHint("check that the folder exists, and that its disk has space left")
}
