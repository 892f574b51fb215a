package journal

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// An archive is a parked run as one file, for another machine to continue with. It
// is a tar of
//
//	archive.json    what it is, for people, with the digest of each file below
//	journal.jsonl   the journal, whose last record is [Exported]
//	blobs/DIGEST    the outputs that the journal names, in order
//
// The journal's header holds the skill and its bound program. Nothing else of the
// machine is in it: workspaces are made again from the journal, and services and
// their credentials are those of where the run continues.
//
// There is one archive of a journal, byte for byte. All of it follows from the
// journal and the blobs, each of which has its own checksums, so it is read by
// taking it apart, checking these, putting it together again and comparing: what
// is edited, cut short, added, linked, named otherwise or in another order is
// another archive, and refused. As with the journal, that finds damage and not
// forgery; who compares the digest of the archive with whoever exported it finds
// both.

// ArchiveLimit is the size in bytes that an archive may have, and all that is in
// it. Read, text of the worst kind takes thirty times its size.
const ArchiveLimit = 8 << 20

const (
	archiveName   = "archive.json"
	archiveFormat = 1
)

// Archive is an archive that was read, and is as it was written.
type Archive struct {
	Digest  string // of all of it
	Head    string // hash of the journal's last line
	Records []Record
	journal []byte
	blobs   map[string][]byte
	end     chain
}

// about is archive.json.
type about struct {
	Format int               `json:"skillrun_archive"`
	Run    string            `json:"run"`
	Site   string            `json:"site,omitempty"`
	Skill  string            `json:"skill"`
	Head   string            `json:"head"`
	At     time.Time         `json:"exported_at"`
	By     string            `json:"exported_by,omitempty"`
	To     []string          `json:"to,omitempty"`
	Reach  []string          `json:"reach,omitempty"`
	Files  map[string]string `json:"files"` // by name: the digest
}

// OpenArchive reads an archive, and refuses what is not one as it was written.
func OpenArchive(data []byte) (Archive, error) {
	files, err := unpackTar(data)
	if err != nil {
		return Archive{}, err
	}
	a, err := newArchive(files[journalName], func(name string) ([]byte, error) { return files[blobsName+"/"+name], nil })
	if err != nil {
		return Archive{}, badArchive(err)
	}
	if a.Records[len(a.Records)-1].Kind != Exported {
		return Archive{}, badArchive(errors.New("its journal does not end with its export"))
	}
	same := newComparison(data)
	if err := a.write(same); err != nil || !same.whole() {
		return Archive{}, badArchive(errors.New("it is not what its journal makes"))
	}
	a.Digest = types.Digest(data)
	return a, nil
}

// newArchive is the archive of a journal, and of the blobs that it names.
func newArchive(journal []byte, blob func(name string) ([]byte, error)) (Archive, error) {
	p := parse(bytes.NewReader(journal), 0, newChain())
	if p.err == nil && (p.cut > 0 || len(p.records) == 0) {
		p.err = errors.New("its journal is cut short")
	}
	a := Archive{Head: p.end.prev, Records: p.records, journal: journal, blobs: map[string][]byte{}, end: p.end}
	if p.err == nil {
		_, p.err = unpack(p.records, p.weight, func(name string) (_ []byte, err error) {
			a.blobs[name], err = blob(name)
			return a.blobs[name], err
		})
	}
	return a, p.err
}

// unpackTar reads the files of a tar. Names, kinds and sizes are looked at before
// anything is read, and never more than the limit is.
func unpackTar(data []byte) (map[string][]byte, error) {
	if len(data) > ArchiveLimit {
		return nil, tooLarge()
	}
	files, left := map[string][]byte{}, int64(ArchiveLimit)
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) && len(files) > 0 {
			return files, nil
		}
		if err != nil {
			return nil, badArchive(errors.New("it is not the archive of a run, or it was cut short"))
		}
		if _, twice := files[h.Name]; twice || h.Typeflag != tar.TypeReg || !inArchive(h.Name) || h.Size > left {
			return nil, badArchive(fmt.Errorf("it holds what no run has: %.100q", h.Name))
		}
		text, err := io.ReadAll(io.LimitReader(r, left))
		if err != nil {
			return nil, badArchive(errors.New("it is cut short"))
		}
		files[h.Name], left = text, left-int64(len(text))
		if len(files) == 1 && newerArchive(text) {
			return nil, types.Errorf(types.Conflict, "the archive was %w", ErrNewer).WithHint("update skillrun to import it")
		}
	}
}

func inArchive(name string) bool {
	blob, is := strings.CutPrefix(name, blobsName+"/")
	return name == archiveName || name == journalName || is && isDigest(blob)
}

func newerArchive(text []byte) bool {
	var a struct {
		Format int `json:"skillrun_archive"`
	}
	return json.Unmarshal(text, &a) == nil && a.Format > archiveFormat
}

func (a Archive) write(w io.Writer) error {
	h, last := a.Records[0].Run, a.Records[len(a.Records)-1]
	info := about{
		Format: archiveFormat, Run: h.ID, Site: h.Site, Skill: h.Skill, Head: a.Head, At: last.At, By: last.By, To: last.To,
		Reach: h.Reach, Files: map[string]string{journalName: types.Digest(a.journal)},
	}
	names := types.SortedKeys(a.blobs)
	for _, name := range names {
		info.Files[blobsName+"/"+name] = name
	}
	text, err := encode(info)
	if err != nil {
		return unfit(err)
	}
	t := tar.NewWriter(w)
	add := func(name string, text []byte) {
		if err == nil {
			err = t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: fileMode, Size: int64(len(text)), Format: tar.FormatUSTAR})
		}
		if err == nil {
			_, err = t.Write(text)
		}
	}
	add(archiveName, append(text, '\n'))
	add(journalName, a.journal)
	for _, name := range names {
		add(blobsName+"/"+name, a.blobs[name])
	}
	return errors.Join(err, t.Close())
}

func (a Archive) bytes() ([]byte, error) {
	size := len(a.journal)
	for _, blob := range a.blobs {
		size += len(blob)
	}
	var b bytes.Buffer
	if size <= ArchiveLimit {
		if err := a.write(&b); err != nil {
			return nil, err
		}
	}
	if size > ArchiveLimit || b.Len() > ArchiveLimit {
		return nil, tooLarge()
	}
	return b.Bytes(), nil
}

// comparison compares what is written with bytes, without holding it.
type comparison struct {
	hash.Hash
	size int
	want [sha256.Size]byte
	of   int
}

func newComparison(data []byte) *comparison {
	return &comparison{Hash: sha256.New(), want: sha256.Sum256(data), of: len(data)}
}

// Write takes the next bytes.
func (c *comparison) Write(p []byte) (int, error) {
	c.size += len(p)
	return c.Hash.Write(p)
}

func (c *comparison) whole() bool {
	return c.size == c.of && slices.Equal(c.Sum(nil), c.want[:])
}

func badArchive(why error) *types.Error {
	text := why.Error()
	if known := (*types.Error)(nil); errors.As(why, &known) {
		if errors.Is(why, ErrNewer) {
			return known
		}
		text = known.Message
	}
	return types.Errorf(types.BadInput, "the archive is %w: %s", ErrDamaged, text).
		WithHint("get it once more: where the run was exported, the same command writes it again")
}

func tooLarge() *types.Error {
	return types.Errorf(types.BadInput, "an archive takes at most %d MiB, and this run takes more", ArchiveLimit>>20).
		WithHint("resume the run where it is")
}
