package machine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// allowed says what may stand at a place: a return, not in loops and such.
type allowed struct{ back bool }

// generator draws programs. Only what stands behind a step may be skipped, so
// that whatever is begun has something to do.
type generator struct {
	r *rand.Rand
	n int
}

func (g *generator) chance(one int) bool { return g.r.IntN(one) == 0 }

func (g *generator) sequence(depth int, may allowed) []program.Node {
	out := []program.Node{g.node(depth, may)}
	for range g.r.IntN(3) {
		n := g.node(depth, may)
		if may.back && g.chance(8) {
			n = program.Node{ID: n.ID, Kind: program.Return}
		}
		if g.chance(6) {
			n.If = "1 == 2"
		}
		out = append(out, n)
	}
	return out
}

func (g *generator) node(depth int, may allowed) program.Node {
	g.n++
	n := uses(fmt.Sprint("n", g.n), nil)
	n.Drop = []string{n.ID}
	if g.chance(2) {
		n.Step, n.Effect = "put", "write"
	}
	looped := g.chance(6)
	switch kind := g.r.IntN(8); {
	case depth == 0 || kind < 3:
	case kind == 3:
		n = program.Node{ID: n.ID, Kind: program.Skill, Call: &program.Call{Skill: n.ID, Inputs: types.ObjectOf(), Steps: g.sequence(depth-1, allowed{back: true})}}
	default:
		n = program.Node{ID: n.ID, Kind: program.Group, Parallel: g.chance(3)}
		inner := allowed{back: may.back && !n.Parallel && !looped}
		n.Steps = g.sequence(depth-1, inner)
		if n.Parallel {
			for i := range n.Steps {
				n.Steps[i].If = ""
			}
			n.MaxParallel = g.r.IntN(3)
		}
		if g.chance(3) {
			n.Rescue = g.sequence(depth-1, allowed{back: may.back && !looped})
		}
		if g.chance(2) {
			n.Always = g.sequence(depth-1, allowed{})
		}
	}
	if g.chance(4) {
		n.Retry = &program.Retry{Attempts: 2 + g.r.IntN(2)}
		if g.chance(2) {
			n.Retry.Before = g.sequence(0, allowed{})
		}
	}
	n.OnError = g.chance(6)
	if looped {
		n.ForEach, n.MaxParallel, n.OnItemError = `["p", "q", "r"]`, g.r.IntN(3), g.chance(2)
		if n.MaxParallel < 2 && g.chance(2) {
			n.BreakIf = `item == "q"`
		}
	}
	return n
}

// drawn shows a program as nested lists.
func drawn(nodes []program.Node) string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		parts := []string{n.ID}
		add := func(is bool, format string, args ...any) {
			if is {
				parts = append(parts, fmt.Sprintf(format, args...))
			}
		}
		add(n.Kind != program.Uses, "%s", n.Kind)
		add(n.Effect == "write", "write")
		add(n.If != "", "off")
		add(n.ForEach != "", "for_each")
		add(n.Parallel, "parallel")
		add(n.MaxParallel > 0, "max %d", n.MaxParallel)
		add(n.OnError, "on_error")
		add(n.OnItemError, "on_item_error")
		add(n.BreakIf != "", "break_if")
		if n.Call != nil {
			parts = append(parts, drawn(n.Call.Steps))
		}
		add(len(n.Steps) > 0, "%s", drawn(n.Steps))
		add(len(n.Rescue) > 0, "rescue %s", drawn(n.Rescue))
		add(len(n.Always) > 0, "always %s", drawn(n.Always))
		if n.Retry != nil {
			parts = append(parts, fmt.Sprintf("retry %d before %s", n.Retry.Attempts, drawn(n.Retry.Before)))
		}
		out[i] = strings.Join(parts, " ")
	}
	return "[" + strings.Join(out, ", ") + "]"
}
