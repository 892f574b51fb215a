package git_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestShallowServer answers from a repository that git clone --depth made what
// it can, says of the rest that it is not there, and sees when it is.
func TestShallowServer(t *testing.T) {
	t.Parallel()
	partial := []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"}
	for name, serve := range map[string]func(*remote) http.Handler{
		"version 2": backend(t), "version 0": spoken("", backend(t)), "partial": backend(t, partial...), "partial version 0": spoken("", backend(t, partial...)),
	} {
		if !sweeping() && name != "version 2" && name != "partial version 0" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, serve)
			whole := filepath.Join(t.TempDir(), "whole")
			r.git("", "init", "-q", "-b", "main", whole)
			sha := map[string]string{}
			save := func(name string) {
				t.Helper()
				r.write(filepath.Join(whole, file), "ref: "+name+"\n")
				r.git(whole, "add", ".")
				r.gitAt(int64(len(sha)), whole, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", name)
				sha[name] = r.git(whole, "rev-parse", "HEAD")
			}
			for _, name := range []string{"1", "2", "3", "4", "5"} {
				save(name)
			}
			r.git(whole, "checkout", "-q", "-b", "side", sha["2"])
			save("side")
			r.git(whole, "checkout", "-q", "-b", "near", sha["4"])
			save("near")
			r.git(whole, "checkout", "-q", "main")
			served := r.dir("service/shallow")
			r.git("", "clone", "-q", "--bare", "--depth", "3", "--no-single-branch", "file://"+whole, served)
			r.url = strings.Replace(r.url, "app-interface", "shallow", 1)
			log := func(from, to, relation, commits, removed string) {
				t.Helper()
				out := r.must("git_log", map[string]any{"repo": r.url, "from": sha[from], "to": sha[to]})
				if out["relation"] != relation || subjects(out["commits"]) != commits || subjects(out["removed"]) != removed {
					t.Errorf("%s..%s: %v", from, to, out)
				}
			}
			const cut = "the repository on the server is shallow: the history of commit "
			missing := func(step string, in map[string]any) {
				t.Helper()
				in["repo"] = r.url
				r.fails(step, in, types.NotFound, cut)
			}
			read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
			if read["text"] != "ref: 5\n" || read["commit"] != sha["5"] {
				t.Errorf("read %v", read)
			}
			if old := r.must("git_read_file", map[string]any{"repo": r.url, "path": file, "ref": sha["4"]}); old["text"] != "ref: 4\n" {
				t.Errorf("read %v", old)
			}
			log("3", "5", "forward", "5|4", "")
			log("5", "4", "rollback", "", "5")
			log("4", "near", "forward", "near", "")
			log("5", "near", "diverged", "near", "5")
			if out := r.must("git_log", map[string]any{"repo": r.url, "to": sha["4"]}); out["on_default_branch"] != true {
				t.Errorf("%v", out)
			}
			if out := r.must("git_diff", map[string]any{"repo": r.url, "from": sha["3"], "to": sha["5"]}); changed(out["files"]) != "modified "+file+" +1 -1" {
				t.Errorf("%v", out)
			}
			missing("git_log", map[string]any{"from": sha["2"], "to": sha["5"]})
			missing("git_log", map[string]any{"from": sha["1"], "to": sha["5"]})
			missing("git_log", map[string]any{"from": sha["side"], "to": sha["5"]})
			missing("git_log", map[string]any{"to": sha["side"]}) // is it on main?
			missing("git_read_file", map[string]any{"path": file, "ref": strings.Repeat("0", 39) + "1"})
			// A release needs no more than what is there.
			r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
			r.must("git_branch_create", ws("workspace", "shallow", "branch", "release-1"))
			r.write(r.call.Workspaces+"/shallow/files/"+file, "ref: new\n")
			made := r.must("git_commit", ws("workspace", "shallow", "message", "release"))["sha"]
			r.must("git_push", ws("workspace", "shallow"))
			if got := r.git(served, "rev-parse", "release-1"); got != made {
				t.Errorf("branch at %q, want %s", got, made)
			}
			log("3", "5", "forward", "5|4", "")
			r.git(served, "fetch", "-q", "--unshallow", "file://"+whole)
			log("1", "5", "forward", "5|4|3|2", "")
			log("side", "5", "diverged", "5|4|3", "side")
			r.cache = t.TempDir()
			r.connect()
			log("1", "5", "forward", "5|4|3|2", "")
			if _, err := os.Stat(filepath.Join(served, "shallow")); err == nil {
				t.Error("it is still shallow: the end of the test shows nothing")
			}
		})
	}
}
