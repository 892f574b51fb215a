package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

const (
	maxValue = 1 << 20 // bytes of a value's JSON
	maxFile  = 64 << 20

	// maxBefore is how many bytes of earlier values are kept for an undo.
	maxBefore = 64 << 10

	// keepWrites and keepFor say which writes are remembered: the last ones, and those
	// that a run may still be resumed for, as long as the file stays small.
	keepWrites = 1000
	keepMost   = 100_000
	keepFor    = 30 * 24 * time.Hour

	patience = 10 * time.Second // for a lock that others hold for moments
	pause    = 2 * time.Millisecond
)

var namePattern = types.PatternOf[getIn]("name")

type store struct{ folder string }

// record is a file: the value, nil when there is none yet, and who wrote it.
type record struct {
	Value  *types.Dynamic `json:"value,omitempty"`
	Writes []written      `json:"writes"` // oldest first
}

// written is one write that is done, as it is found again.
type written struct {
	Key    string          `json:"key"`
	Digest string          `json:"digest"`
	At     time.Time       `json:"at"` // when its run began
	Result json.RawMessage `json:"result"`
	Before json.RawMessage `json:"before,omitempty"` // of a set: the value before, as long as there is room
}

// written returns which of the writes has the key, -1 for none.
func (r record) written(key step.Key) int {
	return slices.IndexFunc(r.Writes, func(w written) bool { return w.Key == key.String() })
}

// add adds a write, and forgets those that no one asks for any more. The
// newest run's beginning is the clock: a step has no other.
func (r *record) add(w written) {
	r.Writes = append(r.Writes, w)
	old, oldest := len(r.Writes)-keepWrites, len(r.Writes)-keepMost
	kept := r.Writes[:0:0]
	for i, one := range r.Writes {
		if i >= old || i >= oldest && w.At.Sub(one.At) < keepFor {
			kept = append(kept, one)
		}
	}
	r.Writes = kept
	r.trim()
}

func (s store) get(_ context.Context, in getIn) (getOut, error) {
	r, err := s.read(in.Name)
	if err != nil {
		return getOut{}, err
	}
	if r.Value == nil {
		return getOut{Name: in.Name, Value: in.Default, Digest: r.digest()}, nil
	}
	return getOut{Name: in.Name, Found: true, Value: types.Encode(r.Value), Digest: r.digest()}, nil
}

// digest tells the value from others.
func (r record) digest() string {
	if r.Value == nil {
		return "absent"
	}
	sum := sha256.Sum256(types.Encode(r.Value))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// read needs no lock: a file is replaced as a whole.
func (s store) read(name string) (record, error) {
	if !namePattern().MatchString(name) {
		return record{}, types.Errorf(types.BadInput, "%q is not the name of a state", name).
			WithHint("use up to 64 lower-case letters, digits, dots, dashes and underscores, a letter first")
	}
	if s.folder == "" {
		return record{}, types.Errorf(types.Internal, "there is no folder for states")
	}
	f, err := os.OpenFile(s.path(name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, s.corruptError(name, err)
	}
	defer f.Close()
	var r record
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return record{}, s.corruptError(name, err)
	}
	return r, nil
}

func (s store) path(name string) string { return filepath.Join(s.folder, name+".json") }

func (s store) corruptError(name string, err error) error {
	return types.Errorf(types.Conflict, "state %s cannot be read: %w", name, withoutPath(err)).
		WithHint("fix %s, or move it away and set the state again", s.path(name))
}

// change lets f change a value, alone. Before the rename nothing has happened.
func (s store) change(ctx context.Context, name string, f func(*record) (bool, error)) error {
	if _, err := s.read(name); err != nil { // also refuses a name that is none
		return err
	}
	unlock, err := s.lock(ctx, name)
	if err != nil {
		return err
	}
	defer unlock()
	r, err := s.read(name)
	if err != nil {
		return err
	}
	changed, err := f(&r)
	if err != nil || !changed {
		return err
	}
	if n := len(types.Encode(r.Value)); n > maxValue {
		return types.Errorf(types.BadInput, "state %s would have %d bytes of JSON, more than %d MiB", name, n, maxValue>>20).
			WithHint("keep fewer items, or less in each")
	}
	return s.replace(name, types.Encode(r))
}

// lock takes the kernel's lock, which ends with the process.
func (s store) lock(ctx context.Context, name string) (unlock func(), err error) {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return nil, unwritable(types.Unavailable, name, err)
	}
	f, err := os.OpenFile(filepath.Join(s.folder, name+".lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, unwritable(types.Unavailable, name, err)
	}
	if err := waitForLock(ctx, f); err != nil {
		return nil, errors.Join(locked(name, f.Name(), err), f.Close())
	}
	return func() { // a program that is being started has a copy of f, and the lock with it
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
		_ = f.Close()
	}, nil
}

// waitForLock asks for the lock until it is had, or others are busy for too long.
func waitForLock(ctx context.Context, f *os.File) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func locked(name, file string, err error) error {
	if errors.Is(err, context.Canceled) {
		return types.Errorf(types.Cancelled, "stopped while waiting for state %s", name).WithHint("resume the run")
	}
	return types.Errorf(types.Unavailable, "state %s is being written by another process", name).
		WithHint("find that process: lsof %s", file)
}

func (s store) replace(name string, data []byte) error {
	next := s.path(name) + ".new"
	if err := writeFile(next, data); err != nil {
		return unwritable(types.Unavailable, name, errors.Join(err, os.Remove(next)))
	}
	if err := os.Rename(next, s.path(name)); err != nil {
		return unwritable(types.Unavailable, name, err)
	}
	d, err := os.Open(s.folder)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil { // it has its name, and may lose it again
		return unwritable(types.UnknownOutcome, name, err)
	}
	return nil
}

func writeFile(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func unwritable(code types.Code, name string, err error) error {
	return types.Errorf(code, "state %s cannot be written: %w", name, withoutPath(err)).
		WithHint("check that the state folder is writable and has space left: skillrun doctor")
}

// withoutPath is err without the path, which the hint names.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
