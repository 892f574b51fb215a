package execute

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/types"
)

// What a program does in a workspace cannot be repeated when the workspace is
// made again: it is kept with the result, file by file, and put there again.

// maxLeft is how many bytes of a workspace's files are kept of one program, and
// maxCompared how large a file may be that is compared with what it was: of a
// larger one nothing is known, as of one that does not read.
const (
	maxLeft     = 16 << 20
	maxCompared = 1 << 30
)

// ChangedPath is a path of a workspace as a program left it.
type ChangedPath struct {
	Path    string `json:"path" doc:"The path in the workspace; in quotes, with escapes, when it is not UTF-8."`
	Is      string `json:"is" enum:"file,program,link,folder,gone,lost" doc:"What is there: file, program (an executable file), link, folder, gone, or lost (too large or unreadable, so not kept)."`
	Content string `json:"content,omitempty" doc:"A file's content or a link's target, in base64."`
}

// fileState is what was at a path.
type fileState struct {
	is  string
	sum [sha256.Size]byte
}

// snapshot is a workspace at one time.
type snapshot map[string]fileState

// takeSnapshot reads a folder. What does not read is lost.
func takeSnapshot(root *os.Root) snapshot {
	out := snapshot{}
	_ = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if name == "." {
			return err
		}
		out[name] = seenAt(root, name)
		if err != nil && d != nil && d.IsDir() {
			out[name] = fileState{is: "lost"}
			return fs.SkipDir
		}
		return nil
	})
	return out
}

func seenAt(root *os.Root, name string) fileState {
	sum := sha256.New()
	s := fileState{is: stateOf(root, name, maxCompared, sum)}
	if s.is != "lost" {
		sum.Sum(s.sum[:0])
	}
	return s
}

// stateOf is what is at a path, and writes its content, which has at most limit
// bytes or is lost. A file that grows while it is read is none the longer for it.
func stateOf(root *os.Root, name string, limit int64, content io.Writer) (is string) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "gone"
	case err != nil:
		return "lost"
	case info.IsDir():
		return "folder"
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := root.Readlink(name)
		if err != nil || int64(len(target)) > limit {
			return "lost"
		}
		_, _ = io.WriteString(content, target)
		return "link"
	case !info.Mode().IsRegular() || info.Size() > limit || copyFile(content, root, name, limit) != nil:
		return "lost"
	case info.Mode()&0o100 != 0:
		return "program"
	}
	return "file"
}

var errLarge = errors.New("it is too large")

// copyFile writes what a file holds, and waits for no pipe in its place.
func copyFile(to io.Writer, root *os.Root, name string, limit int64) error {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(to, io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		return errLarge
	}
	return err
}

// changesSince lists what became another thing than it was, by path.
func (before snapshot) changesSince(root *os.Root) []ChangedPath {
	now := takeSnapshot(root)
	var out []ChangedPath
	for name := range before {
		if _, there := now[name]; !there {
			out = append(out, ChangedPath{Path: escapeName(name), Is: "gone"})
		}
	}
	room := int64(maxLeft)
	for _, name := range types.SortedKeys(now) {
		if was, there := before[name]; there && was == now[name] && was.is != "lost" {
			continue
		}
		var data bytes.Buffer
		is := stateOf(root, name, room, &data)
		if is == "lost" {
			data.Reset()
		}
		room -= int64(data.Len())
		out = append(out, ChangedPath{escapeName(name), is, base64.StdEncoding.EncodeToString(data.Bytes())})
	}
	slices.SortFunc(out, func(a, b ChangedPath) int { return strings.Compare(a.Path, b.Path) })
	return out
}

func escapeName(name string) string {
	if !utf8.ValidString(name) || strings.HasPrefix(name, `"`) {
		return strconv.Quote(name)
	}
	return name
}

// restore puts what a program left into its workspace, as that was before.
func restore(ctx context.Context, workspace *string, left []ChangedPath) error {
	if workspace == nil || len(left) == 0 {
		return nil
	}
	dir, _, f := folder(ctx, workspace)
	if f != nil {
		return f.err
	}
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
		err = putAll(root, left)
	}
	if err != nil && types.CodeOf(err) != types.Conflict {
		return types.Errorf(types.Internal, "what a program left in the workspace %s cannot be put there again: %w", *workspace, err)
	}
	return err
}

func putAll(root *os.Root, left []ChangedPath) (err error) {
	for _, l := range left { // first what makes room
		if l.Is == "gone" {
			err = errors.Join(err, root.RemoveAll(unescapeName(l.Path)))
		}
	}
	for _, l := range left {
		switch l.Is {
		case "lost":
			return types.Errorf(types.Conflict, "what a program left at %s of its workspace was too large to be kept, or unreadable", l.Path).
				WithHint("start new work with --again 1; let the program leave less, or readable files")
		case "gone":
		default:
			err = errors.Join(err, l.put(root))
		}
	}
	return err
}

func unescapeName(spelling string) string {
	if name, err := strconv.Unquote(spelling); err == nil && strings.HasPrefix(spelling, `"`) {
		return name
	}
	return spelling
}

func (l ChangedPath) put(root *os.Root) error {
	name := unescapeName(l.Path)
	data, err := base64.StdEncoding.DecodeString(l.Content)
	if err != nil {
		return err
	}
	if l.Is == "folder" {
		if info, err := root.Lstat(name); err == nil && info.IsDir() {
			return nil
		}
	}
	if err := errors.Join(root.MkdirAll(path.Dir(name), 0o755), root.RemoveAll(name)); err != nil {
		return err
	}
	switch l.Is {
	case "folder":
		return root.Mkdir(name, 0o755)
	case "link":
		return root.Symlink(string(data), name)
	case "program":
		return root.WriteFile(name, data, 0o755)
	}
	return root.WriteFile(name, data, 0o644)
}
