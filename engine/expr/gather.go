package expr

import "github.com/skillrun/skillrun/engine/expr/fuel"

// gather collects elements of which nobody knows yet how many there will be.
// Room for them is paid for before it is made.
type gather struct {
	fuel  *fuel.Tank
	elems []any
}

func (g *gather) add(v any) error {
	if len(g.elems) == cap(g.elems) {
		room := max(4, 2*cap(g.elems))
		if err := g.fuel.Spend(fuel.Element * room); err != nil {
			return err
		}
		grown := make([]any, len(g.elems), room)
		copy(grown, g.elems)
		g.elems = grown
	}
	g.elems = append(g.elems, v)
	return nil
}

// list returns what was collected, never nil.
func (g *gather) list() []any {
	if g.elems == nil {
		return []any{}
	}
	return g.elems
}
