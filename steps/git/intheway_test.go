package git_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
)

// TestBranchStandsInTheWay names the branch that keeps another from being made,
// when it is named, when it is pushed, and when it came in between.
func TestBranchStandsInTheWay(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(*remote) http.Handler{
		"git's own": backend(t), "the sandbox's": func(r *remote) http.Handler { return r.Server },
	} {
		for branch, other := range map[string]string{"release/1/a": "release/1", "release": "release/1/a"} {
			t.Run(name+" "+branch, func(t *testing.T) {
				t.Parallel()
				want := "branch " + other + " conflicts with branch " + branch + ": in git, the name of a branch cannot be a folder of another (delete or rename it, or give this one another name)"
				var late atomic.Bool
				r := newRemoteBehind(t, func(r *remote) http.Handler {
					next := serve(r)
					return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						if late.Load() && req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "git-receive-pack") {
							late.Store(false)
							r.write(r.dir("service/app-interface")+"/refs/heads/"+other, r.shas["a"]+"\n")
						}
						next.ServeHTTP(w, req)
					})
				})
				set := func(sha string) {
					t.Helper()
					if err := r.SetBranch("service/app-interface", other, sha); err != nil {
						t.Fatal(err)
					}
				}
				set(r.shas["a"])
				r.begin("")
				r.fails("git_branch_create", ws("branch", branch), types.Conflict, want)
				set("")
				r.must("git_branch_create", ws("branch", branch))
				r.edit("ref: new\nother: x\n")
				sha := r.must("git_commit", ws("message", "release"))["sha"]
				set(r.shas["a"])
				r.fails("git_push", ws(), types.Conflict, want)
				s, _ := r.steps.Lookup("git_push")
				if _, err := s.Find(r.ctx(), r.call.Key, types.Encode(ws())); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), want) {
					t.Errorf("looking for the push: %v", err)
				}
				set("")
				if name == "git's own" { // the sandbox's looks at both names alike
					late.Store(true)
					r.fails("git_push", ws(), types.Conflict, want)
					set("")
				}
				r.must("git_push", ws())
				if got := r.Branches("service/app-interface")[branch]; got != sha {
					t.Errorf("branch at %q, want %s", got, sha)
				}
			})
		}
	}
}

// TestBranchStandsInTheWayOfALock says so, instead of asking for a right.
func TestBranchStandsInTheWayOfALock(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if err := r.SetBranch("service/app-interface", "skillrun", r.shas["a"]); err != nil {
		t.Fatal(err)
	}
	lock := git.NewLock(git.Options{Cache: r.cache, Services: map[string]git.Service{"git": r.service}}, "", r.url)
	_, err := lock.Take(r.ctx(), "release", step.Holder{Work: "w", Machine: "m", Since: at(0)})
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "branch skillrun conflicts with branch skillrun/lock-release") {
		t.Errorf("%s %v", types.CodeOf(err), err)
	}
}
