package execute_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// TestScript: a script gets values as variables and as its arguments, which are never
// part of its text, and ends at what fails and at what is not set.
func TestScript(t *testing.T) {
	w := newWorld(t)
	args := []string{"-x", "$(echo owned)", "a b", `"`, ""}
	script := `for a; do printf '<%s>' "$a"; done
printf '%s' "$V" | tr a-z A-Z`
	for _, program := range []string{"sh", "/bin/sh", "bash"} {
		out, err := w.do(t.Context(), "exec_read", map[string]any{"program": program, "shell": true, "script": script, "args": args, "env": map[string]any{"V": "`id`"}})
		if want := "<" + strings.Join(args, "><") + ">`ID`"; err != nil || out.Stdout != want {
			t.Errorf("%s: %q, %v", program, out.Stdout, err)
		}
	}
	for script, want := range map[string]string{"false; echo on": "exit code 1", `echo "$NOT_SET"`: "NOT_SET", "exit 3": "exit code 3"} {
		_, err := w.do(t.Context(), "exec", map[string]any{"program": "sh", "shell": true, "script": script})
		if types.CodeOf(err) != execute.ExitCode || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	for find, want := range map[string]step.FoundState{`test "$1" = x`: step.StateExists, `test "$V" = x`: step.StateAbsent} {
		got, err := w.find(map[string]any{"program": "sh", "shell": true, "script": "exit 9", "env": map[string]any{"V": "y"},
			"find": map[string]any{"program": "sh", "script": find, "args": []string{"x"}}}, false)
		if err != nil || got.State != want {
			t.Errorf("%s: %+v, %v", find, got, err)
		}
	}
	p, err := w.step("exec").Preview(t.Context(), json.RawMessage(`{"program":"sh","shell":true,"script":"echo a","args":["b"]}`), nil)
	want := []step.FieldChange{{Name: "program", Value: "sh"}, {Name: "script", Value: "echo a"}, {Name: "args", Value: "b"}, {Name: "shell", Value: "true"}}
	if d := cmp.Diff(want, p.Change.Fields); d != "" || err != nil {
		t.Error(d, err)
	}
}

// TestScriptRefusals: a script needs a shell, the word of the skill and that of the site.
func TestScriptRefusals(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		in   map[string]any
		want string
	}{
		{map[string]any{"program": "sh", "script": "id"}, "a script is code (set shell: true, if the site allows it)"},
		{map[string]any{"program": "fish", "shell": true, "script": "id"}, "fish does not run a script (name a shell as the program: sh,"},
		{map[string]any{"program": "python3", "shell": true, "script": "id"}, "python3 does not run a script"},
		{map[string]any{"program": "sh", "shell": true, "script": "a\x00b"}, "the script holds a NUL character"},
	} {
		for _, name := range []string{"exec", "exec_read"} {
			if _, err := w.do(t.Context(), name, c.in); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %v: %v, want %s", name, c.in, err, c.want)
			}
		}
	}
	in := types.Encode(map[string]any{"program": "true", "find": map[string]any{"program": "sh", "script": "id"}})
	if err := w.step("exec").CheckArguments(in, nil); err == nil || !strings.Contains(err.Error(), "a script is code") {
		t.Error(err)
	}
	for policy, want := range map[*execute.Policy]string{
		{}: "this site does not allow shell: true with sh",
		{Listed: true, Programs: []string{"bash"}}: "this site does not let skills run sh",
		{Listed: true, Programs: []string{"sh"}}:   "",
	} {
		s, _ := step.NewCatalogue(execute.Steps(execute.Options{Policy: policy})).Lookup("exec_read")
		err := s.CheckArguments(json.RawMessage(`{"program":"sh","shell":true,"script":"id"}`), nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v: %v", policy, err)
		}
	}
}

// TestScriptFromOutside: text from outside reaches a script as data, and no variable that
// chooses code.
func TestScriptFromOutside(t *testing.T) {
	t.Parallel()
	s, _ := step.NewCatalogue(execute.Steps(execute.Options{})).Lookup("exec_read")
	for in, want := range map[string]string{
		`{"program":"sh","shell":true,"script":"cat","args":["\u0000"],"stdin":"\u0000","env":{"V":"\u0000"}}`: "",
		`{"program":"sh","shell":true,"script":"cat","env":{"BASH_ENV":"\u0000"}}`:                             "the variable BASH_ENV decides which code runs",
		`{"program":"sh","shell":true,"script":"cat","env":{"PATH":"\u0000"}}`:                                 "the variable PATH decides which code runs",
	} {
		err := s.Guards(json.RawMessage(in), nil)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", in, err)
		}
	}
}
