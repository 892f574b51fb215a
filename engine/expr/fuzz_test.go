package expr

import (
	"testing"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// FuzzParse: whatever the source, nothing panics, problems lie inside the
// source, the canonical text means the same, and a value is of the type that
// was promised.
func FuzzParse(f *testing.F) {
	for _, fn := range stdlib.Functions() {
		f.Add(fn.Example)
	}
	for _, src := range []string{`inputs.billing ? steps.billing.commit : ""`, `steps.billing?.url ?? inputs.tags[0:1][0]`, `${{ {"a": [1..3]} }}`,
		`any(steps.log.commits, {.sha in inputs.tags})`, `map(steps.log.commits, let c = #; let b = steps.billing?.url; [b ?? c.sha, (let d = b; d)])`, `not (a in b) and c not contains "x"`, `-1 ?? 2 | map(# + #index)`, "é.ü + '\\u00e9'", ";", `b"x"`, "$env[0]()"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, problems := Parse(src)
		inside(t, src, problems)
		if e == nil {
			return
		}
		again, broken := Parse(normalize(e.root))
		if len(broken) > 0 && len(normalize(e.root)) < maxSource && broken[0].Code != CodeTooBig {
			t.Fatalf("canonical %q of %q does not parse: %v", normalize(e.root), src, broken)
		}
		if len(broken) == 0 && normalize(again.root) != normalize(e.root) {
			t.Fatalf("canonical %q of %q becomes %q", normalize(e.root), src, normalize(again.root))
		}
		for _, r := range e.Refs() {
			_ = src[r.From:r.To]
		}
		e.Trusted(world())
		e.Narrow(world())
		typ, problems := e.Check(world())
		inside(t, src, problems)
		for _, env := range []Env{environment(), honest()} {
			env.Fuel = fuel.New(1000, 1<<20)
			v, err := e.Eval(env)
			if env.Vars["honest"] == nil || len(problems) > 0 {
				continue
			}
			if types.CodeOf(err) == types.Internal {
				t.Fatalf("%q checks as %s but fails: %v", src, typ, err)
			}
			if err == nil && typ.Kind != types.Invalid && typ.Check(v) != nil {
				t.Fatalf("%q is %v, but checks as %s: %v", src, v, typ, typ.Check(v))
			}
		}
	})
}

// honest is an environment whose values are of the types of [world].
func honest() Env {
	layer, c := map[string]any{"size": 4}, map[string]any{"sha": "a", "title": "t", "size": 3}
	env := environment()
	env.Vars = map[string]any{
		"honest": true,
		"inputs": map[string]any{
			"name": "für", "ref": "main", "mode": "full", "other": "slow", "billing": true, "audit": false, "count": 3, "ratio": 0.5,
			"tags": []any{"b", "a"}, "labels": map[string]any{"team": "aa"}, "blob": []any{1, "x", nil}, "token": types.NewSecret("s3cret"), "gone": []any{"a", nil},
		},
		"config": map[string]any{"host": "h"},
		"steps": map[string]any{
			"image":   map[string]any{"digest": "d", "tag": "t", "layers": []any{layer}},
			"billing": map[string]any{"commit": "c"}, "audit": nil,
			"log": map[string]any{"commits": []any{c, map[string]any{"sha": "b", "title": "u", "ticket": "AA-1", "size": 4}}},
		},
	}
	return env
}

func TestHonest(t *testing.T) {
	t.Parallel()
	vars := honest().Vars
	delete(vars, "honest")
	if err := world().Vars.Check(vars); err != nil {
		t.Error(err)
	}
}

func inside(t *testing.T, src string, problems []Problem) {
	t.Helper()
	for _, p := range problems {
		if p.From < 0 || p.To < p.From || p.To > len(src) {
			t.Fatalf("%q: problem at %d to %d: %s", src, p.From, p.To, p.Message)
		}
		if p.Code == "" || p.Message == "" {
			t.Fatalf("%q: an empty problem", src)
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, src := range []string{"a ${{ inputs.name }} b", "$${{ %%{{", "%{{~ if inputs.billing ~}} a %{{ else if true }} b %{{ end }}",
		"%{{ for c in steps.log.commits ~}}\n${{ c.sha }}\n%{{ end }}", `${{ "}}" }}`, "%{{ for for in for }}%{{ end }}", "${{~~}}", "é%{{ if é }}%{{ end }}"} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		text, problems := ParseText(src)
		inside(t, src, problems)
		if text == nil {
			return
		}
		_, problems = text.Check(world())
		inside(t, src, problems)
		for _, r := range text.Refs() {
			_ = src[r.From:r.To]
		}
		text.Trusted(world())
		env := environment()
		env.Fuel = fuel.New(1000, 1<<20)
		v, err := text.Eval(env)
		if _, isText := v.(string); text.Literal() && (err != nil || !isText) {
			t.Fatalf("%q: literal, but %v, %v", src, v, err)
		}
	})
}
