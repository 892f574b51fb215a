package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/live"
	"github.com/skillrun/skillrun/engine/program"
)

// TestStepsOf hands the live tree all that stands in a step, a called skill's
// steps as its own.
func TestStepsOf(t *testing.T) {
	t.Parallel()
	uses := func(id string) program.Node {
		return program.Node{ID: id, Kind: program.Uses, Step: "t", Effect: "write"}
	}
	got := stepsOf([]program.Node{
		{ID: "g", Kind: program.Group, Name: "Group", Steps: []program.Node{uses("a")}, Rescue: []program.Node{uses("b")}, Always: []program.Node{uses("c")}},
		{ID: "h", Kind: program.Set, ForEach: "steps.a.items"},
		{ID: "s", Kind: program.Skill, Call: &program.Call{Skill: "x", Steps: []program.Node{uses("d")}}},
		{ID: "u", Kind: program.Uses, Step: "t", Effect: "read", Retry: &program.Retry{Before: []program.Node{uses("e")}}},
	})
	leaf := func(id string) []live.Step {
		return []live.Step{{ID: id, Kind: "uses", Type: "t", Effect: "write"}}
	}
	want := []live.Step{
		{ID: "g", Kind: "steps", Name: "Group", Steps: leaf("a"), Rescue: leaf("b"), Always: leaf("c")},
		{ID: "h", Kind: "set", Loop: true},
		{ID: "s", Kind: "skill", Steps: leaf("d")},
		{ID: "u", Kind: "uses", Type: "t", Effect: "read", Before: leaf("e")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
