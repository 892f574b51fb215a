package machine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestUndo: what takes a write back is told from the result that is about to be applied,
// with the names of the place where the write stands; not of another step, and not later.
func TestUndo(t *testing.T) {
	t.Parallel()
	made := with(write("make"), func(n *program.Node) {
		n.Defaults = types.Values{"limit": 3}
		n.Undo = types.Values{"path": "things/${{ [7][steps.make.at] }}", "of": "${{ inputs.who }}", "note": "${{ steps.make.note }}"}
	})
	call := program.Node{ID: "s", Kind: program.Skill, With: types.Values{"who": "me"}, Call: &program.Call{
		Skill: "thing", StepType: true, Steps: []program.Node{made, write("other")}, Inputs: types.ObjectOf(types.Field{Name: "who", Type: types.OfKind(types.String)}),
	}}
	m := machine.New(prog(call), machine.Start{Run: "r"})
	got, err := m.Undo("s/make", types.Values{"at": 0, "note": nil})
	if diff := cmp.Diff(types.Values{"limit": 3, "path": "things/7", "of": "me"}, got); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
	if _, err := m.Undo("s/make", types.Values{"at": 1}); err == nil || types.CodeOf(err) != types.BadInput {
		t.Error(err)
	}
	if err := m.Apply(machine.Event{Kind: machine.Done, Path: "s/make", Output: types.Values{"at": 0}}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"s/make", "s/other", "s/none"} {
		if got, err := m.Undo(path, types.Values{"at": 0}); got != nil || err != nil {
			t.Errorf("%s: %v %v", path, got, err)
		}
	}
}
