package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/cli"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/skills"
	"github.com/skillrun/skillrun/steps"
)

// BenchmarkCheck checks a skill of 40 steps. For all of a process, see
// BenchmarkCheckFolder.
func BenchmarkCheck(b *testing.B) {
	check := checks(b, 8)
	b.ReportAllocs()
	for b.Loop() {
		check()
	}
}

// BenchmarkCheckFolder runs the program's own check on 500 skills of 40 steps each.
func BenchmarkCheckFolder(b *testing.B) {
	dir := b.TempDir()
	for i := range 500 {
		name := fmt.Sprintf("skill_%d", i)
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(manySteps(name, 8)), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		p := &cli.Program{
			Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard, Dir: dir, Builtin: skills.FS,
			Env: func(string) (string, bool) { return "", false }, Catalogue: seams{}.catalogue, Schemas: steps.Schemas, Kinds: steps.Kinds(),
		}
		if code := p.Run(b.Context(), []string{"check", "."}); code != 0 {
			b.Fatal("exit ", code)
		}
	}
}

// TestCheckIsCheap bounds what checking allocates, which is the same on every machine: for
// a skill of 40 steps, and for one twice as long.
func TestCheckIsCheap(t *testing.T) { // not parallel: it counts the allocations of all
	const most = 20_000 // it takes 16,900; when each text was parsed for each question, it took 29,800
	forty, eighty := testing.AllocsPerRun(3, checks(t, 8)), testing.AllocsPerRun(3, checks(t, 16))
	if forty > most {
		t.Errorf("checking 40 steps takes %.0f allocations, the most is %d", forty, most)
	}
	if eighty > 2.5*forty {
		t.Errorf("checking 40 steps takes %.0f allocations, and 80 steps %.0f: more than in proportion", forty, eighty)
	}
}

// checks checks a skill of five times so many steps.
func checks(t testing.TB, fives int) func() {
	t.Helper()
	cat, err := steps.All(&config.Config{}, steps.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(manySteps("many", fives))
	return func() {
		if _, diags := check.File("many.yaml", text, check.World{Catalogue: cat}); diags.HasErrors() {
			t.Fatal(diags)
		}
	}
}

// manySteps is a skill of five times so many steps, of several kinds, which read each
// other's results.
func manySteps(name string, fives int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `name: %s
description: A skill of forty steps
version: "1.0"
identity: [inputs.sha, inputs.env]
inputs:
  sha: {type: string, pattern: "^[0-9a-f]{40}$", required: true, description: The commit}
  env: {type: string, enum: [stage, prod], default: stage, description: Where}
  notify: {type: boolean, default: false, description: Whether to tell people}
config:
  repo: {type: string, required: true, description: The repository}
  project: {type: string, required: true, description: The project}
steps:
`, name)
	before, summary := "inputs.sha", ""
	for i := range fives {
		s.WriteString(strings.NewReplacer("@", fmt.Sprint(i), "BEFORE", before).Replace(`  - id: log@
    name: Look at ${{ inputs.sha[0:12] }} (@)
    uses: git_log
    with: {repo: "${{ config.repo }}", to: "${{ inputs.sha }}", limit: 5}
    errors: {not_found: "Push ${{ inputs.sha }} first."}
  - id: text@
    set:
      line: "${{ first(steps.log@.commits)?.subject ?? 'none' }}"
      n: ${{ len(steps.log@.commits) }}
      before: ${{ BEFORE }}
  - id: ok@
    assert: steps.text@.n >= 0 && inputs.env in ["stage", "prod"]
    message: "There is nothing in ${{ inputs.env }}: ${{ steps.text@.line }}"
  - id: mr@
    if: inputs.notify && steps.text@.n > 3
    uses: gitlab_mr_list
    with: {project: "${{ config.project }}"}
    retry: {attempts: 3, delay: 5s, on: [unavailable]}
  - id: note@
    set: {text: "${{ steps.mr@ != nil ? string(len(steps.mr@.merge_requests)) : 'skipped' }} of ${{ steps.text@.before }}"}
`))
		before = fmt.Sprintf("steps.text%d.line", i)
		summary += fmt.Sprintf("    - ${{ steps.text%d.line }}: ${{ steps.note%d.text }}\n", i, i)
	}
	s.WriteString("outputs:\n  summary: |\n" + summary)
	return s.String()
}
