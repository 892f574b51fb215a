package git_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/files"
	"github.com/skillrun/skillrun/steps/git"
)

// treeOf lists all entries of a pushed commit but folders, by path.
func (r *remote) treeOf(sha string) map[string]object.TreeEntry {
	r.t.Helper()
	c, err := r.Commit("service/app-interface", sha)
	if err != nil {
		r.t.Fatal(err)
	}
	tree, err := c.Tree()
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]object.TreeEntry{}
	w := object.NewTreeWalker(tree, true, nil)
	w.SkipPathValidation()
	defer w.Close()
	for {
		name, e, err := w.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			r.t.Fatal(err)
		}
		if e.Mode != filemode.Dir {
			out[name] = e
		}
	}
}

// withFiles adds the step that writes files into a workspace.
func (r *remote) withFiles() {
	o := git.Options{Cache: r.cache, Services: map[string]git.Service{"git": r.service}}
	r.steps = step.NewCatalogue(git.Steps(o), files.Steps(nil, git.Admit(o)))
}

// inFiles is a path in the workspace's folder.
func (r *remote) inFiles(name string) string {
	return filepath.Join(r.call.Workspaces, "app-interface", "files", name)
}

// world is a repository of a few files of all kinds, its full checkout by git,
// and a workspace that has some of them.
type world struct {
	*remote
	full  string   // the full checkout
	asked []string // the files of the workspace
	sha   string
}

func (w *world) git(args ...string) string {
	w.t.Helper()
	return gitIn(w.t, w.full, args...)
}

func gitIn(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*", "-c", "core.quotePath=false", "-c", "maintenance.auto=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

var worldFiles = map[string]string{
	"README": "r\n", "run.sh": "#!/bin/sh\n", "a/x": "x\n", "a/y": "y\ny\n", "a/b/deep": "deep\n", "only/one": "one\n", "only/two": "two\n",
	"data/app.yml": "ref: old\n", "data/tool": "#!/bin/sh\ntrue\n", "z": "z\n",
}

func newWorld(t testing.TB) *world {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	w := &world{remote: newRemote(t), full: t.TempDir()}
	w.withFiles()
	w.git("init", "-q", "-b", "main")
	for name, text := range worldFiles {
		w.put(w.full, name, text, !strings.HasPrefix(text, "#!"))
	}
	if err := os.Symlink("README", filepath.Join(w.full, "link")); err != nil {
		t.Fatal(err)
	}
	w.git("add", "-A")
	w.git("update-index", "--add", "--cacheinfo", "160000,"+w.shas["a"]+",module")
	w.git("commit", "-q", "-m", "world")
	w.sha = w.git("rev-parse", "HEAD")
	w.git("push", "-q", w.dir("service/app-interface"), "HEAD:refs/heads/world")
	if err := w.SetBranch("service/app-interface", "main", w.sha); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) put(root, name, text string, plain bool) {
	w.t.Helper()
	mode := os.FileMode(0o755)
	if plain {
		mode = 0o644
	}
	p := filepath.Join(root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), mode), os.Chmod(p, mode)); err != nil {
		w.t.Fatal(err)
	}
}

// checkout makes the workspace.
func (w *world) checkout(asked ...string) {
	w.t.Helper()
	w.asked = asked
	paths := make([]any, len(asked))
	for i, p := range asked {
		paths[i] = p
	}
	w.must("git_checkout", map[string]any{"repo": w.url, "commit": w.sha, "paths": paths, "name": "app-interface"})
	w.must("git_branch_create", ws("branch", "release-1"))
}

// action is something that is done to a folder of files: to the workspace, and to
// the full checkout.
type action func(root string) error

// random returns an action that a program could do which sees what is in the
// workspace only, and what it is called.
func (w *world) random(r *rand.Rand) (string, action) {
	seen, dirs := w.listed()
	pick := func(from []string) string { return from[r.Intn(len(from))] }
	name := fmt.Sprintf("n%d", r.Intn(40))
	if r.Intn(2) == 0 {
		name = pick(append(dirs, "fresh", "fresh/er", "a", "data")) + "/" + name
	}
	name = strings.TrimPrefix(name, "./")
	text := fmt.Sprintf("line %d\nmore\n", r.Intn(1000))
	if _, err := os.Lstat(filepath.Join(w.full, name)); err == nil || len(seen) == 0 {
		return "nothing", nil
	}
	old := pick(seen)
	switch r.Intn(9) {
	case 0:
		return "make " + name, func(root string) error { return makeFile(root, name, text, 0o644) }
	case 1:
		return "make program " + name, func(root string) error { return makeFile(root, name, "#!/bin/sh\n"+text, 0o755) }
	case 2:
		return "link " + name, func(root string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755), os.Symlink(text[:6], filepath.Join(root, name)))
		}
	case 3:
		return "change " + old, func(root string) error {
			return editFile(filepath.Join(root, old), text)
		}
	case 4:
		return "delete " + old, func(root string) error { return os.Remove(filepath.Join(root, old)) }
	case 5:
		return "rename " + old + " to " + name, func(root string) error {
			p := filepath.Join(root, name)
			return errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.Rename(filepath.Join(root, old), p))
		}
	case 6:
		return "chmod " + old, func(root string) error {
			info, err := os.Lstat(filepath.Join(root, old))
			if err != nil || !info.Mode().IsRegular() {
				return err
			}
			return os.Chmod(filepath.Join(root, old), info.Mode().Perm()^0o111)
		}
	case 7:
		return "folder in the place of " + old, func(root string) error {
			return errors.Join(os.Remove(filepath.Join(root, old)), makeFile(root, old+"/inside", text, 0o644))
		}
	default:
		other := strings.ToUpper(old)
		if _, err := os.Lstat(filepath.Join(w.full, other)); err == nil || strings.Contains(old, "/") {
			return "nothing", nil
		}
		return "rename " + old + " to capitals", func(root string) error {
			return os.Rename(filepath.Join(root, old), filepath.Join(root, other))
		}
	}
}

func makeFile(root, name, text string, mode os.FileMode) error {
	p := filepath.Join(root, name)
	return errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), mode), os.Chmod(p, mode))
}

// editFile changes a file as it is, and makes a link point elsewhere.
func editFile(p, text string) error {
	info, err := os.Lstat(p)
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		return errors.Join(os.Remove(p), os.Symlink("elsewhere", p))
	}
	return os.WriteFile(p, []byte(text), 0o644)
}

// listed are the files of the workspace, and its folders.
func (w *world) listed() (seen, dirs []string) {
	root := w.inFiles("")
	_ = filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		name, _ := filepath.Rel(root, p)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			dirs = append(dirs, name)
		default:
			seen = append(seen, name)
		}
		return nil
	})
	return seen, dirs
}

// TestEveryFileIsInTheCommit does random things in a workspace that has some of
// a repository's files, and the same in a full checkout: the commit's tree is
// the one that git add -A makes, the plan's diff makes that tree of the base,
// and a run that begins again with nothing available makes the same commit.
func TestEveryFileIsInTheCommit(t *testing.T) {
	t.Parallel()
	seeds := int64(4)
	if sweeping() {
		seeds = 12
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			everyFile(t, rand.New(rand.NewSource(seed)))
		})
	}
}

func everyFile(t *testing.T, r *rand.Rand) {
	w := newWorld(t)
	var asked []string
	for _, name := range types.SortedKeys(worldFiles) {
		if r.Intn(2) == 0 {
			asked = append(asked, name)
		}
	}
	if len(asked) == 0 {
		asked = []string{"z"}
	}
	w.checkout(asked...)
	var said []string
	var actions []action
	var write []map[string]any // of workspace_write, in the place of an action
	for range 3 + r.Intn(12) {
		if r.Intn(3) == 0 {
			in := w.randomWrite(r)
			said, actions, write = append(said, fmt.Sprint("write ", in["path"])), append(actions, nil), append(write, in)
			continue
		}
		name, d := w.random(r)
		if d == nil {
			continue
		}
		said, actions, write = append(said, name), append(actions, d), append(write, nil)
		if err := errors.Join(d(w.inFiles("")), d(w.full)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	w.git("add", "-A", "-f")
	w.git("update-index", "--add", "--cacheinfo", "160000,"+w.shas["a"]+",module")
	want := w.git("write-tree")
	diff := w.foreseen()
	out, err := w.do("git_commit", ws("message", "every file"))
	if base := w.git("rev-parse", w.sha+"^{tree}"); base == want {
		if types.CodeOf(err) != types.Conflict {
			t.Errorf("after %q: nothing to commit, and %v", said, err)
		}
		return
	}
	if err != nil {
		t.Fatalf("after %q: %v", said, err)
	}
	w.must("git_push", ws())
	if got := w.treeIn("service/app-interface", out["sha"].(string)); got != want {
		served := gitIn(t, w.dir("service/app-interface"), "ls-tree", "-r", got)
		t.Errorf("after %q in %q the commit is not git's: -want +got\n%s", said, asked, cmp.Diff(w.git("ls-tree", "-r", want), served))
	}
	w.applies(diff, want)
	w.fresh()
	w.cache = t.TempDir()
	w.connect()
	w.withFiles()
	w.checkout(asked...)
	for i, d := range actions {
		if d != nil {
			err = d(w.inFiles(""))
		} else {
			_, _ = w.do("workspace_write", write[i])
		}
		if err != nil {
			t.Fatalf("again %s: %v", said[i], err)
		}
	}
	if again := w.must("git_commit", ws("message", "every file")); cmp.Diff(out["sha"], again["sha"]) != "" || again["objects"] != 0 || cmp.Diff(out["files"], again["files"]) != "" {
		t.Errorf("again it is %v, was %v", again, out)
	}
}

// randomWrite writes a file by the step, which refuses what cannot be written in
// the full checkout either, or would be written through a link there.
func (w *world) randomWrite(r *rand.Rand) map[string]any {
	w.t.Helper()
	places := append(types.SortedKeys(worldFiles), "new", "a/new", "q/new/er", "link", "link/x", "module", "module/x", "z/x", "a", "a/b", "run.sh", "data/tool", ".git/config", "x/.GIT/y")
	name := places[r.Intn(len(places))]
	text := fmt.Sprintf("written %d\n", r.Intn(1000))
	in := ws("path", name, "text", text)
	_, err := w.do("workspace_write", in)
	if possible := w.possible(name); possible != (err == nil) {
		w.t.Fatalf("writing %s is possible: %v, and the step says %v", name, possible, err)
	}
	if code := types.CodeOf(err); err != nil && code != types.Conflict && code != types.BadInput {
		w.t.Errorf("writing %s: %v", name, err)
	}
	if err == nil {
		p := filepath.Join(w.full, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
			w.t.Fatal(err)
		}
	}
	return in
}

// possible reports whether a plain write reaches the path in the full checkout.
func (w *world) possible(name string) bool {
	if strings.Contains(strings.ToLower(name), ".git/") || name == "module" || strings.HasPrefix(name, "module/") {
		return false
	}
	parts := strings.Split(name, "/")
	for i := range parts {
		info, err := os.Lstat(filepath.Join(append([]string{w.full}, parts[:i+1]...)...))
		if err != nil {
			return true
		}
		if last := i == len(parts)-1; last != info.Mode().IsRegular() || !last && !info.IsDir() {
			return false
		}
	}
	return true
}

// foreseen is the diff that a plan shows.
func (w *world) foreseen() string {
	w.t.Helper()
	s, _ := w.steps.Lookup("git_push")
	p, err := s.Preview(w.ctx(), types.Encode(ws()), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Change.Diff
}

// applies checks a diff against the tree that it has to make of the base.
func (w *world) applies(diff, want string) {
	w.t.Helper()
	w.git("read-tree", w.sha)
	p := filepath.Join(w.t.TempDir(), "diff")
	if err := os.WriteFile(p, []byte(diff), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.git("apply", "--cached", "--unidiff-zero", "--whitespace=nowarn", p)
	if got := w.git("write-tree"); got != want {
		w.t.Errorf("the plan's diff makes another tree:\n%s\n%s", w.git("diff-tree", "-r", want, got), diff)
	}
}

func (w *world) treeIn(repo, sha string) string {
	w.t.Helper()
	return gitIn(w.t, w.dir(repo), "rev-parse", sha+"^{tree}")
}
