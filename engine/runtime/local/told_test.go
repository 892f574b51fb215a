package local_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// TestToldTwice: what fails without an effect is told once, and nothing is tried
// again that no one has asked to; so in each process that takes the run up.
func TestToldTwice(t *testing.T) {
	t.Parallel()
	gate := program.Node{ID: "gate", Kind: program.Assert, Cond: "false", Message: "too small"}
	side := program.Node{ID: "g", Kind: program.Group, Parallel: true, Steps: []program.Node{write, gate}}
	for name, nodes := range map[string][]program.Node{
		"assert":   {gate, write},
		"set":      {{ID: "gate", Kind: program.Set, Values: []program.Binding{{Name: "x", Value: types.Dynamic{V: "${{ 1 % 0 }}"}}}}},
		"fail":     {{ID: "gate", Kind: program.Fail, Message: "no"}},
		"a group":  {{ID: "g", Kind: program.Group, Steps: []program.Node{gate}}},
		"a branch": {side},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(nodes...)
			for range 2 {
				told := 0
				b.o.Observe = func(e runtime.Event) {
					if e.ID == "gate" && e.Type == runtime.EventStepFailed && !e.Replayed {
						told++
					}
				}
				if o := b.run(t); o.State != runtime.Failed || told != 1 || b.sends != 0 {
					t.Errorf("%s, told %d times, %d sends", o.State, told, b.sends)
				}
				if err := b.j.Append(journal.Record{Kind: journal.Resumed, At: began}, false); err != nil {
					t.Fatal(err)
				}
			}
			for _, r := range b.j.Records() {
				if r.Event != nil && r.Event.Kind == machine.Retried && name != "a branch" {
					t.Errorf("the journal has %+v", r.Event)
				}
			}
		})
	}
}
