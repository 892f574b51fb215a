package files_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

var key = step.Key{Work: "w", Path: "p"}

// found looks for the effect of a write, after one whose outcome is unknown if asked to.
func (w world) found(name, in string, unknown bool) step.Found[json.RawMessage] {
	w.Helper()
	ctx := step.WithCall(w.Context(), step.Call{Workspaces: w.runs, AfterUnknown: unknown})
	f, err := w.step(name).Find(ctx, key, json.RawMessage(in))
	if err != nil {
		w.Fatal(err)
	}
	return f
}

// holds checks what a file of the folder holds; "" is that it is not there.
func (w world) holds(path, want string) {
	w.Helper()
	data, err := os.ReadFile(filepath.Join(w.root, path))
	if string(data) != want || (err != nil) != (want == "") {
		w.Errorf("%s holds %q, %v; want %q", path, data, err, want)
	}
}

// TestFileDeleteOnce: what is not there is deleted, whoever did it; a folder stays.
func TestFileDeleteOnce(t *testing.T) {
	w := newWorld(t)
	for _, in := range []string{
		`{"service":"files","path":"docs/b.md"}`,
		`{"service":"files","path":"docs/deep/c.md","expect":"sha256:2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"}`,
		`{"service":"files","path":"large"}`,
	} {
		if f := w.found("file_delete", in, false); f.State != step.StateAbsent {
			t.Errorf("%s: %+v", in, f)
		}
		var of struct{ Path string }
		if err := json.Unmarshal([]byte(in), &of); err != nil {
			t.Fatal(err)
		}
		out := `{"path":"` + of.Path + `"}`
		for range 2 {
			if got, err := w.do("file_delete", in); err != nil || got != out {
				t.Errorf("%s: %s, %v", in, got, err)
			}
		}
		w.holds(of.Path, "")
		if d := cmp.Diff(step.Exists(of.Path, json.RawMessage(out)), w.found("file_delete", in, true)); d != "" {
			t.Error(d)
		}
	}
	if _, err := os.Stat(filepath.Join(w.root, "docs", "deep")); err != nil {
		t.Error(err)
	}
	if f := w.found("file_delete", `{"service":"files","path":"none/x"}`, false); f.State != step.StateExists {
		t.Errorf("in a folder that is not there: %+v", f)
	}
}

// TestFileMoveOnce: a move that was made is known again by what the file holds. Without
// that nothing is taken for it, and nothing is moved a second time.
func TestFileMoveOnce(t *testing.T) {
	w := newWorld(t)
	exact := `{"service":"files","from":"a.txt","to":"new/dir/a.txt","expect":"` + ofHello + `"}`
	blind := `{"service":"files","from":"a.txt","to":"new/dir/a.txt"}`
	for _, in := range []string{exact, blind} {
		if f := w.found("file_move", in, true); f.State != step.StateAbsent {
			t.Errorf("before: %+v", f)
		}
	}
	if got, err := w.do("file_move", exact); err != nil || got != `{"from":"a.txt","to":"new/dir/a.txt"}` {
		t.Errorf("%s, %v", got, err)
	}
	w.holds("a.txt", "")
	w.holds("new/dir/a.txt", "hello\n")
	if d := cmp.Diff(step.Exists("new/dir/a.txt", json.RawMessage(`{"from":"a.txt","to":"new/dir/a.txt"}`)), w.found("file_move", exact, false)); d != "" {
		t.Error(d)
	}
	if f := w.found("file_move", blind, false); f.State != step.StateAbsent {
		t.Errorf("a move of something that was not there: %+v", f)
	}
	if f := w.found("file_move", blind, true); f.State != step.StateInconclusive || f.Why != "look whether new/dir/a.txt is what was a.txt" {
		t.Errorf("after an unknown outcome: %+v", f)
	}
	w.put(filepath.Join(w.root, "new/dir/a.txt"), "another")
	if f := w.found("file_move", exact, true); f.State != step.StateAbsent {
		t.Errorf("another file: %+v", f)
	}
	if _, err := w.do("file_move", exact); types.CodeOf(err) != types.NotFound {
		t.Error(err)
	}
	w.holds("new/dir/a.txt", "another")
}

// TestFileMoveUndone: the file goes back with what it holds by now, once, and not onto
// another one.
func TestFileMoveUndone(t *testing.T) {
	w := newWorld(t)
	in, out := json.RawMessage(`{"service":"files","from":"docs/b.md","to":"b.md"}`), json.RawMessage(`{"from":"docs/b.md","to":"b.md"}`)
	s := w.step("file_move")
	if _, err := w.do("file_move", string(in)); err != nil {
		t.Fatal(err)
	}
	w.put(filepath.Join(w.root, "b.md"), "changed")
	if what, err := s.DescribeUndo(in, out); err != nil || what != "move b.md back to docs/b.md" {
		t.Error(what, err)
	}
	for range 2 {
		if err := s.CheckUndo(w.ctx(), key, in, out); err != nil {
			t.Error(err)
		}
		if err := s.Undo(w.ctx(), key, in, out); err != nil {
			t.Error(err)
		}
		w.holds("docs/b.md", "changed")
		w.holds("b.md", "")
	}
	w.put(filepath.Join(w.root, "b.md"), "of somebody")
	for _, undo := range []error{s.CheckUndo(w.ctx(), key, in, out), s.Undo(w.ctx(), key, in, out)} {
		if types.CodeOf(undo) != types.Conflict || !strings.Contains(undo.Error(), "there is a file docs/b.md already") {
			t.Error(undo)
		}
	}
	w.holds("b.md", "of somebody")
	for _, path := range []string{"b.md", "docs/b.md"} {
		if err := os.Remove(filepath.Join(w.root, path)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.CheckUndo(w.ctx(), key, in, out); types.CodeOf(err) != types.NotFound {
		t.Error(err)
	}
}

func TestMoveAndDeleteRefused(t *testing.T) {
	w := newWorld(t)
	at := func(rest string) string { return `{"service":"files",` + rest + `}` }
	for _, c := range []struct {
		step, in string
		code     types.Code
		want     string
	}{
		{"file_delete", at(`"path":"a.txt","expect":"` + ofEmpty + `"`), types.Conflict, "a.txt is not as expected: it is " + ofHello + " (it was changed in the meantime: read it again)"},
		{"file_delete", at(`"path":"docs"`), types.Conflict, "docs is not a file (name a file, not a folder)"},
		{"file_delete", at(`"path":"pipe"`), types.Conflict, "pipe is not a file"},
		{"file_delete", at(`"path":"in"`), types.Conflict, "in is a symbolic link (name the file it points to)"},
		{"file_delete", at(`"path":"large","expect":"` + ofEmpty + `"`), types.Conflict, "large is larger than 1 MiB"},
		{"file_delete", `{"service":"gone","path":"a"}`, types.Unavailable, `the folder of service "gone" cannot be opened`},
		{"file_move", at(`"from":"nope","to":"b"`), types.NotFound, "there is no nope (check the path"},
		{"file_move", at(`"from":"nope/a","to":"b"`), types.NotFound, "there is no nope/a (check the path"},
		{"file_move", at(`"from":"a.txt","to":"empty"`), types.Conflict, "there is a file empty already (give another path, or delete it first: file_delete)"},
		{"file_move", at(`"from":"a.txt","to":"docs"`), types.Conflict, "docs is not a file"},
		{"file_move", at(`"from":"docs","to":"other"`), types.Conflict, "docs is not a file"},
		{"file_move", at(`"from":"in","to":"other"`), types.Conflict, "in is a symbolic link"},
		{"file_move", at(`"from":"a.txt","to":"in"`), types.Conflict, "in is a symbolic link"},
		{"file_move", at(`"from":"a.txt","to":"b","expect":"` + ofEmpty + `"`), types.Conflict, "a.txt is not as expected: it is " + ofHello},
		{"file_move", at(`"from":"a.txt","to":"a.txt"`), types.BadInput, "a.txt is moved to where it is (give another path in to)"},
		{"file_move", at(`"from":"../secret","to":"b"`), types.BadInput, `"../secret" is not a path inside the folder`},
		{"file_move", at(`"from":"a.txt","to":"/b"`), types.BadInput, `"/b" is not a path inside the folder`},
		{"file_move", at(`"from":"a.txt","to":"empty/b"`), types.Unavailable, "empty/b cannot be written: "},
		{"file_move", at(`"from":"a.txt","to":"up/b"`), types.Conflict, "up/b cannot be reached inside the folder: path escapes from parent"},
		{"file_move", at(`"from":"up/secret","to":"b"`), types.Conflict, "up/secret cannot be reached inside the folder: path escapes from parent"},
	} {
		if _, err := w.do(c.step, c.in); types.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %s %s", c.step, c.in, err, c.code, c.want)
		}
	}
	w.holds("a.txt", "hello\n")
	w.holds("../secret", "s3cret")
}

// TestMoveAndDeleteForetold: a plan says what the run would, and changes nothing; of
// what an earlier write may make it expects nothing.
func TestMoveAndDeleteForetold(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		step, in, title, later string
		presumed               bool
		code                   types.Code
	}{
		{step: "file_delete", in: `"path":"a.txt"`, title: "delete a.txt"},
		{step: "file_delete", in: `"path":""`, later: "path", title: "delete a file"},
		{step: "file_delete", in: `"path":"a.txt","expect":"` + ofEmpty + `"`, title: "delete a.txt", code: types.Conflict},
		{step: "file_delete", in: `"path":"a.txt","expect":"` + ofEmpty + `"`, title: "delete a.txt", presumed: true},
		{step: "file_move", in: `"from":"a.txt","to":"b"`, title: "move a.txt to b"},
		{step: "file_move", in: `"from":"","to":"b"`, later: "from", title: "move a file"},
		{step: "file_move", in: `"from":"nope","to":"b"`, title: "move nope to b", code: types.NotFound},
		{step: "file_move", in: `"from":"nope","to":"b"`, title: "move nope to b", presumed: true},
		{step: "file_move", in: `"from":"a.txt","to":"empty"`, title: "move a.txt to empty", code: types.Conflict},
	} {
		ctx := step.WithCall(t.Context(), step.Call{Presumed: c.presumed})
		var unknown step.UnknownPaths
		if c.later != "" {
			unknown = step.UnknownPaths{c.later}
		}
		p, err := w.step(c.step).Preview(ctx, json.RawMessage(`{"service":"files",`+c.in+`}`), unknown)
		if types.CodeOf(err) != c.code || err == nil && (p.Change.Title != c.title || p.Unknown.Has(c.later) != (c.later != "")) {
			t.Errorf("%s %s: %+v, %v", c.step, c.in, p, err)
		}
	}
	w.holds("a.txt", "hello\n")
}
