package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFile is the largest file or stream that is read, in bytes.
const maxFile = 1 << 20

// readFile reads a regular file of at most maxFile bytes. Devices and pipes
// are refused: some of them never end.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return limited(f, path)
}

// limited reads a stream of at most maxFile bytes.
func limited(r io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("larger than %d bytes", maxFile)}
	}
	return text, err
}

// sink is stdout that remembers whether a result was lost on it.
type sink struct {
	w    io.Writer
	err  error
	used bool // something was written
}

// Write writes, and keeps the first error.
func (s *sink) Write(p []byte) (int, error) {
	s.used = s.used || len(p) > 0
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}
