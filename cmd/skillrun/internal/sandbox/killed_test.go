package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

var errKilled = errors.New("killed")

// life is how many changes to its disk a process still makes before it is
// killed. The last one is half a change where a change has halves.
type life struct {
	mu   sync.Mutex
	left int
	made []string // the names that were changed
}

// change makes one change, whole or in part, or none any more.
func (l *life) change(name string, whole, part func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left--
	switch {
	case l.left < 0:
		return errKilled
	case l.left == 0:
		part()
		return errKilled
	}
	l.made = append(l.made, name)
	return whole()
}

// dead is whether no change is made any more.
func (l *life) dead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left <= 0
}

func nothing() error { return nil }

// mortal is a disk that someone with so much life writes on.
type mortal struct {
	billy.Filesystem
	*life
}

func (m mortal) Capabilities() billy.Capability { return billy.Capabilities(m.Filesystem) }

func (m mortal) Create(name string) (f billy.File, err error) {
	return m.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

func (m mortal) OpenFile(name string, flag int, perm os.FileMode) (f billy.File, err error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE|os.O_TRUNC) == 0 {
		return m.Filesystem.OpenFile(name, flag, perm)
	}
	make := func() error { f, err = m.Filesystem.OpenFile(name, flag, perm); return err }
	err = m.change(name, make, func() error { make(); return f.Close() })
	return &paper{File: f, life: m.life}, err
}

func (m mortal) TempFile(dir, prefix string) (f billy.File, err error) {
	make := func() error { f, err = m.Filesystem.TempFile(dir, prefix); return err }
	err = m.change(dir, make, func() error { make(); return f.Close() })
	return &paper{File: f, life: m.life}, err
}

func (m mortal) Rename(from, to string) error {
	return m.change(to, func() error { return m.Filesystem.Rename(from, to) }, nothing)
}

func (m mortal) Remove(name string) error {
	return m.change(name, func() error { return m.Filesystem.Remove(name) }, nothing)
}

func (m mortal) MkdirAll(name string, perm os.FileMode) error {
	return m.change(name, func() error { return m.Filesystem.MkdirAll(name, perm) }, nothing)
}

// paper is a file of a mortal. What comes after its first write is not counted:
// a file that is half written is half written.
type paper struct {
	billy.File
	*life
	begun bool
}

func (p *paper) Write(data []byte) (n int, err error) {
	if p.begun {
		if p.dead() {
			return 0, errKilled
		}
		return p.File.Write(data)
	}
	p.begun = true
	err = p.change(p.Name(),
		func() error { n, err = p.File.Write(data); return err },
		func() error { n, err = p.File.Write(data[:len(data)/2]); return err })
	return n, err
}

// actions is what people and programs do in a world: a branch is pushed and moved,
// a merge request of it is opened, approved and merged, the branch is deleted,
// and an issue is filed. It ends at the first thing that does not work.
func (c client) actions(branch string) error {
	repo, err := git.CloneContext(c.Context(), memory.NewStorage(), nil, &git.CloneOptions{URL: c.w.URL() + "/git/" + service + ".git", NoCheckout: true, Tags: git.NoTags})
	if err != nil {
		return err
	}
	push := func(spec string) error {
		return repo.PushContext(c.Context(), &git.PushOptions{
			RemoteURL: c.w.URL() + "/git/" + fork + ".git", RefSpecs: []config.RefSpec{config.RefSpec(spec)},
			Auth: &githttp.BasicAuth{Username: "x", Password: c.token("git")},
		})
	}
	var made struct{ IID int }
	for _, action := range []func() error{
		func() error { return push("refs/remotes/origin/master:refs/heads/" + branch) },
		func() error { return push("+refs/remotes/origin/bump-other-service:refs/heads/" + branch) },
		func() error {
			body := fmt.Sprintf(`{"source_branch":%q,"target_branch":"master","target_project_id":101,"title":"Kept"}`, branch)
			return c.ask(&made, "gitlab", "POST", "/gitlab/api/v4/projects/102/merge_requests", body)
		},
		func() error { return c.ask(nil, "alice", "POST", mrPath(made.IID)+"/approve", "{}") },
		func() error { return c.ask(nil, "alice", "PUT", mrPath(made.IID)+"/merge", "{}") },
		func() error { return push(":refs/heads/" + branch) },
		func() error {
			return c.ask(nil, "jira", "POST", "/jira/rest/api/2/issue", `{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Task"},"summary":"Kept"}}`)
		},
	} {
		if err := action(); err != nil {
			return err
		}
	}
	return nil
}

func mrPath(iid int) string { return fmt.Sprintf("/gitlab/api/v4/projects/101/merge_requests/%d", iid) }

// ask sends a request that may fail, and reads its answer into out.
func (c client) ask(out any, who, method, path, body string) error {
	r, err := http.NewRequestWithContext(c.Context(), method, c.w.URL()+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("PRIVATE-TOKEN", c.token(who))
	if who == "jira" {
		r.SetBasicAuth("release-bot@example.com", c.token(who))
	}
	answer, err := c.web.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s %v", method, path, answer.StatusCode, text, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// live opens the world of a folder, lets actions be done in it, and closes it. It
// returns whether all were done.
func live(t *testing.T, dir, branch string, l *life) error {
	o := sandbox.Options{Dir: dir, Log: io.Discard, Now: time.Now}
	if l != nil {
		o = sandbox.OnDisk(o, func(dir string) billy.Filesystem { return mortal{osfs.New(dir), l} })
	}
	w, err := sandbox.Open(t.Context(), o)
	if err != nil {
		return err
	}
	pool := &http.Transport{}
	err = client{t, dir, w, &http.Client{Transport: pool}}.actions(branch)
	pool.CloseIdleConnections()
	return errors.Join(err, w.Close())
}

// TestSandboxKillSweep kills a sandbox at a change to its disk, in the middle of
// it where it has one, also while the world is made. Opened again, the world
// serves all it has, and everything can be done in it. All changes of branches
// are in the sweep, and some others, spread evenly; with SKILLRUN_SWEEP=full all.
func TestSandboxKillSweep(t *testing.T) {
	t.Parallel()
	whole := &life{left: 1 << 30}
	if err := live(t, t.TempDir(), "first", whole); err != nil {
		t.Fatal(err)
	}
	step := map[string]int{"": 120, "ci": 40, "full": 1}[os.Getenv("SKILLRUN_SWEEP")]
	points := 0
	for i, name := range whole.made {
		if n := i + 1; n%step == 0 || strings.Contains(name, "refs/heads/first") || strings.Contains(name, "refs/heads/master") {
			points++
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := live(t, dir, "first", &life{left: n}); err == nil {
					t.Fatalf("killed at change %d (%s), and nobody noticed", n, name)
				}
				if err := live(t, dir, "second", nil); err != nil {
					t.Errorf("killed at change %d (%s): %v", n, name, err)
				}
			})
		}
	}
	t.Logf("killed at %d of %d changes to the disk", points, len(whole.made))
}
