package dry_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/dry"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// led is what a step takes that goes wherever its argument says.
type led struct {
	Repo string `json:"repo" doc:"Where." trusted:"true"`
}

// TestReachesAllThatMayRun: what a run may reach is told of every step of its text,
// also of those that only a failure, a remedy, or the end of a long loop leads to; of
// what no run of these inputs comes to it is not.
func TestReachesAllThatMayRun(t *testing.T) {
	t.Parallel()
	c := step.NewCatalogue([]step.Step{step.Read("go", "Go.", func(context.Context, led) (struct{}, error) { return struct{}{}, nil }).
		Reaches(func(_ context.Context, u step.Use) step.Reach {
			return step.Reach{Leads: []step.Place{{Kind: "to", Name: u.Text("repo")}}}
		})})
	n := 0
	to := func(repo string) program.Node {
		n++
		return program.Node{ID: fmt.Sprintf("n%d", n), Kind: program.Uses, Step: "go", With: types.Values{"repo": repo}}
	}
	with := func(n program.Node, change func(*program.Node)) program.Node { change(&n); return n }
	many := make([]any, 2*2000+1)
	for i := range many {
		many[i] = "same"
	}
	inner := program.Node{ID: "inner", Kind: program.Group, ForEach: "config.two", Steps: []program.Node{to("${{ each }} ${{ item }}")}}
	nodes := []program.Node{
		{ID: "outer", Kind: program.Group, ForEach: "config.two", As: "each", Steps: []program.Node{inner}},
		{ID: "fails", Kind: program.Group, Steps: []program.Node{{ID: "no", Kind: program.Fail}, to("behind")}, Rescue: []program.Node{to("rescue")}, Always: []program.Node{to("always")}},
		with(to("tried"), func(n *program.Node) {
			n.Retry = &program.Retry{Attempts: 2, Before: []program.Node{to("${{ config.cure }}")}}
		}),
		{ID: "names", Kind: program.Set, Values: []program.Binding{{Name: "one", Value: types.Dynamic{V: "${{ config.cure }} set"}}, {Name: "some", Value: types.Dynamic{V: []any{"s1", "${{ inputs.off ? 1 : 2 }}"}}}, {Name: "found", Value: types.Dynamic{V: "${{ steps.n1.x }}"}}}},
		to("${{ steps.names.one }}"), to("${{ steps.names.found }}"),
		with(to("item ${{ item }}"), func(n *program.Node) { n.ForEach = "steps.names.some" }),
		with(to("where a set did not run"), func(n *program.Node) { n.If = "!has(steps.names)" }),
		{ID: "group", Kind: program.Group, If: "steps.n1.x > 1", Steps: []program.Node{
			{ID: "own", Kind: program.Set, Values: []program.Binding{{Name: "to", Value: types.Dynamic{V: "set in a group"}}}}, to("${{ steps.own.to }}"),
		}},
		{ID: "loop", Kind: program.Group, ForEach: "config.two", As: "each", Steps: []program.Node{
			{ID: "per", Kind: program.Set, Values: []program.Binding{{Name: "to", Value: types.Dynamic{V: "set for ${{ each }}"}}}}, to("${{ steps.per.to }}"),
		}},
		with(to("${{ each }}"), func(n *program.Node) { n.ForEach, n.As = "inputs.many", "each" }),
		with(to("when ${{ config.cure }}"), func(n *program.Node) { n.If = "steps.n1.x > 1" }),
		with(to("no run comes here"), func(n *program.Node) { n.If = "inputs.off && steps.n1.x > 1" }),
		with(to("${{ steps.n1.x }}"), func(n *program.Node) { n.ForEach = "steps.n1.list" }),
		{ID: "call", Kind: program.Skill, With: types.Values{"given": "${{ config.cure }}"}, Call: &program.Call{
			Defaults: types.Values{"given": "not this", "left": "${{ config.own }}"}, Config: types.Values{"own": "of the called"},
			Steps: []program.Node{to("${{ inputs.given }} called"), to("${{ inputs.left }}")},
		}},
	}
	p := &program.Program{Inputs: types.Values{"many": many, "off": false}, Config: types.Values{"cure": "cure", "two": []any{"x", "y"}}, Steps: nodes}
	got := dry.Reaches(p, machine.Start{StartedAt: time.Unix(0, 0), Zone: time.UTC}, c, nil, nil)
	want := []string{"", "always", "behind", "cure", "cure called", "cure set", "item 2", "item s1", "of the called", "rescue", "same", "set for x", "set for y", "set in a group", "tried", "when cure", "where a set did not run", "x x", "x y", "y x", "y y"}
	for i := range want {
		want[i] = "leads to to  " + want[i]
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestReachesEachServiceThatMayBeChosen: with an input that is not known, each; with
// one that is, that one; and whoever asks what other inputs come to is told of all.
func TestReachesEachServiceThatMayBeChosen(t *testing.T) {
	t.Parallel()
	type asks struct {
		Service string `json:"service" doc:"Service." default:"store"`
	}
	c := step.NewCatalogue([]step.Step{step.Read("ask", "Ask.", func(context.Context, asks) (struct{}, error) { return struct{}{}, nil }).Touches("store", "thing", "ask")})
	n := program.Node{ID: "a", Kind: program.Uses, Step: "ask", Services: []string{"one", "two"}, With: types.Values{"service": `${{ {"eu": "one", "us": "two"}[inputs.region] }}`}}
	s := machine.Start{StartedAt: time.Unix(0, 0), Zone: time.UTC}
	for region, want := range map[any][]string{types.Unknown{After: "input region"}: {"one: ", "two: "}, "us": {"two: "}} {
		p := &program.Program{Inputs: types.Values{"region": region}, Steps: []program.Node{n}}
		if got := dry.Reaches(p, s, c, nil, nil); !slices.Equal(got, want) {
			t.Errorf("%v: reaches %q, want %q", region, got, want)
		}
		if got := dry.AndServices([]string{"two: "}, p, nil); !slices.Equal(got, []string{"one: ", "two: "}) {
			t.Errorf("%v: may reach %q", region, got)
		}
		var used []string
		for _, u := range dry.Uses(p, s) {
			used = append(used, u.Text("service")+": ")
		}
		if !slices.Equal(used, want) {
			t.Errorf("%v: uses %q, want %q", region, used, want)
		}
	}
}
