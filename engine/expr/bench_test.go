package expr

import "testing"

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
