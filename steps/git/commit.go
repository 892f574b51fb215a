package git

import (
	"context"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type commitIn struct {
	Workspace string `json:"workspace" workspace:"true" doc:"The workspace. Everything in it is committed, as with git add -A -f: new, changed and executable files, and links as links. .gitignore is not used: remove what a program leaves behind. A file that was checked out or written and no longer exists is deleted; a file of the repository that was never in the workspace is unchanged." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Message   string `json:"message" doc:"The commit's message. The trailer Skillrun-Key is added to its trailers, or as a new paragraph."`
}

// File is a changed file of a commit.
type File struct {
	Path    string `json:"path" doc:"The file."`
	Status  string `json:"status" doc:"How it changed." enum:"added,modified,deleted,renamed"`
	OldPath string `json:"old_path" doc:"The old path of a file that was only moved; else empty. A file that was moved and changed counts as deleted and added."`
	Added   int    `json:"added" doc:"Lines that were added."`
	Removed int    `json:"removed" doc:"Lines that were deleted."`
}

type commitOut struct {
	Sha     string `json:"sha" doc:"The commit's full SHA."`
	Short   string `json:"short" doc:"Its first 12 digits."`
	Files   []File `json:"files" doc:"The files that differ from the base."`
	Objects int    `json:"objects" doc:"How many git objects were written: 0 when the commit existed already."`
}

func (c *client) commit(ctx context.Context, in commitIn) (commitOut, error) {
	var out commitOut
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	edits, err := w.edits(ctx)
	if err != nil {
		return out, err
	}
	call := step.CallOf(ctx)
	w.meta.Files = pathsOf(edits)
	if ours := w.find(call.Key.String()); ours != nil {
		return w.adoptCommit(ctx, ours, edits)
	}
	if !w.continues() {
		return out, types.Errorf(types.Conflict, "branch %s exists and holds other commits of this work", w.meta.Branch).
			WithHint("delete the branch, or start new work with --again 1").With("tip", w.meta.Seen)
	}
	b := &builder{sto: w.objects}
	tree, err := b.treeWithEdits(w.head(), edits)
	if err != nil {
		return out, w.broken(err)
	}
	hash, err := b.commit(ctx, w, tree, in.Message, call.Key.String(), call.StartedAt)
	if err != nil {
		return out, err
	}
	w.meta.Head = hash.String()
	if err := w.save(); err != nil {
		return out, err
	}
	return w.committed(ctx, hash, b.written)
}

// continues reports whether the head continues from the branch, if one was there.
func (w *workspace) continues() bool {
	if w.meta.Seen == "" || w.meta.Seen == w.meta.Head {
		return true
	}
	chain, _ := w.chain(w.head())
	return indexOf(chain, plumbing.NewHash(w.meta.Seen)) >= 0
}

// find looks for the commit with exactly this key: on the branch that was
// there when the workspace took it up, and among those made here.
func (w *workspace) find(key string) *object.Commit {
	for _, tip := range []string{w.meta.Seen, w.meta.Head} {
		if tip == "" {
			continue
		}
		chain, _ := w.chain(plumbing.NewHash(tip))
		for _, c := range chain {
			if keyOf(c) == key && len(c.ParentHashes) > 0 {
				return c
			}
		}
	}
	return nil
}

// adoptCommit takes an earlier attempt's commit, when it holds the files' changes.
func (w *workspace) adoptCommit(ctx context.Context, ours *object.Commit, edits map[string]edit) (commitOut, error) {
	for _, h := range []plumbing.Hash{ours.ParentHashes[0], ours.Hash} {
		if err := w.reach(ctx, h, w.meta.Files); err != nil {
			return commitOut{}, err
		}
	}
	b := &builder{sto: w.objects, dry: true}
	tree, err := b.treeWithEdits(ours.ParentHashes[0], edits)
	if err != nil {
		return commitOut{}, w.broken(err)
	}
	if tree != ours.TreeHash {
		return commitOut{}, types.Errorf(types.Conflict, "commit %s on branch %s is from this work and holds other changes", short(ours.Hash), w.meta.Branch).
			WithHint("delete the branch, or start new work with --again 1").With("commit", ours.Hash.String())
	}
	w.meta.Head = ours.Hash.String()
	if err := w.save(); err != nil {
		return commitOut{}, err
	}
	return w.committed(ctx, ours.Hash, 0)
}

func (in commitIn) check(unknown step.UnknownPaths) error {
	if unknown.Has("message") {
		return nil
	}
	return checkMessage(in.Message)
}

// checkMessage refuses what is empty, what git cannot keep, and what imitates our trailer.
func checkMessage(message string) error {
	if strings.TrimSpace(message) == "" {
		return types.Errorf(types.BadInput, "the commit message is empty").WithHint("give git_commit a message that says what is released")
	}
	if strings.ContainsRune(message, 0) {
		return types.Errorf(types.BadInput, "the commit message holds a NUL, which git cannot store").WithHint("remove it from the message")
	}
	for line := range strings.Lines(message) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(strings.TrimSpace(name), trailer) {
			return types.Errorf(types.BadInput, "the commit message holds a line that begins with %s, which is reserved", trailer).
				WithHint("remove that line from the message")
		}
	}
	return nil
}

// committed describes the workspace's commit against the base of its files.
func (w *workspace) committed(ctx context.Context, hash plumbing.Hash, objects int) (commitOut, error) {
	c, err := object.GetCommit(w.objects, hash)
	if err != nil {
		return commitOut{}, w.broken(err)
	}
	patches, err := w.against(ctx, c.TreeHash)
	if err != nil {
		return commitOut{}, err
	}
	return commitOut{Sha: hash.String(), Short: short(hash), Files: filesOf(patches), Objects: objects}, nil
}

// against compares the workspace's files in a tree with those of the base.
func (w *workspace) against(ctx context.Context, tree plumbing.Hash) ([]*filePatch, error) {
	base, err := object.GetCommit(w.objects, w.base())
	if err != nil {
		return nil, w.broken(err)
	}
	r, nobody := *w.repo, &remoteRefs{url: w.repo.url, caps: capability.NewList()} // all is available
	r.trees = w.objects
	list, err := r.changesOf(ctx, nobody, nil, folders{from: base.TreeHash, to: tree}, w.meta.Files)
	if err != nil {
		return nil, w.broken(err)
	}
	patches, err := r.patches(ctx, nobody, nil, list, committing)
	return patches, w.broken(err)
}

func filesOf(patches []*filePatch) []File {
	out := []File{}
	for _, p := range patches {
		d := p.describe()
		out = append(out, File{Path: d.Path, Status: d.Status, OldPath: d.OldPath, Added: d.Additions, Removed: d.Deletions})
	}
	return out
}
