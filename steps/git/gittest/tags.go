package gittest

import (
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// peel says what the tags with a message are on, as git does beside them, and go-git's
// server does not.
func peel(sto storer.EncodedObjectStorer, refs *packp.AdvRefs) {
	for name, h := range refs.References {
		if !strings.HasPrefix(name, "refs/tags/") {
			continue
		}
		on := h
		for t, err := object.GetTag(sto, on); err == nil; t, err = object.GetTag(sto, on) {
			on = t.Target
		}
		if on != h {
			refs.Peeled[name] = on
		}
	}
}

// Tags returns the tags of a repository and what their references name: the tag's own
// object when it has a message. nil when there is no such repository.
func (s *Server) Tags(name string) map[string]string {
	return s.references(name, plumbing.ReferenceName.IsTag)
}

// SetTag puts a tag on an object, as a person with rights would; an empty sha deletes it.
func (s *Server) SetTag(name, tag, sha string) error {
	return s.setReference(name, plumbing.NewTagReferenceName(tag), sha)
}

// Tag returns a tag's own object.
func (s *Server) Tag(name, sha string) (*object.Tag, error) {
	sto, err := s.open(name)
	if err != nil {
		return nil, err
	}
	return object.GetTag(sto, plumbing.NewHash(sha))
}
