package gittest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Commit is one commit of a fixture. Everything that goes into its SHA is
// written down, so the SHA never changes.
type Commit struct {
	Name    string   // by which later commits and branches refer to it
	Parents []string // names; the first one's files are the base
	Author  string
	Email   string
	When    time.Time
	Message string
	Files   map[string]*string // nil deletes; what is absent stays as it was
}

// Create makes a bare repository from commits in order, and returns their SHAs
// by name. branches maps a branch to a commit's name. A repository that exists
// already is left alone and only the SHAs are computed.
func (s *Server) Create(name, defaultBranch string, commits []Commit, branches map[string]string) (map[string]string, error) {
	mem := memory.NewStorage()
	b := builder{sto: mem, shas: map[string]string{}, files: map[string]map[string]string{}, blobs: map[string]plumbing.Hash{}}
	for _, c := range commits {
		if err := b.commit(c); err != nil {
			return nil, fmt.Errorf("%s: commit %s: %w", name, c.Name, err)
		}
	}
	l := s.lock(name)
	l.Lock()
	defer l.Unlock()
	if _, err := s.open(name); err == nil {
		return b.shas, nil
	}
	return b.shas, s.write(name, defaultBranch, mem, b.shas, branches)
}

// write lays the objects down as one pack, the references last, in a folder
// that gets its name when it is whole.
func (s *Server) write(name, defaultBranch string, mem *memory.Storage, shas, branches map[string]string) error {
	dir := s.dir(name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	sto := s.repository(tmp)
	if err := sto.Init(); err != nil {
		return err
	}
	hashes := make([]plumbing.Hash, 0, len(mem.Objects))
	for h := range mem.Objects {
		hashes = append(hashes, h)
	}
	slices.SortFunc(hashes, func(a, b plumbing.Hash) int { return strings.Compare(a.String(), b.String()) })
	w, err := sto.PackfileWriter()
	if err != nil {
		return err
	}
	if _, err := packfile.NewEncoder(w, mem, false).Encode(hashes, 0); err != nil {
		return errors.Join(err, w.Close())
	}
	if err := w.Close(); err != nil {
		return err
	}
	for branch, commit := range branches {
		sha, ok := shas[commit]
		if !ok {
			return fmt.Errorf("branch %s: no commit %s", branch, commit)
		}
		if err := sto.SetReference(plumbing.NewHashReference(plumbing.NewBranchReferenceName(branch), plumbing.NewHash(sha))); err != nil {
			return err
		}
	}
	if err := sto.SetReference(plumbing.NewSymbolicReference(plumbing.HEAD, plumbing.NewBranchReferenceName(defaultBranch))); err != nil {
		return err
	}
	return s.name(tmp, dir)
}

// name gives a whole repository its place.
func (s *Server) name(tmp, dir string) error {
	from, err := filepath.Rel(s.o.Dir, tmp)
	if err != nil {
		return err
	}
	to, err := filepath.Rel(s.o.Dir, dir)
	if err != nil {
		return err
	}
	return s.folder(s.o.Dir).Rename(from, to)
}

// Fork copies a repository, unless the copy is there.
func (s *Server) Fork(from, to string) error {
	if _, err := s.open(to); err == nil {
		return nil
	}
	l := s.lock(from)
	l.RLock()
	defer l.RUnlock()
	dir := s.dir(to)
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.CopyFS(filepath.Join(tmp, "r"), os.DirFS(s.dir(from))); err != nil {
		return err
	}
	return s.name(filepath.Join(tmp, "r"), dir)
}

// builder makes objects of fixtures.
type builder struct {
	sto   storer.EncodedObjectStorer
	shas  map[string]string
	files map[string]map[string]string // commit name -> path -> content
	blobs map[string]plumbing.Hash     // content -> what it was stored as
}

func (b *builder) commit(c Commit) error {
	files := map[string]string{}
	var parents []plumbing.Hash
	for i, p := range c.Parents {
		sha, ok := b.shas[p]
		if !ok {
			return fmt.Errorf("no parent %s", p)
		}
		parents = append(parents, plumbing.NewHash(sha))
		if i == 0 {
			for name, text := range b.files[p] {
				files[name] = text
			}
		}
	}
	for name, text := range c.Files {
		if text == nil {
			delete(files, name)
		} else {
			files[name] = *text
		}
	}
	tree, err := b.tree(files, "")
	if err != nil {
		return err
	}
	who := object.Signature{Name: c.Author, Email: c.Email, When: c.When}
	hash, err := b.store(&object.Commit{Author: who, Committer: who, Message: c.Message, TreeHash: tree, ParentHashes: parents})
	b.shas[c.Name], b.files[c.Name] = hash.String(), files
	return err
}

// tree stores the folder at prefix and everything below it.
func (b *builder) tree(files map[string]string, prefix string) (plumbing.Hash, error) {
	entries := map[string]object.TreeEntry{}
	below := map[string]map[string]string{}
	for name, text := range files {
		folder, rest, nested := strings.Cut(name, "/")
		if !nested {
			h, known := b.blobs[text]
			if !known {
				var err error
				if h, err = b.blob(text); err != nil {
					return plumbing.ZeroHash, err
				}
				b.blobs[text] = h
			}
			entries[name] = object.TreeEntry{Name: name, Mode: filemode.Regular, Hash: h}
			continue
		}
		if below[folder] == nil {
			below[folder] = map[string]string{}
		}
		below[folder][rest] = text
	}
	for folder, inside := range below {
		h, err := b.tree(inside, prefix+folder+"/")
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entries[folder] = object.TreeEntry{Name: folder, Mode: filemode.Dir, Hash: h}
	}
	t := &object.Tree{}
	for _, e := range entries {
		t.Entries = append(t.Entries, e)
	}
	slices.SortFunc(t.Entries, func(x, y object.TreeEntry) int { return strings.Compare(sortName(x), sortName(y)) })
	return b.store(t)
}

// sortName is a tree entry's name as git orders it: folders as if they ended
// in a slash.
func sortName(e object.TreeEntry) string {
	if e.Mode == filemode.Dir {
		return e.Name + "/"
	}
	return e.Name
}

func (b *builder) blob(text string) (plumbing.Hash, error) {
	o := b.sto.NewEncodedObject()
	o.SetType(plumbing.BlobObject)
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return plumbing.ZeroHash, err
	}
	if err := w.Close(); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.sto.SetEncodedObject(o)
}

func (b *builder) store(o interface {
	Encode(plumbing.EncodedObject) error
}) (plumbing.Hash, error) {
	enc := b.sto.NewEncodedObject()
	if err := o.Encode(enc); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.sto.SetEncodedObject(enc)
}
