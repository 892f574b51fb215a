package git

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/skillrun/skillrun/engine/types"
)

// maxLooked is how many commits a log looks through for those that it is asked for:
// behind one commit, and at a path.
const maxLooked = 10_000

// filtered reports whether only some commits are asked for.
func (in logIn) filtered() bool { return in.Path != "" || in.Since != "" || in.Author != "" }

// behind returns the commits that one reaches, newest first and itself with them. Of
// more than are looked through it returns the newest, and that others were left out.
func behind(ctx context.Context, sto storer.EncodedObjectStorer, from plumbing.Hash) (list []*object.Commit, cut bool, err error) {
	w := newWalk(ctx, sto)
	if err := w.paint(from, toSide); err != nil {
		return nil, false, err
	}
	for len(w.queue) > 0 {
		if len(list) == maxLooked {
			return inOrder(list), true, nil
		}
		p, err := w.step()
		if err != nil {
			return nil, false, err
		}
		list = append(list, p.commit)
	}
	return inOrder(list), false, w.whole()
}

// filter keeps the commits that are asked for, and of those that change a path no more
// than it takes to see that there are more than enough.
func (r *repo) filter(ctx context.Context, remote *remoteRefs, list []*object.Commit, in logIn, enough int) ([]*object.Commit, error) {
	var since time.Time
	if in.Since != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, in.Since); err != nil {
			return nil, types.Errorf(types.BadInput, "since is %q, not a time", in.Since).WithHint("write it as 2026-01-31T09:00:00Z")
		}
	}
	author := strings.ToLower(in.Author)
	list = slices.DeleteFunc(list, func(c *object.Commit) bool {
		return c.Committer.When.Before(since) || !strings.Contains(strings.ToLower(c.Author.Name+" <"+c.Author.Email+">"), author)
	})
	switch {
	case in.Path == "":
		return list, nil
	case len(list) > maxLooked:
		return nil, types.Errorf(types.BadInput, "%d commits are too many to look for changes of %s in", len(list), in.Path).
			WithHint("give a newer commit in from, or a time in since")
	}
	return r.changing(ctx, remote, list, in.Path, enough)
}

// changing keeps the commits that have something else at a path than each of their
// parents; a merge that takes what one side has is none. It asks for the trees of some commits at
// once, of the more the further it has to look.
func (r *repo) changing(ctx context.Context, remote *remoteRefs, list []*object.Commit, path string, enough int) ([]*object.Commit, error) {
	var out []*object.Commit
	for n := 16; len(list) > 0 && len(out) <= enough; n = min(2*n, maxWants) {
		some := list[:min(n, len(list))]
		list = list[len(some):]
		at, err := r.entriesAt(ctx, remote, some, path)
		if err != nil {
			return nil, err
		}
		for _, c := range some {
			if !slices.ContainsFunc(c.ParentHashes, func(p plumbing.Hash) bool { return at[p] == at[c.Hash] }) && (len(c.ParentHashes) > 0 || at[c.Hash] != nothing) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// nothing is what stands at a path that a commit does not have.
var nothing object.TreeEntry

// entriesAt returns what stands at a path in commits and in their parents. It goes
// down level by level, and asks for all trees that a level lacks at once.
func (r *repo) entriesAt(ctx context.Context, remote *remoteRefs, commits []*object.Commit, path string) (map[plumbing.Hash]object.TreeEntry, error) {
	at := map[plumbing.Hash]object.TreeEntry{}
	var of []plumbing.Hash
	for _, c := range commits {
		for _, h := range append([]plumbing.Hash{c.Hash}, c.ParentHashes...) {
			if _, seen := at[h]; seen {
				continue
			}
			c, err := object.GetCommit(r.history, h)
			if err != nil {
				return nil, err
			}
			of, at[h] = append(of, h), object.TreeEntry{Mode: filemode.Dir, Hash: c.TreeHash}
		}
	}
	for name := range strings.SplitSeq(path, "/") {
		if err := r.descend(ctx, remote, of, at, name); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// descend puts what a folder holds by a name in the place of the folder.
func (r *repo) descend(ctx context.Context, remote *remoteRefs, of []plumbing.Hash, at map[plumbing.Hash]object.TreeEntry, name string) error {
	below := map[plumbing.Hash]object.TreeEntry{}
	var trees []plumbing.Hash
	for _, h := range of {
		if at[h].Mode == filemode.Dir {
			trees = append(trees, at[h].Hash)
		}
	}
	if err := r.ensureObjects(ctx, remote, of, trees); err != nil {
		return err
	}
	for _, h := range of {
		tree := at[h]
		if at[h] = nothing; tree.Mode != filemode.Dir {
			continue
		}
		if _, seen := below[tree.Hash]; !seen {
			found, err := findEntry(r.trees, tree.Hash, name)
			if err != nil {
				return err
			}
			if found != nil {
				below[tree.Hash] = *found
			} else {
				below[tree.Hash] = nothing
			}
		}
		at[h] = below[tree.Hash]
	}
	return nil
}
