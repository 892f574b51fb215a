package git

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

// workspace is a folder of the run in which files are edited.
type workspace struct {
	dir  string
	meta meta
	repo *repo
	// objects is what was made here, above everything that can be read.
	objects *store
	// kept is what it takes to edit and compare the files: neither the cache
	// nor a clone needs to be there any more.
	kept *filesystem.Storage
}

// meta is workspace.json.
type meta struct {
	Repo    string `json:"repo"`
	Service string `json:"service"`
	Base    string `json:"base"` // the commit that was checked out
	// Files are the paths that the workspace had at some time: those asked for,
	// those that steps wrote, and all that was committed.
	Files pathNames `json:"files"`
	Made  string    `json:"made,omitempty"` // the path of the git_checkout that made it
	// Head is the newest commit: the base, ours on the remote, or the one made here.
	Head string `json:"head"`
	// Start is where the workspace's own commits begin, when commits of others were
	// applied on the base: the newest of them.
	Start  string `json:"start,omitempty"`
	Branch string `json:"branch,omitempty"`
	Push   string `json:"push,omitempty"` // where the branch was looked for
	// Seen is the branch's tip on the remote when it was looked for, or "".
	Seen string `json:"seen,omitempty"`
}

// maxName is as long as the name of a workspace may be.
const maxName = 64

// layered is a workspace with its own objects above the repository's.
func layered(dir string, m meta, r *repo) *workspace {
	w := &workspace{dir: dir, meta: m, repo: r, kept: openObjects(filepath.Join(dir, "kept.git"))}
	w.objects = r.trees.over(w.kept).over(openObjects(filepath.Join(dir, "objects.git")))
	return w
}

// view is the repository with what was made here: it reads both, and what is fetched
// goes to the cache.
func (w *workspace) view() *repo {
	view := *w.repo
	view.trees = storeOf(w.repo.trees.top, w.objects)
	view.trees.lock = w.repo.trees.lock
	return &view
}

// reach fetches and keeps the way to paths of a commit, of ours from where the branch is.
func (w *workspace) reach(ctx context.Context, commit plumbing.Hash, paths []string) error {
	var far []string
	for _, name := range paths {
		h, err := findMissing(w.objects, commit, name)
		if err != nil {
			return w.broken(err)
		}
		if h != nil {
			far = append(far, name)
		}
	}
	if len(far) > 0 {
		if err := w.ensureFar(ctx, commit, far); err != nil {
			return err
		}
	}
	return w.keep(commit, paths)
}

func (w *workspace) ensureFar(ctx context.Context, commit plumbing.Hash, paths []string) error {
	r, url := w.repo, w.repo.url
	if commit != w.base() {
		push, err := r.c.pushRepo(ctx, w, w.meta.Push)
		if err != nil {
			return err
		}
		r, url = push, push.pushURL
	}
	refs, err := r.refs(ctx, url)
	if err != nil {
		return err
	}
	return w.repo.retryDamaged(ctx, func() error { return r.ensureFiles(ctx, refs, commit, paths) })
}

// keep keeps a commit, and the way to paths of it.
func (w *workspace) keep(commit plumbing.Hash, paths []string) error {
	if err := w.keepObject(commit); err != nil {
		return w.broken(err)
	}
	c, err := object.GetCommit(w.objects, commit)
	if err != nil {
		return w.broken(err)
	}
	for _, file := range paths {
		way, err := wayTo(w.objects, c.TreeHash, file)
		if err != nil {
			return readError("read "+file, w.repo.url, err)
		}
		for _, name := range way {
			if err := w.keepObject(name); err != nil {
				return w.broken(err)
			}
		}
	}
	return nil
}

func (w *workspace) keepObject(h plumbing.Hash) error {
	if w.kept.HasEncodedObject(h) == nil {
		return nil
	}
	o, err := w.objects.EncodedObject(plumbing.AnyObject, h)
	if err == nil {
		_, err = w.kept.SetEncodedObject(o)
	}
	return err
}

// readMeta reads what is known of a workspace of this run, and where that is.
func readMeta(ctx context.Context, name string) (dir string, m meta, err error) {
	if dir, err = workspaces.Dir(ctx, name); err != nil {
		return "", m, err
	}
	text, err := readFile(filepath.Join(dir, "workspace.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", m, workspaces.Missing(name)
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return "", m, brokenWorkspace(name, err)
	}
	return dir, m, nil
}

// openWorkspace takes up a workspace of this run.
func (c *client) openWorkspace(ctx context.Context, name string) (*workspace, error) {
	dir, m, err := readMeta(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := c.open(ctx, m.Service, m.Repo)
	if err != nil {
		return nil, err
	}
	return layered(dir, m, r), nil
}

func (w *workspace) save() error {
	tmp := filepath.Join(w.dir, "workspace.json.new")
	if err := os.WriteFile(tmp, types.Encode(w.meta), 0o600); err != nil {
		return w.broken(err)
	}
	return w.broken(os.Rename(tmp, filepath.Join(w.dir, "workspace.json")))
}

// root opens the folder of files, which nothing can lead out of.
func (w *workspace) root() (*os.Root, error) {
	root, err := os.OpenRoot(filepath.Join(w.dir, "files"))
	return root, w.broken(err)
}

// lay writes a file of a commit.
func (w *workspace) lay(f *object.File) error {
	text, err := contents(f)
	if err != nil {
		return err
	}
	root, err := w.root()
	if err != nil {
		return err
	}
	defer root.Close()
	mode := fs.FileMode(0o600)
	if f.Mode == filemode.Executable {
		mode = 0o700
	}
	if err := root.MkdirAll(path.Dir(f.Name), 0o700); err != nil {
		return w.broken(err)
	}
	if f.Mode == filemode.Symlink {
		return w.link(root, f.Name, text)
	}
	return w.broken(root.WriteFile(f.Name, []byte(text), mode))
}

// link lays down a link that stays in the repository: programs follow it.
func (w *workspace) link(root *os.Root, name, target string) error {
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return types.Errorf(types.BadInput, "%s is not a regular file, and not a link that stays in the repository", name).
			WithHint("leave it out of git_checkout's paths: it stays unchanged")
	}
	return w.broken(root.Symlink(target, name))
}

func (w *workspace) head() plumbing.Hash { return plumbing.NewHash(w.meta.Head) }
func (w *workspace) base() plumbing.Hash { return plumbing.NewHash(w.meta.Base) }

// start is the commit on which the workspace's own ones are made.
func (w *workspace) start() plumbing.Hash {
	return plumbing.NewHash(cmp.Or(w.meta.Start, w.meta.Base))
}

// broken is the error of a workspace that does not read or cannot be written,
// unless it says already what is wrong; nil stays nil.
func (w *workspace) broken(err error) error {
	var said *types.Error
	if err == nil || errors.As(err, &said) {
		return err
	}
	return brokenWorkspace(filepath.Base(w.dir), err)
}

func brokenWorkspace(name string, err error) error {
	return types.Errorf(types.Internal, "workspace %s cannot be used: %w", name, err).WithHint("%s", freeState)
}

// pushRepo is the repository a workspace's branch is pushed to. A fork shares
// the objects of the repository that was checked out.
func (c *client) pushRepo(ctx context.Context, w *workspace, spec string) (*repo, error) {
	if spec == "" {
		return w.repo, nil
	}
	r, err := c.resolve(ctx, w.meta.Service, spec)
	if err != nil {
		return nil, err
	}
	r.alternate, r.history, r.trees = w.repo.alternate, w.repo.history, w.repo.trees
	return r, nil
}

func (r *repo) ensureFiles(ctx context.Context, from *remoteRefs, commit plumbing.Hash, paths []string) error {
	for _, name := range paths {
		if err := r.ensurePath(ctx, from, commit, name); err != nil {
			return err
		}
	}
	return nil
}
