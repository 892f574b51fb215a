package expr

import (
	"errors"
	"time"

	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/types"
)

// Env is what an evaluation reads. It is not changed.
type Env struct {
	Vars map[string]any
	Now  time.Time      // of the run's start; now() and today()
	Zone *time.Location // nil means UTC
	Fuel *fuel.Tank     // nil means the default budgets
	Took Took           // is told which ways the evaluation takes; nil tells nobody
}

type evaluator struct {
	stdlib.Caller
	vars   map[string]any
	locals *local // of let and of the loops of a text, the innermost first
	elem   any    // # of the predicate that is running
	place  int    // #index
	acc    any    // #acc of the reduce that is running
	args   []any  // of the calls that are running
	took   Took
	offset int    // where the source of the expression begins in the one that was given
	few    [4]any // room for args
}

type local struct {
	name  string
	value any
	outer *local
}

func newEvaluator(env Env) *evaluator {
	ev := &evaluator{Caller: stdlib.Caller{Tank: env.Fuel, Now: env.Now.UTC()}, vars: env.Vars, took: env.Took}
	if env.Zone != nil {
		ev.Now = env.Now.In(env.Zone)
	}
	ev.args = ev.few[:0]
	if ev.Tank == nil {
		ev.Tank = fuel.Full()
	}
	return ev
}

// errNothing travels from a ?. that found nothing to the end of its chain.
var errNothing = errors.New("nothing there")

// settle turns what travelled as an error into a value.
func settle(v any, err error) (any, error) {
	var u stdlib.NotKnown
	if errors.As(err, &u) {
		return u.Unknown, nil
	}
	if err != nil {
		return nil, types.AsError(err)
	}
	return v, nil
}

func isUnknown(err error) bool {
	_, ok := err.(stdlib.NotKnown)
	return ok
}

// eval computes n. The value may be a [types.PartlyUnknown] or hold unknown
// leaves inside; whoever looks into it uses take.
func (ev *evaluator) eval(n node) (any, error) {
	switch n := n.(type) {
	case *literal:
		return n.value, nil
	case *name:
		return ev.name(n)
	case *chain:
		v, err := ev.eval(n.of)
		if err == errNothing {
			return nil, nil
		}
		return v, err
	case *member:
		return ev.member(n)
	case *index:
		return ev.index(n)
	case *slice:
		return ev.slice(n)
	case *unary:
		return ev.unary(n)
	case *binary:
		return ev.binary(n)
	case *cond:
		test, err := ev.boolean(n.test)
		switch {
		case err != nil:
			return nil, err
		case test:
			ev.note(n.yes, ArmTrue)
			return ev.eval(n.yes)
		}
		ev.note(n.no, ArmFalse)
		return ev.eval(n.no)
	case *let:
		return ev.let(n)
	case *list:
		return ev.list(n)
	case *object:
		return ev.object(n)
	case *call:
		return ev.call(n)
	}
	return nil, types.Errorf(types.Internal, "no evaluation for %T", n)
}

// take computes n for someone who looks into all of it: it is paid for, and
// an unknown leaf anywhere makes the result unknown.
func (ev *evaluator) take(n node) (any, error) {
	v, err := ev.eval(n)
	if err != nil {
		return nil, err
	}
	return v, ev.Take(v)
}

// leaf reports an unknown leaf that has just been read.
func leaf(v any) (any, error) {
	if u, ok := v.(types.Unknown); ok {
		return nil, stdlib.NotKnown{Unknown: u}
	}
	return v, nil
}

func (ev *evaluator) name(n *name) (any, error) {
	switch n.name {
	case "#":
		return leaf(ev.elem)
	case "#index":
		return ev.place, nil
	case "#acc":
		return leaf(ev.acc)
	}
	for l := ev.locals; l != nil; l = l.outer {
		if l.name == n.name {
			return leaf(l.value)
		}
	}
	return leaf(ev.vars[n.name])
}

func (ev *evaluator) base(of node, optional bool) (any, error) {
	v, err := ev.eval(of)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil:
		if optional {
			return nil, errNothing
		}
		return nil, absent(of)
	case types.PartlyUnknown:
		return nil, stdlib.NotKnown{Unknown: types.Unknown{After: v.After}}
	}
	return v, nil
}

func absent(n node) error {
	return types.Errorf(types.BadInput, "%s is absent", show(n)).WithHint("guard it with ?., ?? or has()")
}

func wrongKind(n node, v any, want string) error {
	if v == nil {
		return absent(n)
	}
	return types.Errorf(types.Internal, "%s is of kind %s, not %s", show(n), types.KindOf(v), want)
}

func (ev *evaluator) member(n *member) (any, error) {
	v, err := ev.base(n.of, n.optional)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrongKind(n.of, v, "object")
	}
	return leaf(m[n.name])
}

func (ev *evaluator) index(n *index) (any, error) {
	v, err := ev.base(n.of, n.optional)
	if err != nil {
		return nil, err
	}
	i, err := ev.take(n.i)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		key, ok := i.(string)
		if !ok {
			return nil, wrongKind(n.i, i, "string")
		}
		return leaf(v[key])
	case []any:
		at, ok := i.(int)
		if !ok {
			return nil, wrongKind(n.i, i, "integer")
		}
		if at < 0 {
			at += len(v)
		}
		if at < 0 || at >= len(v) {
			return nil, types.Errorf(types.BadInput, "%s has no element %d: its length is %d", show(n.of), i, len(v)).
				WithHint("first() and last() give nothing for an empty list instead")
		}
		return leaf(v[at])
	}
	return nil, wrongKind(n.of, v, "list")
}

func (ev *evaluator) boolean(n node) (bool, error) { return takeAs[bool](ev, n, "boolean") }
func (ev *evaluator) integer(n node) (int, error)  { return takeAs[int](ev, n, "integer") }

func takeAs[T any](ev *evaluator, n node, want string) (T, error) {
	v, err := ev.take(n)
	t, ok := v.(T)
	if err == nil && !ok {
		err = wrongKind(n, v, want)
	}
	return t, err
}

// let computes the value once, before the body; one that is unknown stops only
// what reads it.
func (ev *evaluator) let(n *let) (any, error) {
	if err := ev.Spend(fuel.Grown); err != nil {
		return nil, err
	}
	v, err := stdlib.Inside(ev.eval(n.value))
	if err != nil {
		return nil, err
	}
	outer := ev.locals
	ev.locals = &local{n.name, v, outer}
	v, err = ev.eval(n.body)
	ev.locals = outer
	return v, err
}

func (ev *evaluator) list(n *list) (any, error) {
	out, err := ev.Room(len(n.elems))
	if err != nil {
		return nil, err
	}
	for _, e := range n.elems {
		v, err := stdlib.Inside(ev.eval(e))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (ev *evaluator) object(n *object) (any, error) {
	if err := ev.Spend(fuel.Object(len(n.keys))); err != nil {
		return nil, err
	}
	out := make(map[string]any, len(n.keys))
	for i, k := range n.keys {
		v, err := stdlib.Inside(ev.eval(n.values[i]))
		if err != nil {
			return nil, err
		}
		out[k] = v
	}
	return out, nil
}
