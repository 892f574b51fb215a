package git

import (
	"errors"
	"io"
	"os"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/utils/ioutil"
)

// storePack writes a pack's objects into a storage. go-git copies whatever comes
// for as long as it comes, also behind the pack's end and after it found that
// it is none: a server that does not stop would fill the disk. Here the pack is
// read along, object by object, and the copy ends where the pack does.
func storePack(to storer.PackfileWriter, pack io.Reader) (err error) {
	w, err := to.PackfileWriter()
	if err != nil {
		return err
	}
	defer ioutil.CheckClose(w, &err)
	return readAlong(pack, w)
}

// storeLoose writes a pack's objects one by one, when all of it is read.
func storeLoose(to storer.EncodedObjectStorer, pack io.Reader) error {
	spool, err := os.CreateTemp("", "skillrun-pack-*")
	if err != nil {
		return err
	}
	defer os.Remove(spool.Name())
	defer spool.Close()
	if err := readAlong(pack, spool); err != nil {
		return err
	}
	if _, err := spool.Seek(0, io.SeekStart); err != nil {
		return err
	}
	p, err := packfile.NewParserWithStorage(packfile.NewScanner(spool), to)
	if err == nil {
		_, err = p.Parse()
	}
	return err
}

// readAlong reads one pack and no more than a buffer behind it, as long as its
// objects are of a size that go-git can take: it holds one in memory, with all that
// it is told as a difference to, and makes room for what an object says that it is.
// So what was not looked at is not passed on.
func readAlong(pack io.Reader, to io.Writer) error {
	held := &holder{to: to}
	read := &counter{r: io.TeeReader(pack, held)}
	s := packfile.NewScanner(read)
	_, objects, err := s.Header()
	if errors.Is(err, io.EOF) {
		return packfile.ErrEmptyPackfile
	}
	w := weigher{read: read, chains: map[int64]int64{}}
	for done := uint32(0); err == nil && done < objects; done++ {
		if err = w.objects(objects, done); err != nil {
			break
		}
		var h *packfile.ObjectHeader
		if h, err = s.NextObjectHeader(); err != nil {
			break
		}
		if err = errors.Join(held.release(h.Offset), w.object(h)); err != nil {
			break
		}
		var begin head
		if _, _, err = s.NextObject(&begin); err == nil && h.Type.IsDelta() {
			err = w.delta(h, begin.bytes)
		}
	}
	if err == nil {
		_, err = s.Checksum()
	}
	if err == nil {
		err = held.release(read.n)
	}
	return err
}
