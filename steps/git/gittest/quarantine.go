package gittest

import (
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// incoming is what a push brings, before it is accepted, above what the
// repository has. It lets a pack use the repository's objects as bases, as
// git's own pushes do, and leaves nothing behind when the push is refused.
type incoming struct {
	*memory.Storage
	below storer.EncodedObjectStorer
}

// EncodedObject looks at what came, then at what was there.
func (i incoming) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	if o, err := i.Storage.EncodedObject(t, h); err == nil {
		return o, nil
	}
	return i.below.EncodedObject(t, h)
}

// unpack reads a push's pack.
func unpack(below storer.EncodedObjectStorer, pack io.Reader) (incoming, error) {
	in := incoming{memory.NewStorage(), below}
	err := packfile.UpdateObjectStorage(in, pack)
	if errors.Is(err, packfile.ErrEmptyPackfile) {
		err = nil // a branch is created on what is there
	}
	return in, err
}

// whole reports whether everything that a commit needs is there. What was
// there before is taken to be whole.
func (i incoming) whole(tip plumbing.Hash) bool {
	seen := map[plumbing.Hash]bool{}
	for queued := []plumbing.Hash{tip}; len(queued) > 0; {
		h := queued[len(queued)-1]
		queued = queued[:len(queued)-1]
		if seen[h] {
			continue
		}
		seen[h] = true
		if _, ok := i.Objects[h]; !ok {
			if i.below.HasEncodedObject(h) != nil {
				return false
			}
			continue
		}
		more, err := i.needs(h)
		if err != nil {
			return false
		}
		queued = append(queued, more...)
	}
	return true
}

// needs are the objects that one names.
func (i incoming) needs(h plumbing.Hash) ([]plumbing.Hash, error) {
	o, err := object.GetObject(i, h)
	if err != nil {
		return nil, err
	}
	var out []plumbing.Hash
	switch o := o.(type) {
	case *object.Commit:
		out = append(append(out, o.TreeHash), o.ParentHashes...)
	case *object.Tag:
		out = append(out, o.Target)
	case *object.Tree:
		for _, e := range o.Entries {
			if e.Mode != filemode.Submodule {
				out = append(out, e.Hash)
			}
		}
	}
	return out, nil
}

// accept moves what came into the repository.
func (i incoming) accept() error {
	for h, o := range i.Objects {
		if i.below.HasEncodedObject(h) == nil {
			continue
		}
		if _, err := i.below.SetEncodedObject(o); err != nil {
			return err
		}
	}
	return nil
}

// take unpacks a push and accepts its objects. A refusal says what is wrong
// with them.
func take(sto storer.EncodedObjectStorer, req *packp.ReferenceUpdateRequest) (refusal *packp.ReportStatus, err error) {
	in, err := unpack(sto, req.Packfile)
	if err != nil {
		return statuses(req, err.Error(), func(*packp.Command) string { return "unpacker error" }), nil
	}
	refusal = statuses(req, "ok", func(c *packp.Command) string {
		if c.Action() != packp.Delete && !in.whole(c.New) {
			return "missing necessary objects"
		}
		return ""
	})
	if refusal != nil {
		return refusal, nil
	}
	return nil, in.accept()
}
