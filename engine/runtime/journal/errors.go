package journal

import (
	"errors"
	"io/fs"

	"github.com/skillrun/skillrun/engine/types"
	"golang.org/x/sys/unix"
)

// What can be wrong with a run or its journal. errors.As finds a
// *types.Error in every error of this package, and errors.Is these.
var (
	// ErrLocked: another process, or another part of this one, writes the run.
	ErrLocked = errors.New("locked")
	// ErrDamaged: the journal, or a blob, is not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrNewer: the journal's format is of a later program.
	ErrNewer = errors.New("written by a later skillrun")
	// ErrEmpty: the run was killed before its header was written, so nothing
	// of it ever happened.
	ErrEmpty = errors.New("the run never started")
	// ErrPoisoned: an earlier write failed, so nothing more is recorded.
	ErrPoisoned = errors.New("an earlier record could not be kept")
	// ErrUnsafe: others can change or replace what this package keeps.
	ErrUnsafe = errors.New("unsafe")
)

var (
	errClosed = types.Errorf(types.Internal, "the journal is closed")
	errTorn   = errors.New("the line is cut short or its checksum does not fit")
	errGone   = errors.New("what was there is gone")
)

// disk is a failure of the file system, unless err says more already.
func disk(doing string, err error) *types.Error {
	if known := (*types.Error)(nil); errors.As(err, &known) {
		return known
	}
	remedy := "check the disk"
	switch {
	case errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT):
		remedy = "free space on the disk"
	case errors.Is(err, unix.EROFS):
		remedy = "make the file system writable"
	case errors.Is(err, fs.ErrPermission):
		remedy = "check the permissions"
	}
	return types.Errorf(types.Unavailable, "cannot %s: %w", doing, err).WithHint("%s, %s", remedy, goesOn)
}

// goesOn ends the hints of failures that the same command recovers from.
const goesOn = "then run the same command again; it resumes from what is recorded"

func poisoned(cause error) *types.Error {
	return types.Errorf(types.Unavailable, "%w: %s", ErrPoisoned, types.AsError(cause).Message).
		WithHint("check the disk, %s", goesOn)
}

func notFound(id string) *types.Error {
	return types.Errorf(types.NotFound, "there is no run %s", id).WithHint("a run belongs to its site: pass the --sandbox or --config that it was started with")
}
