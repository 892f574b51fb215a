package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/files"
)

// world is a folder with files, a workspace with the same, and a secret beside
// them.
type world struct {
	*testing.T
	root, runs string
	steps      *step.Catalogue
}

func newWorld(t *testing.T) world {
	t.Parallel()
	dir := t.TempDir()
	w := world{T: t, root: filepath.Join(dir, "root"), runs: filepath.Join(dir, "runs")}
	for _, base := range []string{w.root, filepath.Join(w.runs, "repo", "files")} {
		for name, text := range map[string]string{
			"a.txt": "hello\n", "docs/b.md": "b", "docs/deep/c.md": "c", "docs/deep/.hidden.md": "h", ".git/config": "g", "bin": "\xff", "empty": "",
		} {
			w.put(filepath.Join(base, name), text)
		}
		for link, to := range map[string]string{"out": "../secret", "up": "..", "in": "a.txt", "abs": filepath.Join(dir, "secret")} {
			if err := os.Symlink(to, filepath.Join(base, link)); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Mkfifo(filepath.Join(base, "pipe"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.put(filepath.Join(dir, "secret"), "s3cret")
	w.put(filepath.Join(w.runs, "repo", "secret"), "s3cret")
	w.put(filepath.Join(w.root, "large"), strings.Repeat("x", 1<<20+1))
	w.steps = step.NewCatalogue(files.Steps(map[string]files.Service{"files": {Root: w.root}, "gone": {Root: filepath.Join(dir, "gone")}}, nil))
	return w
}

func (w world) put(path, text string) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w world) step(name string) step.Step {
	w.Helper()
	s, ok := w.steps.Lookup(name)
	if !ok {
		w.Fatal("no step " + name)
	}
	return s
}

func (w world) ctx() context.Context {
	return step.WithCall(w.Context(), step.Call{Workspaces: w.runs})
}

func (w world) do(name, in string) (string, error) {
	w.Helper()
	s := w.step(name)
	raw, err := s.Do(w.ctx(), json.RawMessage(in))
	if err != nil {
		if e := types.AsError(err); !s.CanFail(e.Code) || e.Hint == "" {
			w.Errorf("%s: %s is not declared, or has no hint: %v", name, e.Code, err)
		}
		return "", err
	}
	v, err := types.Decode(raw)
	if err == nil {
		err = s.Out.Check(v)
	}
	if err != nil {
		w.Errorf("%s: %v", name, err)
	}
	return string(raw), nil
}

const (
	ofHello = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
	ofEmpty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	ofNew   = "sha256:7aa7a5359173d05b63cfd682e3c38487f3cb4f7f1d60659fe59fab1505977d4c"
)

func TestRead(t *testing.T) {
	w := newWorld(t)
	for _, where := range []string{`"service":"files"`, `"workspace":"repo"`} {
		for in, want := range map[string]string{
			"file_read a.txt":       `{"path":"a.txt","text":"hello\n","digest":"` + ofHello + `","bytes":6}`,
			"file_read in":          `{"path":"in","text":"hello\n","digest":"` + ofHello + `","bytes":6}`,
			"file_read empty":       `{"path":"empty","text":"","digest":"` + ofEmpty + `","bytes":0}`,
			"file_exists a.txt":     `{"path":"a.txt","exists":true,"kind":"file","bytes":6}`,
			"file_exists docs":      `{"path":"docs","exists":true,"kind":"folder","bytes":0}`,
			"file_exists out":       `{"path":"out","exists":true,"kind":"link","bytes":0}`,
			"file_exists pipe":      `{"path":"pipe","exists":true,"kind":"other","bytes":0}`,
			"file_exists nope":      `{"path":"nope","exists":false,"kind":"","bytes":0}`,
			"file_exists a.txt/x":   `{"path":"a.txt/x","exists":false,"kind":"","bytes":0}`,
			"file_exists nope/deep": `{"path":"nope/deep","exists":false,"kind":"","bytes":0}`,
		} {
			name, path, _ := strings.Cut(in, " ")
			if got, err := w.do(name, `{`+where+`,"path":"`+path+`"}`); err != nil || got != want {
				t.Errorf("%s in %s: %s, %v", in, where, got, err)
			}
		}
	}
}

func TestGlob(t *testing.T) {
	w := newWorld(t)
	for pattern, want := range map[string]string{
		"*.txt":            `{"paths":["a.txt"],"count":1}`,
		"docs/*.md":        `{"paths":["docs/b.md"],"count":1}`,
		"**/*.md":          `{"paths":["docs/b.md","docs/deep/c.md"],"count":2}`,
		"docs/**/?.md":     `{"paths":["docs/b.md","docs/deep/c.md"],"count":2}`,
		"docs/deep/.*":     `{"paths":["docs/deep/.hidden.md"],"count":1}`,
		".git/*":           `{"paths":[".git/config"],"count":1}`,
		"**/config":        `{"paths":[],"count":0}`,
		"[a-b].txt":        `{"paths":["a.txt"],"count":1}`,
		"docs/deep":        `{"paths":[],"count":0}`,
		"docs/*/*/nothing": `{"paths":[],"count":0}`,
		"up/*":             `{"paths":[],"count":0}`,
	} {
		if got, err := w.do("file_glob", `{"workspace":"repo","pattern":"`+pattern+`"}`); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", pattern, got, err, want)
		}
	}
	ctx, cancel := context.WithCancel(w.ctx())
	cancel()
	if _, err := w.step("file_glob").Do(ctx, json.RawMessage(`{"service":"files","pattern":"*"}`)); types.CodeOf(err) != types.Cancelled || !strings.Contains(err.Error(), "stopped while listing files") {
		t.Error(err)
	}
}

// TestTooManyFiles: a folder with more files than anybody wants to list.
func TestTooManyFiles(t *testing.T) {
	w := newWorld(t)
	for i := range 2001 {
		w.put(filepath.Join(w.root, "docs", "f"+strconv.Itoa(i)), "")
	}
	if _, err := w.do("file_glob", `{"service":"files","pattern":"docs/*"}`); types.CodeOf(err) != types.Conflict ||
		!strings.Contains(err.Error(), "there are too many files to list (begin the pattern with the folder that the files are in)") {
		t.Error(err)
	}
}

// TestNothingLeadsOut: no path and no link reaches what is beside the folder,
// to read it or to write it.
func TestNothingLeadsOut(t *testing.T) {
	w := newWorld(t)
	for _, where := range []string{`"service":"files"`, `"workspace":"repo"`} {
		for _, path := range []string{"../secret", "docs/../../secret", "/etc/passwd", "out", "abs", "up/secret", ".", "", "docs//b.md", "a\\\\b", "a\\u0000"} {
			for _, name := range []string{"file_read", "file_write", "file_delete", "workspace_write"} {
				in := `{` + where + `,"path":"` + path + `","text":"x"}`
				switch {
				case name == "file_read":
					in = `{` + where + `,"path":"` + path + `"}`
				case (name == "workspace_write") == (where == `"service":"files"`):
					continue
				case name == "file_delete":
					in = `{` + where + `,"path":"` + path + `"}`
				}
				if got, err := w.do(name, in); err == nil {
					t.Errorf("%s %s: %s", name, path, got)
				}
			}
		}
	}
	for _, secret := range []string{filepath.Join(w.root, "../secret"), filepath.Join(w.runs, "repo/secret")} {
		if data, err := os.ReadFile(secret); err != nil || string(data) != "s3cret" {
			t.Errorf("%s: %q, %v", secret, data, err)
		}
	}
}

// TestFileWriteOnce: a file that holds what it is to hold is not written again,
// also when the write demanded that something else be there before.
func TestFileWriteOnce(t *testing.T) {
	w := newWorld(t)
	find := func(in string) step.Found[json.RawMessage] {
		t.Helper()
		f, err := w.step("file_write").Find(w.ctx(), step.Key{Work: "w", Path: "p"}, json.RawMessage(in))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	out := `{"path":"new/dir/x","digest":"` + ofNew + `","bytes":4}`
	for _, in := range []string{
		`{"service":"files","path":"new/dir/x","text":"new\n","expect":"absent"}`,
		`{"service":"files","path":"new/dir/x","text":"new\n"}`,
	} {
		if err := os.RemoveAll(filepath.Join(w.root, "new")); err != nil {
			t.Fatal(err)
		}
		if f := find(in); f.State != step.StateAbsent {
			t.Errorf("%+v", f)
		}
		if got, err := w.do("file_write", in); err != nil || got != out {
			t.Errorf("%s, %v", got, err)
		}
		if d := cmp.Diff(step.Exists("new/dir/x", json.RawMessage(out)), find(in)); d != "" {
			t.Error(d)
		}
	}
	if _, err := w.do("file_write", `{"service":"files","path":"a.txt","text":"new\n","expect":"`+ofHello+`"}`); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(w.root, "a.txt"))
	info, _ := os.Stat(filepath.Join(w.root, "a.txt"))
	if err != nil || string(data) != "new\n" || info.Mode().Perm() != 0o600 {
		t.Errorf("%q %s %v", data, info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.root, ".*.skillrun-new")); len(left) > 0 {
		t.Error(left)
	}
}

func TestWorkspaceWrite(t *testing.T) {
	w := newWorld(t)
	if s := w.step("workspace_write"); s.Effect != step.Locals {
		t.Error(s.Effect)
	}
	for range 2 { // a local step is repeated
		got, err := w.do("workspace_write", `{"workspace":"repo","path":"docs/new/x.md","text":"new\n"}`)
		data, _ := os.ReadFile(filepath.Join(w.runs, "repo/files/docs/new/x.md"))
		if err != nil || string(data) != "new\n" || got != `{"path":"docs/new/x.md","digest":"`+ofNew+`","bytes":4}` {
			t.Errorf("%s, %q, %v", got, data, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	at := func(rest string) string { return `{"service":"files",` + rest + `}` }
	for _, c := range []struct {
		step, in string
		code     types.Code
		want     string
	}{
		{"file_read", `{"path":"a"}`, types.BadInput, "give either workspace or service (workspace is the output of git_checkout; service is a files service of skillrun.yaml)"},
		{"file_read", `{"path":"a","workspace":"repo","service":"files"}`, types.BadInput, "give either workspace or service"},
		{"file_read", `{"path":"a","workspace":"../x"}`, types.BadInput, `"../x" is not the name of a workspace (give the workspace output of git_checkout to this step)`},
		{"file_read", `{"path":"a","workspace":"none"}`, types.NotFound, "there is no workspace none (git_checkout creates one; give its workspace output to this step)"},
		{"file_read", `{"path":"a","service":"other"}`, types.BadInput, `there is no service "other"`},
		{"file_read", `{"path":"a","service":"gone"}`, types.Unavailable, `the folder of service "gone" cannot be opened: no such file or directory (create ` + filepath.Dir(w.root) + `/gone, or change root of the service in skillrun.yaml)`},
		{"file_read", at(`"path":"../a"`), types.BadInput, `"../a" is not a path inside the folder (write it relative to the folder, with / and without . or .. in it)`},
		{"file_read", at(`"path":"nope"`), types.NotFound, "there is no nope (check the path; file_exists does not fail on a missing file)"},
		{"file_read", at(`"path":"docs"`), types.Conflict, "docs is not a file (name a file, not a folder)"},
		{"file_read", at(`"path":"pipe"`), types.Conflict, "pipe is not a file"},
		{"file_read", at(`"path":"bin"`), types.Conflict, "bin is not UTF-8 text (read it with a program"},
		{"file_read", at(`"path":"large"`), types.Conflict, "large is larger than 1 MiB (extract what the skill needs"},
		{"file_read", at(`"path":"out"`), types.Conflict, "out cannot be reached inside the folder: path escapes from parent (name a file that is not behind a symbolic link out of the folder)"},
		{"file_glob", at(`"pattern":"a["`), types.BadInput, `"a[" is not a pattern (close the [ of a set of characters, or write \[ for the character)`},
		{"file_write", at(`"path":"a.txt","text":"x","expect":"absent"`), types.Conflict, "a.txt is not as expected: it is " + ofHello + " (it was changed in the meantime: read it again)"},
		{"file_write", at(`"path":"nope","text":"x","expect":"` + ofHello + `"`), types.Conflict, "nope is not as expected: it is absent"},
		{"file_write", at(`"path":"a.txt","text":"x","expect":"no"`), types.BadInput, `expect is "no" (give absent, or the digest that file_read gave)`},
		{"file_write", at(`"path":"in","text":"x"`), types.Conflict, "in is a symbolic link (name the file it points to)"},
		{"file_write", at(`"path":"docs","text":"x"`), types.Conflict, "docs is not a file"},
		{"file_write", at(`"path":"a.txt/x","text":"x"`), types.Unavailable, "a.txt/x cannot be written: file exists (check that the folder exists, and that its disk has space left)"},
		{"file_write", at(`"path":"l","text":"` + strings.Repeat("x", 1<<20+1) + `"`), types.BadInput, "the text is larger than 1 MiB (write less, or several files)"},
	} {
		if _, err := w.do(c.step, c.in); types.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.60s: %v, want %s %s", c.step, c.in, err, c.code, c.want)
		}
	}
	_, err := w.step("file_read").Do(t.Context(), json.RawMessage(`{"path":"a","workspace":"repo"}`))
	if err == nil || err.Error() != "this run has no folder for workspaces" {
		t.Error(err)
	}
}

// TestNoRight: what the user may not do is forbidden; root may do everything.
func TestNoRight(t *testing.T) {
	w := newWorld(t)
	if os.Geteuid() == 0 {
		return
	}
	for path, mode := range map[string]os.FileMode{"a.txt": 0, "docs": 0o500} {
		if err := os.Chmod(filepath.Join(w.root, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.do("file_read", `{"service":"files","path":"a.txt"}`); types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "skillrun lacks permission to reach a.txt (give the user who runs skillrun permission to read it)") {
		t.Error(err)
	}
	if _, err := w.do("file_write", `{"service":"files","path":"docs/x","text":""}`); types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "skillrun lacks permission to write docs/x (give the user who runs skillrun permission to write to its folder)") {
		t.Error(err)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	show := func(in string, unknown ...string) step.Prediction[json.RawMessage] {
		t.Helper()
		p, err := w.step("file_write").Preview(w.ctx(), json.RawMessage(in), unknown)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := show(`{"service":"files","path":"x","text":"new\n"}`)
	want := step.Change{Title: "write x", Fields: []step.FieldChange{{Name: "path", Value: "x"}, {Name: "text", Value: "new\n"}}}
	if d := cmp.Diff(want, p.Change); d != "" || len(p.Unknown) > 0 || string(p.Out) != `{"path":"x","digest":"`+ofNew+`","bytes":4}` {
		t.Error(d, p)
	}
	if p := show(`{"service":"files","path":"x","text":""}`, "text"); !p.Unknown.Has("digest") || p.Unknown.Has("path") {
		t.Error(p)
	}
	if p := show(`{"service":"files","path":"","text":""}`, "path"); !p.Unknown.Has("path") || p.Change.Title != "write a file" {
		t.Error(p)
	}
	if p := show(`{"service":"","path":"x","text":"y"}`, "service"); len(p.Unknown) > 0 {
		t.Error(p)
	}
	_, err := w.step("file_write").Preview(w.ctx(), json.RawMessage(`{"service":"files","path":"a.txt","text":"y","expect":"absent"}`), nil)
	if types.CodeOf(err) != types.Conflict {
		t.Error("a plan does not say what the run would:", err)
	}
	if _, err := os.Stat(filepath.Join(w.root, "x")); err == nil {
		t.Error("a preview has written")
	}
}

func TestExamine(t *testing.T) {
	w := newWorld(t)
	examine := files.Examine(map[string]files.Service{"files": {Root: w.root}, "gone": {Root: w.root + "x"}})
	if got := examine(t.Context(), "files", nil, time.Time{}); len(got) != 1 || got[0].State() != "ok" || got[0].Detail != w.root {
		t.Errorf("%+v", got)
	}
	if got := examine(t.Context(), "gone", nil, time.Time{}); len(got) != 1 || got[0].State() != "failed" {
		t.Errorf("%+v", got)
	}
}

// TestWayThroughALink: a file of a workspace is written where its path says, not
// through a link and not below a file; what the repository says of a path is
// heard, and a file that is there keeps its permissions.
func TestWayThroughALink(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	root := filepath.Join(base, "ws", "files")
	err := errors.Join(os.MkdirAll(filepath.Join(root, "folder"), 0o755), os.Symlink("folder", filepath.Join(root, "link")),
		os.WriteFile(filepath.Join(root, "file"), []byte("x"), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	admit := func(_ context.Context, workspace, path string) (fs.FileMode, error) {
		if strings.HasPrefix(path, "sub/") {
			return 0, types.Errorf(types.Conflict, "%s is below sub", path)
		}
		return 0o755, nil
	}
	write, _ := step.NewCatalogue(files.Steps(nil, admit)).Lookup("workspace_write")
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: base})
	for path, want := range map[string]string{
		"link/x": "link/x is below link, a symbolic link", "file/x": "file/x is below file, a file", "file/x/y": "file/x/y is below file, a file",
		"sub/x": "sub/x is below sub", "new": "", "folder/new": "", "file": "",
	} {
		_, err := write.Do(ctx, types.Encode(map[string]any{"workspace": "ws", "path": path, "text": "y"}))
		if want != "" {
			if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", path, err, want)
			}
			continue
		}
		info, statErr := os.Stat(filepath.Join(root, path))
		if err != nil || statErr != nil || info.Mode().Perm() != 0o755 {
			t.Errorf("%s: %v %v", path, err, statErr)
		}
	}
}
