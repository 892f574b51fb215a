package machine_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestPreview: what is shown of a write is told where it waits, also while parts of it are
// not known, and fails nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	b := with(write("b"), func(n *program.Node) {
		for _, text := range []string{"for ${{ inputs.n }}", "after ${{ steps.a.id }}", "${{ [1][inputs.n] }}"} {
			n.Preview = append(n.Preview, program.Binding{Name: "x", Value: types.Dynamic{V: text}})
		}
	})
	m := machine.New(prog(write("a"), b), machine.Start{Run: "r"})
	m.Next()
	if got := m.Preview("b"); got != nil {
		t.Error(got)
	}
	if err := m.Apply(machine.Event{Kind: machine.Done, Path: "a", Unknown: true}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range m.Preview("b") {
		got = append(got, types.Show(b.Value.V))
	}
	if len(got) != 3 || got[0] != "for 3" || got[1] != "after (known after a)" || !strings.HasPrefix(got[2], "(cannot be told: ") {
		t.Errorf("%q", got)
	}
}

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
