package git_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// changing is a history in which all happens to files that can happen.
var changing = []gittest.Commit{
	commit("1", "first\n", 0, map[string]*string{
		"a/b/same": text("same\n"), "a/b/edited": text("1\n2\n3\n"), "a/gone": text("gone\n"), "a/moves": text("moved as it is\n"),
		"binary": text("\x00\x01"), "turns": text("a file\n"), "no-newline": text("x"),
	}),
	commit("2", "second\n", 1, map[string]*string{
		"a/b/edited": text("1\ntwo\n3\n4\n"), "a/gone": nil, "a/moves": nil, "moved/here": text("moved as it is\n"),
		"binary": text("\x00\x02"), "turns": nil, "turns/folder": text("now a folder\n"), "added": text("new\nlines\n"), "no-newline": text("x\ny"),
	}, "1"),
	commit("theirs", "beside\n", 2, map[string]*string{"theirs": text("theirs\n")}, "1"),
	commit("alone", "no parent\n", 3, map[string]*string{"alone": text("alone\n")}),
}

// changed are the files of a result in short.
func changed(v any) string {
	var out []string
	for _, x := range v.([]any) {
		f := x.(map[string]any)
		line := fmt.Sprint(f["status"], " ", f["path"], " +", f["additions"], " -", f["deletions"])
		if f["old_path"] != "" {
			line += fmt.Sprint(" from ", f["old_path"])
		}
		if f["binary"] == true {
			line += " binary"
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

const allChanges = `modified a/b/edited +2 -1
deleted a/gone +0 -1
added added +2 -0
modified binary +0 -0 binary
renamed moved/here +0 -0 from a/moves
modified no-newline +2 -1
deleted turns +0 -1
added turns/folder +1 -0`

// diffing serves that history.
func diffing(t *testing.T, r *remote) {
	t.Helper()
	var err error
	r.shas, err = r.Create("service/changing", "main", changing, map[string]string{"main": "2", "theirs": "theirs", "alone": "alone"})
	if err != nil {
		t.Fatal(err)
	}
	r.url = strings.Replace(r.url, "app-interface", "changing", 1)
}

func TestDiff(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	diffing(t, r)
	base := "modified a/b/edited +2 -1"
	for name, tt := range map[string]struct {
		in                    map[string]any
		files, relation, from string
		truncated             bool
	}{
		"all":                 {map[string]any{"from": r.shas["1"], "to": r.shas["2"]}, allChanges, "forward", "1", false},
		"the default branch":  {map[string]any{"from": r.shas["1"]}, allChanges, "forward", "1", false},
		"a file":              {map[string]any{"from": r.shas["1"], "paths": []any{"a/b/edited"}}, base, "forward", "1", false},
		"a folder":            {map[string]any{"from": r.shas["1"], "paths": []any{"a/b", "none"}}, base, "forward", "1", false},
		"a name's beginning":  {map[string]any{"from": r.shas["1"], "paths": []any{"a/b/edit"}}, "", "forward", "1", false},
		"the same":            {map[string]any{"from": "main", "to": "main"}, "", "same", "2", false},
		"back":                {map[string]any{"from": "main", "to": r.shas["1"], "paths": []any{"added", "moved"}}, "deleted added +0 -2\ndeleted moved/here +0 -1", "rollback", "1", false},
		"apart":               {map[string]any{"from": "theirs", "paths": []any{"theirs", "added"}}, "added added +2 -0\ndeleted theirs +0 -1", "diverged", "1", false},
		"since they parted":   {map[string]any{"from": "theirs", "since": "merge_base", "paths": []any{"theirs", "added"}}, "added added +2 -0", "diverged", "1", false},
		"nothing in common":   {map[string]any{"from": "alone", "to": "main", "paths": []any{"alone"}}, "deleted alone +0 -1", "diverged", "", false},
		"cut at a file":       {map[string]any{"from": r.shas["1"], "limit": 1}, base, "forward", "1", true},
		"cut at a diff's end": {map[string]any{"from": r.shas["1"], "paths": []any{"a/b"}, "max_bytes": 100}, base, "forward", "1", true},
	} {
		tt.in["repo"] = r.url
		out := r.must("git_diff", tt.in)
		got := []any{changed(out["files"]), out["relation"], out["merge_base"], out["truncated"]}
		if d := cmp.Diff([]any{tt.files, tt.relation, r.shas[tt.from], tt.truncated}, got); d != "" {
			t.Errorf("%s: -want +got\n%s", name, d)
		}
	}
	out := r.must("git_diff", map[string]any{"repo": r.url, "from": r.shas["1"], "paths": []any{"a/b"}, "max_bytes": 200})
	if text := out["diff"].(string); len(text) > 200 || !strings.HasSuffix(text, "\n") || out["additions"] != 2 || out["deletions"] != 1 {
		t.Errorf("cut: %q of %v", text, out)
	}
	if out := r.must("git_diff", map[string]any{"repo": r.url, "from": r.shas["1"], "limit": 2}); out["total"] != 8 {
		t.Errorf("total %v", out["total"])
	}
}

func TestDiffRefuses(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	diffing(t, r)
	nowhere := strings.Repeat("0123456789", 4)
	for _, in := range []struct {
		in   map[string]any
		code types.Code
		want string
	}{
		{map[string]any{"from": nowhere}, types.NotFound, "is not on any branch of the remote"},
		{map[string]any{"from": "none"}, types.NotFound, `has no branch "none"`},
		{map[string]any{"from": "main", "paths": []any{"../x"}}, types.BadInput, "is not a path inside the repository"},
		{map[string]any{"from": "alone", "since": "merge_base"}, types.BadInput, "have no history in common"},
	} {
		in.in["repo"] = r.url
		r.fails("git_diff", in.in, in.code, in.want)
	}
	r.fails("git_show", map[string]any{"repo": r.url, "commit": nowhere}, types.NotFound, "is not on any branch of the remote")
	r.fails("git_fetch", map[string]any{"repo": r.url, "ref": nowhere}, types.NotFound, "is not on any branch of the remote")
}

// TestRealDiff checks the diff against git's own: applied to the older side it
// gives the newer one, for a remote that gives single objects and one that
// does not, and a fetch takes only what differs.
func TestRealDiff(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{"as installed": nil, "partial": {"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, backend(t, options...))
			diffing(t, r)
			out := r.must("git_diff", map[string]any{"repo": r.url, "from": r.shas["1"], "to": r.shas["2"], "paths": []any{"a", "moved", "turns", "added", "no-newline"}})
			dir := t.TempDir()
			git := func(stdin string, args ...string) string {
				t.Helper()
				cmd := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
				cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
				text, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("git %v: %v\n%s", args, err, text)
				}
				return strings.TrimSpace(string(text))
			}
			git("", "clone", "-q", "--no-local", r.dir("service/changing"), ".")
			git("", "checkout", "-q", r.shas["1"])
			git(out["diff"].(string), "apply", "--index", "-")
			git("", "checkout", "-q", r.shas["2"], "--", "binary")
			if got, want := git("", "write-tree"), git("", "rev-parse", r.shas["2"]+"^{tree}"); got != want {
				t.Errorf("applied, the diff gives another tree:\n%s", out["diff"])
			}
			if base := git("", "merge-base", r.shas["theirs"], r.shas["2"]); r.must("git_diff", map[string]any{"repo": r.url, "from": "theirs"})["merge_base"] != base {
				t.Errorf("merge base is not %s", base)
			}
			shown := r.must("git_show", map[string]any{"repo": r.url})
			if changed(shown["files"]) != allChanges {
				t.Errorf("show:\n%s", changed(shown["files"]))
			}
			first := r.must("git_show", map[string]any{"repo": r.url, "commit": r.shas["1"]})
			if first["total"] != 7 || len(first["parents"].([]any)) != 0 {
				t.Errorf("the first commit: %v", first)
			}
		})
	}
}

// TestRealDiffCost takes one file's way from a remote that gives single
// objects, however large the rest is.
func TestRealDiffCost(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	big := map[string]*string{"x/y/file": text("1\n"), "x/y/beside": text(strings.Repeat("beside\n", 1000))}
	for i := range 100 {
		big[fmt.Sprintf("other%d/file", i)] = text(fmt.Sprint(i, "\n"))
	}
	shas, err := r.Create("service/large", "main", []gittest.Commit{
		commit("1", "first\n", 0, big), commit("2", "second\n", 1, map[string]*string{"x/y/file": text("2\n")}, "1"),
	}, map[string]string{"main": "2"})
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(r.url, "app-interface", "large", 1)
	m := &meter{}
	r.service.Transport = m
	r.connect()
	out := r.must("git_diff", map[string]any{"repo": url, "from": shas["1"], "to": shas["2"]})
	if changed(out["files"]) != "modified x/y/file +1 -1" {
		t.Errorf("%v", out)
	}
	const kib = 1 << 10
	if got := m.bytes.Load(); got > 12*kib || m.requests.Load() > 8 {
		t.Errorf("%d requests and %d bytes, the gates are 8 and %d", m.requests.Load(), got, 12*kib)
	}
	if got, want := len(r.cached("trees")), 8; got != want { // six trees, two blobs
		t.Errorf("%d objects were fetched, want %d", got, want)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	message := "AAP-7 - fix: it\n\nBecause.\nKey: no trailer\nhere\n\nSigned-off-by: Ada <ada@example.com>\nRefs: AAP-7,\n AAP-8\n"
	sha := r.main(gittest.Commit{Name: "d", Parents: []string{"c"}, Author: "Ada", Email: "ada@example.com", When: at(9), Message: message, Files: map[string]*string{"README": text("r\ns\n")}})
	got := r.must("git_show", map[string]any{"repo": r.url, "commit": sha})
	want := map[string]any{
		"sha": sha, "short": sha[:12], "subject": "AAP-7 - fix: it", "body": strings.TrimSpace(strings.TrimPrefix(message, "AAP-7 - fix: it\n\n")),
		"trailers": []any{map[string]any{"name": "Signed-off-by", "value": "Ada <ada@example.com>"}, map[string]any{"name": "Refs", "value": "AAP-7, AAP-8"}},
		"author":   "Ada", "email": "ada@example.com", "date": "2023-11-14T22:28:20Z",
		"committer": "Ada", "committer_email": "ada@example.com", "committer_date": "2023-11-14T22:28:20Z",
		"parents": []any{r.shas["c"]}, "total": 1, "truncated": false,
		"files": []any{map[string]any{"path": "README", "old_path": "", "status": "modified", "additions": 1, "deletions": 0, "binary": false}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got := r.must("git_show", map[string]any{"repo": r.url, "commit": r.shas["c"]}); len(got["trailers"].([]any)) != 0 || len(got["parents"].([]any)) != 2 {
		t.Errorf("a merge: %v", got)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	got := r.must("git_fetch", map[string]any{"repo": r.url, "ref": "feature"})
	want := map[string]any{
		"ref": "feature", "commit": r.shas["feature"], "short": r.shas["feature"][:12], "subject": "not merged", "author": "Ada", "date": at(4).Format("2006-01-02T15:04:05Z"),
		"default_branch": "main", "default_commit": r.shas["c"], "on_default_branch": false, "ahead": 1, "behind": 2, "branches": []any{"feature"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if got := r.must("git_fetch", map[string]any{"repo": r.url}); got["ref"] != "main" || got["commit"] != r.shas["c"] || got["on_default_branch"] != true || got["ahead"] != 0 {
		t.Errorf("the default branch: %v", got)
	}
	moved := r.main(commit("d", "d\n", 9, map[string]*string{"d": text("d\n")}, "c"))
	if got := r.must("git_fetch", map[string]any{"repo": r.url}); got["commit"] != moved {
		t.Errorf("after it moved: %v, want %s", got["commit"], moved)
	}
}
