package journal

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Position is a place between two records of a journal. The zero one is its
// beginning.
type Position struct {
	Seq    int   // records before it
	Offset int64 // bytes before it
	prev   string
}

// After returns the records that were appended behind a position, and the
// position behind them. It costs as much as is new, takes no lock and writes
// nothing: it is for whoever follows a run that another process holds. A line
// that is not whole yet counts as not there.
func (s *Store) After(id string, at Position) ([]Record, Position, error) {
	dir, err := s.find(id)
	if err != nil {
		return nil, at, err
	}
	data, err := s.fs.readFrom(filepath.Join(dir, journalName), at.Offset)
	if errors.Is(err, fs.ErrNotExist) && at.Seq == 0 {
		return nil, at, s.nothing(dir, id)
	}
	if errors.Is(err, errGone) {
		return nil, at, damaged(at.Seq+1, err)
	}
	if err != nil {
		return nil, at, disk("read the journal", err)
	}
	p := parseFrom(data, at.Offset, at.chain())
	if p.err == nil {
		p.err = unpack(p.records, s.blobs(dir))
	}
	if p.err != nil {
		return nil, at, p.err
	}
	return p.records, Position{Seq: p.end.seq, Offset: at.Offset + int64(p.good), prev: p.end.prev}, nil
}

func (p Position) chain() chain {
	if p.Seq == 0 {
		return newChain()
	}
	return chain{seq: p.Seq, prev: p.prev}
}

// readFrom reads what stands in a file behind an offset.
func (o Options) readFrom(path string, offset int64) ([]byte, error) {
	f, err := o.open(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() < offset:
		return nil, errGone
	case info.Size() == offset:
		return nil, nil
	}
	if err := checkSize(path, info.Size()); err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, offset, info.Size()-offset))
}

// Held reports whether a process has the run, and which: its id, or "unknown".
func (s *Store) Held(id string) (pid string, held bool) {
	dir, err := s.find(id)
	if err != nil {
		return "", false
	}
	path := filepath.Join(dir, lockName)
	if !s.fs.held(path) {
		return "", false
	}
	return signed(path), true
}
