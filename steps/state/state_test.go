package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/state"
)

var began = time.Date(2025, 11, 3, 9, 0, 0, 0, time.UTC)

// world is a state folder, and the steps on it.
type world struct {
	*testing.T
	dir   string
	steps *step.Catalogue
}

func newWorld(t *testing.T) world {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	return world{t, dir, step.NewCatalogue(state.Steps(dir))}
}

func (w world) step(name string) step.Step {
	w.Helper()
	s, ok := w.steps.Lookup(name)
	if !ok {
		w.Fatal("no step " + name)
	}
	return s
}

func calling(ctx context.Context, key, digest string) context.Context {
	return step.WithCall(ctx, step.Call{Key: step.Key{Work: "w", Path: key}, Digest: digest, StartedAt: began})
}

// do performs a step as the effect of a key, and checks what comes back against
// its type. The digest of a value is left out; see TestCompareAndSet.
func (w world) do(key, name, in string) (string, error) {
	w.Helper()
	s := w.step(name)
	raw, err := s.Do(calling(w.Context(), key, "d"), json.RawMessage(in))
	if err != nil {
		if e := types.AsError(err); !s.CanFail(e.Code) || e.Hint == "" {
			w.Errorf("%s: %s is not declared, or has no hint: %v", name, e.Code, err)
		}
		return "", err
	}
	v, err := types.Decode(raw)
	if err != nil {
		w.Fatal(err)
	}
	if err := s.Out.Check(v); err != nil {
		w.Errorf("%s: %v", name, err)
	}
	if short, _, ok := strings.Cut(string(raw), `,"digest":`); ok {
		return short + "}", nil
	}
	return string(raw), nil
}

func (w world) want(key, name, in, out string) {
	w.Helper()
	if got, err := w.do(key, name, in); err != nil || got != out {
		w.Errorf("%s %s: %s, %v; want %s", name, in, got, err, out)
	}
}

func (w world) find(key, digest, name, in string) step.Found[json.RawMessage] {
	w.Helper()
	f, err := w.step(name).Find(calling(w.Context(), key, digest), step.Key{Work: "w", Path: key}, json.RawMessage(in))
	if err != nil {
		w.Fatal(err)
	}
	return f
}

func TestValues(t *testing.T) {
	w := newWorld(t)
	w.want("", "state_get", `{"name":"last"}`, `{"name":"last","found":false}`)
	w.want("", "state_get", `{"name":"last","default":{"a":1}}`, `{"name":"last","found":false,"value":{"a":1}}`)
	w.want("1", "state_set", `{"name":"last","value":{"b":9007199254740993,"a":"<&>"}}`, `{"name":"last","value":{"b":9007199254740993,"a":"<&>"}}`)
	w.want("", "state_get", `{"name":"last"}`, `{"name":"last","found":true,"value":{"a":"<&>","b":9007199254740993}}`)
	w.want("2", "state_set", `{"name":"last","value":null}`, `{"name":"last","value":null}`)
	w.want("", "state_get", `{"name":"last","default":0}`, `{"name":"last","found":false,"value":0}`)
	w.want("3", "state_append", `{"name":"seen","item":"a","keep":2}`, `{"name":"seen","count":1}`)
	w.want("4", "state_append", `{"name":"seen","item":["b"],"keep":2}`, `{"name":"seen","count":2}`)
	w.want("5", "state_append", `{"name":"seen","item":3,"keep":2}`, `{"name":"seen","count":2}`)
	w.want("", "state_get", `{"name":"seen"}`, `{"name":"seen","found":true,"value":[["b"],3]}`)
	w.want("6", "state_increment", `{"name":"n","by":2}`, `{"name":"n","value":2}`)
	w.want("7", "state_increment", `{"name":"n","by":-5}`, `{"name":"n","value":-3}`)
	if info, err := os.Stat(filepath.Join(w.dir, "last.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

// TestStateIncrementOnce: an increment that is repeated after a kill is found
// in the file, and one that is sent twice all the same counts once.
func TestStateIncrementOnce(t *testing.T) {
	w := newWorld(t)
	in := `{"name":"n","by":1}`
	if f := w.find("1", "d", "state_increment", in); f.State != step.StateAbsent {
		t.Errorf("before: %+v", f)
	}
	w.want("1", "state_increment", in, `{"name":"n","value":1}`)
	w.want("2", "state_increment", in, `{"name":"n","value":2}`)
	w.want("1", "state_increment", in, `{"name":"n","value":1}`)
	w.want("", "state_get", `{"name":"n"}`, `{"name":"n","found":true,"value":2}`)
	want := step.Exists("state n", json.RawMessage(`{"name":"n","value":1}`))
	if d := cmp.Diff(want, w.find("1", "d", "state_increment", in)); d != "" {
		t.Error(d)
	}
	if f := w.find("1", "other", "state_increment", in); f.State != step.StateDrifted || f.Why != "this work wrote it before, from other arguments" {
		t.Errorf("from other arguments: %+v", f)
	}
}

// TestStateKeepsAMonth: of the writes, the last thousand are known, and all of
// the last thirty days.
func TestStateKeepsAMonth(t *testing.T) {
	w := newWorld(t)
	s, days := w.step("state_increment"), func(i int) time.Time { return began.Add(time.Duration(i) * time.Hour) }
	for i := range 1500 {
		ctx := step.WithCall(t.Context(), step.Call{Key: step.Key{Work: "w", Path: fmt.Sprint(i)}, StartedAt: days(i)})
		if i == 0 { // long before, as the file has them after years
			ctx = step.WithCall(t.Context(), step.Call{Key: step.Key{Work: "w", Path: "0"}, StartedAt: days(-9000)})
		}
		if i > 5 && i < 1490 {
			continue
		}
		if _, err := s.Do(ctx, json.RawMessage(`{"name":"n","by":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	if f := w.find("0", "", "state_increment", `{"name":"n","by":1}`); f.State != step.StateExists {
		t.Errorf("few writes, and an old one is forgotten: %+v", f)
	}
	// A file with more than a thousand.
	var writes []map[string]any
	for i := range 1200 {
		at := began
		if i < 100 {
			at = began.Add(-60 * 24 * time.Hour)
		}
		writes = append(writes, map[string]any{"key": fmt.Sprintf("w-x%d", i), "digest": "", "at": at, "result": map[string]any{"name": "m", "value": i}})
	}
	if err := os.WriteFile(filepath.Join(w.dir, "m.json"), types.Encode(map[string]any{"value": 1200, "writes": writes}), 0o600); err != nil {
		t.Fatal(err)
	}
	w.want("new", "state_increment", `{"name":"m","by":1}`, `{"name":"m","value":1201}`)
	for key, want := range map[string]step.FoundState{"x99": step.StateAbsent, "x100": step.StateExists, "x1199": step.StateExists, "new": step.StateExists} {
		if f := w.find(key, "", "state_increment", `{"name":"m","by":1}`); f.State != want && !(key == "new" && f.State == step.StateDrifted) {
			t.Errorf("%s: %+v, want %s", key, f, want)
		}
	}
}

// TestStateStaysSmall: a large value is kept once, however often it is set.
func TestStateStaysSmall(t *testing.T) {
	w := newWorld(t)
	large := strings.Repeat("x", 1<<19)
	for i := range 5 {
		in := fmt.Sprintf(`{"name":"l","value":"%s%d"}`, large, i)
		if _, err := w.do(fmt.Sprint(i), "state_set", in); err != nil {
			t.Fatal(err)
		}
		if f := w.find(fmt.Sprint(i), "d", "state_set", in); f.State != step.StateExists || string(f.Out) != in {
			t.Errorf("%d: %s, %.60s", i, f.State, f.Out)
		}
	}
	if info, err := os.Stat(filepath.Join(w.dir, "l.json")); err != nil || info.Size() > 1<<19+2000 {
		t.Error(info.Size(), err)
	}
}

// TestStateTogether: runs that write at the same time lose nothing.
func TestStateTogether(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, err := w.step("state_increment").Do(calling(t.Context(), fmt.Sprint(i), "d"), json.RawMessage(`{"name":"n","by":1}`)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.want("", "state_get", `{"name":"n"}`, `{"name":"n","found":true,"value":20}`)
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	w.want("1", "state_set", `{"name":"text","value":"x"}`, `{"name":"text","value":"x"}`)
	w.want("2", "state_set", `{"name":"big","value":9223372036854775807}`, `{"name":"big","value":9223372036854775807}`)
	w.want("3", "state_set", `{"name":"low","value":-9223372036854775808}`, `{"name":"low","value":-9223372036854775808}`)
	if err := os.WriteFile(filepath.Join(w.dir, "torn.json"), []byte(`{"val`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(w.dir, "text.json"), filepath.Join(w.dir, "link.json")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(w.dir, "pipe.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := `{"name":"l","value":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		step, in string
		code     types.Code
		want     string
	}{
		{"state_get", `{"name":"../x"}`, types.BadInput, `"../x" is not the name of a state (use up to 64`},
		{"state_set", `{"name":"A","value":1}`, types.BadInput, `"A" is not the name of a state (use up to 64`},
		{"state_increment", `{"name":"text","by":1}`, types.Conflict, "state text is a string, and only an integer can be incremented (use another name, or set it to an integer with state_set)"},
		{"state_append", `{"name":"text","item":1,"keep":1}`, types.Conflict, "state text is a string, and only a list can be appended to (use another name, or set it to a list with state_set)"},
		{"state_increment", `{"name":"big","by":1}`, types.Conflict, "state big is 9223372036854775807, and +1 more does not fit an integer (set it again with state_set)"},
		{"state_increment", `{"name":"low","by":-1}`, types.Conflict, "state low is -9223372036854775808, and -1 more does not fit an integer"},
		{"state_get", `{"name":"torn"}`, types.Conflict, "state torn cannot be read: unexpected end of JSON input (fix " + w.dir + "/torn.json, or move it away and set the state again)"},
		{"state_get", `{"name":"link"}`, types.Conflict, "state link cannot be read: too many levels of symbolic links"},
		{"state_get", `{"name":"pipe"}`, types.Conflict, "state pipe cannot be read: unexpected end of JSON input"},
		{"state_set", `{"name":"a","value":1e999}`, types.BadInput, "the value cannot be stored: number 1e999 does not fit (make it a string)"},
		{"state_set", large, types.BadInput, "state l would have 1048578 bytes of JSON, more than 1 MiB (keep fewer items, or less in each)"},
	} {
		if _, err := w.do("9", c.step, c.in); types.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %.40s: %v, want %s %s", c.step, c.in, err, c.code, c.want)
		}
	}
}

// TestNoFolder: what cannot be written says so, and has not happened.
func TestNoFolder(t *testing.T) {
	w := newWorld(t)
	if err := os.WriteFile(w.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := w.do("1", "state_set", `{"name":"a","value":1}`)
	if types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "state a cannot be read: not a directory") {
		t.Error(err)
	}
	other := newFolderWithout(t)
	if os.Geteuid() != 0 {
		if _, err := other.do("1", "state_set", `{"name":"a","value":1}`); types.CodeOf(err) != types.Unavailable ||
			!strings.Contains(err.Error(), "state a cannot be written: permission denied (check that the state folder is writable and has space left: skillrun doctor)") {
			t.Error(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(other.dir, "b.json.new", "x"), 0o700); err == nil {
		if _, err := other.do("1", "state_set", `{"name":"b","value":1}`); types.CodeOf(err) != types.Unavailable ||
			!strings.Contains(err.Error(), "state b cannot be written: ") {
			t.Error(err)
		}
		other.want("", "state_get", `{"name":"b"}`, `{"name":"b","found":false}`)
	}
	none, _ := step.NewCatalogue(state.Steps("")).Lookup("state_get")
	if _, err := none.Do(t.Context(), json.RawMessage(`{"name":"a"}`)); types.CodeOf(err) != types.Internal || err.Error() != "there is no folder for states" {
		t.Error(err)
	}
}

// TestNoKey: a write that could not be found again is not made.
func TestNoKey(t *testing.T) {
	w := newWorld(t)
	if _, err := w.step("state_set").Do(t.Context(), json.RawMessage(`{"name":"a","value":1}`)); err == nil || err.Error() != "the call has no key" {
		t.Error(err)
	}
}

// newFolderWithout is a world whose folder cannot be written by anybody but
// root.
func newFolderWithout(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	return world{t, dir, step.NewCatalogue(state.Steps(dir))}
}

// TestStateLocked: a write waits for the lock, until it is cancelled.
func TestStateLocked(t *testing.T) {
	w := newWorld(t)
	w.want("1", "state_set", `{"name":"a","value":1}`, `{"name":"a","value":1}`)
	f, err := os.OpenFile(filepath.Join(w.dir, "a.lock"), os.O_RDWR, 0)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(calling(t.Context(), "2", "d"))
	cancel()
	if _, err := w.step("state_set").Do(ctx, json.RawMessage(`{"name":"a","value":2}`)); types.CodeOf(err) != types.Cancelled ||
		!strings.Contains(err.Error(), "stopped while waiting for state a") {
		t.Error(err)
	}
	ctx, cancel = context.WithTimeout(calling(t.Context(), "2", "d"), time.Millisecond)
	defer cancel()
	if _, err := w.step("state_set").Do(ctx, json.RawMessage(`{"name":"a","value":2}`)); types.CodeOf(err) != types.Unavailable ||
		!strings.Contains(err.Error(), "state a is being written by another process (find that process: lsof "+w.dir+"/a.lock)") {
		t.Error(err)
	}
	w.want("", "state_get", `{"name":"a"}`, `{"name":"a","found":true,"value":1}`)
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		step, in, title, out string
		unknown, later       step.UnknownPaths
	}{
		{"state_set", `{"name":"a","value":{"b":1}}`, "set state a", `{"name":"a","value":{"b":1}}`, nil, nil},
		{"state_set", `{"name":"a"}`, "set state a", `{"name":"a","value":null}`, step.UnknownPaths{"value"}, step.UnknownPaths{"value"}},
		{"state_append", `{"name":"a","item":1,"keep":5}`, "append to state a", `{"name":"a","count":0}`, nil, step.UnknownPaths{"count"}},
		{"state_increment", `{"name":"","by":1}`, "write a state whose name is not known yet", `{"name":"","value":0}`, step.UnknownPaths{"name"}, step.UnknownPaths{"value", "name"}},
	} {
		p, err := w.step(c.step).Preview(t.Context(), json.RawMessage(c.in), c.unknown)
		if err != nil || p.Change.Title != c.title || string(p.Out) != c.out || !cmp.Equal(p.Unknown, c.later) {
			t.Errorf("%s %s: %+v, %v", c.step, c.in, p, err)
		}
	}
	if _, err := os.Stat(w.dir); err == nil {
		t.Error("a preview has made the folder")
	}
}
