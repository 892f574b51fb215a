package expr

import (
	"fmt"
	"strings"
	"testing"
)

const typical = `has(steps.billing) && any(steps.log.commits, .size > 6) ? steps.log.commits[0].sha + "-" + inputs.mode : "none"`

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, problems := Parse(typical); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	e, _ := Parse(typical)
	s := world()
	for b.Loop() {
		if _, problems := e.Check(s); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	e, _ := Parse(`any(steps.log.commits, .size > 6) ? steps.log.commits[0].sha + "-" + inputs.mode : "none"`)
	env := environment()
	for b.Loop() {
		if _, err := e.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTextEval(b *testing.B) {
	t, _ := ParseText("chore(release): ${{ inputs.name }} ${{ inputs.mode }} (${{ len(steps.log.commits) }} commits)")
	env := environment()
	for b.Loop() {
		if _, err := t.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList works on 10,000 objects: what filters, maps, sorts and groups
// costs for each.
func BenchmarkList(b *testing.B) {
	commits := make([]any, 10_000)
	for i := range commits {
		commits[i] = map[string]any{"sha": fmt.Sprintf("%040x", i*7919), "title": "fix: something", "size": i % 97, "state": []string{"open", "closed"}[i%2]}
	}
	env := environment()
	env.Vars["commits"], env.Vars["log"] = commits, strings.Repeat("abc1234 AA-12345 fix: something that was broken\n", 10_000)
	for name, src := range map[string]string{
		"filter": `filter(commits, .state == "open" && .size > 50)`, "map": `map(commits, .sha[0:12] + " " + .title)`, "objects": `map(commits, ({sha: .sha, big: .size > 50}))`,
		"sort_by": `sort_by(commits, .sha)`, "group_by": `group_by(commits, .size)`, "unique_by": `unique_by(commits, .title)`, "sum": `sum(commits, .size)`, "any": `any(commits, .size > 1000)`,
		"json": `json(commits)`, "lines": `map(lines(log), words(#)[1])`, "regex_find_all": `regex_find_all(log, "[A-Z]{2,10}-[0-9]{3,6}")`, "matches": `count(lines(log), # matches "^[0-9a-f]{7,} [A-Z]+-[0-9]+")`,
	} {
		e, problems := Parse(src)
		if len(problems) > 0 {
			b.Fatal(problems)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				env.Fuel = nil
				if _, err := e.Eval(env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTextLoop writes a report of 10,000 lines.
func BenchmarkTextLoop(b *testing.B) {
	t, _ := ParseText("%{{ for i in 1..10000 ~}}\n- ${{ i }} ${{ inputs.mode }}\n%{{ end ~}}")
	env := environment()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := t.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}
