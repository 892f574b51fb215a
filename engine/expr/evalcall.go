package expr

import (
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// call runs a function. Its arguments are computed and paid for first.
func (ev *evaluator) call(n *call) (any, error) {
	if err := ev.Spend(fuel.Call + fuel.Element*len(n.args)); err != nil {
		return nil, err
	}
	// Calls that are made for an argument, or by a body, put theirs behind.
	below := len(ev.args)
	defer func() { ev.args = ev.args[:below] }()
	for i := range n.args {
		arg, err := ev.argument(n, i)
		if err != nil {
			return nil, err
		}
		ev.args = append(ev.args, arg)
	}
	v, err := n.fn.Run(&ev.Caller, ev.args[below:])
	if err == nil {
		return leaf(v)
	}
	return nil, failure(n, err)
}

// failure is why a call failed, as it is said of the source.
func failure(n *call, err error) error {
	var out *types.Error
	switch err := err.(type) {
	case stdlib.WrongKind:
		at := node(n)
		if err.Arg >= 0 {
			at = n.args[err.Arg]
		}
		return wrongKind(at, err.Value, err.Want)
	case stdlib.Refused:
		out = types.Errorf(types.BadInput, "%s %s", show(n.args[err.Arg]), err.Why)
	case *types.Error:
		out = err
	default:
		return err
	}
	if n.fn.Parses() && out.Code == types.BadInput && !fuel.Exhausted(out) {
		return stdlib.Unreadable{Failure: out}
	}
	return out
}

func (ev *evaluator) argument(n *call, i int) (any, error) {
	a, f := n.args[i], n.fn
	switch {
	case f.Place:
		return ev.find(a)
	case f.Lazy:
		return stdlib.Later(func() (any, error) { return ev.eval(a) }), nil
	case (f.Second == stdlib.Body || f.Second == stdlib.Folding) && i == 0:
		return ev.elements(a)
	case f.Second == stdlib.Body:
		return ev.body(a), nil
	case f.Second == stdlib.Folding && i == 1:
		return ev.fold(a), nil
	case f.Second == stdlib.Shape && i == 1:
		return n.shape, nil
	case n.pattern != nil && i == 1:
		return n.pattern, nil
	case f.Second == stdlib.Replacement && i == 2:
		return ev.replacement(n.pieces)
	}
	v, err := ev.eval(a)
	if err != nil {
		return nil, err
	}
	return v, ev.accept(f, v, a, i)
}

// accept goes through the value of an argument and checks it against its type.
func (ev *evaluator) accept(f *stdlib.Function, v any, a node, i int) error {
	if f.Unread {
		switch v.(type) {
		case []any, map[string]any:
			return nil
		}
	}
	left := ev.Left()
	if err := ev.Take(v); err != nil {
		return err
	}
	if err := ev.Spend(f.Cost * (left - ev.Left())); err != nil {
		return err
	}
	switch {
	case v == nil && f.Maybe:
		return nil
	case v == nil:
		return absent(a)
	case len(f.Params) == 0:
		return nil
	}
	return fits(f.Params[min(i, len(f.Params)-1)], v, a)
}

// fits reports an argument that is not of a parameter's type. Its kind was
// checked before anything ran, which of a few texts it is was not.
func fits(want types.Type, v any, n node) error {
	err := want.Check(v)
	switch {
	case err == nil:
		return nil
	case len(want.Enum) > 0 && types.KindOf(v) == types.String:
		return types.Errorf(types.BadInput, "%s %v", show(n), err)
	}
	return wrongKind(n, v, want.String())
}

// elements computes a list, a []any, without looking at what is in it.
func (ev *evaluator) elements(n node) (any, error) {
	v, err := ev.eval(n)
	if _, ok := v.([]any); ok || err != nil {
		return v, err
	}
	if err := ev.Take(v); err != nil {
		return nil, err
	}
	return nil, wrongKind(n, v, "list")
}

// body is n for the elements of a list.
func (ev *evaluator) body(n node) stdlib.Each {
	return func(elem any, place int) (any, error) {
		if err := ev.Turn(); err != nil {
			return nil, err
		}
		outer, at := ev.elem, ev.place
		ev.elem, ev.place = elem, place
		v, err := ev.eval(n)
		ev.elem, ev.place = outer, at
		return v, err
	}
}

// fold is n for the elements of a list, each with what came of those before.
func (ev *evaluator) fold(n node) stdlib.Fold {
	body := ev.body(n)
	return func(acc, elem any, place int) (any, error) {
		outer := ev.acc
		ev.acc = acc
		v, err := body(elem, place)
		ev.acc = outer
		return v, err
	}
}

// replacement computes the pieces of a replacement that are expressions.
func (ev *evaluator) replacement(pieces []piece) (any, error) {
	out := make([]stdlib.Piece, len(pieces))
	for i, p := range pieces {
		out[i] = p.Piece
		if p.of == nil {
			continue
		}
		var err error
		if out[i].Text, err = takeAs[string](ev, p.of, "string"); err != nil {
			return nil, err
		}
	}
	return out, ev.Spend(fuel.Cell * len(pieces))
}

// find computes a path; what is not there is nil wherever it ends.
func (ev *evaluator) find(n node) (any, error) {
	switch n := n.(type) {
	case *chain:
		return ev.find(n.of)
	case *member:
		v, err := ev.find(n.of)
		if m, ok := v.(map[string]any); ok && err == nil {
			return leaf(m[n.name])
		}
		return nil, err
	case *index:
		v, err := ev.find(n.of)
		if err != nil || v == nil {
			return nil, err
		}
		i, err := ev.take(n.i)
		if err != nil {
			return nil, err
		}
		return leaf(stdlib.Lookup(v, i))
	}
	return ev.eval(n)
}
