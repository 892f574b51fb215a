package git

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	fdiff "github.com/go-git/go-git/v5/plumbing/format/diff"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/utils/diff"
)

// ChangedFile is a file that differs between two commits.
type ChangedFile struct {
	Path      string `json:"path" doc:"The file; the old path when it was deleted."`
	OldPath   string `json:"old_path" doc:"The old path of a file that was only moved; else empty. A file that was moved and changed counts as deleted and added."`
	Status    string `json:"status" doc:"How it changed." enum:"added,modified,deleted,renamed"`
	Additions int    `json:"additions" doc:"Lines that were added."`
	Deletions int    `json:"deletions" doc:"Lines that were deleted."`
	Binary    bool   `json:"binary" doc:"Whether it is not compared by line, because it is binary or too large."`
}

// bounds are how much is compared by line: bytes of one side, lines of both, the
// time for one file, after which its difference is right but coarse, and for all
// files of one call, after which they are compared as changed whole.
type bounds struct {
	bytes      int64
	lines      int
	each, left time.Duration
}

// looking bounds a read; committing lets no time decide what people agree to.
var (
	looking    = bounds{bytes: 1 << 20, lines: 50_000, each: 5 * time.Second, left: 20 * time.Second}
	committing = bounds{bytes: maxFile, lines: 400_000, each: time.Hour, left: time.Hour}
)

// filePatch is a changed file with its lines: go-git's diff.FilePatch, and its diff.Patch.
type filePatch struct {
	change
	binary bool // it is not compared by line
	chunks []fdiff.Chunk
}

func (p *filePatch) FilePatches() []fdiff.FilePatch { return []fdiff.FilePatch{p} }
func (p *filePatch) Message() string                { return "" }
func (p *filePatch) IsBinary() bool                 { return p.binary }
func (p *filePatch) Chunks() []fdiff.Chunk          { return p.chunks }

// Files are the two sides, nil where there is none.
func (p *filePatch) Files() (from, to fdiff.File) {
	if !p.from.Hash.IsZero() {
		from = side{p.from, cmp.Or(p.old, p.path)}
	}
	if !p.to.Hash.IsZero() {
		to = side{p.to, p.path}
	}
	return from, to
}

// side is a file on one side. It is go-git's diff.File.
type side struct {
	entry object.TreeEntry
	path  string
}

func (s side) Hash() plumbing.Hash     { return s.entry.Hash }
func (s side) Mode() filemode.FileMode { return s.entry.Mode }

// Path is the file's name, quoted when it could be taken for something else.
func (s side) Path() string {
	if strings.ContainsFunc(s.path, unicode.IsControl) || !utf8.ValidString(s.path) {
		return strconv.Quote(s.path)
	}
	return s.path
}

// piece is a run of lines. It is go-git's diff.Chunk.
type piece struct {
	text string
	op   fdiff.Operation
}

func (p piece) Content() string       { return p.text }
func (p piece) Type() fdiff.Operation { return p.op }

// patches compares changed files by line, and fetches all that it needs at once.
func (r *repo) patches(ctx context.Context, remote *remoteRefs, commits []plumbing.Hash, list []change, most bounds) ([]*filePatch, error) {
	if err := r.ensureObjects(ctx, remote, commits, blobsOf(list)); err != nil {
		return nil, err
	}
	var out []*filePatch
	for _, c := range list {
		if err := ctx.Err(); err != nil {
			return nil, readError("compare", remote.url, err)
		}
		p, err := r.patch(c, &most)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// blobsOf are the contents on both sides of changed files.
func blobsOf(list []change) []plumbing.Hash {
	var blobs []plumbing.Hash
	for _, c := range list {
		for _, e := range []object.TreeEntry{c.from, c.to} {
			if e.Mode != filemode.Submodule && c.from.Hash != c.to.Hash {
				blobs = append(blobs, e.Hash)
			}
		}
	}
	return blobs
}

func (r *repo) patch(c change, most *bounds) (*filePatch, error) {
	p := &filePatch{change: c}
	if c.from.Hash == c.to.Hash {
		return p, nil
	}
	before, ok, err := r.lines(c.from, most.bytes)
	if err != nil {
		return nil, err
	}
	after, ok2, err := r.lines(c.to, most.bytes)
	if err != nil {
		return nil, err
	}
	if !ok || !ok2 || strings.Count(before, "\n")+strings.Count(after, "\n") > most.lines {
		p.binary = true
		return p, nil
	}
	began := time.Now()
	compared := diff.DoWithTimeout(before, after, max(min(most.each, most.left), time.Millisecond))
	most.left -= time.Since(began)
	for _, d := range compared {
		op := fdiff.Equal
		switch { // go-git takes the numbers of its diff library over: 1 inserts, -1 deletes
		case d.Type > 0:
			op = fdiff.Add
		case d.Type < 0:
			op = fdiff.Delete
		}
		p.chunks = append(p.chunks, piece{d.Text, op})
	}
	return p, nil
}

// lines is a side's text, if it is one and not too large; a submodule is shown as by git.
func (r *repo) lines(e object.TreeEntry, most int64) (text string, ok bool, err error) {
	switch {
	case e.Hash.IsZero():
		return "", true, nil
	case e.Mode == filemode.Submodule:
		return "Subproject commit " + e.Hash.String() + "\n", true, nil
	}
	blob, err := object.GetBlob(r.trees, e.Hash)
	if err != nil || blob.Size > most {
		return "", false, err
	}
	text, err = contents(object.NewFile(e.Name, e.Mode, blob))
	if err != nil {
		return "", false, err
	}
	return text, utf8.ValidString(text) && !strings.ContainsRune(text, 0), nil
}

// describe is a changed file for people and expressions.
func (p *filePatch) describe() ChangedFile {
	out := ChangedFile{Path: valid(p.path), OldPath: valid(p.old), Status: "modified", Binary: p.binary}
	switch {
	case p.old != "":
		out.Status = "renamed"
	case p.from.Hash.IsZero():
		out.Status = "added"
	case p.to.Hash.IsZero():
		out.Status = "deleted"
	}
	for _, c := range p.chunks {
		n := len(slices.Collect(strings.Lines(c.Content())))
		switch c.Type() {
		case fdiff.Add:
			out.Additions += n
		case fdiff.Delete:
			out.Deletions += n
		}
	}
	return out
}

// unified is a unified diff of at most some bytes, cut after a line.
func unified(list []*filePatch, most int) (text string, truncated bool) {
	var b strings.Builder
	for _, p := range list {
		fdiff.NewUnifiedEncoder(&b, fdiff.DefaultContextLines).Encode(p) // into memory: it does not fail
		if b.Len() > most {
			cut := b.String()[:most]
			return cut[:strings.LastIndexByte(cut, '\n')+1], true
		}
	}
	return b.String(), false
}

// valid is a name as JSON can hold it.
func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
