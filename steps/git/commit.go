package git

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/utils/diff"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type commitIn struct {
	Workspace string `json:"workspace" doc:"The workspace." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
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
	b := &builder{sto: w.objects}
	tree, changed, err := w.tree(b)
	if err != nil {
		return out, err
	}
	key := step.CallOf(ctx).Key.String()
	if ours := findKey(w.objects, w.head(), w.base(), key); ours != nil {
		if ours.TreeHash != tree {
			return out, types.Errorf(types.Conflict, "commit %s is ours and holds other changes", ours.Hash.String()[:12]).
				WithHint("delete the branch, or make new work of it with --again 1")
		}
		return w.committed(ours.Hash, 0)
	}
	if !changed {
		return out, types.Errorf(types.Conflict, "nothing to commit: every file is as it was")
	}
	hash, err := b.commit(w, tree, in.Message, key, step.CallOf(ctx).StartedAt)
	if err != nil {
		return out, types.Errorf(types.Internal, "the commit cannot be written: %w", err)
	}
	w.meta.Head = hash.String()
	if err := w.save(); err != nil {
		return out, err
	}
	return w.committed(hash, b.written)
}

// checkMessage refuses an empty message, and one that imitates our trailer.
func checkMessage(message string) error {
	if strings.TrimSpace(message) == "" {
		return types.Errorf(types.BadInput, "the commit message is empty")
	}
	for line := range strings.Lines(message) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(strings.TrimSpace(name), trailer) {
			return types.Errorf(types.BadInput, "the commit message holds a line that begins with %s, which marks our commits", trailer)
		}
	}
	return nil
}

// tree stores the workspace's files over the head's tree.
func (w *workspace) tree(b *builder) (root plumbing.Hash, changed bool, err error) {
	head, err := object.GetCommit(w.objects, w.head())
	if err != nil {
		return root, false, readError("read history", w.repo.url, err)
	}
	edits := map[string]object.TreeEntry{}
	for _, name := range w.meta.Files {
		text, mode, err := w.read(name)
		if err != nil {
			return root, false, err
		}
		h, err := b.blob(text)
		if err != nil {
			return root, false, types.Errorf(types.Internal, "%s cannot be stored: %w", name, err)
		}
		edits[name] = object.TreeEntry{Mode: mode, Hash: h}
	}
	root, err = b.tree(head.TreeHash, edits)
	if err != nil {
		return root, false, types.Errorf(types.Internal, "the trees cannot be stored: %w", err)
	}
	return root, root != head.TreeHash, nil
}

// committed describes the workspace's commit against the base of its files.
func (w *workspace) committed(hash plumbing.Hash, objects int) (commitOut, error) {
	out := commitOut{Sha: hash.String(), Short: hash.String()[:12], Files: []File{}, Objects: objects}
	for _, name := range w.meta.Files {
		before, after := w.text(w.base(), name), w.text(hash, name)
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
		out.Files = append(out.Files, f)
	}
	return out, nil
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

// builder writes objects that are not at hand yet, and counts them.
type builder struct {
	sto     *store
	written int
}

func (b *builder) put(o plumbing.EncodedObject) (plumbing.Hash, error) {
	h := o.Hash()
	if b.sto.has(h) {
		return h, nil
	}
	b.written++
	return b.sto.SetEncodedObject(o)
}

func (b *builder) blob(text []byte) (plumbing.Hash, error) {
	o := &plumbing.MemoryObject{}
	o.SetType(plumbing.BlobObject)
	if _, err := bytes.NewReader(text).WriteTo(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
}

// tree stores a tree with some paths replaced, and the trees on the way to
// them; everything else is taken over by its hash.
func (b *builder) tree(base plumbing.Hash, edits map[string]object.TreeEntry) (plumbing.Hash, error) {
	t, err := object.GetTree(b.sto, base)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	here, below := split(edits)
	next := &object.Tree{Entries: slices.Clone(t.Entries)}
	for i := range next.Entries {
		e := &next.Entries[i]
		if edit, ok := here[e.Name]; ok {
			e.Hash, e.Mode = edit.Hash, edit.Mode
		}
		if inside, ok := below[e.Name]; ok && e.Mode == filemode.Dir {
			if e.Hash, err = b.tree(e.Hash, inside); err != nil {
				return plumbing.ZeroHash, err
			}
		}
	}
	o := &plumbing.MemoryObject{}
	if err := next.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
}

// split parts paths into names here and what lies below each folder.
func split(edits map[string]object.TreeEntry) (here map[string]object.TreeEntry, below map[string]map[string]object.TreeEntry) {
	here, below = map[string]object.TreeEntry{}, map[string]map[string]object.TreeEntry{}
	for name, e := range edits {
		folder, rest, nested := strings.Cut(name, "/")
		if !nested {
			here[name] = e
			continue
		}
		if below[folder] == nil {
			below[folder] = map[string]object.TreeEntry{}
		}
		below[folder][rest] = e
	}
	return here, below
}

// commit stores the commit. Its dates are the run's start in UTC, so that a
// resumed run makes the same one.
func (b *builder) commit(w *workspace, tree plumbing.Hash, message, key string, at time.Time) (plumbing.Hash, error) {
	s := w.repo.service
	who := object.Signature{Name: s.AuthorName, Email: s.AuthorEmail, When: at.UTC().Truncate(time.Second)}
	if who.Name == "" {
		who.Name, who.Email = "skillrun", "skillrun@localhost"
	}
	c := &object.Commit{
		Author: who, Committer: who, TreeHash: tree, ParentHashes: []plumbing.Hash{w.head()},
		Message: strings.TrimRight(message, "\n") + "\n\n" + trailer + ": " + key + "\n",
	}
	o := &plumbing.MemoryObject{}
	if err := c.Encode(o); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.put(o)
}
