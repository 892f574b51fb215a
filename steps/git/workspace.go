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
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
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
	// Head is the newest commit: the base, ours that was on the remote, or the
	// one made here.
	Head   string `json:"head"`
	Branch string `json:"branch,omitempty"`
	Push   string `json:"push,omitempty"` // where the branch was looked for
	// Seen is the branch's tip on the remote when it was looked for, "" when
	// it was not there.
	Seen string `json:"seen,omitempty"`
}

type checkoutIn struct {
	Repo    string   `json:"repo" doc:"The repository: a clone's path or a URL." trusted:"true"`
	Commit  string   `json:"commit" doc:"The commit to take the files from, such as git_read_file's." pattern:"^[0-9a-f]{40}$"`
	Paths   []string `json:"paths" doc:"The files to lay into the workspace, and links that stay in the repository."`
	Name    string   `json:"name,omitempty" makes:"true" doc:"The workspace's name. Without it the repository's; in a group, a loop or a called skill with an ending of its own, so that steps which run side by side share none." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type checkoutOut struct {
	Workspace string   `json:"workspace" doc:"The workspace, for the steps that edit and commit."`
	Commit    string   `json:"commit" doc:"The commit the files are from."`
	Files     []string `json:"files" doc:"The files that were laid down."`
}

func (in checkoutIn) check(unknown step.UnknownPaths) error {
	return cmp.Or(checkRepo(unknown, "repo", in.Repo), checkPaths(in.Paths...))
}

func (c *client) checkout(ctx context.Context, in checkoutIn) (checkoutOut, error) {
	var out checkoutOut
	commit, err := checkSHA("commit", in.Commit)
	if err != nil {
		return out, err
	}
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	made := step.CallOf(ctx).Path
	name := cmp.Or(in.Name, ownName(r.url, made))
	if err := c.vacant(ctx, name, made); err != nil {
		return out, err
	}
	w, err := c.newWorkspace(ctx, name, r, meta{Repo: in.Repo, Service: in.Service, Base: in.Commit, Head: in.Commit, Files: in.Paths, Made: made})
	if err != nil {
		return out, err
	}
	for _, p := range in.Paths {
		f, err := r.file(ctx, refs, commit, p, filemode.Symlink)
		if err != nil {
			return out, err
		}
		if err := w.lay(f); err != nil {
			return out, err
		}
	}
	if err := w.keep(commit, in.Paths); err != nil {
		return out, err
	}
	return checkoutOut{Workspace: name, Commit: in.Commit, Files: in.Paths}, w.save()
}

// ownName is what a workspace is called that has no name. A step that stands
// within another may run beside one that checks out the same repository, and
// neither may take the other's files away.
func ownName(url, path string) string {
	name := nameOf(url)
	if !strings.Contains(path, "/") {
		return name
	}
	const ending = 8
	return name[:min(len(name), maxName-1-ending)] + "-" + step.Hash(ending, path)
}

// maxName is as long as the name of a workspace may be.
const maxName = 64

// folder returns where a workspace lies, inside the run's own folder.
func folder(ctx context.Context, name string) (string, error) {
	root := step.CallOf(ctx).Workspaces
	if root == "" {
		return "", types.Errorf(types.Internal, "this run has no folder for workspaces").WithHint("%s", reportBug)
	}
	if !workspaceRE.MatchString(name) {
		return "", types.Errorf(types.BadInput, "%q is not a workspace", name).WithHint("give what git_checkout returns: ${{ steps.ID.workspace }}")
	}
	return filepath.Join(root, name), nil
}

func (c *client) newWorkspace(ctx context.Context, name string, r *repo, m meta) (*workspace, error) {
	dir, err := folder(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, brokenWorkspace(name, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, brokenWorkspace(name, err)
	}
	return c.layered(&workspace{dir: dir, meta: m, repo: r}), nil
}

// layered puts the workspace's own objects above the repository's.
func (c *client) layered(w *workspace) *workspace {
	w.kept = openObjects(filepath.Join(w.dir, "kept.git"))
	w.objects = w.repo.trees.over(w.kept).over(openObjects(filepath.Join(w.dir, "objects.git")))
	return w
}

// vacant refuses to lay a workspace over another one whose files were changed
// and not committed: the changes would be lost. A step that is repeated makes
// its own anew.
func (c *client) vacant(ctx context.Context, name, made string) error {
	w, err := c.openWorkspace(ctx, name)
	if err != nil || w.meta.Made == made {
		return nil // there is none, or none that could be used
	}
	edits, err := w.edits(ctx)
	if err != nil {
		return err
	}
	changed, err := w.changes(edits)
	if err != nil || !changed {
		return err
	}
	return types.Errorf(types.Conflict, "the workspace %s holds changes that are not committed, and this checkout would replace it", name).
		WithHint("give one of the two another name, or name all files in the paths of one git_checkout")
}

// reach makes the way to paths of a commit readable, and keeps it: the base from
// the repository, ours from where the branch is.
func (w *workspace) reach(ctx context.Context, commit plumbing.Hash, paths []string) error {
	var far []string
	for _, name := range paths {
		h, err := holeOf(w.objects, commit, name)
		if err != nil {
			return w.broken(err)
		}
		if h != nil {
			far = append(far, name)
		}
	}
	if len(far) > 0 {
		if err := w.bringFar(ctx, commit, far); err != nil {
			return err
		}
	}
	return w.keep(commit, paths)
}

func (w *workspace) bringFar(ctx context.Context, commit plumbing.Hash, paths []string) error {
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
	return w.repo.trusting(ctx, func() error { return w.bringFiles(ctx, r, refs, commit, paths) })
}

// keep keeps a commit, and the way to paths of it.
func (w *workspace) keep(commit plumbing.Hash, paths []string) error {
	if err := w.keepObject(commit); err != nil {
		return w.broken(err)
	}
	for _, file := range paths {
		way, err := wayTo(w.objects, commit, file)
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

// wayTo lists the trees from a commit down to a path, and what is there.
func wayTo(sto storer.EncodedObjectStorer, commit plumbing.Hash, path string) ([]plumbing.Hash, error) {
	c, err := object.GetCommit(sto, commit)
	if err != nil {
		return nil, err
	}
	way := []plumbing.Hash{c.TreeHash}
	for part := range strings.SplitSeq(path, "/") {
		entry, err := findEntry(sto, way[len(way)-1], part, nil)
		if err != nil {
			return nil, err
		}
		if entry == nil || entry.Mode == filemode.Submodule {
			break
		}
		way = append(way, entry.Hash)
		if entry.Mode != filemode.Dir {
			break
		}
	}
	return way, nil
}

// openWorkspace takes up a workspace of this run.
func (c *client) openWorkspace(ctx context.Context, name string) (*workspace, error) {
	dir, err := folder(ctx, name)
	if err != nil {
		return nil, err
	}
	text, err := readFile(filepath.Join(dir, "workspace.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missingWorkspace(name, err)
	}
	if err != nil {
		return nil, brokenWorkspace(name, err)
	}
	w := &workspace{dir: dir}
	if err := json.Unmarshal(text, &w.meta); err != nil {
		return nil, brokenWorkspace(name, err)
	}
	if w.repo, err = c.open(ctx, w.meta.Service, w.meta.Repo); err != nil {
		return nil, err
	}
	return c.layered(w), nil
}

// missingWorkspace tells a workspace that is not there from one that cannot be
// used.
func missingWorkspace(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return types.Errorf(types.NotFound, "there is no workspace %s", name).WithHint("git_checkout makes one, before the steps that edit and commit")
	}
	return err
}

func (w *workspace) save() error {
	tmp := filepath.Join(w.dir, "workspace.json.new")
	if err := os.WriteFile(tmp, types.Encode(w.meta), 0o600); err != nil {
		return w.broken(err)
	}
	if err := os.Rename(tmp, filepath.Join(w.dir, "workspace.json")); err != nil {
		return w.broken(err)
	}
	return nil
}

// root opens the folder of files, which nothing can lead out of.
func (w *workspace) root() (*os.Root, error) {
	root, err := os.OpenRoot(filepath.Join(w.dir, "files"))
	if err != nil {
		return nil, w.broken(err)
	}
	return root, nil
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
	if err := root.WriteFile(f.Name, []byte(text), mode); err != nil {
		return w.broken(err)
	}
	return nil
}

// link lays down a link that stays inside of the repository: programs that work
// in the workspace follow it.
func (w *workspace) link(root *os.Root, name, target string) error {
	if path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return types.Errorf(types.BadInput, "%s is not a regular file, and not a link that stays in the repository", name).
			WithHint("leave it out of git_checkout's paths: it stays as it is")
	}
	if err := root.Symlink(target, name); err != nil {
		return w.broken(err)
	}
	return nil
}

func (w *workspace) head() plumbing.Hash { return plumbing.NewHash(w.meta.Head) }
func (w *workspace) base() plumbing.Hash { return plumbing.NewHash(w.meta.Base) }

// broken is the error of a workspace that does not read or cannot be written,
// unless it says already what is wrong.
func (w *workspace) broken(err error) error {
	var said *types.Error
	if errors.As(err, &said) {
		return err
	}
	return brokenWorkspace(filepath.Base(w.dir), err)
}

func brokenWorkspace(name string, err error) error {
	return types.Errorf(types.Internal, "workspace %s cannot be used: %w", name, err).WithHint("%s", freeState)
}
