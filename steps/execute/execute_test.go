package execute_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// world is a run's folder, with a workspace, and the steps.
type world struct {
	*testing.T
	dir, scripts string
	steps        *step.Catalogue
}

func newWorld(t *testing.T) world {
	t.Parallel()
	w := world{T: t, dir: t.TempDir(), scripts: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(w.dir, "repo", "files"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PATH": ".:" + w.scripts + ":" + os.Getenv("PATH"), "HOME": "/h", "TOKEN": "hidden", "LD_PRELOAD": ""}
	w.steps = step.NewCatalogue(execute.Steps(execute.Options{
		Env:   func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Grace: 100 * time.Millisecond, Self: self,
	}))
	return w
}

// script makes a program of PATH.
func (w world) script(name, text string) string {
	w.Helper()
	path := filepath.Join(w.scripts, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		w.Fatal(err)
	}
	return path
}

func (w world) step(name string) step.Step {
	w.Helper()
	s, ok := w.steps.Lookup(name)
	if !ok {
		w.Fatal("no step " + name)
	}
	return s
}

func (w world) calling(ctx context.Context) context.Context {
	return step.WithCall(ctx, step.Call{Key: step.Key{Work: "w", Path: "p"}, Workspaces: w.dir})
}

func (w world) do(ctx context.Context, name string, in map[string]any) (execute.Out, error) {
	w.Helper()
	s := w.step(name)
	raw, err := s.Do(w.calling(ctx), types.Encode(in))
	var out execute.Out
	if err != nil {
		if e := types.AsError(err); !s.CodedBy(types.Encode(in)).CanFail(e.Code) || e.Hint == "" && e.Code != types.Internal {
			w.Errorf("%s is not declared, or has no hint: %v", e.Code, err)
		}
		return out, err
	}
	v, err := types.Decode(raw)
	if err == nil {
		err = s.Out.Check(v)
	}
	if err = errors.Join(err, json.Unmarshal(raw, &out)); err != nil {
		w.Error(err)
	}
	return out, nil
}

func (w world) find(in map[string]any, afterUnknown bool) (step.Found[json.RawMessage], error) {
	c := step.Call{Workspaces: w.dir, AfterUnknown: afterUnknown}
	return w.step("exec").Find(step.WithCall(w.Context(), c), step.Key{Work: "w", Path: "p"}, types.Encode(in))
}

// TestExecTakesArgumentsAsTheyAre: no shell looks at them, whatever they hold.
func TestExecTakesArgumentsAsTheyAre(t *testing.T) {
	w := newWorld(t)
	w.script("show", `for a; do printf '<%s>' "$a"; done; cat; echo oops >&2`)
	args := []string{"", "a b", "$(id)", "`id`", "; rm -rf /", "--", "-x", "*", "é\n"}
	out, err := w.do(t.Context(), "exec_read", map[string]any{"program": "show", "args": args, "stdin": "in $HOME"})
	want := execute.Out{Stdout: "<" + strings.Join(args, "><") + ">in $HOME", Stderr: "oops\n", StdoutBytes: 62, StderrBytes: 5}
	if want.StdoutBytes = len(want.Stdout); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, out); d != "" {
		t.Error(d)
	}
}

// TestExecEnvironment: a program sees the variables that are named, and no
// others.
func TestExecEnvironment(t *testing.T) {
	w := newWorld(t)
	w.script("vars", `env | grep -v -e ^PATH= -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort`)
	out, err := w.do(t.Context(), "exec_read", map[string]any{"program": "vars", "env": map[string]any{"A": "1 2"}, "pass_env": []string{"HOME", "NOT_SET"}})
	if err != nil || out.Stdout != "A=1 2\nHOME=/h\n" {
		t.Errorf("%q, %v", out.Stdout, err)
	}
}

// TestExecFolder: without a workspace a program works in an empty folder that
// is gone afterwards.
func TestExecFolder(t *testing.T) {
	w := newWorld(t)
	w.script("where", `ls -A; touch made; pwd -P`)
	out, err := w.do(t.Context(), "exec", map[string]any{"program": "where"})
	real, _ := filepath.EvalSymlinks(w.dir)
	if err != nil || !strings.HasPrefix(out.Stdout, real+"/.exec-") {
		t.Errorf("%q, %v", out.Stdout, err)
	}
	if left, _ := filepath.Glob(w.dir + "/.exec-*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	out, err = w.do(t.Context(), "exec", map[string]any{"program": "where", "dir": "repo"})
	if _, gone := os.Stat(filepath.Join(w.dir, "repo/files/made")); err != nil || out.Stdout != real+"/repo/files\n" || gone != nil {
		t.Errorf("%q, %v, %v", out.Stdout, err, gone)
	}
}

// TestExecOutputIsCapped: the end is kept, and all of it counted.
func TestExecOutputIsCapped(t *testing.T) {
	w := newWorld(t)
	w.script("much", `i=0; while [ $i -lt 2000 ]; do echo "line $i of many, many lines"; i=$((i+1)); done; printf 'é\377'`)
	out, err := w.do(t.Context(), "exec_read", map[string]any{"program": "much", "max_output": 20})
	if err != nil || out.Stdout != "many, many lines\né\uFFFD" || !out.Truncated || out.StdoutBytes != 58893 {
		t.Errorf("%+v, %v", out, err)
	}
	out, err = w.do(t.Context(), "exec_read", map[string]any{"program": "much", "max_output": 2})
	if err != nil || out.Stdout != "\uFFFD" {
		t.Errorf("half a character: %q, %v", out.Stdout, err)
	}
	w.script("endless", `yes | head -c 3000000`)
	out, err = w.do(t.Context(), "exec_read", map[string]any{"program": "endless"})
	if err != nil || len(out.Stdout) != 64<<10 || out.StdoutBytes != 3000000 || !out.Truncated {
		t.Errorf("%d of %d, %v", len(out.Stdout), out.StdoutBytes, err)
	}
}

// TestCutCredential: what is left of a credential where the output was cut in front
// says nothing of it.
func TestCutCredential(t *testing.T) {
	w := newWorld(t)
	ctx := step.WithMask(w.calling(t.Context()), mask.New(types.NewSecret("p4ss/w0rd")))
	for _, n := range []int{92, 98, 5000, 200000} {
		for _, code := range []string{"0", "3"} {
			w.script("say", "printf '%s' 'p4ss/w0rd' \"$(head -c "+strconv.Itoa(n)+" /dev/zero | tr '\\0' y)\" | tee /dev/stderr; exit "+code)
			out, err := w.do(ctx, "exec_read", map[string]any{"program": "say", "max_output": n + 5})
			said := out.Stdout + out.Stderr
			if err != nil {
				said = types.Show(types.Dynamic{V: types.AsError(err)}.V)
			}
			if !strings.Contains(said, "yyyy") || strings.Contains(said, "w0rd") || strings.Contains(said, "0rdy") {
				t.Errorf("%d, exit code %s: %.300s", n, code, said)
			}
		}
	}
}

func TestExitCodes(t *testing.T) {
	w := newWorld(t)
	w.script("fail", `echo "  no such
  thing " >&2; echo some; exit 3`)
	w.script("die", `kill -SEGV $$`)
	for _, name := range []string{"exec", "exec_read"} {
		_, err := w.do(t.Context(), name, map[string]any{"program": "fail"})
		e := types.AsError(err)
		want := "fail ended with exit code 3: no such thing (see its output; expect lists the exit codes that mean success)"
		if e.Code != execute.ExitCode || e.Error() != want || !cmp.Equal(e.Details, map[string]any{"exit_code": 3, "stdout": "some\n", "stderr": "  no such\n  thing \n"}) {
			t.Errorf("%s: %v %v", name, err, e.Details)
		}
		out, err := w.do(t.Context(), name, map[string]any{"program": "fail", "expect": []int{0, 3}})
		if err != nil || out.ExitCode != 3 {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
		_, err = w.do(t.Context(), name, map[string]any{"program": "die"})
		if code := map[string]types.Code{"exec": types.UnknownOutcome, "exec_read": execute.ExitCode}[name]; types.CodeOf(err) != code ||
			!strings.Contains(err.Error(), "die ended with the signal segmentation fault") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBusyProgram: a program whose file is open for writing is started again until it
// is not, and never said to be missing.
func TestBusyProgram(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"exec", "exec_read"} {
		for _, of := range []struct {
			program string
			opens   int // the pause after which it is closed
		}{{"soon", 3}, {"late", 100}} {
			path := w.script(of.program, "echo ran")
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			busy := errors.Is(exec.Command(path).Run(), syscall.ETXTBSY) // some kernels let it run
			var slept []time.Duration
			c := step.CallOf(w.calling(t.Context()))
			c.Sleep = func(_ context.Context, d time.Duration) error {
				if slept = append(slept, d); len(slept) == of.opens {
					return f.Close()
				}
				return nil
			}
			out, err := w.step(name).Do(step.WithCall(t.Context(), c), types.Encode(map[string]any{"program": of.program}))
			switch {
			case !busy || of.program == "soon":
				if err != nil || !strings.Contains(string(out), `"stdout":"ran\n"`) || busy && len(slept) != of.opens {
					t.Errorf("%s %s: %s, %v after %v", name, of.program, out, err, slept)
				}
			case types.CodeOf(err) != types.Unavailable || err.Error() != "late cannot be started: text file busy (its file is still being written: resume the run when that is done)" || len(slept) != 11 || slept[10] != time.Second:
				t.Errorf("%s %s: %v after %v", name, of.program, err, slept)
			}
			f.Close()
		}
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	plain := filepath.Join(w.scripts, "plain")
	if err := os.WriteFile(plain, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.script("ok", "exit 0")
	if err := os.WriteFile(filepath.Join(w.dir, "repo/files/here"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		in   map[string]any
		code types.Code
		want string
	}{
		{map[string]any{"program": "./x"}, types.BadInput, `"./x" is not a program (use an absolute path, or a name that is in PATH)`},
		{map[string]any{"program": "-x"}, types.BadInput, `"-x" is not a program`},
		{map[string]any{"program": "here", "dir": "repo"}, types.NotFound, "there is no program here in PATH (install it, or give its absolute path)"},
		{map[string]any{"program": "plain"}, types.NotFound, "there is no program plain in PATH"},
		{map[string]any{"program": plain}, types.Forbidden, plain + " cannot be started: permission denied (check that it is executable: ls -l)"},
		{map[string]any{"program": "true", "args": []string{strings.Repeat("x", 1<<20)}}, types.BadInput, "true cannot be started: argument list too long (give it what is long on stdin)"},
		{map[string]any{"program": "/no/where"}, types.NotFound, "/no/where cannot be started: no such file or directory (check that the program exists)"},
		{map[string]any{"program": "/bin/sh", "args": []string{"-ec", "id"}}, types.BadInput, "sh would execute text as code (put the text into a file and run that, with values from outside as its arguments; or set shell: true, if the site allows it)"},
		{map[string]any{"program": "ok", "args": []string{"a\x00b"}}, types.BadInput, "an argument of ok holds a NUL character (leave it out)"},
		{map[string]any{"program": "ok", "timeout": "0s"}, types.BadInput, `timeout is "0s", not a duration above zero (use 90s or 5m)`},
		{map[string]any{"program": "ok", "pass_env": []string{"A=B"}}, types.BadInput, `"A=B" cannot name a variable (use letters, digits and underscores)`},
		{map[string]any{"program": "ok", "env": map[string]any{"A B": "x"}}, types.BadInput, `the variable "A B" cannot be set (use letters, digits and underscores, and no NUL in the value)`},
		{map[string]any{"program": "ok", "env": map[string]any{"LD_PRELOAD": "x"}}, types.BadInput, "the variable LD_PRELOAD would decide which code runs (name the program"},
		{map[string]any{"program": "ok", "dir": "../x"}, types.BadInput, `"../x" is not the name of a workspace (give the workspace output of git_checkout to this step)`},
		{map[string]any{"program": "ok", "dir": "other"}, types.NotFound, "there is no workspace other (git_checkout creates one"},
	} {
		for _, name := range []string{"exec", "exec_read"} {
			if _, err := w.do(t.Context(), name, c.in); types.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %v: %v, want %s %s", name, c.in, err, c.code, c.want)
			}
		}
	}
	_, err := w.step("exec").Do(t.Context(), json.RawMessage(`{"program":"/bin/true"}`))
	if err == nil || err.Error() != "this run has no folder for workspaces" {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(w.scripts, "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := step.WithCall(t.Context(), step.Call{Workspaces: filepath.Join(w.scripts, "f")})
	if _, err := w.step("exec").Do(ctx, json.RawMessage(`{"program":"/bin/true"}`)); err == nil || !strings.Contains(err.Error(), "a folder for the program: ") {
		t.Error(err)
	}
}

func TestPreview(t *testing.T) {
	w := newWorld(t)
	in := `{"program":"kubectl","args":["apply","-f","a b",""],"dir":"repo","env":{"A":"1"},"stdin":"text","shell":true,"sandbox":true}`
	p, err := w.step("exec").Preview(t.Context(), json.RawMessage(in), nil)
	want := step.Change{Title: "run kubectl", Fields: []step.FieldChange{
		{Name: "program", Value: "kubectl"}, {Name: "args", Value: `apply -f "a b" ""`}, {Name: "dir", Value: "repo"},
		{Name: "env", Value: `{"A":"1"}`}, {Name: "stdin", Value: "text"}, {Name: "shell", Value: "true"}, {Name: "sandbox", Value: "true"},
	}}
	if d := cmp.Diff(want, p.Change); d != "" || err != nil || !p.Unknown.Has("") {
		t.Error(d, err, p.Unknown)
	}
	if p, err := w.step("exec").Preview(t.Context(), json.RawMessage(`{"program":"x"}`), nil); err != nil || len(p.Change.Fields) != 1 {
		t.Error(p, err)
	}
	p, err = w.step("exec").Preview(t.Context(), json.RawMessage(`{"program":""}`), step.UnknownPaths{"program", "args"})
	if err != nil || p.Change.Title != "run a program" || len(p.Change.Fields) > 0 {
		t.Error(p, err)
	}
}
