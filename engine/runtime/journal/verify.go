package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Verdict is what reading a run's folder whole came to.
type Verdict struct {
	ID      string   `json:"id"`
	State   State    `json:"state"`   // by the journal
	Records int      `json:"records"` // that are as they were written
	Bytes   int64    `json:"bytes"`   // they take in the journal
	Blobs   int      `json:"blobs"`   // outputs outside of it that are as they were written
	Head    string   `json:"head"`    // hash of the last line: who noted it can tell later whether lines were cut off
	Wrong   []string `json:"wrong"`   // what is not as it was written; empty means that all of it is good
	Notes   []string `json:"notes"`   // what a kill may leave, and changes nothing

	// Header is what runs, for whoever can check the program against its digest;
	// nil when it cannot be read.
	Header *RunHeader `json:"-"`
}

// Good reports whether everything is as it was written.
func (v Verdict) Good() bool { return len(v.Wrong) == 0 }

// Verify reads all of a run's folder and says whether it is what was written:
// the checksum of every line and the chain that links them, the digest of every
// output outside of the journal, and what stands beside them. It takes no lock,
// writes nothing, and may come in the middle of a run. The error is of a run
// that is not there or cannot be read; damage is not an error, it is a verdict.
func (s *Store) Verify(id string) (Verdict, error) {
	dir, err := s.find(id)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{ID: id, State: StateDamaged, Wrong: []string{}, Notes: []string{}}
	l, err := s.load(dir, id)
	switch {
	case errors.Is(err, ErrDamaged) || errors.Is(err, ErrUnsafe):
		v.wrong("%s", types.AsError(err).Message)
	case err != nil:
		return Verdict{}, err
	case l.report.Torn():
		v.note("%s", l.report)
	}
	v.journal(l, err == nil)
	used := v.outputs(l.records, s.blobs(dir))
	if err := v.folder(dir, used); err != nil {
		return Verdict{}, err
	}
	c, fits := s.cachedSummary(dir, id)
	_, broken := s.cache(dir, id)
	if errors.Is(broken, ErrDamaged) || fits && err == nil && !sameSummary(c, Summarize(l.records)) {
		v.note("%s contradicts the journal; it is only used for listings: remove it", cacheName)
	}
	return v, nil
}

func (v *Verdict) wrong(format string, args ...any) {
	v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...))
}

func (v *Verdict) note(format string, args ...any) {
	v.Notes = append(v.Notes, fmt.Sprintf(format, args...))
}

func (v *Verdict) journal(l loaded, good bool) {
	v.Records, v.Bytes = len(l.records), l.size
	if len(l.records) == 0 {
		return
	}
	v.Head, v.Header = l.end.prev, l.records[0].Run
	if good {
		v.State = Summarize(l.records).State
	}
}

// outputs checks the outputs in blobs against their digests, and returns those named.
func (v *Verdict) outputs(records []Record, blob func(string) ([]byte, error)) map[string]bool {
	used := map[string]bool{}
	for i := range records {
		r := &records[i]
		if r.Blob == "" {
			continue
		}
		out, err := blob(r.Blob)
		switch {
		case err != nil:
			v.wrong("the output of record %d: %s", r.Seq, types.AsError(err).Message)
		case types.Digest(out) != r.Blob:
			v.wrong("%s", badBlob(r).Message)
		case !used[r.Blob]:
			v.Blobs++
		}
		used[r.Blob] = true
	}
	return used
}

// folder looks at what stands beside the journal.
func (v *Verdict) folder(dir string, used map[string]bool) error {
	known := []string{journalName, cacheName, lockName, inboxName, blobsName, workspacesName, programsName}
	err := each(dir, func(name string) {
		switch {
		case strings.HasSuffix(name, tmpEnd):
			v.note("%s was never finished: a kill left it", name)
		case !slices.Contains(known, name):
			v.note("%s is not ours", name)
		}
	})
	if err != nil {
		return err
	}
	err = each(filepath.Join(dir, blobsName), func(name string) {
		switch {
		case strings.HasSuffix(name, tmpEnd):
			v.note("%s/%s was never finished: a kill left it", blobsName, name)
		case !used[name]:
			v.note("%s/%s belongs to no record: a kill left it", blobsName, name)
		}
	})
	if err != nil {
		return err
	}
	return each(filepath.Join(dir, inboxName), func(name string) {
		v.note("%s/%s waits for an answer", inboxName, name)
	})
}

// each calls f with the names in a folder, in order; one that is missing is empty.
func each(dir string, f func(name string)) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk("read a run's folder", err)
	}
	for _, e := range entries {
		f(e.Name())
	}
	return nil
}

func sameSummary(a, b Summary) bool {
	x, err := encode(a)
	y, wrong := encode(b)
	return err == nil && wrong == nil && string(x) == string(y)
}
