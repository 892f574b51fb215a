package graph

import (
	"testing"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLayout holds that no two items lie on each other, that each stands in its cluster,
// and that what comes next is further down, or for a failure beside.
func TestLayout(t *testing.T) {
	t.Parallel()
	leaf := func(id string) engine.Node {
		return engine.Node{ID: id, Kind: "uses", Step: "x", Name: "The step " + id}
	}
	cond := leaf("cond")
	cond.If, cond.Errors = "inputs.really", map[types.Code]string{"invalid": "It cannot be so.", "conflict": "It is so already."}
	nested := engine.Node{ID: "nested", Kind: "group", Name: "Nested", Parallel: true, Steps: []engine.Node{leaf("p"), cond, {
		ID: "inner", Kind: "group", Steps: []engine.Node{leaf("q"), cond, leaf("r")},
		Rescue: []engine.Node{leaf("s")}, Always: []engine.Node{leaf("u")},
	}, leaf("v")}}
	end := engine.Node{ID: "stop", Kind: "fail", If: "a == b", Message: "Stop."}
	g := Of("all", []engine.Node{leaf("a"), cond, cond, nested, end, cond, leaf("z")})
	p := g.layout(sizeOf)
	around := map[string]box{"": {0, 0, p.w, p.h}}
	for _, x := range g.Items {
		b, in := p.boxes[x.ID], around[x.In]
		around[x.ID] = b
		if b.w <= 0 || b.x < in.x || b.y < in.y || b.x+b.w > in.x+in.w || b.y+b.h > in.y+in.h {
			t.Errorf("%v at %v is not in %v", x.Lines, b, in)
		}
		for _, y := range p.inside[x.In] {
			if o := p.boxes[y.ID]; y.ID != x.ID && b.x < o.x+o.w && o.x < b.x+b.w && b.y < o.y+o.h && o.y < b.y+b.h {
				t.Errorf("%v at %v lies on %v at %v", x.Lines, b, y.Lines, o)
			}
		}
	}
	for _, e := range g.Edges {
		from, to := p.boxes[e.From], p.boxes[e.To]
		if e.Kind == Fails && to.x < from.x+from.w || e.Kind != Fails && to.y < from.y+from.h+layerGap {
			t.Errorf("the edge %v leads from %v to %v", e, from, to)
		}
	}
	if len(g.Items) < 25 || len(g.Edges) < 25 {
		t.Errorf("there are only %d items and %d edges", len(g.Items), len(g.Edges))
	}
}

// TestMarksAreRanked holds that a loop can tell the state of each item.
func TestMarksAreRanked(t *testing.T) {
	t.Parallel()
	ranked := map[string]bool{}
	for _, state := range rank {
		if ranked[state] = true; marks[state].Word == "" {
			t.Errorf("%s has no mark", state)
		}
	}
	for state := range marks {
		if !ranked[state] {
			t.Errorf("%s has no rank", state)
		}
	}
}

func BenchmarkLayout(b *testing.B) {
	var steps []engine.Node
	for range 40 {
		steps = append(steps, engine.Node{ID: "a", Kind: "uses", Step: "x", Name: "A step of some length", If: "inputs.x"})
	}
	g := Of("bench", steps)
	for b.Loop() {
		g.layout(sizeOf)
	}
}
