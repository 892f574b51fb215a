package expr

import (
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// TestWhatChecksRuns gives every function arguments of many types. Whatever the
// checker lets through gives a value of the type that it promised, or fails for
// a reason of the value: never because a kind is wrong, nor something absent.
func TestWhatChecksRuns(t *testing.T) {
	t.Parallel()
	candidates := []string{`inputs.name`, `3`, `steps.log.commits`, `inputs.labels`, `#.title`, `"days"`, `inputs.tags`, `steps.image`, `inputs.blob`, `inputs.gone`,
		`1.5`, `inputs.billing`, `inputs.note`, `inputs.token`, `[]`, `{}`, `nil`, `[[1], [2]]`, `{a: inputs.note, b: "x"}`, `[{key: "a", value: 1}]`, `["1.2.3"]`, `"2026-01-02"`, `"string"`, `.size`, `#`, `#acc`}
	scope, checked := world(), 0
	try := func(src string) {
		e, problems := Parse(src)
		if len(problems) > 0 {
			return
		}
		typ, problems := e.Check(scope)
		if len(problems) > 0 {
			return
		}
		checked++
		env := honest()
		env.Fuel = fuel.New(10_000, 1<<20)
		v, err := e.Eval(env)
		switch {
		case types.CodeOf(err) == types.Internal, err != nil && strings.Contains(err.Error(), "is absent"):
			t.Errorf("%s checks as %s but fails: %v", src, typ, err)
		case err == nil && typ.Kind != types.Invalid && typ.Check(v) != nil:
			t.Errorf("%s is %v but checks as %s: %v", src, v, typ, typ.Check(v))
		}
	}
	for _, f := range stdlib.Functions() {
		try(f.Name + "()")
		for i, a := range candidates {
			try(f.Name + "(" + a + ")")
			if f.Most < 2 {
				continue
			}
			for j, b := range candidates {
				try(f.Name + "(" + a + ", " + b + ")")
				if f.Most > 2 && i < 8 && j < 8 {
					for _, c := range candidates[:8] {
						try(f.Name + "(" + a + ", " + b + ", " + c + ")")
					}
				}
			}
		}
	}
	if checked < 1000 {
		t.Errorf("only %d of the calls were right", checked)
	}
}
