// Package fuel bounds what evaluations take: how often they do something, and
// how much memory.
package fuel

import (
	"errors"

	"github.com/skillrun/skillrun/engine/types"
)

// The budgets of one evaluation when the caller sets none.
const (
	Iterations = 100_000
	Bytes      = 64 << 20
)

// Tank is what evaluations may still use up. It counts iterations (runs of a
// predicate or loop body, elements made) and bytes (of every text and list
// that an operator or a function reads or makes), never time, so that an
// expression that is stopped is stopped on every machine at the same place.
// Several evaluations may share one Tank, one after the other.
//
// What is allocated is paid for first, by a bound that is cheap to compute and
// not below what the heap needs, and nothing is given back when it becomes
// garbage. So the bytes bound what an evaluation allocates in all, and with it
// what is ever alive.
type Tank struct{ iterations, bytes int }

// New returns a tank of these budgets.
func New(iterations, bytes int) *Tank { return &Tank{iterations, bytes} }

// Full returns a tank of the default budgets: 100,000 iterations, 64 MiB.
func Full() *Tank { return New(Iterations, Bytes) }

// Left returns how many bytes may still be used.
func (t *Tank) Left() int { return t.bytes }

// Iterate takes n iterations. It fails, and empties the tank, when there are
// not so many or n is negative, as a sum is that overflowed.
func (t *Tank) Iterate(n int) error {
	if n < 0 || n > t.iterations {
		t.iterations = 0
		return types.Errorf(types.BadInput, "the expression %w", emptied("takes too many iterations")).
			WithHint("narrow the list before working on it, or do it in steps")
	}
	t.iterations -= n
	return nil
}

// Spend takes n bytes, and fails as Iterate does.
func (t *Tank) Spend(n int) error {
	if n < 0 || n > t.bytes {
		t.bytes = 0
		return types.Errorf(types.BadInput, "the expression %w", emptied("handles too much text")).
			WithHint("work on a part of it")
	}
	t.bytes -= n
	return nil
}

// emptied is the cause of a tank's errors.
type emptied string

// Error says what there was too much of.
func (e emptied) Error() string { return string(e) }

// Exhausted reports whether err comes of a tank that had not enough.
func Exhausted(err error) bool {
	var e emptied
	return errors.As(err, &e)
}

// What things cost in bytes, where it is more than their text.
const (
	Element = 16  // an element of a list, read or made
	Cell    = 32  // a value of its own: a number, the head of a text or list
	Grown   = 96  // an element of a list that grows as it is made
	Call    = 192 // a call, with its arguments and what it keeps
	turn    = 64  // a run of a body: what travels as an error from it
)

// Object is what making an object of n members costs: Go's maps come in groups
// of eight, and grow by doubling.
func Object(n int) int {
	if n <= 8 {
		return 352
	}
	return 352 + 112*n
}

// Turn takes what one run of a body costs.
func (t *Tank) Turn() error {
	if err := t.Iterate(1); err != nil {
		return err
	}
	return t.Spend(turn)
}

// Read takes what going through the whole of v costs, as if it were copied, and
// reports whether something in it cannot be known yet.
func (t *Tank) Read(v any) (open bool, err error) {
	switch v := v.(type) {
	case types.Unknown, types.PartlyUnknown:
		return true, nil
	case string:
		return false, t.Spend(len(v))
	case []any:
		err = t.Spend(Element * len(v))
		for i := 0; i < len(v) && err == nil; i++ {
			err = t.readInto(&open, v[i])
		}
	case map[string]any:
		err = t.Spend(Element * len(v))
		for k, e := range v {
			if err == nil {
				err = t.Spend(len(k))
			}
			if err == nil {
				err = t.readInto(&open, e)
			}
		}
	}
	return open, err
}

func (t *Tank) readInto(open *bool, v any) error {
	inner, err := t.Read(v)
	*open = *open || inner
	return err
}

// Room makes an empty list for n elements.
func (t *Tank) Room(n int) ([]any, error) {
	if err := t.Spend(Element*n + Cell); err != nil {
		return nil, err
	}
	return make([]any, 0, n), nil
}
