package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

func TestModes(t *testing.T) {
	t.Parallel()
	for _, umask := range []string{"open", "closed"} {
		t.Run(umask, func(t *testing.T) { testModes(t, umask) })
	}
}

func testModes(t *testing.T, umask string) {
	t.Parallel()
	dir := newDir(t)
	if cmd := startChild(t, umask, dir); cmd.Wait() != nil {
		t.Fatal("the other process failed")
	}
	files := 0
	check(t, filepath.WalkDir(filepath.Dir(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = fs.ModeDir | 0o700
		}
		if files++; err == nil && info.Mode() != want {
			t.Errorf("%s has the mode %v, want %v", path, info.Mode(), want)
		}
		return err
	}))
	if files != 12 { // state site runs run blobs inbox workspaces; two locks journal cache blob
		t.Errorf("%d files and folders, want 12", files)
	}
}

func TestUnsafeFolders(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(state, site, run string) error
		want  string // STATE, SITE, RUN and the rest of the message
	}{
		"the store is open": {func(_, site, _ string) error { return os.Chmod(site, 0o770) },
			"SITE can be written by others (run chmod go-w on it)"},
		"the state is open": {func(state, _, _ string) error { return os.Chmod(state, 0o702) },
			"STATE can be written by others (run chmod go-w on it)"},
		"the run is open": {func(_, _, run string) error { return os.Chmod(run, 0o722) },
			"RUN can be written by others (run chmod go-w on it)"},
		"the store is a link": {func(_, site, _ string) error { return relink(site) },
			"SITE is a symbolic link (name the folder it points to)"},
		"the state is a link": {func(state, _, _ string) error { return relink(state) },
			"STATE is a symbolic link (name the folder it points to)"},
		"the run is a link": {func(_, _, run string) error { return relink(run) },
			"RUN is a symbolic link (name the folder it points to)"},
		"the run is a file": {func(_, _, run string) error {
			return errors.Join(os.RemoveAll(run), os.WriteFile(run, nil, 0o600))
		}, "RUN is not a folder (move it away)"},
		"the journal is readable": {func(_, _, run string) error { return os.Chmod(run+"/journal.jsonl", 0o640) },
			"RUN/journal.jsonl is open to others (check that no other user changed it, then run chmod 600 on it)"},
		"the journal is a folder": {func(_, _, run string) error {
			return errors.Join(os.Remove(run+"/journal.jsonl"), os.Mkdir(run+"/journal.jsonl", 0o700))
		}, "RUN/journal.jsonl is not a file (move it away)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, run := newStore(t)
			site := filepath.Dir(filepath.Dir(run))
			state := filepath.Dir(site)
			check(t, create(t, s).Close())
			check(t, test.spoil(state, site, run))
			want := "unsafe: " + strings.NewReplacer("STATE", state, "SITE", site, "RUN", run).Replace(test.want)
			_, _, err := s.Read(runID)
			wantError(t, err, journal.ErrUnsafe, types.Conflict, want)
			if strings.HasSuffix(name, "folder") {
				return // which cannot be opened for writing at all
			}
			_, _, err = s.Open(runID)
			wantError(t, err, journal.ErrUnsafe, types.Conflict, want)
			if strings.HasPrefix(name, "the st") {
				_, err := s.Create(header(id(1), "w"))
				wantError(t, err, journal.ErrUnsafe, types.Conflict, want)
				_, err = s.List()
				wantError(t, err, journal.ErrUnsafe, types.Conflict, want)
			}
		})
	}
}

func TestForeignFolders(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder to somebody else")
	}
	const other = 12345
	s, run := newStore(t)
	check(t, create(t, s).Close())
	site := filepath.Dir(filepath.Dir(run))
	for _, path := range []string{run + "/journal.jsonl", run, site, filepath.Dir(site)} {
		check(t, os.Chown(path, other, -1))
		_, _, err := s.Open(runID)
		wantError(t, err, journal.ErrUnsafe, types.Conflict,
			"unsafe: "+path+" belongs to another user (use a folder of your own)")
	}
}

// A store below a folder that others can write, at any height, is refused: they
// could put another in its place. What they cannot rename there will do.
func TestFoldersAbove(t *testing.T) {
	t.Parallel()
	open := func(mode fs.FileMode) func(string) error {
		return func(top string) error { return os.Chmod(top, mode) }
	}
	for name, test := range map[string]struct {
		spoil func(top string) error
		want  string // TOP and the rest of the message, "" when it will do
	}{
		"all can write it":         {open(0o777), "TOP can be written by others (run chmod go-w on it)"},
		"a group can write it":     {open(0o770), "TOP can be written by others (run chmod go-w on it)"},
		"all can add to it":        {open(0o777 | fs.ModeSticky), ""},
		"all can read it":          {open(0o755), ""},
		"it is a link":             {relink, ""},
		"a link to what is shared": {func(top string) error { return errors.Join(relink(top), os.Chmod(top+"-moved", 0o777)) }, "TOP-moved can be written by others (run chmod go-w on it)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			top := filepath.Join(newDir(t), "top")
			s := journal.NewStore(filepath.Join(top, "a", "b", "state", "site"), journal.Options{})
			check(t, os.MkdirAll(filepath.Join(top, "a", "b"), 0o700))
			check(t, create(t, s).Close())
			check(t, test.spoil(top))
			_, _, err := s.Open(runID)
			_, made := s.Create(header(id(1), "w"))
			if test.want == "" {
				if err != nil || made != nil {
					t.Errorf("%v, %v", err, made)
				}
				return
			}
			want := "unsafe: " + strings.ReplaceAll(test.want, "TOP", top)
			wantError(t, err, journal.ErrUnsafe, types.Conflict, want)
			wantError(t, made, journal.ErrUnsafe, types.Conflict, want)
		})
	}
}

// relink moves a folder away and leaves a link to it.
func relink(path string) error {
	return errors.Join(os.Rename(path, path+"-moved"), os.Symlink(path+"-moved", path))
}

// A link in place of the journal or the lock leads nowhere.
func TestLinkedFiles(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"journal.jsonl", "lock"} {
		s, dir := newStore(t)
		check(t, create(t, s).Close())
		check(t, relink(filepath.Join(dir, name)))
		if _, _, err := s.Open(runID); !errors.Is(err, syscall.ELOOP) {
			t.Errorf("%s: got %v, want that it is a link", name, err)
		}
	}
}
