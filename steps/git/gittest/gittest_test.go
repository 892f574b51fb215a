package gittest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/steps/git/gittest"
)

func text(s string) *string { return &s }

var fixture = []gittest.Commit{
	{Name: "a", Author: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC(), Message: "first\n", Files: map[string]*string{"dir/x.yaml": text("ref: a\n"), "dir.txt": text("t\n"), "b": text("b\n")}},
	{Name: "b", Parents: []string{"a"}, Author: "Ada", Email: "ada@example.com", When: time.Unix(1700000100, 0).UTC(), Message: "second\n", Files: map[string]*string{"dir/x.yaml": text("ref: b\n")}},
	{Name: "side", Parents: []string{"a"}, Author: "Bob", Email: "bob@example.com", When: time.Unix(1700000200, 0).UTC(), Message: "side\n", Files: map[string]*string{"b": nil}},
	{Name: "m", Parents: []string{"b", "side"}, Author: "Ada", Email: "ada@example.com", When: time.Unix(1700000300, 0).UTC(), Message: "merge\n", Files: map[string]*string{"b": nil}},
}

func serve(t *testing.T, o gittest.Options) (*gittest.Server, string, map[string]string) {
	t.Helper()
	o.Dir, o.User, o.Token = t.TempDir(), "bot", "hunter22"
	s := gittest.New(o)
	shas, err := s.Create("group/repo", "main", fixture, map[string]string{"main": "m", "side": "side"})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL, shas
}

// TestFixtureIsFixed pins a SHA: it must not change with Go, go-git or time.
func TestFixtureIsFixed(t *testing.T) {
	t.Parallel()
	s, _, shas := serve(t, gittest.Options{})
	if got := s.Branches("group/repo"); got["main"] != shas["m"] || got["side"] != shas["side"] || len(got) != 2 {
		t.Errorf("branches %v", got)
	}
	if want := "a66831a80f201fabf789fdada1e453f419551c8e"; shas["m"] != want {
		t.Errorf("the merge's SHA is %s, want %s", shas["m"], want)
	}
	again, err := s.Create("group/repo", "main", fixture, nil)
	if err != nil || again["m"] != shas["m"] {
		t.Errorf("made again: %v %v", again, err)
	}
	if got, err := s.ReadFile("group/repo", shas["m"], "dir/x.yaml"); err != nil || got != "ref: b\n" {
		t.Errorf("file %q %v", got, err)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	s, _, shas := serve(t, gittest.Options{})
	if err := s.Fork("group/repo", "bot/repo"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetBranch("group/repo", "old", shas["a"]); err != nil {
		t.Fatal(err)
	}
	got, err := s.Changes("bot/repo", shas["b"], "group/repo", "old")
	if err != nil || len(got) != 1 || got[0].NewPath != "dir/x.yaml" || !strings.Contains(got[0].Diff, "-ref: a\n+ref: b") {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	_, url, _ := serve(t, gittest.Options{})
	for _, tt := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/group/repo.git/info/refs?service=git-upload-pack", "", 200},
		{"GET", "/group/repo.git/info/refs", "", 403},
		{"GET", "/group/none.git/info/refs?service=git-upload-pack", "", 404},
		{"GET", "/group/../group/repo.git/info/refs", "", 404},
		{"GET", "/group/repo.git/config", "", 404},
		{"GET", "/group/repo.git/git-upload-pack", "", 405},
		{"GET", "/group/repo.git/info/refs?service=git-receive-pack", "", 401},
		{"GET", "/group/repo.git/info/refs?service=git-receive-pack", "wrong", 403},
		{"GET", "/group/repo.git/info/refs?service=git-receive-pack", "hunter22", 200},
		{"POST", "/group/repo.git/git-receive-pack", "", 401},
		{"POST", "/group/repo.git/git-upload-pack", "", 400},
	} {
		req, err := http.NewRequest(tt.method, url+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.token != "" {
			req.SetBasicAuth("bot", tt.token)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s %s with token %q: %d, want %d", tt.method, tt.path, tt.token, resp.StatusCode, tt.want)
		}
	}
}

// TestRealGit clones, fetches and pushes with a git binary.
func TestRealGit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git binary")
	}
	refuse := ""
	s, url, shas := serve(t, gittest.Options{RefusePush: func(_, ref, _, _ string) string {
		if ref == "refs/heads/protected" {
			return "protected branch"
		}
		return refuse
	}})
	dir := t.TempDir()
	git := func(args ...string) (string, error) {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
			"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := git(args...)
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return out
	}
	must("clone", "-q", url+"/group/repo.git", "c")
	dir += "/c"
	must("fsck", "--strict")
	if got := strings.TrimSpace(must("rev-parse", "HEAD")); got != shas["m"] {
		t.Errorf("HEAD %s, want %s", got, shas["m"])
	}
	must("commit", "-q", "--allow-empty", "-m", "mine")
	push := strings.Replace(url, "http://", "http://bot:hunter22@", 1) + "/group/repo.git"
	must("push", "-q", push, "HEAD:refs/heads/mine")
	if got := strings.TrimSpace(must("rev-parse", "HEAD")); s.Branches("group/repo")["mine"] != got {
		t.Errorf("pushed %s, branches %v", got, s.Branches("group/repo"))
	}
	if out, err := git("push", push, "HEAD:refs/heads/protected"); err == nil || !strings.Contains(out, "protected branch") {
		t.Errorf("protected branch: %v\n%s", err, out)
	}
	if err := s.SetBranch("group/repo", "mine", shas["b"]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/dir.txt", []byte(*noise(4096)), 0o600); err != nil {
		t.Fatal(err)
	}
	must("commit", "-q", "-a", "-m", "noise")
	must("push", "-q", push, "HEAD:refs/heads/thin")
	if err := os.WriteFile(dir+"/dir.txt", []byte(*noise(4096)+"more"), 0o600); err != nil {
		t.Fatal(err)
	}
	must("commit", "-q", "-a", "-m", "more")
	must("push", "-q", push, "HEAD:refs/heads/thin") // its file is a difference to the one before
	if got, err := s.ReadFile("group/repo", s.Branches("group/repo")["thin"], "dir.txt"); err != nil || got != *noise(4096)+"more" {
		t.Errorf("the file of a thin push has %d bytes: %v", len(got), err)
	}
	if out, err := git("push", "--force-with-lease=mine:"+shas["m"], push, "HEAD:refs/heads/mine"); err == nil {
		t.Errorf("a stale lease was accepted:\n%s", out)
	}
	must("fetch", "-q", "origin")
	must("push", "-q", push, ":refs/heads/mine")
	if _, there := s.Branches("group/repo")["mine"]; there {
		t.Error("a deleted branch is there")
	}
}
