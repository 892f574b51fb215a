package git_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
)

func (r *remote) lock() step.Lock {
	return git.NewLock(git.Options{Cache: r.t.TempDir(), Services: map[string]git.Service{"git": r.service}}, "git", r.fork)
}

func holder(run, machine string) step.Holder {
	return step.Holder{Work: "work" + run, Run: run, Machine: machine, User: "ada", Since: at(7)}
}

const lockBranch = "skillrun/lock-releases"

// onEither runs a test against the stand-in and against git itself.
func onEither(t *testing.T, f func(t *testing.T, r *remote)) {
	t.Run("stand-in", func(t *testing.T) { t.Parallel(); f(t, newRemote(t)) })
	t.Run("git", func(t *testing.T) { t.Parallel(); f(t, newRemoteBehind(t, backend(t))) })
}

// TestLock: one holder at a time; the same work on the same machine has it
// already; letting go deletes the branch, and only one's own.
func TestLock(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, r *remote) {
		ctx, l := t.Context(), r.lock()
		first, second := holder("1", "here"), holder("2", "there")
		if other, err := l.Take(ctx, "releases", first); err != nil || other != nil {
			t.Fatalf("%+v %v", other, err)
		}
		other, err := r.lock().Take(ctx, "releases", second)
		if err != nil || other == nil || cmp.Diff(first, *other) != "" {
			t.Fatalf("the second is told %+v %v", other, err)
		}
		killed := first
		killed.Run = "of the same work"
		if other, err := r.lock().Take(ctx, "releases", killed); err != nil || other != nil {
			t.Errorf("the same work on the same machine: %+v %v", other, err)
		}
		if err := l.Release(ctx, "releases", second); err != nil || r.Branches("bot/app-interface")[lockBranch] == "" {
			t.Errorf("somebody else let go of it: %v", err)
		}
		for range 2 {
			if err := l.Release(ctx, "releases", killed); err != nil || r.Branches("bot/app-interface")[lockBranch] != "" {
				t.Errorf("let go: %v, branches %v", err, r.Branches("bot/app-interface"))
			}
		}
		if other, err := l.Take(ctx, "releases", second); err != nil || other != nil {
			t.Errorf("after that: %+v %v", other, err)
		}
	})
}

// TestLockExcludes: of sixteen at once, one has it, and the others know who.
func TestLockExcludes(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, r *remote) {
		var mu sync.Mutex
		var all sync.WaitGroup
		told := map[string]int{}
		for i := range 16 {
			h, l := holder(string(rune('a'+i)), "machine"+string(rune('a'+i))), r.lock()
			all.Go(func() {
				other, err := l.Take(t.Context(), "releases", h)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if other == nil {
					told["mine"]++
					told[h.Run]++
				} else {
					told[other.Run]++
				}
			})
		}
		all.Wait()
		if told["mine"] != 1 || len(told) != 2 {
			t.Errorf("%v", told)
		}
	})
}

// TestLockAfterALostAnswer: who holds it is looked up.
func TestLockAfterALostAnswer(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		r := newRemote(t)
		lost := 0
		r.service.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
			if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "receive-pack") || lost > 0 {
				return http.DefaultTransport.RoundTrip(req)
			}
			lost++
			if after {
				if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		})
		if other, err := r.lock().Take(t.Context(), "releases", holder("1", "here")); err != nil || other != nil {
			t.Errorf("after %v: %+v %v", after, other, err)
		}
		if r.Branches("bot/app-interface")[lockBranch] == "" {
			t.Error("nobody has it")
		}
	}
}

// TestLockOfOthers: a branch of that name that is no lock of ours is never
// deleted.
func TestLockOfOthers(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if err := r.SetBranch("bot/app-interface", lockBranch, r.shas["c"]); err != nil {
		t.Fatal(err)
	}
	other, err := r.lock().Take(t.Context(), "releases", holder("1", "here"))
	if err != nil || other == nil || !strings.HasPrefix(other.Run, "unknown (commit ") || other.User != "Ada" {
		t.Errorf("%+v %v", other, err)
	}
	if err := r.lock().Release(t.Context(), "releases", *other); err != nil {
		t.Error(err)
	}
	if got := r.Branches("bot/app-interface")[lockBranch]; got != r.shas["c"] {
		t.Errorf("letting go of it left the branch at %q", got)
	}
	for _, name := range []string{"", "a/b", "..", "A", "x.lock", "-x"} {
		if _, err := r.lock().Take(t.Context(), name, holder("1", "here")); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "cannot name a lock") {
			t.Errorf("%q: %v", name, err)
		}
	}
	r.refusing("protected")
	_, err = r.lock().Take(t.Context(), "other", holder("1", "here"))
	if types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "a lock is a branch skillrun/lock-other there") {
		t.Error(err)
	}
}

// TestUnpush deletes the branch where we left it, and nothing else.
func TestUnpush(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, r *remote) {
		s, _ := r.steps.Lookup("git_push")
		project := "bot/app-interface"
		undo := func(sha string) error {
			in := types.Encode(map[string]any{"workspace": "w", "branch": "gone", "repo": r.fork})
			out := types.Encode(map[string]any{"branch": "gone", "sha": sha, "remote": r.fork})
			if say, err := s.DescribeUndo(in, out); err != nil || say != "delete branch gone on "+r.fork {
				t.Errorf("%q %v", say, err)
			}
			return s.Undo(r.ctx(), r.call.Key, in, out)
		}
		if err := r.SetBranch(project, "gone", r.shas["b"]); err != nil {
			t.Fatal(err)
		}
		if err := undo(r.shas["a"]); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "no longer at this run's commit") {
			t.Errorf("it moved: %v", err)
		}
		for range 2 {
			if err := undo(r.shas["b"]); err != nil || r.Branches(project)["gone"] != "" {
				t.Errorf("%v, branches %v", err, r.Branches(project))
			}
		}
	})
}

// TestPreviewOfEdits: a plan shows the change of a commit whose message is not
// known yet, and of the push of it, to the line.
func TestPreviewOfEdits(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for _, x := range []struct {
		name string
		in   map[string]any
	}{
		{"git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []string{file}, "name": "w"}},
		{"git_branch_create", map[string]any{"workspace": "w", "branch": "release-x", "push_repo": r.fork}},
	} {
		if _, err := r.do(x.name, x.in); err != nil {
			t.Fatal(err)
		}
	}
	edited := filepath.Join(r.call.Workspaces, "w", "files", file)
	if err := os.WriteFile(edited, []byte("ref: new\nother: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	preview := func(name string, in map[string]any, unknown ...string) step.Change {
		t.Helper()
		s, _ := r.steps.Lookup(name)
		p, err := s.Preview(r.ctx(), types.Encode(in), unknown)
		if err != nil {
			t.Fatal(err)
		}
		return p.Change
	}
	for _, got := range []step.Change{
		preview("git_commit", map[string]any{"workspace": "w", "message": ""}, "message"),
		preview("git_push", map[string]any{"workspace": "w", "repo": r.fork, "branch": "release-x"}),
	} {
		if !strings.Contains(got.Diff, "--- a/"+file+"\n+++ b/"+file+"\n@@ -1,2 +1,2 @@\n-ref: old\n+ref: new\n other: x\n") || !strings.Contains(got.Title, "release-x") {
			t.Errorf("%s\n%s", got.Title, got.Diff)
		}
	}
	if got := preview("git_commit", map[string]any{"workspace": "", "message": "m"}, "workspace"); got.Diff != "" {
		t.Errorf("of a workspace that is not known: %+v", got)
	}
	if r.Branches("bot/app-interface")["release-x"] != "" {
		t.Error("the plan pushed")
	}
}

// TestResolvePush: what a person says is pushed is checked against the branch.
func TestResolvePush(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for _, x := range []struct {
		name string
		in   map[string]any
	}{
		{"git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []string{file}, "name": "w"}},
		{"git_branch_create", map[string]any{"workspace": "w", "branch": "release-x", "push_repo": r.fork}},
	} {
		if _, err := r.do(x.name, x.in); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(r.call.Workspaces, "w", "files", file), []byte("ref: new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.do("git_commit", map[string]any{"workspace": "w", "message": "m"}); err != nil {
		t.Fatal(err)
	}
	in := map[string]any{"workspace": "w", "repo": r.fork, "branch": "release-x"}
	s, _ := r.steps.Lookup("git_push")
	resolve := func(ref string) error {
		_, err := s.Resolve(r.ctx(), ref, types.Encode(in))
		return err
	}
	wants := func(ref string, code types.Code, says string) {
		t.Helper()
		if err := resolve(ref); types.CodeOf(err) != code || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", ref, err)
		}
	}
	wants("release-x", types.NotFound, "there is no branch release-x on ")
	if err := r.SetBranch("bot/app-interface", "release-x", r.shas["b"]); err != nil {
		t.Fatal(err)
	}
	wants("release-x", types.Conflict, "which holds other changes than this run's")
	if err := r.SetBranch("bot/app-interface", "release-x", ""); err != nil {
		t.Fatal(err)
	}
	pushed, err := r.do("git_push", in)
	if err != nil {
		t.Fatal(err)
	}
	wants(strings.Repeat("a", 40), types.Conflict, "not at \"aaaa")
	for _, ref := range []string{"release-x", pushed["sha"].(string)} {
		if err := resolve(ref); err != nil {
			t.Error(err)
		}
	}
}
