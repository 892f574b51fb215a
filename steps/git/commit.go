package git

import (
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/utils/diff"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type commitIn struct {
	Workspace string `json:"workspace" workspace:"true" doc:"The workspace." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Message   string `json:"message" doc:"The commit's message."`
}

// File is a changed file of a commit.
type File struct {
	Path    string `json:"path" doc:"The file."`
	Added   int    `json:"added" doc:"Lines that are new."`
	Removed int    `json:"removed" doc:"Lines that are gone."`
}

type commitOut struct {
	Sha     string `json:"sha" doc:"The commit's full SHA."`
	Short   string `json:"short" doc:"Its first 12 digits."`
	Files   []File `json:"files" doc:"The files that differ from the base."`
	Objects int    `json:"objects" doc:"How many git objects were written: 0 when the commit was there already."`
}

func (c *client) commit(ctx context.Context, in commitIn) (commitOut, error) {
	var out commitOut
	if err := checkMessage(in.Message); err != nil {
		return out, err
	}
	w, err := c.openWorkspace(ctx, in.Workspace)
	if err != nil {
		return out, err
	}
	edits, err := w.edits()
	if err != nil {
		return out, err
	}
	call := step.CallOf(ctx)
	if ours := w.find(call.Key.String()); ours != nil {
		return w.again(ours, edits)
	}
	if !w.continues() {
		return out, types.Errorf(types.Conflict, "branch %s is there and holds other commits of this work", w.meta.Branch).
			WithHint("delete the branch, or make new work of it with --again 1").With("tip", w.meta.Seen)
	}
	b := &builder{sto: w.objects}
	tree, err := b.over(w.head(), edits)
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
	return w.committed(hash, b.written)
}

// continues reports whether the head goes on from the branch that was there,
// if one was.
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

// again takes the commit that an earlier attempt made, when it holds the very
// changes that the files hold now.
func (w *workspace) again(ours *object.Commit, edits map[string]edit) (commitOut, error) {
	b := &builder{sto: w.objects, dry: true}
	tree, err := b.over(ours.ParentHashes[0], edits)
	if err != nil {
		return commitOut{}, w.broken(err)
	}
	if tree != ours.TreeHash {
		return commitOut{}, types.Errorf(types.Conflict, "commit %s on branch %s is ours and holds other changes", short(ours.Hash), w.meta.Branch).
			WithHint("delete the branch, or make new work of it with --again 1").With("commit", ours.Hash.String())
	}
	w.meta.Head = ours.Hash.String()
	if err := w.save(); err != nil {
		return commitOut{}, err
	}
	return w.committed(ours.Hash, 0)
}

// checkMessage refuses a message that is empty, that git cannot keep, or that
// imitates our trailer.
func checkMessage(message string) error {
	if strings.TrimSpace(message) == "" {
		return types.Errorf(types.BadInput, "the commit message is empty").WithHint("give git_commit a message that says what is released")
	}
	if strings.ContainsRune(message, 0) {
		return types.Errorf(types.BadInput, "the commit message holds a NUL, which git cannot keep").WithHint("take it out of what the message is made of")
	}
	for line := range strings.Lines(message) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(strings.TrimSpace(name), trailer) {
			return types.Errorf(types.BadInput, "the commit message holds a line that begins with %s, which marks our commits", trailer).
				WithHint("take that line out of what the message is made of")
		}
	}
	return nil
}

// edit is a file as it is to be.
type edit struct {
	text []byte
	mode filemode.FileMode
}

// edits reads the workspace's files.
func (w *workspace) edits() (map[string]edit, error) {
	out := map[string]edit{}
	for _, name := range w.meta.Files {
		text, mode, err := w.read(name)
		if err != nil {
			return nil, err
		}
		out[name] = edit{text, mode}
	}
	return out, nil
}

// committed describes the workspace's commit against the base of its files.
func (w *workspace) committed(hash plumbing.Hash, objects int) (commitOut, error) {
	files := w.changed(func(name string) string { return w.text(hash, name) })
	return commitOut{Sha: hash.String(), Short: short(hash), Files: files, Objects: objects}, nil
}

// changed are the files that are to be another text than the base has.
func (w *workspace) changed(after func(name string) string) []File {
	out := []File{}
	for _, name := range w.meta.Files {
		before, after := w.text(w.base(), name), after(name)
		if before == after {
			continue
		}
		f := File{Path: name}
		for _, d := range diff.Do(before, after) {
			lines := len(slices.Collect(strings.Lines(d.Text)))
			switch { // go-git takes the numbers of its diff library over: 1 inserts, -1 deletes
			case d.Type > 0:
				f.Added += lines
			case d.Type < 0:
				f.Removed += lines
			}
		}
		out = append(out, f)
	}
	return out
}

// text is a file's text at a commit, "" when there is none.
func (w *workspace) text(commit plumbing.Hash, name string) string {
	f, err := lookUp(w.objects, commit, name)
	if err != nil {
		return ""
	}
	text, err := contents(f)
	if err != nil {
		return ""
	}
	return text
}
