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
	f, err := s.fs.open(filepath.Join(dir, journalName), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) && at.Seq == 0 {
		return nil, at, s.nothing(dir, id)
	}
	if err != nil {
		return nil, at, disk("read the journal", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil && size < at.Offset {
		return nil, at, damaged(at.Seq+1, errGone)
	}
	if err == nil {
		err = checkSize(f)
	}
	if err != nil {
		return nil, at, disk("read the journal", err)
	}
	p := parse(io.NewSectionReader(f, at.Offset, size-at.Offset), at.Offset, at.chain())
	if p.err == nil {
		_, p.err = unpack(p.records, p.weight, s.blobs(dir))
	}
	if p.err != nil {
		return nil, at, p.err
	}
	return p.records, Position{Seq: p.end.seq, Offset: at.Offset + p.good, prev: p.end.prev}, nil
}

func (p Position) chain() chain {
	if p.Seq == 0 {
		return newChain()
	}
	return chain{seq: p.Seq, prev: p.prev}
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
