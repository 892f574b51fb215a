package git

import (
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/utils/ioutil"
)

// storePack writes a pack's objects into a storage. go-git copies whatever comes
// for as long as it comes, also behind the pack's end and after it found that
// it is none: a server that does not stop would fill the disk. Here the pack is
// read along, object by object, and the copy ends where the pack does.
func storePack(to storer.Storer, pack io.Reader) (err error) {
	keeper, ok := to.(storer.PackfileWriter)
	if !ok {
		return packfile.UpdateObjectStorage(to, pack)
	}
	w, err := keeper.PackfileWriter()
	if err != nil {
		return err
	}
	defer ioutil.CheckClose(w, &err)
	return readAlong(io.TeeReader(pack, w))
}

// readAlong reads one pack and no more than a buffer behind it.
func readAlong(pack io.Reader) error {
	s := packfile.NewScanner(pack)
	_, objects, err := s.Header()
	if errors.Is(err, io.EOF) {
		return packfile.ErrEmptyPackfile
	}
	for ; err == nil && objects > 0; objects-- {
		if _, err = s.NextObjectHeader(); err == nil {
			_, _, err = s.NextObject(io.Discard)
		}
	}
	if err == nil {
		_, err = s.Checksum()
	}
	return err
}
