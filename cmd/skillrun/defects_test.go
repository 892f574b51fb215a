package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/google/go-cmp/cmp"
)

// The nine defects of the system that skillrun replaces. Each test would fail
// in that system.

// skill writes a skill file into the working directory and returns its name.
func (b *bench) skill(name, text string) string {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name+".yaml"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return "./" + name + ".yaml"
}

// TestDefect1_UnknownKeysAreRefused: `validate:` stood in the skill as its gate
// and the engine never read the key.
func TestDefect1_UnknownKeysAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := b.skill("gates", "name: gates\nsteps:\n  - id: a\n    set: {x: 1}\n    validate: steps.a.x > 1\n")
	b.run("check", file).want(t, 2, `gates.yaml:5:5: error: unknown key validate in a step \[unknown-key\]`)
	b.run("run", file).want(t, 2, `unknown key validate`)
}

// TestDefect2_AnErrorIsNotAValue: the edit of the deploy file did not compile,
// its error became the step's value, and the run continued without an edit.
func TestDefect2_AnErrorIsNotAValue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("run", b.skill("broken", "name: broken\nsteps:\n  - id: a\n    set: {x: \"${{ 1 + }}\"}\n")).want(t, 2, `broken.yaml:4`)
	b.run("run", b.skill("late", "name: late\ninputs:\n  n: {type: integer, default: 0}\nsteps:\n  - id: a\n    set: {x: \"${{ [1][inputs.n + 7] }}\"}\noutputs:\n  x: ${{ steps.a.x }}\n")).
		want(t, 1, `error: a: `)
	b.configure("tower-analytics-prod.yml", "elsewhere.yml")
	b.release(b.sha()).want(t, 1, `\[not_found\]`)
	if got := b.state().writes(); len(got) != 0 {
		t.Errorf("it went on and wrote: %v", got)
	}
}

// TestDefect3_DefaultsAreEvaluated: the ticket's title read
// "{{ today }} Analytics HCC Service Release".
func TestDefect3_DefaultsAreEvaluated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	if got := b.state().Jira.Issues[0].Summary; got != "2026-01-15 Analytics HCC Service Release" {
		t.Errorf("title %q", got)
	}
}

// TestDefect4_TemplatesAreStrict: arguments were HTML-escaped, an undefined
// name was empty, an error counted as false, and [] as true.
func TestDefect4_TemplatesAreStrict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text := `name: strict
inputs:
  s: {type: string, required: true}
steps:
  - id: a
    set: {x: "<${{ inputs.s }}>"}
outputs:
  x: ${{ steps.a.x }}
`
	nasty := `<b>&'"` + "`$(x)`"
	got := b.run("run", b.skill("strict", text), "--input", "s="+nasty, "--output", "json").json(t)
	if got.Outputs["x"] != "<"+nasty+">" {
		t.Errorf("x is %v", got.Outputs["x"])
	}
	for name, cond := range map[string]string{"undefined": "inputs.none == 1", "empty_list": `"[]"`, "text": "inputs.s", "number": "1"} {
		b.run("check", b.skill(name, "name: "+name+"\ninputs:\n  s: {type: string, default: x}\nsteps:\n  - id: a\n    if: "+cond+"\n    set: {x: 1}\n")).
			want(t, 2, `\[(unknown-name|not-a-boolean)\]`)
	}
}

// TestDefect5_DataStaysData: a block with {{ }} was templated with data before
// it ran. Commit subjects of the sandbox hold template holes, directives, quick
// actions and our own marker: all of it arrives as it was written, and nothing
// of it happens.
func TestDefect5_DataStaysData(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0, `\$\{\{ secrets\.TOKEN \}\} and %\{\{ if true \}\} are text`)
	mr := b.state().Gitlab.MergeRequests[0]
	if !strings.Contains(mr.Description, "${{ secrets.TOKEN }} and %{{ if true }} are text") {
		t.Errorf("description %q", mr.Description)
	}
	if mr.State != "opened" || strings.Count(mr.Description, "<!-- skillrun key=") != 1 {
		t.Errorf("state %s, description %q", mr.State, mr.Description)
	}
}

// TestDefect6_NeverFromAStaleBase: a failed rebase continued to branch and push
// from a stale master. A clone that is behind, dirty and on another branch only
// lends its objects: the release starts from what the remote has now, and
// nothing in the clone changes.
func TestDefect6_NeverFromAStaleBase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	url := b.world.URL() + "/git/service/app-interface.git"
	clone := filepath.Join(t.TempDir(), "app-interface")
	dirty(t, clone, url)
	tip := b.advance(url, "NEWS.md", func(string) string { return "news\n" })
	before := fingerprint(t, clone)
	b.configure("app_interface_repo: "+url, "app_interface_repo: "+clone)
	b.release(b.sha()).want(t, 0)
	if diff := cmp.Diff(before, fingerprint(t, clone)); diff != "" {
		t.Errorf("the clone changed: %s", diff)
	}
	fork, err := gogit.PlainClone(t.TempDir(), true, &gogit.CloneOptions{URL: b.world.URL() + "/git/" + forkProject + ".git"})
	if err != nil {
		t.Fatal(err)
	}
	branch := b.state().Git[forkProject].Branches["release-2026-01-15-"+b.world.Fixtures().ReleaseSHA[:6]]
	c, err := fork.CommitObject(plumbing.NewHash(branch))
	if err != nil || len(c.ParentHashes) != 1 || c.ParentHashes[0].String() != tip {
		t.Errorf("the release is based on %v, the remote is at %s (%v)", c, tip, err)
	}
}

// dirty makes a clone that is on another branch with changes of every kind.
func dirty(t *testing.T, dir, url string) {
	t.Helper()
	repo, err := gogit.PlainClone(dir, false, &gogit.CloneOptions{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	tree, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Checkout(&gogit.CheckoutOptions{Branch: "refs/heads/mine", Create: true}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"README.md": "changed", "new.txt": "new", deployFile: "broken: ["} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tree.Add("new.txt"); err != nil {
		t.Fatal(err)
	}
}

// advance pushes a commit that changes a file to the remote's master, as
// someone else, and returns it.
func (b *bench) advance(url, file string, edit func(text string) string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	repo, err := gogit.PlainClone(dir, false, &gogit.CloneOptions{URL: url})
	if err != nil {
		b.t.Fatal(err)
	}
	tree, err := repo.Worktree()
	if err != nil {
		b.t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, file), []byte(edit(string(before))), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if _, err := tree.Add(file); err != nil {
		b.t.Fatal(err)
	}
	hash, err := tree.Commit("News", &gogit.CommitOptions{Author: &object.Signature{Name: "x", Email: "x@example.com", When: fixed}})
	if err != nil {
		b.t.Fatal(err)
	}
	token, err := os.ReadFile(filepath.Join(filepath.Dir(b.world.Config()), "tokens", "git"))
	if err != nil {
		b.t.Fatal(err)
	}
	err = repo.Push(&gogit.PushOptions{Auth: &githttp.BasicAuth{Username: "x", Password: string(token)}, RefSpecs: []config.RefSpec{"refs/heads/master:refs/heads/master"}})
	if err != nil {
		b.t.Fatal(err)
	}
	return hash.String()
}

// fingerprint is every file under dir with its mode, time and content.
func fingerprint(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[name] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(name)
		out[name] += fmt.Sprintf(" %x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDefect7_FailureIsLoud: a push that failed was "success", and the run
// ended in "Production Release Prepared".
func TestDefect7_FailureIsLoud(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.configure("file:tokens/git,", "file:tokens/quay,")
	r := b.release(b.sha(), "--output json")
	got := r.json(t)
	if r.code != 1 || got.State != "failed" || got.Error == nil || got.Error.Code != "forbidden" || got.Error.Step != "push" {
		t.Errorf("exit %d, %s, %+v", r.code, got.State, got.Error)
	}
	if _, there := got.Outputs["summary"]; there || len(b.state().Gitlab.MergeRequests) != 0 {
		t.Error("it speaks of a merge request that is not there")
	}
}

// TestDefect8_NothingIsDoneTwice: a crash after the ticket left an orphan, and
// a second run made a second ticket and a -v2 branch.
func TestDefect8_NothingIsDoneTwice(t *testing.T) {
	t.Parallel()
	for _, journal := range []string{"kept", "lost"} {
		b := newBench(t)
		good := b.conf
		b.configure("file:tokens/git,", "file:tokens/quay,")
		r := b.release(b.sha(), "--output json").json(t)
		if len(b.state().Jira.Issues) != 1 {
			t.Fatal("the first run made no ticket")
		}
		b.conf = good
		if journal == "kept" {
			b.run("resume", r.Run, "--config", b.conf).want(t, 0, "created  push")
		} else {
			b.forget()
			b.release(b.sha()).want(t, 0, "adopted  jira", "created  push")
		}
		s := b.state()
		if len(s.Jira.Issues) != 1 || len(s.Gitlab.MergeRequests) != 1 || len(s.Git[forkProject].Branches) != 4 {
			t.Errorf("journal %s: %d issues, %d merge requests, branches %v", journal, len(s.Jira.Issues), len(s.Gitlab.MergeRequests), s.Git[forkProject].Branches)
		}
	}
}

// TestDefect9_TheWholeRepositoryCounts: the image's repository was hard-coded,
// and a "/" in it dropped the namespace.
func TestDefect9_TheWholeRepositoryCounts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	whole := "/repository/redhat-services-prod/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main/tag/"
	asked := false
	for _, r := range b.state().Requests {
		asked = asked || r.Service == "quay" && strings.Contains(r.Path, whole)
	}
	if !asked {
		t.Errorf("Quay was not asked for %s", whole)
	}
	b.configure("redhat-services-prod/", "another-org/")
	b.release(b.sha(), "--again 2").want(t, 1, "another-org/aap-aa-tenant/aap-aa-main/automation-analytics-backend-main")
}
