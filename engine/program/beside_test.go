package program_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestBeside: a write stands beside what may run at the same time, and not
// beside what comes before or after it.
func TestBeside(t *testing.T) {
	t.Parallel()
	use := func(id, effect string) program.Node {
		return program.Node{ID: id, Kind: program.Uses, Effect: effect}
	}
	group := func(id string, steps ...program.Node) program.Node {
		return program.Node{ID: id, Kind: program.Group, Steps: steps}
	}
	par := group("par", group("left", use("read1", "read"), use("write1", "write")), use("read2", "read"))
	par.Parallel = true
	par.Always = []program.Node{use("read3", "read"), use("write2", "write")}
	par.Rescue = []program.Node{use("write3", "write")}
	call := program.Node{ID: "call", Kind: program.Skill, Call: &program.Call{Steps: []program.Node{use("read4", "read"), use("write4", "write")}}}
	call.ForEach, call.MaxParallel = "[1]", 2
	one := group("one", use("read5", "read"), use("write5", "write"))
	one.ForEach = "[1]"
	loop := group("loop", use("read6", "read"), use("write6", "write"))
	loop.ForEach, loop.Parallel, loop.MaxParallel = "[1]", true, 1
	narrow := group("narrow", use("read7", "read"), use("write7", "write"))
	narrow.Parallel, narrow.MaxParallel = true, 1
	got := map[string][]string{}
	for n, writes := range program.Beside([]program.Node{use("write0", "write"), par, call, one, loop, narrow}) {
		for _, w := range writes {
			got[n.ID] = append(got[n.ID], w.ID)
		}
	}
	want := map[string][]string{
		"read2": {"write1"}, "call": {"write4"}, "read4": {"write4"}, "write4": {"write4"}, "read6": {"write6"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLiterals: what an expression makes is not in the skill's text.
func TestLiterals(t *testing.T) {
	t.Parallel()
	n := program.Node{With: types.Values{
		"a": "x", "b": "${{ 1 }}", "c": []any{1, "y"}, "d": []any{map[string]any{"k": "%{{ if x }}"}}, "e": map[string]any{"k": 2},
	}}
	args, open := n.Literals()
	if diff := cmp.Diff(types.Values{"a": "x", "c": []any{1, "y"}, "e": map[string]any{"k": 2}}, args); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b", "d"}, open); diff != "" {
		t.Error(diff)
	}
}
