package expr

import "github.com/skillrun/skillrun/engine/types"

// The budgets of one evaluation when the caller sets none.
const (
	DefaultIterations = 100_000
	DefaultBytes      = 64 << 20
)

// Fuel is what evaluations may still use up. It counts iterations (runs of a
// predicate or loop body, elements made) and bytes (of every text and list
// that an operator or a function reads or makes), never time, so that an
// expression that is stopped is stopped on every machine at the same place.
// Several evaluations may share one Fuel, one after the other.
//
// What is allocated is paid for first, at no less than it takes on the heap,
// and nothing is given back when it becomes garbage. So the bytes bound what an
// evaluation allocates in all, and with it what is ever alive.
type Fuel struct{ iterations, bytes int }

// NewFuel returns budgets.
func NewFuel(iterations, bytes int) *Fuel { return &Fuel{iterations, bytes} }

func (f *Fuel) iterate(n int) error {
	if n < 0 || n > f.iterations {
		f.iterations = 0
		return types.Errorf(types.BadInput, "the expression takes too many iterations").
			WithHint("narrow the list before working on it, or do it in steps")
	}
	f.iterations -= n
	return nil
}

func (f *Fuel) handle(n int) error {
	if n < 0 || n > f.bytes {
		f.bytes = 0
		return types.Errorf(types.BadInput, "the expression handles too much text").
			WithHint("work on a part of it")
	}
	f.bytes -= n
	return nil
}

// What things cost in bytes, where it is more than their text: what Go's heap
// needs for them, rounded up.
const (
	elementCost   = 16  // an element of a list, read or made
	cellCost      = 32  // a value of its own: a number, the head of a text or list
	callCost      = 192 // a call, with its arguments and what it keeps
	iterationCost = 64  // a run of a body: what travels as an error from it
)

// objectCost is what making an object of n members costs: Go's maps come in
// groups of eight, and grow by doubling.
func objectCost(n int) int {
	if n <= 8 {
		return 352
	}
	return 352 + 112*n
}

// read charges for going through the whole of v, as if it were copied, and
// reports whether something in it cannot be known yet.
func (f *Fuel) read(v any) (open bool, err error) {
	switch v := v.(type) {
	case types.Unknown, types.PartlyUnknown:
		return true, nil
	case string:
		return false, f.handle(len(v))
	case []any:
		return f.readList(v)
	case map[string]any:
		if err := f.handle(elementCost * len(v)); err != nil {
			return false, err
		}
		for k, e := range v {
			if err := f.handle(len(k)); err != nil {
				return false, err
			}
			inner, err := f.read(e)
			if err != nil {
				return false, err
			}
			open = open || inner
		}
	}
	return open, nil
}

func (f *Fuel) readList(v []any) (open bool, err error) {
	if err := f.handle(elementCost * len(v)); err != nil {
		return false, err
	}
	for _, e := range v {
		inner, err := f.read(e)
		if err != nil {
			return false, err
		}
		open = open || inner
	}
	return open, nil
}

// gather collects elements of which nobody knows yet how many there will be.
// Room for them is paid for before it is made.
type gather struct {
	fuel  *Fuel
	elems []any
}

func (g *gather) add(v any) error {
	if len(g.elems) == cap(g.elems) {
		room := max(4, 2*cap(g.elems))
		if err := g.fuel.handle(elementCost * room); err != nil {
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

// room makes an empty list for n elements, paid for.
func (f *Fuel) room(n int) ([]any, error) {
	if err := f.handle(elementCost*n + cellCost); err != nil {
		return nil, err
	}
	return make([]any, 0, n), nil
}

// texts makes a list of texts, paid for.
func (f *Fuel) texts(parts []string) (any, error) {
	if err := f.handle((elementCost + cellCost) * len(parts)); err != nil {
		return nil, err
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out, nil
}
