package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/skillrun/skillrun/engine/types"
)

// checkDir refuses a folder in which others can put or replace things.
func checkDir(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return disk("check the state folder", err)
	}
	return safe(path, info, false, false)
}

// checkAbove refuses a folder that others can put another in the place of: who
// can write one above it can rename what stands there. A link above is as safe
// as who made it and the folder that it stands in; where it leads is looked at
// too.
func checkAbove(path string) error {
	path = filepath.Clean(path)
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return disk("check the state folder", err)
	}
	for _, start := range slices.Compact([]string{path, real}) {
		if err := checkUp(start, path); err != nil {
			return err
		}
	}
	return nil
}

// checkUp looks at a folder and those above it; linkless may be no link.
func checkUp(start, linkless string) error {
	for dir, last := start, ""; dir != last; dir, last = filepath.Dir(dir), dir {
		info, err := os.Lstat(dir)
		if err != nil {
			return disk("check the state folder", err)
		}
		if err := safe(dir, info, true, dir != linkless); err != nil {
			return err
		}
	}
	return nil
}

// SafeFile refuses a file or folder that others can write, or put another in the place of,
// also where a link leads; one that is not there is safe.
func SafeFile(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil // nothing can be read of it
	}
	info, err := os.Lstat(real)
	if err != nil {
		return disk("check a file", err)
	}
	owner, group := ownerOf(info)
	switch {
	case owner != os.Geteuid() && owner != 0:
		return unsafeState(real, "belongs to another user", "use a file of your own")
	case info.Mode().Perm()&0o022 != 0 && !ofOneUser(info, owner, group):
		return unsafeState(real, "can be written by others", "check that it was not changed, then run chmod go-w on it")
	}
	return errors.Join(checkUp(filepath.Dir(path), ""), checkUp(filepath.Dir(real), ""))
}

// safe refuses a folder that others can write. Above ours, root may own it, one
// like /tmp will do, where no one can move what belongs to others, and so does a
// group of one user.
func safe(path string, info fs.FileInfo, above, links bool) error {
	shared := info.Mode().Perm()&0o022 != 0
	owner, group := ownerOf(info)
	link := info.Mode()&fs.ModeSymlink != 0
	switch {
	case link && !links:
		return unsafeState(path, "is a symbolic link", "name the folder it points to")
	case !link && !info.IsDir():
		return unsafeState(path, "is not a folder", "move it away")
	case owner != os.Geteuid() && !(above && owner == 0):
		return unsafeState(path, "belongs to another user", "use a folder of your own")
	case !link && shared && !(above && (info.Mode()&fs.ModeSticky != 0 || ofOneUser(info, owner, group))):
		return unsafeState(path, "can be written by others", "run chmod go-w on it")
	}
	return nil
}

// ofOneUser reports whether a folder can be written by no one but its owner and a
// group that is theirs alone: where each user has a group, both have one number.
func ofOneUser(info fs.FileInfo, owner, group int) bool {
	return info.Mode().Perm()&0o002 == 0 && owner == group && owner != 0
}

// checkFile refuses what others could have read or written.
func checkFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return disk("check a file", err)
	}
	owner, _ := ownerOf(info)
	switch {
	case !info.Mode().IsRegular():
		return unsafeState(f.Name(), "is not a file", "move it away")
	case owner != os.Geteuid():
		return unsafeState(f.Name(), "belongs to another user", "use a folder of your own")
	case info.Mode().Perm()&0o077 != 0:
		return unsafeState(f.Name(), "is open to others", "check that no other user changed it, then run chmod 600 on it")
	}
	return nil
}

func ownerOf(info fs.FileInfo) (user, group int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return -1, -1
}

func unsafeState(path, what, hint string) *types.Error {
	return types.Errorf(types.Conflict, "%w: %s %s", ErrUnsafe, path, what).WithHint("%s", hint)
}
