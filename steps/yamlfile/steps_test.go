package yamlfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// run performs a step inside a run whose workspaces are in base.
func run(t *testing.T, base, name string, in map[string]any) (map[string]any, *types.Error) {
	t.Helper()
	s, ok := step.NewCatalogue(Steps()).Lookup(name)
	if !ok {
		t.Fatalf("no step %s", name)
	}
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: base})
	raw, err := s.Do(ctx, types.Encode(s.In.Defaults(in)))
	if err != nil {
		e := types.AsError(err)
		if !s.CanFail(e.Code) {
			t.Errorf("code %s is not declared", e.Code)
		}
		return nil, e
	}
	v, err := types.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Out.Check(v); err != nil {
		t.Errorf("result %v", err)
	}
	return v.(map[string]any), nil
}

// workspace lays files into the workspace "ws" of a new run.
func workspace(t *testing.T, files map[string]string) string {
	t.Helper()
	base := t.TempDir()
	for name, text := range files {
		path := filepath.Join(base, "ws", "files", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return base
}

func wantError(t *testing.T, err *types.Error, code types.Code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s: %s", code, message)
	}
	if err.Code != code {
		t.Errorf("code %s, want %s", err.Code, code)
	}
	wantText(t, err, message)
}

// wantText compares what an error says; its hint too when the text has one in
// parentheses, else there only has to be one.
func wantText(t *testing.T, err *types.Error, text string) {
	t.Helper()
	got := err.Message
	if strings.HasSuffix(text, ")") && err.Hint != "" {
		got = err.Error()
	}
	if diff := cmp.Diff(text, got); diff != "" {
		t.Error(diff)
	}
	if err.Hint == "" && err.Code != types.Internal {
		t.Errorf("%q does not say what to do", err.Message)
	}
}

func TestGetTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		src, kind, text string
		value           any
	}{
		{"a: abc", "string", "abc", "abc"},
		{"a: '12'", "string", "12", "12"},
		{"a: !!str 12", "string", "12", "12"},
		{"a: !!int '12'", "integer", "12", 12},
		{"a: !x 12", "string", "12", "12"},
		{"a: 1234567", "integer", "1234567", 1234567},
		{"a: 0123", "integer", "0123", 123},
		{"a: 0x1f", "integer", "0x1f", 31},
		{"a: 0o17", "integer", "0o17", 15},
		{"a: 0x-1", "string", "0x-1", "0x-1"},
		{"a: 1_000", "string", "1_000", "1_000"},
		{"a: " + strings.Repeat("1", 40), "integer", strings.Repeat("1", 40), strings.Repeat("1", 40)},
		{"a: 1234e56", "number", "1234e56", 1234e56},
		{"a: 1e999", "number", "1e999", "1e999"},
		{"a: 1.10", "number", "1.10", 1.1},
		{"a: .inf", "number", ".inf", ".inf"},
		{"a: .nan", "number", ".nan", ".nan"},
		{"a: True", "boolean", "True", true},
		{"a: FALSE", "boolean", "FALSE", false},
		{"a: no", "string", "no", "no"},
		{"a: ~", "null", "~", nil},
		{"a:", "null", "", nil},
		{"a: 2025-01-15", "string", "2025-01-15", "2025-01-15"},
		{"a: |\n  x\n  y\n", "string", "x\ny\n", "x\ny\n"},
		{"a: [1, {b: c}]", "list", "", []any{1, map[string]any{"b": "c"}}},
		{"x: &x {b: 1, c: 2}\na: {<<: *x, c: 3}", "object", "", map[string]any{"b": 1, "c": 3}},
		{"x: &x {b: 1}\ny: &y {b: 2, d: 4}\na: {<<: [*x, *y]}", "object", "", map[string]any{"b": 1, "d": 4}},
		{"x: &x 5\na: *x", "integer", "5", 5},
		{"x: &x a\n*x : 5", "integer", "5", 5},
		{"a: 5\n? [q]\n: 6\n", "integer", "5", 5},
	} {
		got, err := run(t, "", "yaml_get", map[string]any{"text": c.src, "jsonpath": "$.a"})
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		want := map[string]any{"value": c.value, "text": c.text, "values": []any{c.value}, "texts": []any{c.text}, "count": 1, "line": got["line"], "kind": c.kind}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.src, diff)
		}
	}
}

// TestPathComparesAsYAML12 checks filters against values that the YAML parser
// and the JSONPath library type differently.
func TestPathComparesAsYAML12(t *testing.T) {
	t.Parallel()
	const src = "[{v: 2025-01-15, n: date}, {v: 0x1f, n: hex}, {v: 0123, n: zero}, {v: TRUE, n: yes}, {v: 1_0, n: text}, {v: .inf, n: inf}, {v: '5', n: five}]"
	for filter, want := range map[string]string{
		"@.v == '2025-01-15'": "date", "@.v == 31": "hex", "@.v == 123": "zero", "@.v == true": "yes",
		"@.v == '1_0'": "text", "@.v > 1000000": "inf", "@.v == '5'": "five",
	} {
		got, err := run(t, "", "yaml_get", map[string]any{"text": src, "jsonpath": "$[?(" + filter + ")].n", "expect": 1})
		if err != nil || got["text"] != want {
			t.Errorf("%s: %v %v, want %s", filter, got["text"], err, want)
		}
	}
}

func TestGetCounts(t *testing.T) {
	t.Parallel()
	const src = "a: x\n---\na: y\n"
	got, err := run(t, "", "yaml_get", map[string]any{"text": src, "jsonpath": "$.a"})
	want := map[string]any{"value": "x", "text": "x", "values": []any{"x", "y"}, "texts": []any{"x", "y"}, "count": 2, "line": 1, "kind": "string"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, err = run(t, "", "yaml_get", map[string]any{"text": src, "jsonpath": "$.b", "expect": 0})
	want = map[string]any{"value": nil, "text": "", "values": []any{}, "texts": []any{}, "count": 0, "line": 0, "kind": ""}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, err = run(t, "", "yaml_get", map[string]any{"text": "[p, q]", "jsonpath": "$[0, 0]", "expect": 1})
	if err != nil || got["count"] != 1 {
		t.Errorf("a value that is selected twice: %v %v", got, err)
	}
	for _, c := range []struct {
		in   map[string]any
		code types.Code
		want string
	}{
		{map[string]any{"text": src, "jsonpath": "$.b"}, types.NotFound, "jsonpath $.b matches nothing; at least 1 match expected"},
		{map[string]any{"text": src, "jsonpath": "$.b", "expect": 3}, types.NotFound, "jsonpath $.b matches nothing; 3 matches expected"},
		{map[string]any{"text": src, "jsonpath": "$.a", "expect": 3}, types.Conflict, "jsonpath $.a matches 2 values (lines 1, 3); 3 matches expected (make the path more precise, or set expect: 2 to match all of them)"},
		{map[string]any{"text": "a: b", "jsonpath": "$.a", "expect": 0}, types.Conflict, "jsonpath $.a matches 1 value (line 1); 0 matches expected (make the path more precise, or set expect: 1 to match all of them)"},
		{map[string]any{"jsonpath": "$"}, types.BadInput, "give either text, or workspace and file"},
		{map[string]any{"text": "a", "workspace": "ws", "file": "f", "jsonpath": "$"}, types.BadInput, "give either text, or workspace and file"},
		{map[string]any{"file": "f", "jsonpath": "$"}, types.BadInput, "give either text, or workspace and file"},
		{map[string]any{"text": "a: [", "jsonpath": "$"}, types.BadInput, "not YAML: line 1: did not find expected node content"},
		{map[string]any{"text": "a: b", "jsonpath": "$["}, types.BadInput, badPath("$[", 3, "unexpected token").Error()},
	} {
		_, err := run(t, "", "yaml_get", c.in)
		wantError(t, err, c.code, c.want)
	}
}

func TestSetStep(t *testing.T) {
	t.Parallel()
	src := string(saas(t))
	base := workspace(t, map[string]string{"data/saas.yml": src})
	in := map[string]any{"workspace": "ws", "file": "data/saas.yml", "jsonpath": refOf("tower-analytics-prod"), "value": newSHA}
	got, err := run(t, base, "yaml_set", in)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"file": "data/saas.yml", "old": oldSHA, "new": newSHA, "changed": true, "count": 1, "lines": []any{29},
		"diff": `--- a/data/saas.yml
+++ b/data/saas.yml
@@ -26,7 +26,7 @@
     parameters: {LOG: debug}
   - namespace:
       $ref: /services/insights/tower-analytics/namespaces/tower-analytics-prod.yml
-    ref:   ` + oldSHA + `   # don't "bump" by hand
+    ref:   ` + newSHA + `   # don't "bump" by hand
     parameters:
       NOTE: |
         ref: main
`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	path := filepath.Join(base, "ws", "files", "data", "saas.yml")
	text, _ := os.ReadFile(path)
	edited := strings.Replace(src, "ref:   "+oldSHA, "ref:   "+newSHA, 1)
	if diff := cmp.Diff(edited, string(text)); diff != "" {
		t.Error(diff)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	again, err := run(t, base, "yaml_set", in)
	if err != nil || again["changed"] != false || again["diff"] != "" || again["old"] != newSHA {
		t.Errorf("a second time: %v %v", again, err)
	}
	read, err := run(t, base, "yaml_get", map[string]any{"workspace": "ws", "file": "data/saas.yml", "jsonpath": refOf("tower-analytics-prod"), "expect": 1})
	if err != nil || read["text"] != newSHA || read["line"] != 29 {
		t.Errorf("read back: %v %v", read, err)
	}
}

func TestSetStepRefuses(t *testing.T) {
	t.Parallel()
	base := workspace(t, map[string]string{"a.yml": "a: b\n", "dir/b.yml": "a: &x b\nc: *x\n"})
	secret := filepath.Join(base, "secret.yml")
	if err := os.WriteFile(secret, []byte("a: b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := filepath.Join(base, "ws", "files")
	for name, to := range map[string]string{"out.yml": "../../secret.yml", "up": "../..", "in.yml": "a.yml"} {
		if err := os.Symlink(to, filepath.Join(files, name)); err != nil {
			t.Fatal(err)
		}
	}
	const hint = " (write it relative to the folder, with / and without . or .. in it)"
	for _, c := range []struct {
		workspace, file string
		code            types.Code
		want            string
	}{
		{"ws", "none.yml", types.NotFound, "none.yml is not in the workspace ws (add it to git_checkout's paths)"},
		{"ws", "none/a.yml", types.NotFound, "none/a.yml is not in the workspace ws (add it to git_checkout's paths)"},
		{"other", "a.yml", types.NotFound, "there is no workspace other (git_checkout creates one; give its workspace output to this step)"},
		{"../ws", "a.yml", types.BadInput, `"../ws" is not the name of a workspace`},
		{"ws", "/etc/passwd", types.BadInput, `"/etc/passwd" is not a path inside the folder` + hint},
		{"ws", "../../secret.yml", types.BadInput, `"../../secret.yml" is not a path inside the folder` + hint},
		{"ws", "dir/../a.yml", types.BadInput, `"dir/../a.yml" is not a path inside the folder` + hint},
		{"ws", `dir\b.yml`, types.BadInput, `"dir\\b.yml" is not a path inside the folder` + hint},
		{"ws", ".", types.BadInput, `"." is not a path inside the folder` + hint},
		{"ws", "", types.BadInput, `"" is not a path inside the folder` + hint},
		{"ws", "dir", types.Conflict, "dir is not a file"},
		{"ws", "out.yml", types.Conflict, "out.yml is a symbolic link (name the file it points to)"},
		{"ws", "in.yml", types.Conflict, "in.yml is a symbolic link (name the file it points to)"},
		{"ws", "up/secret.yml", types.Conflict, "up/secret.yml cannot be reached inside the workspace: path escapes from parent"},
		{"ws", "dir/b.yml", types.Conflict, "line 1: the value has the anchor &x, to which line 2 refers; changing it would change that place too (" + byConsent + ")"},
	} {
		_, err := run(t, base, "yaml_set", map[string]any{"workspace": c.workspace, "file": c.file, "jsonpath": "$.a", "value": "c"})
		wantError(t, err, c.code, c.want)
	}
	_, err := run(t, "", "yaml_set", map[string]any{"workspace": "ws", "file": "a.yml", "jsonpath": "$.a", "value": "c"})
	wantError(t, err, types.Internal, "this run has no folder for workspaces")
	if err := os.Mkdir(filepath.Join(files, ".a.yml.skillrun-new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, ".a.yml.skillrun-new", "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = run(t, base, "yaml_set", map[string]any{"workspace": "ws", "file": "a.yml", "jsonpath": "$.a", "value": "c"})
	wantError(t, err, types.Internal, "cannot write a.yml: directory not empty")
	if err := os.WriteFile(filepath.Join(base, "odd"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = run(t, base, "yaml_get", map[string]any{"workspace": "odd", "file": "a.yml", "jsonpath": "$.a"})
	wantError(t, err, types.Internal, "cannot open the workspace odd: not a directory")
	for _, path := range []string{secret, filepath.Join(files, "a.yml")} {
		if text, _ := os.ReadFile(path); string(text) != "a: b\n" {
			t.Errorf("%s was changed: %q", path, text)
		}
	}
}

// A run that was killed while it wrote leaves its new file behind.
func TestSetAfterAKill(t *testing.T) {
	t.Parallel()
	base := workspace(t, map[string]string{"a.yml": "a: b\n", ".a.yml.skillrun-new": "a: half"})
	if _, err := run(t, base, "yaml_set", map[string]any{"workspace": "ws", "file": "a.yml", "jsonpath": "$.a", "value": "c"}); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(filepath.Join(base, "ws", "files"))
	text, _ := os.ReadFile(filepath.Join(base, "ws", "files", "a.yml"))
	if len(entries) != 1 || string(text) != "a: c\n" {
		t.Errorf("%v %q", entries, text)
	}
}

func TestUnified(t *testing.T) {
	t.Parallel()
	numbered := func(except map[int]string) []byte {
		var b strings.Builder
		for i := 1; i <= 20; i++ {
			line, ok := except[i]
			if !ok {
				line = string(rune('a'+i-1)) + "\n"
			}
			b.WriteString(line)
		}
		return []byte(b.String())
	}
	for _, c := range []struct {
		name, want string
		a, b       map[int]string
	}{
		{"same", "", nil, nil},
		{"first and last", "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -17,4 +17,4 @@\n q\n r\n s\n-t\n\\ No newline at end of file\n+T\n\\ No newline at end of file\n", map[int]string{20: "t"}, map[int]string{1: "A\n", 20: "T"}},
		{"near", "--- a/f\n+++ b/f\n@@ -2,10 +2,10 @@\n b\n c\n d\n-e\n-f\n+E\n+F\n g\n-h\n+H\n i\n j\n k\n", nil, map[int]string{5: "E\n", 6: "F\n", 8: "H\n", 9: "i\n"}},
		{"CRLF", "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-a\r\n+A\r\n b\n c\n d\n", map[int]string{1: "a\r\n"}, map[int]string{1: "A\r\n"}},
	} {
		got := unified("f", numbered(c.a), numbered(c.b))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	c := step.NewCatalogue(Steps())
	get, _ := c.Lookup("yaml_get")
	set, _ := c.Lookup("yaml_set")
	if get.Effect != step.Reads || set.Effect != step.Locals || get.Touch.Service+set.Touch.Service != "" {
		t.Errorf("%s %s, %+v %+v", get.Effect, set.Effect, get.Touch, set.Touch)
	}
	f, _ := set.In.Field("expect")
	if f.Default != 1 || f.Required {
		t.Errorf("expect: %+v", f)
	}
}
