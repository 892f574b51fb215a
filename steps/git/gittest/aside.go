package gittest

import (
	"errors"
	"os"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// aside is a filesystem on which a file gets its name when it is whole: what is
// written lies aside until it is closed. go-git writes references in place, so
// that a kill between its truncating one and its writing leaves an empty file,
// and a repository that answers nothing any more.
type aside struct{ billy.Filesystem }

// folder is the filesystem below a folder.
func (s *Server) folder(dir string) billy.Filesystem {
	if s.o.FS == nil {
		return aside{osfs.New(dir)}
	}
	return aside{s.o.FS(dir)}
}

// Capabilities are those below without changing a file in place.
func (a aside) Capabilities() billy.Capability {
	return billy.Capabilities(a.Filesystem) &^ billy.ReadAndWriteCapability
}

// Create begins a file that has its name once it is closed.
func (a aside) Create(name string) (billy.File, error) {
	return a.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// OpenFile begins a file where one would be truncated, and refuses to change
// one in place.
func (a aside) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	switch {
	case flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE) == 0:
		return a.Filesystem.OpenFile(name, flag, perm)
	case flag&os.O_TRUNC == 0:
		return nil, errors.New(name + " is to be changed in place")
	}
	f, err := a.TempFile("", "tmp_aside_") // at the top: below refs it would be a reference
	if err != nil {
		return nil, err
	}
	return unnamed{f, a.Filesystem, name}, nil
}

// unnamed is a file that lies aside.
type unnamed struct {
	billy.File
	fs   billy.Filesystem
	name string
}

// Name is the one that it will have.
func (u unnamed) Name() string { return u.name }

// repository is a repository on a disk. go-git drops the error of closing a
// reference, which here is the one that counts.
type repository struct {
	*filesystem.Storage
	fs billy.Filesystem
}

// repository opens the one in a folder, or begins it. Its packs stay open until
// nothing refers to it any more: commits that it gave read from them, and to open
// one for every object is what a request would mostly consist of.
func (s *Server) repository(dir string) repository {
	fs := s.folder(dir)
	return repository{filesystem.NewStorageWithOptions(fs, cache.NewObjectLRUDefault(), filesystem.Options{KeepDescriptors: true}), fs}
}

// SetReference writes a reference as git does.
func (r repository) SetReference(ref *plumbing.Reference) error {
	f, err := r.fs.Create(ref.Name().String())
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(ref.Strings()[1] + "\n"))
	r.vacate(ref.Name().String())
	return errors.Join(err, f.Close())
}

// vacate removes folders where a reference is to be that deleted ones left
// behind, as git does. One that still holds something stays, and is in the way.
func (r repository) vacate(name string) {
	entries, err := r.fs.ReadDir(name)
	if err != nil {
		return // there is none
	}
	for _, e := range entries {
		if e.IsDir() {
			r.vacate(r.fs.Join(name, e.Name()))
		}
	}
	_ = r.fs.Remove(name)
}

// Close gives the file its name.
func (u unnamed) Close() error {
	if err := u.File.Close(); err != nil {
		return err
	}
	return u.fs.Rename(u.File.Name(), u.name)
}
