package check_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/diag/diagtest"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/types"
)

const onlySteps = "name: x\nsteps:\n"

// fixes are mistakes with one answer, of each code one at least, and what the file reads
// when their fixes are made.
var fixes = []struct {
	name, code, file, bad, fixed string
}{
	{"a key", "unknown-key", "x.yaml", "name: x\nstepz:\n  - {id: a, set: {b: 1}}\n", "name: x\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"the key of a step", "unknown-key", "x.yaml", onlySteps + "  - {id: a, sett: {b: 1}}\n", onlySteps + "  - {id: a, set: {b: 1}}\n"},
	{"a word of another language", "unknown-key", "x.yaml", "name: x\ndoc: It does.\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ndescription: It does.\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a step type", "unknown-step", "x.yaml", onlySteps + "  - {id: a, uses: lok, with: {key: a}}\n", onlySteps + "  - {id: a, uses: look, with: {key: a}}\n"},
	{"an argument", "unknown-argument", "x.yaml", onlySteps + "  - {id: a, uses: look, with: {repo: a, tga: b}}\n", onlySteps + "  - {id: a, uses: look, with: {repo: a, tag: b}}\n"},
	{"a type", "unknown-type", "x.yaml", "name: x\ninputs: {a: {type: strng}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ninputs: {a: {type: string}}\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a type elsewhere", "unknown-type", "x.yaml", "name: x\ninputs: {a: {type: bool}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ninputs: {a: {type: boolean}}\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a format", "unknown-format", "x.yaml", "name: x\ninputs: {a: {type: string, format: dat}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ninputs: {a: {type: string, format: date}}\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"an error code", "unknown-code", "x.yaml", onlySteps + "  - {id: a, uses: look, with: {key: a}, errors: {not_fund: No.}}\n", onlySteps + "  - {id: a, uses: look, with: {key: a}, errors: {not_found: No.}}\n"},
	{"a field", "unknown-name", "x.yaml", "name: x\ninputs: {sha: {type: string}}\nsteps:\n  - {id: a, set: {b: \"é ${{ inputs.sah ?? '' }}\"}}\n", "name: x\ninputs: {sha: {type: string}}\nsteps:\n  - {id: a, set: {b: \"é ${{ inputs.sha ?? '' }}\"}}\n"},
	{"a bare input", "unknown-name", "x.yaml", "name: x\ninputs: {sha: {type: boolean, default: true}}\nsteps:\n  - {id: a, if: sha, set: {b: 1}}\n", "name: x\ninputs: {sha: {type: boolean, default: true}}\nsteps:\n  - {id: a, if: inputs.sha, set: {b: 1}}\n"},
	{"a bare step", "unknown-name", "x.yaml", onlySteps + "  - {id: a, set: {b: 1}}\n  - {id: c, set: {d: \"${{ a.b }}\"}}\n", onlySteps + "  - {id: a, set: {b: 1}}\n  - {id: c, set: {d: \"${{ steps.a.b }}\"}}\n"},
	{"in a block", "unknown-name", "x.yaml", onlySteps + "  - {id: a, set: {b: 1}}\n  - id: c\n    set:\n      d: |\n        it is\n        ${{ stesp.a.b }}\n", onlySteps + "  - {id: a, set: {b: 1}}\n  - id: c\n    set:\n      d: |\n        it is\n        ${{ steps.a.b }}\n"},
	{"a function", "unknown-function", "x.yaml", onlySteps + "  - {id: a, set: {b: \"${{ uper('x') }}\"}}\n", onlySteps + "  - {id: a, set: {b: \"${{ upper('x') }}\"}}\n"},
	{"a function elsewhere", "unknown-function", "x.yaml", onlySteps + "  - {id: a, set: {b: \"${{ toJSON([1]) }}\"}}\n", onlySteps + "  - {id: a, set: {b: \"${{ json([1]) }}\"}}\n"},
	{"quotes", "type-mismatch", "x.yaml", "name: x\nversion: 1.10\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\nversion: \"1.10\"\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"quotes of an argument", "type-mismatch", "x.yaml", onlySteps + "  - {id: a, uses: fetch, with: {key: 010.50}}\n  - {id: b, uses: fetch, with: {key: 12}}\n", onlySteps + "  - {id: a, uses: fetch, with: {key: 010.50}}\n  - {id: b, uses: fetch, with: {key: \"12\"}}\n"},
	{"a conversion", "type-mismatch", "x.yaml", onlySteps + "  - {id: n, set: {b: 1}}\n  - {id: a, uses: fetch, with: {key: \"${{ steps.n.b + 1 }}\"}}\n", onlySteps + "  - {id: n, set: {b: 1}}\n  - {id: a, uses: fetch, with: {key: \"${{ string(steps.n.b + 1) }}\"}}\n"},
	{"a truth", "type-mismatch", "x.yaml", "name: x\ninputs: {a: {type: string, required: yes}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ninputs: {a: {type: string, required: true}}\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"an enum", "bad-enum", "x.yaml", "name: x\ninputs: {a: {type: string, enum: [1, \"2\"]}}\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ninputs: {a: {type: string, enum: [\"1\", \"2\"]}}\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a duration", "bad-duration", "x.yaml", "name: x\ntimeout: 3 days\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ntimeout: 3d\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a name", "missing-key", "x.yaml", "# What it is.\ndescription: It does.\nsteps:\n  - {id: a, set: {b: 1}}\n", "# What it is.\nname: x\ndescription: It does.\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"ids", "missing-key", "x.yaml", onlySteps + "  - name: Look the key up\n    uses: look\n    with: {key: a}\n  - {uses: look, with: {key: b}}\n  - {uses: look, with: {key: b}}\n", onlySteps + "  - id: look_the_key_up\n    name: Look the key up\n    uses: look\n    with: {key: a}\n  - {id: look, uses: look, with: {key: b}}\n  - {id: look_2, uses: look, with: {key: b}}\n"},
	{"a choice", "bad-value", "x.yaml", onlySteps + "  - {id: a, uses: look, with: {key: a}, on_error: contine}\n", onlySteps + "  - {id: a, uses: look, with: {key: a}, on_error: continue}\n"},
	{"a sentence", "bad-value", "steps/x.yaml", "name: x\ndoc: It does\neffect: read\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\ndoc: It does.\neffect: read\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a later key", "later-key", "x.yaml", "name: x\ntests:\n  - a\n  - b\nsteps:\n  - {id: a, set: {b: 1}}\n", "name: x\nsteps:\n  - {id: a, set: {b: 1}}\n"},
	{"a comment", "unused-ignore", "x.yaml", onlySteps + "  - {id: a, set: {b: 1}} # skillrun:ignore not-filled-in once\noutputs: {b: \"${{ steps.a.b }}\"}\n", onlySteps + "  - {id: a, set: {b: 1}}\noutputs: {b: \"${{ steps.a.b }}\"}\n"},
}

// TestFixes: what the fixes of a mistake come to is what a person would write, and has
// the mistake no more.
func TestFixes(t *testing.T) {
	t.Parallel()
	for _, x := range fixes {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			w := world()
			w.Lint = x.code == "unused-ignore"
			_, diags := check.File(x.file, []byte(x.bad), w)
			var edits []diag.Edit
			for _, d := range diags {
				if string(d.Code) == x.code {
					edits = append(edits, d.Fix...)
				}
			}
			got, err := diag.Apply([]byte(x.bad), edits)
			if err != nil || string(got) != x.fixed {
				t.Fatalf("%v: fixed, it reads\n%s\nof %v", err, got, diags)
			}
			_, after := check.File(x.file, got, w)
			for _, d := range after {
				if string(d.Code) == x.code {
					t.Errorf("it still has %v", d)
				}
			}
		})
	}
}

// TestEveryFix makes each fix that any mistake of the testdata has, alone: the mistake is
// gone. Each code that has one stands in the table above, too.
func TestEveryFix(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, path := range files {
		name := filepath.Base(path)
		if name == "step_types.yaml" || name == "secret_types.yaml" {
			name = "steps/" + name
		}
		w := world()
		w.Lint = true
		for _, c := range diagtest.Cases(t, path) {
			codes := diagtest.Fixed(t, name, []byte(c.Text), func(name string, text []byte) diag.List {
				_, diags := check.File(name, text, w)
				return diags
			})
			for _, code := range codes {
				made[code] = true
			}
		}
	}
	for _, code := range types.SortedKeys(made) {
		if !slices.ContainsFunc(fixes, func(x struct{ name, code, file, bad, fixed string }) bool { return x.code == code }) {
			t.Errorf("%s has fixes and none in the table", code)
		}
	}
	if len(made) < 10 {
		t.Errorf("only %v were made", made)
	}
}
