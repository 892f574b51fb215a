package git_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// remote is a git server with a repository, its fork, and the steps.
type remote struct {
	*gittest.Server
	t         testing.TB
	url, fork string
	shas      map[string]string
	steps     *step.Catalogue
	service   git.Service
	cache     string
	repos     string // the folder of the repositories
	call      step.Call

	mu     sync.Mutex
	refuse string // what the server says to every push, unless it is ""
}

// roundTrip is a transport of a test's own.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip sends a request, or does not.
func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func text(s string) *string { return &s }

const file = "data/services/app/deploy.yml"

func at(n int64) time.Time { return time.Unix(1700000000+n*100, 0).UTC() }

func commit(name, message string, n int64, files map[string]*string, parents ...string) gittest.Commit {
	return gittest.Commit{Name: name, Parents: parents, Author: "Ada", Email: "ada@example.com", When: at(n), Message: message, Files: files}
}

var history = []gittest.Commit{
	commit("a", "AAP-1: first\n", 0, map[string]*string{file: text("ref: old\nother: x\n"), "data/other.yml": text("x\n"), "README": text("r\n")}),
	commit("b", "AAP-2 - feat: second, with AAP-3\n\nAAP-2 again\n", 1, map[string]*string{"b": text("b\n")}, "a"),
	commit("side", "side\n", 2, map[string]*string{"s": text("s\n")}, "a"),
	commit("c", "merge\n", 3, map[string]*string{"s": text("s\n")}, "b", "side"),
	commit("feature", "not merged\n", 4, map[string]*string{"f": text("f\n")}, "b"),
	commit("lost", "on no branch\n", 5, map[string]*string{"l": text("l\n")}, "b"),
}

func newRemote(t testing.TB) *remote {
	t.Helper()
	return newRemoteBehind(t, func(r *remote) http.Handler { return r.Server })
}

// newRemoteBehind serves gittest's repositories, which lie in a folder, by a
// handler.
func newRemoteBehind(t testing.TB, serve func(r *remote) http.Handler) *remote {
	t.Helper()
	r := &remote{t: t, cache: t.TempDir()}
	r.repos = t.TempDir()
	r.Server = gittest.New(gittest.Options{
		Dir: r.repos, User: "bot", Token: "hunter22",
		RefusePush: func(_, _, _, _ string) string {
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.refuse
		},
	})
	var err error
	r.shas, err = r.Create("service/app-interface", "main", history, map[string]string{"main": "c", "feature": "feature"})
	if err == nil {
		err = r.Fork("service/app-interface", "bot/app-interface")
	}
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(serve(r))
	t.Cleanup(web.Close)
	r.url, r.fork = web.URL+"/service/app-interface.git", web.URL+"/bot/app-interface.git"
	r.service = git.Service{
		URL: web.URL, User: "bot", Token: types.NewSecret("hunter22"), AuthorName: "Bot", AuthorEmail: "bot@example.com",
	}
	r.call = step.Call{Run: "r", Key: step.Key{Work: "workworkworkwork", Path: "pathpathpa"}, StartedAt: at(100), Workspaces: t.TempDir()}
	r.connect()
	return r
}

// connect builds the steps from the service and the cache.
func (r *remote) connect() {
	r.steps = step.NewCatalogue(git.Steps(git.Options{Cache: r.cache, Services: map[string]git.Service{"git": r.service}}))
}

// fresh forgets the workspaces, as a machine without the journal does, and
// starts later.
func (r *remote) fresh() {
	r.call.Workspaces, r.call.StartedAt = r.t.TempDir(), at(900)
}

// refusing makes the server refuse every push.
func (r *remote) refusing(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = why
}

// fails performs a step that must fail so.
func (r *remote) fails(name string, in map[string]any, code types.Code, want string) {
	r.t.Helper()
	_, err := r.do(name, in)
	if types.CodeOf(err) != code || !strings.Contains(err.Error(), want) {
		r.t.Errorf("%s %v: %q %v, want %s %q", name, in, types.CodeOf(err), err, code, want)
	}
}

func (r *remote) ctx() context.Context { return step.WithCall(r.t.Context(), r.call) }

// do performs a step and returns its result as values.
func (r *remote) do(name string, in map[string]any) (map[string]any, error) {
	r.t.Helper()
	s, ok := r.steps.Lookup(name)
	if !ok {
		r.t.Fatalf("no step %s", name)
	}
	raw, err := s.Do(r.ctx(), types.Encode(s.In.Defaults(in)))
	if err != nil {
		return nil, err
	}
	var out types.Values
	if err := json.Unmarshal(raw, &out); err != nil {
		r.t.Fatal(err)
	}
	if err := s.Out.Check(map[string]any(out)); err != nil {
		r.t.Errorf("%s: result %v", name, err)
	}
	return out, nil
}

func (r *remote) must(name string, in map[string]any) map[string]any {
	r.t.Helper()
	out, err := r.do(name, in)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return out
}

// edit changes the file in the workspace, as yaml_set does.
func (r *remote) edit(text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.call.Workspaces, "app-interface", "files", file), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// begin goes as far as the branch.
func (r *remote) begin(push string) map[string]any {
	r.t.Helper()
	read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
	return r.must("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1", "push_repo": push})
}

// prepare goes as far as the commit.
func (r *remote) prepare(push string) map[string]any {
	r.t.Helper()
	r.begin(push)
	r.edit("ref: new\nother: x\n")
	return r.must("git_commit", map[string]any{"workspace": "app-interface", "message": "release"})
}

// ws names the workspace, which is all that most steps are told.
func ws(more ...any) map[string]any {
	in := map[string]any{"workspace": "app-interface"}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	return in
}

func (r *remote) find(in map[string]any) step.Found[json.RawMessage] {
	r.t.Helper()
	s, _ := r.steps.Lookup("git_push")
	f, err := s.Find(r.ctx(), r.call.Key, types.Encode(in))
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// dir is where a repository lies.
func (r *remote) dir(name string) string { return filepath.Join(r.repos, name+".git") }

// main puts a commit on the default branch, as a merge of others does.
func (r *remote) main(c gittest.Commit) string {
	r.t.Helper()
	return r.branch("main", c)
}

// branch puts a commit on a branch, as a push of others does.
func (r *remote) branch(name string, commits ...gittest.Commit) string {
	r.t.Helper()
	last := commits[len(commits)-1].Name
	shas, err := r.Create("service/moved-"+last, "main", append(history, commits...), map[string]string{"main": last})
	if err == nil {
		err = r.Borrow("service/moved-"+last, "service/app-interface")
	}
	if err == nil {
		err = r.SetBranch("service/app-interface", name, shas[last])
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return shas[last]
}
