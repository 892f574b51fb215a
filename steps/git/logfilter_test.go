package git_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// rewritten is a history in which files come, go and come back, folders become files, and
// merges take one side or make something of their own.
func rewritten() []gittest.Commit {
	by := func(c gittest.Commit, author string) gittest.Commit {
		c.Author, c.Email = author, strings.ToLower(author)+"@example.com"
		return c
	}
	return []gittest.Commit{
		commit("1", "one\n", 1, map[string]*string{"d/e/f": text("1\n"), "x": text("x\n")}),
		by(commit("2", "two\n", 2, map[string]*string{"x": text("y\n")}, "1"), "Grace"),
		by(commit("3", "three\n", 3, map[string]*string{"d/e/f": text("3\n")}, "2"), "Grace"),
		commit("side", "side\n", 4, map[string]*string{"d/e/f": text("side\n"), "d/g": text("g\n")}, "2"),
		commit("4", "gone\n", 5, map[string]*string{"d/e/f": nil}, "3"),
		commit("5", "back\n", 6, map[string]*string{"d/e/f": text("3\n")}, "4"),
		commit("6", "merge\n", 7, map[string]*string{"d/e/f": text("both\n"), "d/g": text("g\n")}, "5", "side"),
		commit("7", "elsewhere\n", 8, map[string]*string{"z": text("z\n")}, "6"),
		commit("8", "a file\n", 9, map[string]*string{"d/e/f": nil, "d/e": text("e\n")}, "7"),
		commit("9", "ours\n", 10, map[string]*string{"d/g": text("h\n")}, "8"),
		commit("10", "merge of nothing\n", 11, nil, "9", "side"),
	}
}

// changedIn is what git says of a repository: the commits that one reaches and another
// does not, by their subjects, that have something else at a path than each parent.
func changedIn(t *testing.T, dir, path, to, from string) string {
	t.Helper()
	git := func(stdin string, args ...string) []string {
		cmd := exec.Command("git", append([]string{"-c", "safe.directory=*", "-C", dir}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	listing := []string{"log", "--date-order", "--format=%H %P,%s", to}
	if from != "" {
		listing = append(listing, "^"+from)
	}
	list := git("", listing...)
	var ask strings.Builder
	for _, line := range list {
		shas, _, _ := strings.Cut(line, ",")
		for sha := range strings.FieldsSeq(shas) {
			fmt.Fprintf(&ask, "%s:%s\n", sha, path)
		}
	}
	at := git(ask.String(), "cat-file", "--batch-check=%(objectname)")
	var out []string
	for _, line := range list {
		shas, subject, _ := strings.Cut(line, ",")
		n := len(strings.Fields(shas))
		own, parents := at[0], at[1:n]
		at = at[n:]
		same := func(parent string) bool {
			return parent == own || strings.HasSuffix(parent, " missing") && strings.HasSuffix(own, " missing")
		}
		if !slices.ContainsFunc(parents, same) && (n > 1 || !strings.HasSuffix(own, " missing")) {
			out = append(out, subject)
		}
	}
	return strings.Join(out, "|")
}

// TestLogOfPath lists what git says of a path, from remotes of every kind.
func TestLogOfPath(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(r *remote) http.Handler{
		"gittest":      func(r *remote) http.Handler { return r.Server },
		"as installed": backend(t),
		"partial":      backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, serve)
			shas, err := r.Create("service/edited", "main", rewritten(), map[string]string{"main": "10"})
			if err != nil {
				t.Fatal(err)
			}
			url := strings.Replace(r.url, "app-interface", "edited", 1)
			for _, path := range []string{"d/e/f", "d/e", "d", "d/g", "none", "x/below"} {
				for _, from := range []string{"", "3", "side"} {
					in := map[string]any{"repo": url, "to": shas["10"], "path": path}
					if from != "" {
						in["from"] = shas[from]
					}
					out := r.must("git_log", in)
					want := changedIn(t, r.dir("service/edited"), path, shas["10"], shas[from])
					if got := subjects(out["commits"]); got != want || out["truncated"] != false {
						t.Errorf("%q after %q: %s, want %s", path, from, got, want)
					}
				}
			}
		})
	}
}

func TestLogFilters(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	shas, err := r.Create("service/edited", "main", rewritten(), map[string]string{"main": "10"})
	if err != nil {
		t.Fatal(err)
	}
	url := strings.Replace(r.url, "app-interface", "edited", 1)
	stamp := func(n int64) string { return at(n).Format("2006-01-02T15:04:05Z") }
	for _, c := range []struct {
		in        map[string]any
		want      string
		total     int
		truncated bool
	}{
		{map[string]any{"author": "grace"}, "three|two", 2, false},
		{map[string]any{"author": "GRACE@example"}, "three|two", 2, false},
		{map[string]any{"author": "nobody"}, "", 0, false},
		{map[string]any{"since": stamp(10)}, "merge of nothing|ours", 2, false},
		{map[string]any{"since": strings.Replace(stamp(10), "Z", "+01:00", 1), "path": "d", "limit": 1}, "ours", 8, true}, // an hour earlier,
		{map[string]any{"path": "d/e/f", "author": "grace"}, "three", 1, false},
		{map[string]any{"path": "d/e/f", "limit": 2}, "a file|merge", 7, true},
		{map[string]any{"path": "d/e/f", "from": shas["3"], "limit": 2}, "a file|merge", 5, true},
		{map[string]any{"path": "d/e/f", "from": shas["3"], "to": shas["side"]}, "side", 1, false},
	} {
		in := map[string]any{"repo": url, "to": shas["10"]}
		for k, v := range c.in {
			in[k] = v
		}
		out := r.must("git_log", in)
		if subjects(out["commits"]) != c.want || out["total"] != c.total || out["truncated"] != c.truncated {
			t.Errorf("%v: %s, %v, %v", c.in, subjects(out["commits"]), out["total"], out["truncated"])
		}
	}
	out := r.must("git_log", map[string]any{"repo": url, "from": shas["9"], "to": shas["3"], "path": "x"})
	if out["relation"] != "rollback" || out["removed_total"] != 0 {
		t.Errorf("what is removed is not filtered, or counts for the relation: %v", out)
	}
	before := r.must("git_log", map[string]any{"repo": url, "to": shas["7"], "path": "d/e/f", "limit": 2})["commits"].([]any)[1].(map[string]any)["sha"]
	if got := r.must("git_read_file", map[string]any{"repo": url, "ref": before, "path": "d/e/f"}); got["text"] != "3\n" {
		t.Errorf("what the file held before: %v", got)
	}
	r.fails("git_log", map[string]any{"repo": url, "to": shas["7"], "path": "../x"}, types.BadInput, "not a path inside")
	r.fails("git_log", map[string]any{"repo": url, "to": shas["7"], "since": "yesterday"}, types.BadInput, `since is "yesterday", not a time (write it as 2026-01-31T09:00:00Z)`)
}

// TestRealLogCost takes the trees on the way to a path, a level of many commits at once.
func TestRealLogCost(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	var list []gittest.Commit
	for i := range 60 {
		files := map[string]*string{fmt.Sprintf("other%d/large", i): text(strings.Repeat("large\n", 1000)), "d/beside": text(fmt.Sprint(i))}
		if i%20 == 0 {
			files["d/e/f"] = text(fmt.Sprint(i))
		}
		var parents []string
		if i > 0 {
			parents = []string{fmt.Sprint(i - 1)}
		}
		list = append(list, commit(fmt.Sprint(i), fmt.Sprintf("%d\n", i), int64(i), files, parents...))
	}
	shas, err := r.Create("service/long", "main", list, map[string]string{"main": "59"})
	if err != nil {
		t.Fatal(err)
	}
	m := &meter{}
	r.service.Transport = m
	r.connect()
	out := r.must("git_log", map[string]any{"repo": strings.Replace(r.url, "app-interface", "long", 1), "to": shas["59"], "path": "d/e/f"})
	if subjects(out["commits"]) != "40|20|0" {
		t.Errorf("%v", out)
	}
	const kib = 1 << 10
	if m.requests.Load() > 14 || m.bytes.Load() > 64*kib {
		t.Errorf("%d requests and %d bytes, the gates are 14 and %d", m.requests.Load(), m.bytes.Load(), 64*kib)
	}
}
