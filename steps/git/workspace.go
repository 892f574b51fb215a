package git

import (
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
	Repo    string   `json:"repo"`
	Service string   `json:"service"`
	Base    string   `json:"base"` // the commit that was checked out
	Files   []string `json:"files"`
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
	Paths   []string `json:"paths" doc:"The files to lay into the workspace."`
	Name    string   `json:"name,omitempty" doc:"The workspace's name; without it the repository's." pattern:"^[a-z0-9][a-z0-9._-]{0,63}$"`
	Service string   `json:"service,omitempty" doc:"The git service of the configuration." default:"git"`
}

type checkoutOut struct {
	Workspace string   `json:"workspace" doc:"The workspace, for the steps that edit and commit."`
	Commit    string   `json:"commit" doc:"The commit the files are from."`
	Files     []string `json:"files" doc:"The files that were laid down."`
}

func (c *client) checkout(ctx context.Context, in checkoutIn) (checkoutOut, error) {
	var out checkoutOut
	commit, err := checkSHA("commit", in.Commit)
	if err != nil {
		return out, err
	}
	for _, p := range in.Paths {
		if err := checkPath(p); err != nil {
			return out, err
		}
	}
	r, refs, err := c.look(ctx, in.Service, in.Repo)
	if err != nil {
		return out, err
	}
	name := in.Name
	if name == "" {
		name = nameOf(r.url)
	}
	w, err := c.newWorkspace(ctx, name, r, meta{Repo: in.Repo, Service: in.Service, Base: in.Commit, Head: in.Commit, Files: in.Paths})
	if err != nil {
		return out, err
	}
	for _, p := range in.Paths {
		f, err := r.file(ctx, refs, commit, p)
		if err != nil {
			return out, err
		}
		if err := w.lay(f); err != nil {
			return out, err
		}
	}
	if err := w.keep(commit); err != nil {
		return out, err
	}
	return checkoutOut{Workspace: name, Commit: in.Commit, Files: in.Paths}, w.save()
}

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

// keep keeps commits, and of each the way to the workspace's files.
func (w *workspace) keep(commits ...plumbing.Hash) error {
	for _, h := range commits {
		names := []plumbing.Hash{h}
		for _, file := range w.meta.Files {
			way, err := wayTo(w.objects, h, file)
			if err != nil {
				return readError("read "+file, w.repo.url, err)
			}
			names = append(names, way...)
		}
		for _, name := range names {
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
	text, err := os.ReadFile(filepath.Join(dir, "workspace.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, types.Errorf(types.NotFound, "there is no workspace %s", name).WithHint("git_checkout makes one, before the steps that edit and commit")
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
	if err := root.WriteFile(f.Name, []byte(text), mode); err != nil {
		return w.broken(err)
	}
	return nil
}

// read returns a file as it is now.
func (w *workspace) read(name string) (text []byte, mode filemode.FileMode, err error) {
	root, err := w.root()
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, types.Errorf(types.NotFound, "%s is gone from the workspace", name).WithHint("a step of the skill took it away; start a new run")
	}
	if !info.Mode().IsRegular() {
		return nil, 0, types.Errorf(types.BadInput, "%s is not a regular file", name).WithHint("something else lies there in the workspace; start a new run")
	}
	mode = filemode.Regular
	if info.Mode()&0o100 != 0 {
		mode = filemode.Executable
	}
	text, err = root.ReadFile(name)
	if err != nil {
		return nil, 0, w.broken(err)
	}
	return text, mode, nil
}

func (w *workspace) head() plumbing.Hash { return plumbing.NewHash(w.meta.Head) }
func (w *workspace) base() plumbing.Hash { return plumbing.NewHash(w.meta.Base) }

// broken is the error of a workspace that does not read or cannot be written.
func (w *workspace) broken(err error) error { return brokenWorkspace(filepath.Base(w.dir), err) }

func brokenWorkspace(name string, err error) error {
	return types.Errorf(types.Internal, "workspace %s cannot be used: %w", name, err).WithHint("%s", freeState)
}
