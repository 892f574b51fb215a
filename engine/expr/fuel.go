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

// elementCost is what reading one element of a list or object costs in bytes.
const elementCost = 16

// read charges for going through the whole of v.
func (f *Fuel) read(v any) error {
	switch v := v.(type) {
	case string:
		return f.handle(len(v))
	case []any:
		if err := f.handle(elementCost * len(v)); err != nil {
			return err
		}
		for _, e := range v {
			if err := f.read(e); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := f.handle(elementCost * len(v)); err != nil {
			return err
		}
		for k, e := range v {
			if err := f.handle(len(k)); err != nil {
				return err
			}
			if err := f.read(e); err != nil {
				return err
			}
		}
	}
	return nil
}
