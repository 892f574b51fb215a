package execute_test

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// TestResolve: a person says with which exit code a program ended.
func TestResolve(t *testing.T) {
	w := newWorld(t)
	in := []byte(`{"program":"deploy","expect":[0,3]}`)
	for ref, want := range map[string]string{
		"3":   `{"exit_code":3,"stdout":"","stderr":"","stdout_bytes":0,"stderr_bytes":0,"truncated":false}`,
		"1":   "conflict exit code 1 of deploy is not in expect (use --not-done, and it is run again)",
		"yes": `invalid "yes" is not an exit code (give the one that deploy ended with, such as 0)`,
		"256": `invalid "256" is not an exit code (give the one that deploy ended with, such as 0)`,
	} {
		raw, err := w.step("exec").Resolve(t.Context(), ref, in)
		got := string(raw)
		if err != nil {
			got = string(types.CodeOf(err)) + " " + err.Error()
		}
		if got != want {
			t.Errorf("%s: %s", ref, got)
		}
	}
}

// TestExecFind: the skill's own question decides; without one it is unknown
// after a lost answer.
func TestExecFind(t *testing.T) {
	w := newWorld(t)
	w.script("is-there", `echo "looked for $1"; [ "$2" != 2 ] || echo oh no >&2; exit $2`)
	asked := func(code string) map[string]any {
		return map[string]any{"program": "make-it", "args": []string{"x"}, "expect": []int{7}, "find": map[string]any{"program": "is-there", "args": []string{"x", code}}}
	}
	for code, want := range map[string]step.FoundState{"0": step.StateExists, "1": step.StateAbsent, "2": step.StateInconclusive} {
		for _, after := range []bool{false, true} {
			got, err := w.find(asked(code), after)
			if code == "2" && !after {
				if types.CodeOf(err) != execute.ExitCode || !strings.HasPrefix(err.Error(), "cannot tell whether make-it did its work: is-there ended with exit code 2: oh no") {
					t.Errorf("before anything was sent: %v", err)
				}
				continue
			}
			if err != nil || got.State != want {
				t.Errorf("exit %s: %+v, %v", code, got, err)
			}
			if want == step.StateExists && (!strings.Contains(string(got.Out), `"stdout":"looked for x\n"`) || got.Ref != "what is-there found") {
				t.Errorf("found %s %s", got.Ref, got.Out)
			}
			if want == step.StateInconclusive && got.Why != "is-there was to tell it, and is-there ended with exit code 2: oh no" {
				t.Errorf("%+v", got)
			}
		}
	}
	bare := map[string]any{"program": "make-it"}
	if got, err := w.find(bare, false); err != nil || got.State != step.StateAbsent {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := w.find(bare, true); err != nil || got.State != step.StateInconclusive || got.Why != "check whether make-it did its work; with find, the step checks that itself" {
		t.Errorf("%+v, %v", got, err)
	}
	gone := map[string]any{"program": "make-it", "find": map[string]any{"program": "nowhere"}}
	if _, err := w.find(gone, false); types.CodeOf(err) != types.NotFound {
		t.Error(err)
	}
	if got, err := w.find(gone, true); err != nil || got.State != step.StateInconclusive || got.Why != "nowhere was to tell it, and there is no program nowhere in PATH" {
		t.Errorf("%+v, %v", got, err)
	}
	if !w.step("exec").IsEventuallyConsistent() {
		t.Error("a program that outlives a killed run may still do its work")
	}
}

// TestExecFindExitCodes: what a code means is the skill's to say.
func TestExecFindExitCodes(t *testing.T) {
	w := newWorld(t)
	w.script("ask", `exit $1`)
	for _, c := range []struct {
		code  string
		codes map[string]any
		want  step.FoundState // "" when it cannot tell
	}{
		{"3", map[string]any{"exists": []int{0, 3}, "absent": []int{4}}, step.StateExists},
		{"4", map[string]any{"exists": []int{0, 3}, "absent": []int{4}}, step.StateAbsent},
		{"1", map[string]any{"exists": []int{0, 3}, "absent": []int{4}}, ""},
		{"0", map[string]any{"exists": []int{3}}, ""},
		{"1", map[string]any{"exists": []int{3}}, step.StateAbsent},
		{"0", map[string]any{"absent": []int{44}}, step.StateExists},
		{"1", map[string]any{"absent": []int{44}}, ""},
	} {
		in := map[string]any{"program": "make-it", "find": map[string]any{"program": "ask", "args": []string{c.code}, "exit_codes": c.codes}}
		got, err := w.find(in, false)
		if got.State != c.want || (err == nil) != (c.want != "") {
			t.Errorf("exit %s with %v: %+v, %v", c.code, c.codes, got, err)
		}
	}
	both := map[string]any{"program": "make-it", "find": map[string]any{"program": "ask", "args": []string{"0"}, "exit_codes": map[string]any{"exists": []int{1}}}}
	if _, err := w.find(both, true); types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), "exit code 1 of find means both exists and absent") {
		t.Error(err)
	}
}
