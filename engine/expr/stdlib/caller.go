package stdlib

import (
	"time"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/types"
)

// Caller is the evaluation that calls a function: what it may use up, when its
// run started, and what it has paid for already.
type Caller struct {
	*fuel.Tank
	Now time.Time // in the zone of the run

	zones map[string]*time.Location // that were asked for by name
	made  map[any]bool              // what was paid for once
}

// Take goes through the whole of v, which is paid for. It fails with [NotKnown]
// when something in it cannot be known yet.
func (by *Caller) Take(v any) error {
	open, err := by.Read(v)
	if err != nil || !open {
		return err
	}
	u, _ := types.FirstUnknown(v)
	return NotKnown{u}
}

// once pays for making something that is kept, when it is first needed.
func (by *Caller) once(what any, cost int) error {
	if by.made[what] {
		return nil
	}
	if by.made == nil {
		by.made = map[any]bool{}
	}
	by.made[what] = true
	return by.Spend(cost)
}

// NotKnown travels as an error from the place that reads an unknown leaf to the
// nearest operator or function that can decide without it, or to the top.
type NotKnown struct{ types.Unknown }

// Error returns "(known after ID)".
func (n NotKnown) Error() string { return n.String() }

// Inside is what a list or an object holds of a value that was computed: an
// unknown one becomes a leaf.
func Inside(v any, err error) (any, error) {
	if n, ok := err.(NotKnown); ok {
		return n.Unknown, nil
	}
	return v, err
}

// WrongKind is the failure of a function whose arguments were not checked.
type WrongKind struct {
	Arg   int // -1 when it is something inside
	Value any
	Want  string
}

// Error says what is wanted.
func (w WrongKind) Error() string { return "not " + w.Want }

// Each computes a body for an element at a place of a list. A run of it is paid
// for.
type Each func(elem any, place int) (any, error)

// Fold computes a body as [Each] does, with what came of the elements before.
type Fold func(acc, elem any, place int) (any, error)

// Later computes an argument when it is asked to.
type Later func() (any, error)

// Unreadable travels as an error from a function that could not read a text to
// the nearest try(), or to the top.
type Unreadable struct{ Failure *types.Error }

// Error returns the function's own message.
func (u Unreadable) Error() string { return u.Failure.Error() }

// Unwrap returns the function's own failure.
func (u Unreadable) Unwrap() error { return u.Failure }

// badArgument is the failure of a function on a value that its types allow.
func badArgument(format string, args ...any) *types.Error {
	return types.Errorf(types.BadInput, format, args...)
}

// Refused is the failure of a function on a value of one of its arguments, which
// whoever calls it can show.
type Refused struct {
	Arg int
	Why string
}

// Error says why.
func (r Refused) Error() string { return r.Why }
