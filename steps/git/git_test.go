package git_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
	t         *testing.T
	url, fork string
	shas      map[string]string
	steps     *step.Catalogue
	refuse    func(repo, ref, old, new string) string
	call      step.Call
	requests  int
}

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

func newRemote(t *testing.T) *remote {
	t.Helper()
	r := &remote{t: t}
	r.Server = gittest.New(gittest.Options{
		Dir: t.TempDir(), User: "bot", Token: "hunter22",
		RefusePush: func(repo, ref, old, new string) string {
			if r.refuse == nil {
				return ""
			}
			return r.refuse(repo, ref, old, new)
		},
		Log: func(string, string, int) { r.requests++ },
	})
	var err error
	r.shas, err = r.Create("service/app-interface", "main", history, map[string]string{"main": "c", "feature": "feature"})
	if err == nil {
		err = r.Fork("service/app-interface", "bot/app-interface")
	}
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(r.Server)
	t.Cleanup(web.Close)
	r.url, r.fork = web.URL+"/service/app-interface.git", web.URL+"/bot/app-interface.git"
	r.steps = step.NewCatalogue(git.Steps(git.Options{Cache: t.TempDir(), Services: map[string]git.Service{
		"git": {URL: web.URL, User: "bot", Token: types.NewSecret("hunter22"), AuthorName: "Bot", AuthorEmail: "bot@example.com"},
	}}))
	r.call = step.Call{Run: "r", Key: step.Key{Work: "workworkworkwork", Path: "pathpathpa"}, StartedAt: at(100), Workspaces: t.TempDir()}
	return r
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

// prepare goes as far as the commit.
func (r *remote) prepare(push string) map[string]any {
	r.t.Helper()
	read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
	r.must("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1", "push_repo": push})
	r.edit("ref: new\nother: x\n")
	return r.must("git_commit", map[string]any{"workspace": "app-interface", "message": "release"})
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

func subjects(v any) string {
	var out []string
	for _, c := range v.([]any) {
		out = append(out, c.(map[string]any)["subject"].(string))
	}
	return strings.Join(out, "|")
}

func TestLog(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for _, tt := range []struct {
		from, to, relation, commits, removed string
		onDefault                            bool
	}{
		{"a", "c", "forward", "merge|side|AAP-2 - feat: second, with AAP-3", "", true},
		{"c", "b", "rollback", "", "merge|side", true},
		{"c", "c", "same", "", "", true},
		{"c", "feature", "diverged", "not merged", "merge|side", false},
		{"", "b", "same", "AAP-2 - feat: second, with AAP-3", "", true},
	} {
		in := map[string]any{"repo": r.url, "to": r.shas[tt.to]}
		if tt.from != "" {
			in["from"] = r.shas[tt.from]
		}
		out := r.must("git_log", in)
		if out["relation"] != tt.relation || subjects(out["commits"]) != tt.commits || subjects(out["removed"]) != tt.removed ||
			out["on_default_branch"] != tt.onDefault || out["default_branch"] != "main" {
			t.Errorf("%s..%s: %v", tt.from, tt.to, out)
		}
	}
	out := r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["a"], "to": r.shas["b"]})
	keys := out["commits"].([]any)[0].(map[string]any)["jira_keys"].([]any)
	if len(keys) != 2 || keys[0] != "AAP-2" || keys[1] != "AAP-3" {
		t.Errorf("Jira keys %v", keys)
	}
	cut := r.must("git_log", map[string]any{"repo": r.url, "from": r.shas["a"], "to": r.shas["c"], "limit": 1})
	if cut["truncated"] != true || cut["total"] != 3 || len(cut["commits"].([]any)) != 1 {
		t.Errorf("cut: %v", cut)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	nowhere := strings.Repeat("0123456789", 4)
	for _, tt := range []struct {
		step string
		in   map[string]any
		code types.Code
		want string
	}{
		{"git_log", map[string]any{"repo": r.url, "to": nowhere}, types.NotFound, "is not on any branch of the remote app-interface (push it first)"},
		{"git_log", map[string]any{"repo": r.url, "to": r.shas["lost"]}, types.NotFound, "push it first"},
		{"git_log", map[string]any{"repo": r.url, "to": "abc"}, types.BadInput, "not a full commit SHA"},
		{"git_log", map[string]any{"repo": strings.Replace(r.url, "app-interface", "none", 1), "to": nowhere}, types.NotFound, "there is no repository"},
		{"git_log", map[string]any{"repo": "ext::sh -c x", "to": nowhere}, types.BadInput, "not a repository"},
		{"git_log", map[string]any{"repo": "http://example.com/x.git", "to": nowhere}, types.BadInput, "http is not allowed"},
		{"git_log", map[string]any{"repo": "https://u:p@example.com/x.git", "to": nowhere}, types.BadInput, "must not hold a user or password"},
		{"git_log", map[string]any{"repo": filepath.Join(t.TempDir(), "none"), "to": nowhere}, types.NotFound, "there is no git clone"},
		{"git_log", map[string]any{"repo": r.url, "to": nowhere, "service": "other"}, types.BadInput, "no service other"},
		{"git_read_file", map[string]any{"repo": r.url, "path": "../x"}, types.BadInput, "not a path inside"},
		{"git_read_file", map[string]any{"repo": r.url, "path": ".git/config"}, types.BadInput, "not a path inside"},
		{"git_read_file", map[string]any{"repo": r.url, "path": "none"}, types.NotFound, "there is no none at commit"},
		{"git_read_file", map[string]any{"repo": r.url, "path": "data"}, types.BadInput, "not a regular file"},
		{"git_read_file", map[string]any{"repo": r.url, "path": file, "ref": "none"}, types.NotFound, `no branch "none"`},
		{"git_checkout", map[string]any{"repo": r.url, "commit": nowhere, "paths": []any{file}}, types.NotFound, "push it first"},
		{"git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{"/etc/passwd"}}, types.BadInput, "not a path inside"},
		{"git_branch_create", map[string]any{"workspace": "none", "branch": "x"}, types.NotFound, "there is no workspace none"},
		{"git_branch_create", map[string]any{"workspace": "none", "branch": "--upload-pack=x"}, types.BadInput, "not a branch name"},
		{"git_branch_create", map[string]any{"workspace": "none", "branch": "a..b"}, types.BadInput, "not a branch name"},
		{"git_branch_create", map[string]any{"workspace": "../x", "branch": "b"}, types.BadInput, "not a workspace"},
		{"git_commit", map[string]any{"workspace": "x", "message": " "}, types.BadInput, "the commit message is empty"},
		{"git_commit", map[string]any{"workspace": "x", "message": "a\n\nskillrun-key: z"}, types.BadInput, "marks our commits"},
	} {
		_, err := r.do(tt.step, tt.in)
		if err == nil || types.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %v: %v, want %s %q", tt.step, tt.in, err, tt.code, tt.want)
		}
	}
}

func TestReadFileAndBranches(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	out := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
	if out["text"] != "ref: old\nother: x\n" || out["commit"] != r.shas["c"] || out["default_branch"] != "main" {
		t.Errorf("%v", out)
	}
	out = r.must("git_read_file", map[string]any{"repo": r.url, "path": "f", "ref": "feature"})
	if out["text"] != "f\n" || out["commit"] != r.shas["feature"] {
		t.Errorf("%v", out)
	}
	list := r.must("git_branch_list", map[string]any{"repo": r.url, "prefix": "f"})["branches"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["name"] != "feature" {
		t.Errorf("%v", list)
	}
}

// TestRelease edits, commits and pushes; doing it all again, with the same and
// with another workspace folder, gives the same commit and adopts the branch.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, fork := range []bool{false, true} {
		r := newRemote(t)
		push, name := "", "service/app-interface"
		if fork {
			push, name = r.fork, "bot/app-interface"
		}
		first := r.prepare(push)
		const gate = 6 // a blob, four trees and a commit
		if first["objects"] != gate {
			t.Errorf("%v objects were written, the gate is %d", first["objects"], gate)
		}
		files := first["files"].([]any)
		if f := files[0].(map[string]any); len(files) != 1 || f["path"] != file || f["added"] != 1 || f["removed"] != 1 {
			t.Errorf("files %v", files)
		}
		in := map[string]any{"workspace": "app-interface", "repo": push}
		if f := r.find(in); f.State != step.StateAbsent {
			t.Errorf("before the push: %s", f.State)
		}
		r.must("git_push", in)
		if got := r.Branches(name)["release-1"]; got != first["sha"] {
			t.Errorf("branch is at %s, want %s", got, first["sha"])
		}
		if f := r.find(in); f.State != step.StateHere {
			t.Errorf("after the push: %+v", f)
		}
		r.call.Workspaces, r.call.StartedAt = t.TempDir(), at(900) // journal lost, a later run
		again := r.prepare(push)
		if again["sha"] != first["sha"] || again["objects"] != 0 {
			t.Errorf("again: %v, want %v and no objects", again, first["sha"])
		}
		if f := r.find(in); f.State != step.StateHere {
			t.Errorf("again: %+v", f)
		}
		r.must("git_push", in)
		if got := r.Branches(name); len(got) != 3 {
			t.Errorf("branches %v", got)
		}
		c, err := r.Commit(name, first["sha"].(string))
		if err != nil || !strings.HasSuffix(c.Message, "\n\nSkillrun-Key: workworkworkwork-pathpathpa\n") || c.Author.Name != "Bot" {
			t.Errorf("commit %q %v", c.Message, err)
		}
		changes, err := r.Changes(name, first["sha"].(string), "service/app-interface", "main")
		if err != nil || len(changes) != 1 || changes[0].NewPath != file {
			t.Errorf("changes %v %v", changes, err)
		}
	}
}

// TestForkBehind pushes to a fork that lacks the base.
func TestForkBehind(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	if err := r.SetBranch("bot/app-interface", "main", r.shas["a"]); err != nil {
		t.Fatal(err)
	}
	if err := r.SetBranch("bot/app-interface", "feature", ""); err != nil {
		t.Fatal(err)
	}
	first := r.prepare(r.fork)
	r.must("git_push", map[string]any{"workspace": "app-interface", "repo": r.fork})
	if got := r.Branches("bot/app-interface")["release-1"]; got != first["sha"] {
		t.Errorf("branch at %s", got)
	}
}

func TestSomebodyMovedProduction(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]*string
		code  types.Code
	}{
		"the file":     {map[string]*string{file: text("ref: theirs\nother: x\n")}, types.Conflict},
		"another file": {map[string]*string{"data/other.yml": text("y\n")}, ""},
	} {
		r := newRemote(t)
		r.prepare("")
		moved, err := r.Create("service/moved", "main", append(history, commit("d", "theirs\n", 9, tt.files, "c")), map[string]string{"main": "d"})
		if err != nil {
			t.Fatal(err)
		}
		r.moveTo(moved["d"])
		_, err = r.do("git_push", map[string]any{"workspace": "app-interface"})
		if types.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", name, err)
		}
		if tt.code != "" && !strings.Contains(err.Error(), "somebody moved production") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// moveTo copies the objects of another repository and moves main there.
func (r *remote) moveTo(sha string) {
	r.t.Helper()
	if err := r.Server.Borrow("service/moved", "service/app-interface"); err != nil {
		r.t.Fatal(err)
	}
	if err := r.SetBranch("service/app-interface", "main", sha); err != nil {
		r.t.Fatal(err)
	}
}

func TestBranchConflicts(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	in := map[string]any{"workspace": "app-interface"}
	if err := r.SetBranch("service/app-interface", "release-1", r.shas["feature"]); err != nil {
		t.Fatal(err)
	}
	if f := r.find(in); f.State != step.StateOver || !strings.Contains(f.Why, "not ours") {
		t.Errorf("a stranger's branch: %+v", f)
	}
	if _, err := r.do("git_push", in); types.CodeOf(err) != types.Conflict {
		t.Errorf("pushed over a stranger's branch: %v", err)
	}
	_, err := r.do("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1"})
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "is there and is not ours") {
		t.Errorf("%v", err)
	}
	if err := r.SetBranch("service/app-interface", "release-1", ""); err != nil {
		t.Fatal(err)
	}
	r.must("git_push", in)
	r.call.StartedAt = at(500)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
	r.must("git_branch_create", map[string]any{"workspace": "app-interface", "branch": "release-1"})
	r.edit("ref: other\nother: x\n")
	if _, err := r.do("git_commit", map[string]any{"workspace": "app-interface", "message": "m"}); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "holds other changes") {
		t.Errorf("%v", err)
	}
}

func TestPushRefused(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.refuse = func(_, ref, _, _ string) string { return "pre-receive hook declined: no releases on Friday" }
	r.prepare("")
	_, err := r.do("git_push", map[string]any{"workspace": "app-interface"})
	if types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "no releases on Friday") {
		t.Errorf("%v", err)
	}
	if len(r.Branches("service/app-interface")) != 2 {
		t.Error("the branch is there all the same")
	}
}

func TestNothingToCommit(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.must("git_checkout", map[string]any{"repo": r.url, "commit": r.shas["c"], "paths": []any{file}})
	if _, err := r.do("git_push", map[string]any{"workspace": "app-interface", "branch": "x"}); types.CodeOf(err) != types.Conflict {
		t.Errorf("push without a commit: %v", err)
	}
	if _, err := r.do("git_commit", map[string]any{"workspace": "app-interface", "message": "m"}); types.CodeOf(err) != types.Conflict {
		t.Errorf("commit without a change: %v", err)
	}
}
