package git_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

const forkProject = "bot/app-interface"

// once does something around the first request that is asked for, and lets the
// others through.
func once(is func(*http.Request) bool, f roundTrip) roundTrip {
	var done atomic.Bool
	return func(req *http.Request) (*http.Response, error) {
		if is(req) && done.CompareAndSwap(false, true) {
			return f(req)
		}
		return http.DefaultTransport.RoundTrip(req)
	}
}

func isFetch(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-upload-pack")
}

func (r *remote) set(branch, sha string) {
	r.t.Helper()
	if err := r.SetBranch(forkProject, branch, sha); err != nil {
		r.t.Error(err)
	}
}

// TestLockLetGoMeanwhile: a holder that lets go while its commit is on its way
// leaves a commit that git does not give any more. The lock is free then.
func TestLockLetGoMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t))
	r.set(lockBranch, r.shas["c"])
	r.service.Transport = once(isFetch, func(req *http.Request) (*http.Response, error) {
		r.set(lockBranch, "")
		r.set("side", "") // nothing reaches it
		r.set("main", r.shas["a"])
		return http.DefaultTransport.RoundTrip(req)
	})
	if other, err := r.lock().Take(t.Context(), "releases", holder("1", "here")); err != nil || other != nil {
		t.Errorf("%+v %v", other, err)
	}
	if now := r.Branches(forkProject)[lockBranch]; now == "" || now == r.shas["c"] {
		t.Errorf("the lock is at %q", now)
	}
}

// TestLockCannotBeRead: a lock that stays where it is, and whose commit the
// server does not give, is an error and no one's.
func TestLockCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.set(lockBranch, r.shas["c"])
	asked := 0
	r.service.Transport = roundTrip(func(req *http.Request) (*http.Response, error) {
		if isFetch(req) {
			asked++
			return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	if other, err := r.lock().Take(t.Context(), "releases", holder("1", "here")); types.CodeOf(err) != types.Network || other != nil || asked != 1 {
		t.Errorf("%+v %v, asked %d times", other, err, asked)
	}
}

// TestLockRefusedMeanwhile: the server says no since someone has the lock, and
// they have let go of it before we look who it was.
func TestLockRefusedMeanwhile(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, r *remote) {
		r.service.Transport = once(isPush, func(req *http.Request) (*http.Response, error) {
			r.set(lockBranch, r.shas["c"])
			defer r.set(lockBranch, "")
			return http.DefaultTransport.RoundTrip(req)
		})
		if other, err := r.lock().Take(t.Context(), "releases", holder("1", "here")); err != nil || other != nil {
			t.Errorf("%+v %v", other, err)
		}
		if r.Branches(forkProject)[lockBranch] == "" {
			t.Error("nobody has it")
		}
	})
}

// TestLockChangesHands: machines that take it and let go of it as fast as they
// can meet no error, and never have it two at a time.
func TestLockChangesHands(t *testing.T) {
	t.Parallel()
	rounds := 3
	if sweeping() {
		rounds = 8
	}
	onEither(t, func(t *testing.T, r *remote) {
		var all sync.WaitGroup
		var inside, had atomic.Int32
		for i := range 4 {
			l := r.lock()
			all.Go(func() {
				for n := range rounds {
					h := holder(fmt.Sprint("run", i), fmt.Sprint("machine", i))
					h.Since = at(int64(n))
					other, err := l.Take(t.Context(), "releases", h)
					if err != nil {
						t.Errorf("take: %v", err)
					}
					if err != nil || other != nil {
						continue
					}
					if inside.Add(1) > 1 {
						t.Error("two have it")
					}
					had.Add(1)
					inside.Add(-1)
					if err := l.Release(t.Context(), "releases", h); err != nil {
						t.Errorf("let go: %v", err)
					}
				}
			})
		}
		all.Wait()
		if had.Load() == 0 || r.Branches(forkProject)[lockBranch] != "" {
			t.Errorf("had %d times, branches %v", had.Load(), r.Branches(forkProject))
		}
	})
}

// TestLockOfAGoneMachine: a person releases it with the holder that Take told.
func TestLockOfAGoneMachine(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if other, err := r.lock().Take(t.Context(), "releases", holder("1", "gone")); err != nil || other != nil {
		t.Fatalf("%+v %v", other, err)
	}
	other, err := r.lock().Take(t.Context(), "releases", holder("2", "here"))
	if err != nil || other == nil {
		t.Fatalf("%+v %v", other, err)
	}
	if err := r.lock().Release(t.Context(), "releases", *other); err != nil || r.Branches(forkProject)[lockBranch] != "" {
		t.Errorf("%v, branches %v", err, r.Branches(forkProject))
	}
	r.refusing("protected")
	if _, err := r.lock().Take(t.Context(), "releases", holder("2", "here")); types.CodeOf(err) != types.Forbidden {
		t.Error(err)
	}
}

// TestLockIsReleasedByAnotherAnswer: the answer of letting go is lost; what is
// there tells.
func TestLockIsReleasedByAnotherAnswer(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		r := newRemote(t)
		h := holder("1", "here")
		if other, err := r.lock().Take(t.Context(), "releases", h); err != nil || other != nil {
			t.Fatalf("%+v %v", other, err)
		}
		r.service.Transport = once(isPush, lost(after))
		if err := r.lock().Release(t.Context(), "releases", h); err != nil || r.Branches(forkProject)[lockBranch] != "" {
			t.Errorf("after %v: %v, branches %v", after, err, r.Branches(forkProject))
		}
	}
}

// lost loses an answer, before or after the action.
func lost(after bool) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if after {
			if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		}
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
}

// TestUnpushMeanwhile: what happens between the look and the deletion.
func TestUnpushMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		push func(r *remote) roundTrip
		code types.Code
		says string
		left string // the commit that the branch is at afterwards
	}{
		"others push": {func(r *remote) roundTrip {
			return func(req *http.Request) (*http.Response, error) {
				r.set("gone", r.shas["c"])
				return http.DefaultTransport.RoundTrip(req)
			}
		}, types.Conflict, "no longer at this run's commit", "c"},
		"others delete it": {func(r *remote) roundTrip {
			return func(req *http.Request) (*http.Response, error) {
				r.set("gone", "")
				return http.DefaultTransport.RoundTrip(req)
			}
		}, "", "", ""},
		"the answer is lost before": {func(*remote) roundTrip { return lost(false) }, "", "", ""},
		"the answer is lost after":  {func(*remote) roundTrip { return lost(true) }, "", "", ""},
		"a hook keeps it": {func(r *remote) roundTrip {
			return func(req *http.Request) (*http.Response, error) {
				r.refusing("protected")
				return http.DefaultTransport.RoundTrip(req)
			}
		}, types.Forbidden, "the branch is still there", "b"},
		"it cannot be sent": {func(*remote) roundTrip {
			return func(*http.Request) (*http.Response, error) {
				return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
			}
		}, types.Network, "cannot reach", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEither(t, func(t *testing.T, r *remote) {
				if name == "a hook keeps it" && t.Name()[strings.LastIndex(t.Name(), "/")+1:] == "git" {
					return // the hook is the stand-in's
				}
				r.set("gone", r.shas["b"])
				r.through(once(isPush, tt.push(r)))
				s, _ := r.steps.Lookup("git_push")
				in := types.Encode(map[string]any{"workspace": "w", "branch": "gone", "repo": r.fork})
				out := types.Encode(map[string]any{"branch": "gone", "sha": r.shas["b"], "remote": r.fork})
				err := s.Undo(r.ctx(), r.call.Key, in, out)
				if types.CodeOf(err) != tt.code || err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%v", err)
				}
				if got := r.Branches(forkProject)["gone"]; got != r.shas[tt.left] {
					t.Errorf("the branch is at %q", got)
				}
			})
		})
	}
}

// TestPreviewOfAResumedBranch: a plan says from where the branch is moved, and
// what is known of a commit whose message is not.
func TestPreviewOfAResumedBranch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	s, _ := r.steps.Lookup("git_commit")
	p, err := s.Preview(r.ctx(), types.Encode(ws("message", "")), step.UnknownPaths{"message"})
	if err != nil || p.Change.Title != "commit 1 file on release-1" || strings.Join(p.Unknown, " ") != "sha short objects" ||
		!strings.Contains(string(p.Out), `"files":[{"path":"`+file+`","status":"modified","old_path":"","added":1,"removed":1}]`) {
		t.Errorf("%s %s %v %v", p.Change.Title, p.Out, p.Unknown, err)
	}
	pushed := r.must("git_push", ws())["sha"].(string)
	s, _ = r.steps.Lookup("git_push")
	p, err = s.Preview(r.ctx(), types.Encode(ws()), nil)
	if want := "push branch release-1 to " + r.url + " (moves it from " + pushed[:12] + ")"; err != nil || cmp.Diff(want, p.Change.Title) != "" {
		t.Errorf("%s %v", p.Change.Title, err)
	}
}
