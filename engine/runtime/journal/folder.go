package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/types"
)

// lowSpace is less room than a handful of runs want, in bytes.
const lowSpace = 64 << 20

// Folder is what is known of a folder that is there, or would be made.
type Folder struct {
	Dir    string
	Exists bool
	Free   uint64       // bytes that may still be written
	Err    *types.Error // why it cannot be used, nil when it can
}

// Safe refuses a folder, there or yet to be made, that others can put another in
// the place of, or write.
func Safe(dir string) error {
	there, _, err := nearest(filepath.Clean(dir))
	if err != nil {
		return disk("check "+there, err)
	}
	return checkAbove(there)
}

// LookAt says whether a folder can be made and written, without making or
// writing anything.
func LookAt(dir string) Folder {
	f := Folder{Dir: dir}
	there, info, err := nearest(dir)
	f.Exists = there == dir
	switch {
	case err != nil:
		f.Err = types.Errorf(types.Internal, "%s cannot be read: %v", there, bare(err)).WithHint("check who owns it and its permissions")
	case !info.IsDir():
		f.Err = types.Errorf(types.Internal, "%s is not a folder", there).WithHint("move it away, or set XDG_STATE_HOME and XDG_CACHE_HOME to other folders")
	case unix.Access(there, unix.W_OK|unix.X_OK) != nil:
		f.Err = types.Errorf(types.Internal, "%s cannot be written", there).
			WithHint("give it to the user who runs skillrun, or set XDG_STATE_HOME and XDG_CACHE_HOME to other folders")
	case f.Exists && info.Mode().Perm()&0o077 != 0:
		f.Err = types.Errorf(types.Internal, "%s can be read by others (%04o)", there, info.Mode().Perm()).
			WithHint("chmod 700 %s: journals hold what the steps were given and what they answered", there)
	default:
		f.room(there)
	}
	if unsafe := Safe(dir); f.Err == nil && unsafe != nil {
		f.Err = types.AsError(unsafe)
	}
	return f
}

func (f *Folder) room(there string) {
	var disk unix.Statfs_t
	if err := unix.Statfs(there, &disk); err != nil {
		return // a file system that does not tell is not a reason to stop
	}
	f.Free = uint64(disk.Bavail) * uint64(disk.Bsize)
	if f.Free < lowSpace {
		f.Err = types.Errorf(types.Internal, "the disk of %s has %d MiB left", there, f.Free>>20).
			WithHint("free space: a run stops before it writes anything that it cannot record")
	}
}

// nearest is the folder itself, or the one above it that is there.
func nearest(dir string) (string, fs.FileInfo, error) {
	for {
		info, err := os.Stat(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir, info, err
		}
		dir = filepath.Dir(dir)
	}
}

func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
