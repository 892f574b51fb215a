package check_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// FuzzFile: no text makes the checker panic; what checks binds to a program
// that survives JSON, and a machine over it does not panic either.
func FuzzFile(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, one := range bytes.Split(text, []byte("---8<---")) {
			f.Add(one)
		}
	}
	f.Add([]byte("name: x\nsteps:\n  - {id: a, set: {x: 1}}\n  - {id: b, if: steps.a.x > 0, uses: look, with: {repo: x, tag: \"${{ steps.a.x }}\"}}\n"))
	f.Add([]byte("name: x\nconcurrency: {group: \"a-${{ config.c ?? 'c' }}\", lock: {repo: \"${{ config.c }}\"}}\nconfig: {c: {type: string}}\nsteps:\n  - {id: a, approve: \"go?\", show: [1, \"${{ 1 / 0 }}\"]}\n"))
	w := world()
	f.Fuzz(func(t *testing.T, text []byte) {
		check.File("steps/x.yaml", text, w)
		skill, diags := check.File("x.yaml", text, w)
		if skill == nil || diags.HasErrors() {
			return
		}
		p, diags := skill.Bind(check.Binding{Now: time.Unix(0, 0), Zone: time.UTC})
		if p == nil || diags.HasErrors() {
			return
		}
		var again program.Program
		if err := json.Unmarshal(types.Encode(p.Program), &again); err != nil || again.Digest() != p.Digest() {
			t.Fatalf("the program does not survive JSON: %v", err)
		}
		m := machine.New(&again, machine.Start{Run: "r", StartedAt: time.Unix(0, 0)})
		for range 20 { // as a plan walks
			actions := m.Next()
			m.Notes()
			if len(actions) == 0 {
				break
			}
			e := machine.Event{Kind: machine.Done, Path: actions[0].Path, Unknown: true}
			if actions[0].Retry {
				e.Kind = machine.Woken
			}
			if err := m.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
		m.Result()
	})
}

// TestDefaultsInside: defaults hold inside of objects and lists too, of what is
// given and of other defaults, and what they hold is data.
func TestDefaultsInside(t *testing.T) {
	t.Parallel()
	text := `name: x
inputs:
  issues:
    type: array
    default: [{key: B}]
    items:
      type: object
      properties: {key: {type: string, required: true}, stale: {type: boolean, default: false}, tags: {type: array, items: {type: string}, default: ["$${{ no }}"]}}
  days: {type: array, items: {type: string}, default: ["${{ today() }}", "$${{ no }}"]}
steps:
  - {id: a, for_each: inputs.issues, key: item.key, if: "!item.stale", set: {x: "${{ item.tags[0] }}"}}
`
	skill, diags := check.File("x.yaml", []byte(text), world())
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	given := map[string]any{"issues": []any{map[string]any{"key": "A"}, map[string]any{"key": "C", "stale": true, "tags": []any{}}}}
	issue := func(key string, stale bool, tags ...any) map[string]any {
		return map[string]any{"key": key, "stale": stale, "tags": append([]any{}, tags...)}
	}
	days := []any{"2026-01-15", "${{ no }}"}
	for name, tt := range map[string]struct{ given, want map[string]any }{
		"given":     {given, map[string]any{"days": days, "issues": []any{issue("A", false, "${{ no }}"), issue("C", true)}}},
		"not given": {nil, map[string]any{"days": days, "issues": []any{issue("B", false, "${{ no }}")}}},
	} {
		p, diags := skill.Bind(check.Binding{Inputs: tt.given, Now: time.Date(2026, 1, 15, 20, 0, 0, 0, time.UTC), Zone: time.UTC})
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		if diff := cmp.Diff(types.Values(tt.want), p.Inputs); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if len(given["issues"].([]any)[0].(map[string]any)) != 1 {
		t.Error("what was given is changed:", given)
	}
}

func TestBind(t *testing.T) {
	t.Parallel()
	text := `name: x
identity: [inputs.n, inputs.day]
inputs:
  n: {type: integer, required: true, minimum: 1}
  day: {type: string, format: date, default: "${{ today() }}"}
  where: {type: string, default: "at ${{ config.place }}"}
config:
  place: {type: string, required: true}
  size: {type: integer, default: 3}
steps:
  - {id: a, set: {x: 1}}
`
	skill, diags := check.File("x.yaml", []byte(text), world())
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	zone := time.FixedZone("east", 12*3600)
	b := check.Binding{Inputs: map[string]any{"n": 2}, Config: map[string]any{"place": "home", "other": 1}, Now: time.Date(2026, 1, 15, 20, 0, 0, 0, time.UTC), Zone: zone}
	p, diags := skill.Bind(b)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if p.Inputs["day"] != "2026-01-16" || p.Inputs["where"] != "at home" || p.Config["size"] != 3 || len(p.Config) != 2 {
		t.Errorf("inputs %v, config %v", p.Inputs, p.Config)
	}
	if got := p.Work("run"); got[2] != `[2,"2026-01-16"]` {
		t.Errorf("identity %v", got)
	}
	for name, change := range map[string]func(b *check.Binding){
		"bad-input":      func(b *check.Binding) { b.Inputs = map[string]any{"n": 0} },
		"missing-input":  func(b *check.Binding) { b.Inputs = nil },
		"unknown-input":  func(b *check.Binding) { b.Inputs = map[string]any{"n": 1, "m": 1} },
		"missing-config": func(b *check.Binding) { b.Config = nil },
		"bad-config":     func(b *check.Binding) { b.Config = map[string]any{"place": 7} },
	} {
		bad := b
		change(&bad)
		if _, diags := skill.Bind(bad); len(diags) == 0 || string(diags[0].Code) != name {
			t.Errorf("want %s, got %v", name, diags)
		}
	}
}
