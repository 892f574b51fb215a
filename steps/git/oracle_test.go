package git_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// oracle is a repository in which git itself does what the steps do.
type oracle struct {
	*remote
	dir string
	r   *rand.Rand
	n   int // how many texts were drawn
}

// newOracle has a main branch with files of all kinds.
func newOracle(t testing.TB, seed uint64) *oracle {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	o := &oracle{remote: newRemote(t), dir: t.TempDir(), r: rand.New(rand.NewPCG(seed, 11))}
	o.git("init", "-q", "-b", "main")
	for _, name := range []string{"one", "two", "a/three", "a/b/four", "c/five"} {
		o.write(filepath.Join(o.dir, name), o.lines(12))
	}
	o.write(filepath.Join(o.dir, "bin"), "\x00"+o.lines(3))
	if err := os.Symlink("one", filepath.Join(o.dir, "link")); err != nil {
		t.Fatal(err)
	}
	o.commit("base")
	return o
}

func (o *oracle) git(args ...string) string {
	o.t.Helper()
	return gitIn(o.t, o.dir, append([]string{"-c", "merge.renames=false", "-c", "rebase.backend=merge", "-c", "advice.detachedHead=false"}, args...)...)
}

// tries runs git, which may say no.
func (o *oracle) tries(args ...string) error {
	cmd := exec.Command("git", append([]string{"-c", "merge.renames=false", "-c", "rebase.backend=merge", "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_EDITOR=true")
	return cmd.Run()
}

func (o *oracle) line() string {
	o.n++
	return fmt.Sprintf("line %d\n", o.n)
}

func (o *oracle) lines(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(o.line())
	}
	return b.String()
}

func (o *oracle) one(of ...string) string { return of[o.r.IntN(len(of))] }

// commit commits all that lies there, by an author and at a time of its own.
func (o *oracle) commit(message string) string {
	o.t.Helper()
	o.n++
	o.git("add", "-A")
	o.git("commit", "-q", "--allow-empty", "-m", message, "--author", fmt.Sprintf("A%d <a%d@example.com>", o.n%3, o.n%3), "--date", fmt.Sprint(1600000000+o.n*60, " +0", 1+o.n%8, "30"))
	return o.git("rev-parse", "HEAD")
}

// change does something to the files, as people do.
func (o *oracle) change() {
	o.t.Helper()
	path := filepath.Join(o.dir, o.one("one", "two", "a/three", "a/b/four", "c/five"))
	text, err := os.ReadFile(path)
	was := strings.SplitAfter(string(text), "\n")
	switch kind := o.r.IntN(20); {
	case kind == 0:
		err = o.swap(path, func() error { return os.WriteFile(path, []byte(o.lines(2)), 0o644) })
	case kind == 1:
		err = o.swap(path, func() error { return makeFile(o.dir, strings.TrimPrefix(path, o.dir+"/")+"/inside", o.lines(1), 0o644) })
	case kind == 2:
		err = o.swap(path, func() error { return os.Symlink(o.line(), path) })
	case kind == 3:
		err = os.RemoveAll(path)
	case kind == 4:
		err = errors.Join(os.Remove(filepath.Join(o.dir, "link")), os.Symlink(o.one("two", "a", "c"), filepath.Join(o.dir, "link")))
	case kind == 5:
		err = os.WriteFile(filepath.Join(o.dir, "bin"), []byte("\x00"+o.lines(2)), 0o644)
	case kind == 6:
		err = makeFile(o.dir, o.one("new", "a/new", "d/new"), o.one(o.lines(2), "the same\n"), 0o644)
	case err != nil: // it is no file any more
		err = o.swap(path, func() error { return os.WriteFile(path, []byte(o.lines(12)), 0o644) })
	case kind == 7:
		err = os.Chmod(path, 0o755)
	default:
		at := o.r.IntN(len(was))
		drop := min(o.r.IntN(3), len(was)-at)
		now := strings.Join(was[:at], "") + o.lines(o.r.IntN(3)) + strings.Join(was[at+drop:], "")
		err = os.WriteFile(path, []byte(now), 0o644)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// swap puts something else in the place of what is at a path.
func (o *oracle) swap(path string, make func() error) error {
	if info, err := os.Lstat(filepath.Dir(path)); err != nil || !info.IsDir() {
		if err := errors.Join(os.RemoveAll(filepath.Dir(path)), os.MkdirAll(filepath.Dir(path), 0o755)); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(path), make())
}

// work makes commits on a branch, of which some were picked from another one.
func (o *oracle) work(branch string, commits int, picked ...string) (made []string) {
	o.t.Helper()
	o.git("checkout", "-q", "-f", "-B", branch)
	for i := range commits {
		if len(picked) > 0 && o.r.IntN(3) == 0 {
			c := picked[o.r.IntN(len(picked))]
			if o.tries("cherry-pick", c) != nil {
				o.git("cherry-pick", "--quit")
				o.leave()
			}
			continue
		}
		for range 1 + o.r.IntN(2) {
			o.change()
		}
		made = append(made, o.commit(fmt.Sprintf("%s %d\n\nBecause.\n\nReviewed-by: x", branch, i)))
	}
	return made
}

// publish pushes the branches to the server.
func (o *oracle) publish() {
	o.t.Helper()
	o.git("push", "-q", "-f", o.remote.dir(project), "refs/heads/*:refs/heads/*")
}

// told is what there is of commits above another one, oldest first: authors, messages,
// and the tree at the end.
func told(t testing.TB, dir, base, tip string) string {
	t.Helper()
	return gitIn(t, dir, "log", "--reverse", "--format=%an %ae %ai %B", base+".."+tip) + "\n" + gitIn(t, dir, "rev-parse", tip+"^{tree}")
}

// judged compares a result that was pushed with what git made, or both refuse.
func (o *oracle) judged(out map[string]any, err, gitErr error, base, wanted string) (applied bool) {
	o.t.Helper()
	if gitErr != nil || err != nil {
		if types.CodeOf(err) != types.Conflict || gitErr == nil {
			o.t.Errorf("git: %v, the step: %v", gitErr, err)
		}
		return false
	}
	if out["sha"] == base { // there is nothing to push
		if got := told(o.t, o.dir, base, base); got != wanted {
			o.t.Errorf("the step made nothing, git made\n%s", wanted)
		}
		return true
	}
	branch := fmt.Sprint("result-", o.n)
	o.must("git_branch_create", map[string]any{"workspace": out["workspace"], "branch": branch})
	pushed := o.must("git_push", map[string]any{"workspace": out["workspace"], "branch": branch})
	served := o.remote.dir(project)
	if got := told(o.t, served, base, pushed["sha"].(string)); got != wanted {
		o.t.Errorf("the step made\n%s\ngit made\n%s\n%s", got, wanted, gitIn(o.t, served, "diff-tree", "-r", "-p", wanted[strings.LastIndexByte(wanted, '\n')+1:], pushed["sha"].(string)))
	}
	gitIn(o.t, served, "fsck", "--strict", "--no-dangling")
	return true
}

// picks does with git what git_cherry_pick does: what comes to nothing is skipped.
func (o *oracle) picks(onto string, commits []string) (picked int, err error) {
	o.t.Helper()
	o.git("checkout", "-q", "-f", "--detach", onto)
	for _, c := range commits {
		if o.tries("cherry-pick", c) == nil {
			picked++
			continue
		}
		if unmerged := o.git("ls-files", "-u"); unmerged != "" {
			o.git("cherry-pick", "--quit")
			o.leave()
			return picked, errors.New(unmerged)
		}
		o.git("cherry-pick", "--skip")
	}
	return picked, nil
}

// leave drops what a conflict left in the files: git does not always find back itself.
func (o *oracle) leave() {
	o.t.Helper()
	o.git("reset", "-q", "--hard")
	o.git("clean", "-q", "-f", "-d")
}

// draws is how many histories are drawn, a few of them without a sweep.
func draws() uint64 {
	return map[string]uint64{"": 2, "ci": 25, "full": 300}[os.Getenv("SKILLRUN_SWEEP")]
}

// TestCherryPickAsGit picks commits of drawn histories, as git cherry-pick does: both
// make the same, or both refuse.
func TestCherryPickAsGit(t *testing.T) {
	t.Parallel()
	counts := make(chan [2]int, draws())
	t.Run("histories", func(t *testing.T) {
		for seed := range draws() {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				o := newOracle(t, seed)
				fixes := o.work("feature", 4)
				o.git("checkout", "-q", "-f", "main")
				o.work("main", 3, fixes...)
				o.publish()
				onto := o.git("rev-parse", "main")
				var n [2]int
				for range 6 {
					var commits []string
					for _, c := range fixes {
						if o.r.IntN(2) == 0 {
							commits = append(commits, c)
						}
					}
					picked, gitErr := o.picks(onto, commits)
					wanted := told(t, o.dir, onto, "HEAD")
					o.n++
					out, err := o.do("git_cherry_pick", map[string]any{"repo": o.url, "onto": onto, "commits": commits})
					if err == nil && fmt.Sprint(out["picked"]) != fmt.Sprint(picked) {
						t.Errorf("picked %v, git %d", out["picked"], picked)
					}
					if o.judged(out, err, gitErr, onto, wanted) {
						n[0]++
					} else {
						n[1]++
					}
				}
				counts <- n
			})
		}
	})
	sum(t, counts)
}

// TestRebaseAsGit does the same of git rebase.
func TestRebaseAsGit(t *testing.T) {
	t.Parallel()
	counts := make(chan [2]int, draws())
	t.Run("histories", func(t *testing.T) {
		for seed := range draws() {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				var n [2]int
				o := newOracle(t, seed)
				start := o.git("rev-parse", "main")
				for i := range 4 {
					o.git("checkout", "-q", "-f", "-B", "main", start)
					branch := fmt.Sprint("feature-", i)
					commits := o.work(branch, 1+o.r.IntN(3))
					o.git("checkout", "-q", "-f", "main")
					o.work("main", o.r.IntN(4), commits...)
					o.publish()
					onto, tip := o.git("rev-parse", "main"), o.git("rev-parse", branch)
					o.git("checkout", "-q", "-f", "--detach", tip)
					gitErr := o.tries("rebase", onto)
					wanted := told(t, o.dir, onto, "HEAD")
					if gitErr != nil {
						o.git("rebase", "--quit")
						o.leave()
					}
					o.n++
					out, err := o.do("git_rebase", map[string]any{"repo": o.url, "commit": tip, "onto": onto})
					if o.judged(out, err, gitErr, onto, wanted) {
						n[0]++
					} else {
						n[1]++
					}
				}
				counts <- n
			})
		}
	})
	sum(t, counts)
}

func sum(t *testing.T, counts chan [2]int) {
	t.Helper()
	close(counts)
	var applied, refused int
	for n := range counts {
		applied, refused = applied+n[0], refused+n[1]
	}
	t.Logf("%d were applied, %d refused", applied, refused)
	if applied == 0 || refused == 0 {
		t.Error("the histories do not try what they are for")
	}
}
