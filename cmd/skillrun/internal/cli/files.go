package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/plan"
)

// maxFile is the largest file or stream that is read, in bytes; a plan, which
// holds what was read for it, may be larger.
const (
	maxFile = 1 << 20
	maxPlan = 16 << 20
)

// readFile reads a regular file of at most maxFile bytes. Devices and pipes are
// refused: some of them never end.
func readFile(path string) ([]byte, error) { return readUpTo(path, maxFile) }

func readUpTo(path string, limit int64) ([]byte, error) {
	// Without waiting: a pipe would hold the program up until somebody writes to it.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	return limited(f, path, limit)
}

// limited reads a stream of at most that many bytes.
func limited(r io.Reader, name string, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("larger than %d bytes", limit)}
	}
	return text, err
}

// sink is stdout that remembers whether a result was lost on it.
type sink struct {
	w    io.Writer
	err  error
	used bool // something was written
}

func (s *sink) Write(p []byte) (int, error) {
	s.used = s.used || len(p) > 0
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// keep replaces a file by a plan in which nothing steers a terminal.
func keep(file string, made plan.Plan) error {
	var text bytes.Buffer
	render.JSON(&text, made)
	return replace(file, []byte(render.CleanJSON(text.String())))
}

// replace writes a file that others cannot read, in one step.
func replace(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing of that name
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}

// xdg returns a folder of the XDG base directory specification.
func (p *Program) xdg(variable, otherwise string) string {
	if d := p.env(variable); filepath.IsAbs(d) {
		return filepath.Join(d, "skillrun")
	}
	if home := p.env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, otherwise, "skillrun")
	}
	return ""
}

func (p *Program) stateDir() string { return p.xdg("XDG_STATE_HOME", ".local/state") }

func (p *Program) cacheDir() string { return p.xdg("XDG_CACHE_HOME", ".cache") }

func (p *Program) userDir() string { return p.xdg("XDG_CONFIG_HOME", ".config") }

func (p *Program) sandboxDir() string { return filepath.Join(p.stateDir(), "sandbox-world") }

// sandboxConfig is the configuration of --sandbox; there is none before its first run.
func (p *Program) sandboxConfig() string { return filepath.Join(p.sandboxDir(), "skillrun.yaml") }
