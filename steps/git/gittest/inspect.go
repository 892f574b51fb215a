package gittest

import (
	"errors"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// ReadFile returns a file of a commit.
func (s *Server) ReadFile(name, sha, path string) (string, error) {
	c, err := s.Commit(name, sha)
	if err != nil {
		return "", err
	}
	f, err := c.File(path)
	if err != nil {
		return "", err
	}
	return f.Contents()
}

// Commit returns a commit of a repository.
func (s *Server) Commit(name, sha string) (*object.Commit, error) {
	sto, err := s.open(name)
	if err != nil {
		return nil, err
	}
	return object.GetCommit(sto, plumbing.NewHash(sha))
}

// SetBranch moves a branch, as a person with rights would; an empty sha
// deletes it.
func (s *Server) SetBranch(name, branch, sha string) error {
	return s.setReference(name, plumbing.NewBranchReferenceName(branch), sha)
}

func (s *Server) setReference(name string, ref plumbing.ReferenceName, sha string) error {
	l := s.lock(name)
	l.Lock()
	defer l.Unlock()
	sto, err := s.open(name)
	if err != nil {
		return err
	}
	if sha == "" {
		return sto.RemoveReference(ref)
	}
	return sto.SetReference(plumbing.NewHashReference(ref, plumbing.NewHash(sha)))
}

// Change is a file that differs.
type Change struct {
	OldPath, NewPath string // equal unless it was renamed; one is "" when it was added or deleted
	Diff             string // unified, from the first @@ on
}

// Changes returns the files that a commit of one repository changes, seen from
// where it left a branch of another: what a merge request shows.
func (s *Server) Changes(from, sha, to, branch string) ([]Change, error) {
	tip, err := s.Commit(from, sha)
	if err != nil {
		return nil, err
	}
	target, err := s.Commit(to, s.Branches(to)[branch])
	if err != nil {
		return nil, err
	}
	known := map[plumbing.Hash]bool{}
	err = object.NewCommitPreorderIter(target, nil, nil).ForEach(func(c *object.Commit) error {
		known[c.Hash] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	base, err := firstKnown(tip, known)
	if err != nil {
		return nil, err
	}
	return diff(base, tip)
}

// Ahead counts the commits that one reaches and none of the branches' tips does.
func (s *Server) Ahead(name, sha string, tips map[string]string) int {
	known, n := map[plumbing.Hash]bool{}, 0
	walk := func(sha string) {
		c, err := s.Commit(name, sha)
		if err != nil {
			return
		}
		_ = object.NewCommitPreorderIter(c, known, nil).ForEach(func(c *object.Commit) error {
			known[c.Hash] = true
			n++
			return nil
		})
	}
	for _, tip := range tips {
		walk(tip)
	}
	n = 0
	walk(sha)
	return n
}

// firstKnown returns the newest ancestor of tip that is in known.
func firstKnown(tip *object.Commit, known map[plumbing.Hash]bool) (*object.Commit, error) {
	iter := object.NewCommitIterCTime(tip, nil, nil)
	for {
		c, err := iter.Next()
		if err != nil {
			return nil, errors.New("no common ancestor")
		}
		if known[c.Hash] {
			return c, nil
		}
	}
}

func diff(base, tip *object.Commit) ([]Change, error) {
	before, err := base.Tree()
	if err != nil {
		return nil, err
	}
	after, err := tip.Tree()
	if err != nil {
		return nil, err
	}
	changes, err := object.DiffTree(before, after)
	if err != nil {
		return nil, err
	}
	out := make([]Change, 0, len(changes))
	for _, c := range changes {
		patch, err := c.Patch()
		if err != nil {
			return nil, err
		}
		text := patch.String()
		if i := strings.Index(text, "\n@@"); i >= 0 {
			text = text[i+1:]
		}
		out = append(out, Change{OldPath: c.From.Name, NewPath: c.To.Name, Diff: text})
	}
	return out, nil
}

// Borrow gives one repository the objects of another.
func (s *Server) Borrow(from, to string) error {
	l := s.lock(to)
	l.Lock()
	defer l.Unlock()
	src, err := s.open(from)
	if err != nil {
		return err
	}
	dst, err := s.open(to)
	if err != nil {
		return err
	}
	iter, err := src.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		return err
	}
	return iter.ForEach(func(o plumbing.EncodedObject) error {
		if dst.HasEncodedObject(o.Hash()) == nil {
			return nil
		}
		_, err := dst.SetEncodedObject(o)
		return err
	})
}
