package git_test

import (
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// sweeping says whether all of what git and its servers are tried with is asked
// for; the tests that are a few hundred processes each else take a part of it.
func sweeping() bool { return os.Getenv("SKILLRUN_SWEEP") != "" }

// backend serves the repositories with git's own http-backend.
func backend(t testing.TB, options ...string) func(*remote) http.Handler {
	t.Helper()
	path, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Skip("no git binary")
	}
	options = append(options, "receive.autogc=false") // which is a process more a push
	env := []string{"GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=" + strconv.Itoa(len(options))}
	for i, o := range options {
		name, value, _ := strings.Cut(o, "=")
		n := strconv.Itoa(i)
		env = append(env, "GIT_CONFIG_KEY_"+n+"="+name, "GIT_CONFIG_VALUE_"+n+"="+value)
	}
	return func(served *remote) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := &cgi.Handler{
				Path: filepath.Join(strings.TrimSpace(string(path)), "git-http-backend"), Dir: served.repos,
				Env: append([]string{"GIT_PROJECT_ROOT=" + served.repos}, env...), Stderr: os.Stderr,
			}
			if _, token, ok := r.BasicAuth(); ok && token == "hunter22" {
				h.Env = append(h.Env, "REMOTE_USER=bot")
			}
			h.ServeHTTP(w, r)
		})
	}
}

// TestRealBackend releases against git itself, as it is and as large hosts
// configure it.
func TestRealBackend(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"as installed": nil,
		"partial":      {"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
		"reachable":    {"uploadpack.allowFilter=true", "uploadpack.allowReachableSHA1InWant=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, backend(t, options...))
			sha := r.releaseBy(r.url)
			if got := r.Branches("service/app-interface")["release-1"]; got != sha {
				t.Errorf("branch at %q, want %s", got, sha)
			}
			if f := r.find(ws()); f.State != step.StateExists {
				t.Errorf("after the push: %+v", f)
			}
			r.fresh()
			r.cache = t.TempDir() // another machine
			r.connect()
			if out := r.begin(""); out["resumed"] != true || out["tip"] != sha {
				t.Errorf("branch %v", out)
			}
			r.edit("ref: new\nother: x\n")
			if again := r.must("git_commit", ws("message", "release")); again["sha"] != sha || again["objects"] != 0 {
				t.Errorf("again %v, want %s", again, sha)
			}
			r.must("git_push", ws())
			r.fails("git_log", map[string]any{"repo": r.url, "to": r.shas["lost"]}, types.NotFound, "push it first")
			out := r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["c"], "to": r.shas["feature"]})
			if out["relation"] != "diverged" || subjects(out["commits"]) != "not merged" {
				t.Errorf("log %v", out)
			}
		})
	}
}

// TestRealBackendMoves pushes after someone changed another file on the
// default branch, and to a fork that is behind.
func TestRealBackendMoves(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{"as installed": nil, "partial": {"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, backend(t, options...))
			if err := r.SetBranch("bot/app-interface", "main", r.shas["a"]); err != nil {
				t.Fatal(err)
			}
			if err := r.SetBranch("bot/app-interface", "feature", ""); err != nil {
				t.Fatal(err)
			}
			sha := r.prepare(r.fork)["sha"]
			r.must("git_push", ws())
			if got := r.Branches("bot/app-interface")["release-1"]; got != sha {
				t.Errorf("branch at %q, want %s", got, sha)
			}
			out, err := exec.Command("git", "-c", "safe.directory=*", "--git-dir", r.dir("bot/app-interface"), "fsck", "--strict", "--no-dangling").CombinedOutput()
			if err != nil {
				t.Errorf("fsck of the fork: %v\n%s", err, out)
			}
			r.fresh()
			r.prepare("")
			r.main(commit("d", "theirs\n", 9, map[string]*string{"data/other.yml": text("y\n")}, "c"))
			r.must("git_push", ws())
		})
	}
}

// TestRealBackendCost counts what a first read takes from a remote that gives
// single objects: the way to the file, and commits alone for a log.
func TestRealBackendCost(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	if got, want := r.cached("trees"), 6; len(got) != want { // the commit, four trees and the blob
		t.Errorf("%d objects were fetched, want %d: %v", len(got), want, got)
	}
	r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["a"], "to": r.shas["c"]})
	for _, kind := range r.cached("history") {
		if kind != plumbing.CommitObject {
			t.Errorf("a log fetched a %s", kind)
		}
	}
}

// cached are the kinds of all objects in a part of the cache.
func (r *remote) cached(part string) []plumbing.ObjectType {
	r.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(r.cache, "git", "*", part))
	if err != nil || len(dirs) != 1 {
		r.t.Fatalf("caches %v %v", dirs, err)
	}
	return kinds(r.t, filesystem.NewStorage(osfs.New(dirs[0]), cache.NewObjectLRUDefault()))
}

func kinds(t testing.TB, sto *filesystem.Storage) []plumbing.ObjectType {
	t.Helper()
	iter, err := sto.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		t.Fatal(err)
	}
	var out []plumbing.ObjectType
	err = iter.ForEach(func(o plumbing.EncodedObject) error {
		out = append(out, o.Type())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
