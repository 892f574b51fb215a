package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// lockName is the file in a folder of skills that keeps the schemas of the tools which
// they and their step types name. It is data: a schema counts only where it has the
// digest that the skill was written for.
const lockName = "skillrun.lock"

// maxLock is the size of such a file.
const maxLock = 16 << 20

type lockFile struct {
	Version int          `json:"version"`
	Tools   []lockedTool `json:"tools"`
}

type lockedTool struct {
	Service string `json:"service"`
	Tool    string `json:"tool"`
	Named   string `json:"schema"` // the digest by which skills name it
	step.Schema
}

// lockOf is where the schemas are kept for a file.
func lockOf(file string) string {
	dir := filepath.Dir(file)
	if engine.IsStepType(file) {
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, lockName)
}

// schema is what a tool takes, by the lock beside a file.
func (c callees) schema(beside string, pin step.Pin) (in types.Type, known bool, err error) {
	file := lockOf(beside)
	if strings.HasPrefix(beside, builtinDir) {
		return in, false, nil
	}
	l, read := c.locks[file]
	if !read {
		l.tools, l.err = c.program.readLock(file)
		c.locks[file] = l
	}
	switch {
	case errors.Is(l.err, fs.ErrNotExist):
		return in, false, nil
	case l.err != nil:
		return in, false, l.err
	}
	return l.tools.schema(file, pin)
}

// locked is what became of reading a lock.
type locked struct {
	tools lockFile
	err   error
}

func (p *Program) readLock(file string) (out lockFile, err error) {
	text, err := readUpTo(p.path(file), maxLock)
	if errors.Is(err, fs.ErrNotExist) {
		return out, err
	}
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err == nil && out.Version != 1 {
		err = errors.New("it is of another version of skillrun")
	}
	if err != nil {
		return out, types.Errorf(types.BadInput, "%s cannot be read: %w", file, bare(err, file)).WithHint("write it anew: skillrun lock")
	}
	return out, nil
}

func (l lockFile) schema(file string, pin step.Pin) (in types.Type, known bool, err error) {
	i := slices.IndexFunc(l.Tools, func(t lockedTool) bool { return t.Service == pin.Service && t.Tool == pin.Name })
	if i < 0 {
		return in, false, types.Errorf(types.NotFound, "%s does not have tool %s of service %s, so its arguments are not checked", file, pin.Name, pin.Service).
			WithHint("add it: skillrun lock")
	}
	switch t := l.Tools[i]; {
	case t.Digest() != t.Named:
		return in, false, types.Errorf(types.BadInput, "the schema of tool %s in %s is not the one that its digest is of", t.Tool, file).WithHint("write it anew: skillrun lock")
	case t.Named != pin.Digest:
		return in, false, types.Errorf(types.Conflict, "the schema of tool %s in %s is another one: %s", t.Tool, file, t.Named).
			WithHint("see what has changed there, adapt the arguments, and write that digest as schema; or lock the one that is written here: skillrun lock")
	default:
		return types.FromSchema(t.Input), true, nil
	}
}

// writeLock replaces a lock by one with these tools.
func writeLock(file string, tools []lockedTool) error {
	slices.SortFunc(tools, func(a, b lockedTool) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Tool, b.Tool))
	})
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(lockFile{Version: 1, Tools: tools}); err != nil {
		return err
	}
	if err := replace(file, text.Bytes()); err != nil {
		return err
	}
	return os.Chmod(file, 0o644) // it is kept with the skills, for all
}
