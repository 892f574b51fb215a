package check_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// calling is a skill that calls another one.
func calling(name string) []byte {
	return []byte("name: x\nsteps:\n  - {id: a, uses: \"skill:" + name + "\"}\n  - {id: b, uses: \"skill:" + name + "\"}\n")
}

// TestMistakesOfCalledSkills: they stand in their own file, once, with a note
// that points at the call.
func TestMistakesOfCalledSkills(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"mistaken": {"testdata/called/mistaken.yaml:3:19 unknown-step x.yaml:3:19"},
		"round":    {"testdata/called/round_again.yaml:3:19 recursion testdata/called/round.yaml:3:19 x.yaml:3:19"},
	} {
		_, diags := check.File("x.yaml", calling(name), world())
		var got []string
		for _, d := range diags {
			s := d.At.String() + " " + string(d.Code)
			for _, n := range d.Related {
				s += " " + n.At.String()
			}
			got = append(got, s)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestNoOtherSkills: without a finder, a call says that there is none.
func TestNoOtherSkills(t *testing.T) {
	t.Parallel()
	_, diags := check.File("x.yaml", calling("good"), check.World{Catalogue: catalogue()})
	if len(diags) != 2 || diags[0].Code != "unknown-skill" || diags[0].Hint != "no other skills can be found here" {
		t.Error(diags)
	}
}

// TestCallsDoNotExplode: skills that each call the next one twice are small
// files and a huge program.
func TestCallsDoNotExplode(t *testing.T) {
	t.Parallel()
	w := check.World{Catalogue: catalogue(), Skill: func(_, name string) (string, []byte, error) {
		var n int
		if _, err := fmt.Sscanf(name, "s%d", &n); err != nil || n == 40 {
			return name + ".yaml", []byte("name: " + name + "\nsteps:\n  - {id: a, set: {x: 1}}\n"), nil
		}
		text := strings.Replace(string(calling(fmt.Sprintf("s%d", n+1))), "name: x", "name: "+name, 1)
		return name + ".yaml", []byte(text), nil
	}}
	_, diags := check.File("x.yaml", calling("s1"), w)
	if len(diags) != 1 || diags[0].Code != "too-many-nodes" || !strings.Contains(diags[0].Message, "more than 10000 steps") {
		t.Error(diags)
	}
}

// TestCall: a call holds what the machine needs of the other skill, with that
// skill's own configuration and its defaults worked out.
func TestCall(t *testing.T) {
	t.Parallel()
	skill, diags := check.File("x.yaml", []byte("name: x\nsteps:\n  - {id: o, uses: \"skill:outer\"}\n"), world())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if d := cmp.Diff([]string{"store", "tracker"}, skill.Services); d != "" {
		t.Error(d)
	}
	if len(skill.Uses) != 2 || skill.Uses[0].Name != "look" || skill.Uses[1].Name != "make" {
		t.Errorf("uses %v", skill.Uses)
	}
	b := check.Binding{Now: time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC), Zone: time.UTC, ConfigOf: func(skill string) map[string]any {
		return map[string]any{"place": skill + " ${{ 1 }} %{{"}
	}}
	p, diags := skill.Bind(b)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if outer := p.Steps[0].Call; outer.Skill != "outer" || len(outer.Outputs) != 1 || p.Steps[0].Kind != program.Skill {
		t.Errorf("%+v", p.Steps[0])
	}
	n := p.Steps[0].Call.Steps[0].Steps[0]
	good := n.Call
	if d := cmp.Diff(types.Values{"title": "abc", "n": 7}, n.With); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(types.Values{"place": "good ${{ 1 }} %{{"}, good.Config); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(types.Values{"n": 3, "day": "2026-01-15 at good $${{ 1 }} %%{{"}, good.Defaults); d != "" {
		t.Error(d)
	}
	if good.Version != "1.2" || good.Timeout != "5m" || len(good.TextDigest) != 64 || len(good.Steps) != 4 {
		t.Errorf("%+v", good)
	}
	for in, want := range map[string]bool{`{"title":"abc"}`: true, `{"title":"abc","note":"x","n":1}`: true, `{"title":"ABC"}`: false, `{}`: false, `{"title":"abc","x":1}`: false} {
		v, err := types.Decode([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := good.Inputs.Check(v); (got == nil) != want {
			t.Errorf("%s: %v", in, got)
		}
	}
	// The checked skill is as it was: another binding begins again.
	if again, _ := skill.Bind(check.Binding{Now: b.Now, Zone: time.UTC}); again.Steps[0].Call.Steps[0].Steps[0].Call.Config["place"] != "home" {
		t.Error("the second binding has the first one's configuration")
	}
	if s := skill.PartialProgram(b); s.Steps[0].Call.Steps[0].Steps[0].Call.Config["place"] != good.Config["place"] {
		t.Errorf("sketch %+v", s.Steps[0].Call)
	}
}

// TestConfigOfCalledSkills: what is missing or wrong is reported at the
// declaration, or where it was written for that skill.
func TestConfigOfCalledSkills(t *testing.T) {
	t.Parallel()
	w := world()
	w.Skill = func(string, string) (string, []byte, error) {
		return "called.yaml", []byte("name: called\ninputs:\n  day: {type: string, pattern: \"^a\", default: \"${{ config.n }}\"}\nconfig:\n  n: {type: string, required: true}\nsteps:\n  - {id: a, set: {x: 1}}\n"), nil
	}
	skill, diags := check.File("x.yaml", calling("called"), w)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	place := func(skill, name string) diag.Range { return diag.Range{File: skill + "." + name} }
	for _, tt := range []struct {
		values map[string]any
		want   string
	}{
		{nil, "called.yaml:5:3 missing-config"},
		{map[string]any{"n": 7}, "called.n bad-config"},
		{map[string]any{"n": "b"}, "called.yaml:3:3 bad-default"},
	} {
		_, diags := skill.Bind(check.Binding{Zone: time.UTC, ConfigPlace: place, ConfigOf: func(string) map[string]any { return tt.values }})
		if len(diags) == 0 || diags[0].At.String()+" "+string(diags[0].Code) != tt.want {
			t.Errorf("want %s, got %v", tt.want, diags)
		}
	}
}

const dropping = `name: x
steps:
  - {id: a, set: {x: 1}}
  - id: g
    steps:
      - {id: b, set: {x: 1}}
      - {id: c, set: {x: "${{ steps.b.x }}"}}
    rescue:
      - {id: d, set: {x: "${{ steps.a.x }}"}}
  - id: unread
    for_each: "[1, 2]"
    steps:
      - {id: e, set: {x: "${{ steps.c?.x ?? 0 }}"}}
      - id: plain
        steps:
          - {id: f, set: {x: "${{ steps.e.x }}"}}
      - {id: h, set: {x: "${{ steps.f.x }}"}}
    always:
      - {id: i, set: {x: "${{ steps.h?.x ?? 0 }}"}}
  - id: wanted
    for_each: "[1, 2]"
    steps:
      - {id: j, set: {x: 1}}
      - id: inner
        for_each: "[1, 2]"
        as: other
        steps:
          - {id: k, set: {x: "${{ steps.j.x }}"}}
  - id: cured
    uses: look
    with: {repo: x, tag: y}
    retry:
      attempts: 2
      before:
        - {id: l, uses: login, with: {title: t}}
        - {id: m, set: {x: "${{ steps.l.user }}"}}
  - {id: n, set: {x: "${{ len(steps.wanted) }}"}}
  - {id: all, set: {x: "${{ json(steps.n) }}"}}
outputs:
  x: ${{ steps.all.x }}
`

// TestDrops: a result is let go of at the last node of its own sequence that
// reads it, however deep; a loop's steps are kept when its result is read.
func TestDrops(t *testing.T) {
	t.Parallel()
	skill, diags := check.File("x.yaml", []byte(dropping), world())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	got := map[string][]string{}
	program.Each(skill.Steps, func(n *program.Node) {
		if len(n.Drop) > 0 {
			got[n.ID] = n.Drop
		}
	})
	want := map[string][]string{
		"g":      {"a", "b", "d"},
		"unread": {"c", "unread"},
		"plain":  {"e"}, "h": {"f"}, "i": {"h", "i"},
		"m": {"l", "m"}, "cured": {"cured"},
		"n": {"wanted"}, "all": {"n"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
