package git_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// TestRenamedRepository reads a repository where its host says that it is now,
// and pushes to none that it does not name: a push follows no redirect.
func TestRenamedRepository(t *testing.T) {
	t.Parallel()
	real := backend(t)
	for name, serve := range map[string]func(*remote) http.Handler{
		"version 2": real, "version 0": spoken("", real), "the sandbox's": func(r *remote) http.Handler { return r.Server },
	} {
		for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			if !sweeping() && name != "the sandbox's" && status != http.StatusMovedPermanently {
				continue
			}
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				var gone atomic.Bool
				r := newRemoteBehind(t, func(r *remote) http.Handler {
					next := serve(r)
					return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
						if rest, ok := strings.CutPrefix(req.URL.RequestURI(), "/old/name.git/"); ok && gone.Load() {
							http.Redirect(w, req, "/service/app-interface.git/"+rest, status)
							return
						}
						req.URL.Path = strings.Replace(req.URL.Path, "/old/name.git/", "/service/app-interface.git/", 1)
						next.ServeHTTP(w, req)
					})
				})
				now := r.url
				r.url = strings.Replace(now, "service/app-interface", "old/name", 1)
				old := ws("workspace", "name")
				prepare := func() {
					t.Helper()
					read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
					if read["commit"] != r.shas["c"] {
						t.Errorf("read %v", read)
					}
					r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
				}
				gone.Store(true)
				prepare()
				r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["a"], "to": r.shas["c"]})
				r.fails("git_branch_create", ws("workspace", "name", "branch", "release-1"), types.NotFound,
					"the repository was moved to "+strings.TrimSuffix(now, "/")+" (write the new address, if that is the repository you mean")
				// It is renamed between the branch and the push.
				gone.Store(false)
				r.fresh()
				r.cache = t.TempDir()
				r.connect()
				prepare()
				r.must("git_branch_create", ws("workspace", "name", "branch", "release-1"))
				r.write(r.call.Workspaces+"/name/files/"+file, "ref: new\nother: x\n")
				r.must("git_commit", ws("workspace", "name", "message", "release"))
				gone.Store(true)
				_, err := r.do("git_push", old)
				if code := types.CodeOf(err); code != types.NotFound && code != types.Unavailable || !strings.Contains(err.Error(), "redirect") && !strings.Contains(err.Error(), "elsewhere") {
					t.Errorf("a push was sent on: %s %v", code, err)
				}
				if _, there := r.Branches("service/app-interface")["release-1"]; there {
					t.Error("a push followed a redirect")
				}
			})
		}
	}
}

// TestRepositoryWithSHA256Names is told apart from a connection that broke.
func TestRepositoryWithSHA256Names(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	real := backend(t)
	for name, serve := range map[string]func(*remote) http.Handler{"version 2": real, "version 0": spoken("", real)} {
		r := newRemoteBehind(t, serve)
		dir := r.dir("service/long-names")
		for _, empty := range []bool{true, false} {
			if empty && name == "version 0" {
				continue // git says nothing at all of it
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			r.git("", "init", "-q", "--bare", "--object-format=sha256", "-b", "main", dir)
			if !empty {
				work := filepath.Join(t.TempDir(), "work")
				r.git("", "init", "-q", "--object-format=sha256", work)
				r.git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "--allow-empty", "-m", "x")
				r.git(work, "push", "-q", dir, "HEAD:main")
			}
			url := strings.Replace(r.url, "app-interface", "long-names", 1)
			for step, in := range map[string]map[string]any{
				"git_read_file": {"repo": url, "path": "x"}, "git_branch_list": {"repo": url}, "git_fetch": {"repo": url},
			} {
				_, err := r.do(step, in)
				if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "its objects have SHA-256 names, and skillrun reads only repositories with SHA-1 names") {
					t.Errorf("%s, empty %v, %s: %s %v", name, empty, step, types.CodeOf(err), err)
				}
			}
			r.fresh()
			r.prepare("")
			r.fails("git_branch_create", ws("branch", "x", "push_repo", url), types.BadInput, "its objects have SHA-256 names")
			folder := map[string]any{"repo": dir}
			if _, err := r.do("git_branch_list", folder); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "SHA-256 names") {
				t.Errorf("the folder itself: %s %v", types.CodeOf(err), err)
			}
		}
	}
}

// git runs git itself in a folder, "" being any.
func (r *remote) git(dir string, args ...string) string {
	r.t.Helper()
	return r.gitAt(0, dir, args...)
}

// gitAt does so at a time, which commits get.
func (r *remote) gitAt(n int64, dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*", "-c", "protocol.file.allow=always", "-c", "maintenance.auto=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_COMMITTER_DATE="+at(n).Format(time.RFC3339), "GIT_AUTHOR_DATE="+at(n).Format(time.RFC3339))
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}
