package examples_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// TestPlan plans every run of every skill: nothing is written, and what a run
// that ends well writes is announced, but for what only a failure calls for.
func TestPlan(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t)
	for _, file := range skillFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for i, s := range scenes(t, file) {
				t.Run(strconv.Itoa(i), func(t *testing.T) { s.plan(t, c) })
			}
		})
	}
}

func (s *scene) plan(t *testing.T, c catalogue) {
	w := c.world(t, s.rules)
	cat := c.steps(t, w)
	bound := s.bind(t, cat)
	p, err := newEngine(t, cat).Plan(t.Context(), bound, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.effects) > 0 {
		t.Errorf("the plan wrote: %v", w.count())
	}
	if s.Error != nil {
		return
	}
	if p.Failure != nil {
		t.Errorf("the plan ends with %v, the run does not", p.Failure.Error)
	}
	for _, name := range types.SortedKeys(s.Effects) {
		announced := slices.ContainsFunc(p.Writes, func(w plan.Write) bool { return w.Step == name })
		if !announced && !slices.Contains(spare(bound.Program.Steps), name) {
			t.Errorf("the plan does not announce %s", name)
		}
	}
}

// spare are the step types of remedies and rescues.
func spare(nodes []program.Node) []string {
	var out []string
	note := func(n *program.Node) { out = append(out, n.Step) }
	program.Each(nodes, func(n *program.Node) {
		program.Each(n.Rescue, note)
		if n.Retry != nil {
			program.Each(n.Retry.Before, note)
		}
	})
	return out
}
