package expr

import (
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
)

// slice computes x[from:to] of a text or a list.
func (ev *evaluator) slice(n *slice) (any, error) {
	v, err := ev.eval(n.of)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		if err := ev.Take(v); err != nil {
			return nil, err
		}
		from, to, err := ev.bounds(n, utf8.RuneCountInString(v))
		if err != nil {
			return nil, err
		}
		start := stdlib.RuneAt(v, from)
		return v[start : start+stdlib.RuneAt(v[start:], to-from)], ev.Spend(fuel.Cell)
	case []any:
		from, to, err := ev.bounds(n, len(v))
		if err != nil {
			return nil, err
		}
		return v[from:to:to], ev.Spend(fuel.Cell)
	}
	if err := ev.Take(v); err != nil {
		return nil, err
	}
	return nil, wrongKind(n.of, v, "list")
}

// bounds computes the ends of a slice. A negative end counts from behind, and
// what lies outside is cut off.
func (ev *evaluator) bounds(n *slice, length int) (from, to int, err error) {
	from, to = 0, length
	if n.from != nil {
		if from, err = ev.integer(n.from); err != nil {
			return 0, 0, err
		}
	}
	if n.to != nil {
		if to, err = ev.integer(n.to); err != nil {
			return 0, 0, err
		}
	}
	if from < 0 {
		from += length
	}
	if to < 0 {
		to += length
	}
	to = max(0, min(to, length))
	return max(0, min(from, to)), to, nil
}
