package git_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

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
		{"git_log", map[string]any{"repo": r.url, "to": "abc"}, types.BadInput, "not a full commit SHA of 40 lower-case hexadecimal digits"},
		{"git_log", map[string]any{"repo": strings.Replace(r.url, "app-interface", "none", 1), "to": nowhere}, types.NotFound, ": there is no repository at "},
		{"git_log", map[string]any{"repo": "ext::sh -c x", "to": nowhere}, types.BadInput, " is not a repository: a clone's path, https://… or ssh://…"},
		{"git_log", map[string]any{"repo": "http://example.com/x.git", "to": nowhere}, types.BadInput, "http is not allowed as a transport"},
		{"git_log", map[string]any{"repo": "https://u:p@example.com/x.git", "to": nowhere}, types.BadInput, "a repository's URL must not hold a user or password"},
		{"git_log", map[string]any{"repo": filepath.Join(t.TempDir(), "none"), "to": nowhere}, types.NotFound, "there is no git clone at"},
		{"git_log", map[string]any{"repo": r.url, "to": nowhere, "service": "other"}, types.BadInput, "no service other of kind git is configured"},
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
		{"git_branch_create", map[string]any{"workspace": "../x", "branch": "b"}, types.BadInput, "not the name of a workspace"},
		{"git_commit", map[string]any{"workspace": "x", "message": " "}, types.BadInput, "the commit message is empty"},
		{"git_commit", map[string]any{"workspace": "x", "message": "a\n\nskillrun-key: z"}, types.BadInput, "the commit message holds a line that begins with Skillrun-Key, which is reserved"},
		{"git_commit", map[string]any{"workspace": "x", "message": "a\x00"}, types.BadInput, "the commit message holds a NUL, which git cannot store"},
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
