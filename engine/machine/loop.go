package machine

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// enterLoop evaluates what a loop goes over.
func (m *Machine) enterLoop(v *visit) {
	v.Loop = &loop{}
	m.refuel()
	e, err := m.exprs.expr(v.node.ForEach)
	if err != nil {
		m.failed(v, err)
		return
	}
	x, evalErr := e.Eval(m.env(v.names, nil))
	if evalErr != nil {
		m.failed(v, types.AsError(evalErr))
		return
	}
	switch x := x.(type) {
	case []any:
		v.Loop.items = x
	case types.Unknown:
		v.Loop.items, v.Loop.Unknown, v.Undecided = []any{x}, true, true
	default:
		m.failed(v, types.Errorf(types.Internal, "for_each %q gave a %s, not a list", v.node.ForEach, types.KindOf(x)))
		return
	}
	if err := m.distinct(v); err != nil {
		m.failed(v, err)
		return
	}
	if m.reads(v) {
		v.Loop.results = make([]any, len(v.Loop.items))
	}
	v.Stage = body
	m.started(v)
}

// reads reports whether something reads the loop's result.
func (m *Machine) reads(v *visit) bool {
	return v.node.Kind != program.Assert && !slices.Contains(v.node.Drop, v.node.ID)
}

// distinct refuses two items of one key: their paths, and so their effects,
// would be one.
func (m *Machine) distinct(v *visit) *types.Error {
	if v.Loop.Unknown {
		return nil
	}
	seen := make(map[string]int, len(v.Loop.items))
	for i, x := range v.Loop.items {
		key, err := m.key(v, i, x)
		if err != nil {
			return err
		}
		if first, twice := seen[key]; twice {
			return types.Errorf(types.BadInput, "items %d and %d have the same key %s", first, i, key).
				WithHint("give the loop a key that is unique for each item, or remove duplicates from the list")
		}
		seen[key] = i
	}
	return nil
}

// key is the segment of an item's path.
func (m *Machine) key(v *visit, i int, x any) (string, *types.Error) {
	if v.Loop.Unknown {
		return "*", nil
	}
	if v.node.Key != "" {
		e, err := m.exprs.expr(v.node.Key)
		if err != nil {
			return "", err
		}
		m.refuel()
		k, evalErr := e.Eval(m.env(v.names, map[string]any{v.as(): x}))
		if evalErr != nil {
			return "", types.AsError(evalErr)
		}
		x = k
	}
	switch x := x.(type) {
	case string:
		return segment(x), nil
	case int, bool:
		return types.Show(x), nil
	case types.Unknown, types.PartlyUnknown:
		return "*" + strconv.Itoa(i), nil
	}
	return strconv.Itoa(i), nil
}

// segment writes a key so that it is one part of a path.
func segment(key string) string {
	if key == "" {
		return "%"
	}
	return url.PathEscape(key)
}

func (v *visit) as() string {
	if v.node.As == "" {
		return "item"
	}
	return v.node.As
}

// iterate moves a loop: as many items as may run side by side.
func (m *Machine) iterate(v *visit) {
	l := v.Loop
	most := max(v.node.MaxParallel, 1)
	for {
		m.sweep(v)
		if len(l.Live) >= most || l.Next >= len(l.items) || v.Stop != nil || m.broken(v) != nil {
			break
		}
		l.Live = append(l.Live, m.visitItem(v, l.Next))
		l.Next++
	}
	if slices.ContainsFunc(l.Live, func(x *visit) bool { return x.Stage != over }) {
		return
	}
	switch failed := m.broken(v); {
	case failed != nil:
		m.failedAt(v, failed)
	case v.Stop != nil && l.Next < len(l.items):
		m.stopped(v)
	default:
		m.leaveLoop(v)
	}
}

// sweep moves the items at work and lets go of those that did well.
func (m *Machine) sweep(v *visit) {
	l := v.Loop
	for _, x := range l.Live {
		m.advance(x)
	}
	if m.broken(v) != nil {
		for _, x := range l.Live {
			m.stop(x, &types.Error{Code: types.Cancelled, Message: "stopped, since " + m.broken(v).Path + " failed"})
		}
		for _, x := range l.Live {
			m.advance(x)
		}
	}
	l.Live = slices.DeleteFunc(l.Live, func(x *visit) bool {
		if x.Stage != over || x.Fail != nil {
			return false
		}
		m.keepItem(v, x)
		return true
	})
}

// broken is what ended the loop before its time.
func (m *Machine) broken(v *visit) *Failure {
	var out *Failure
	for _, x := range v.Loop.Live {
		out = worse(out, x.Fail)
	}
	return out
}

// keepItem takes over the result of an item.
func (m *Machine) keepItem(v, x *visit) {
	if v.Loop.results == nil {
		return
	}
	switch {
	case x.Absent:
	case x.Undecided:
		v.Loop.results[x.Item.Index] = types.Unknown{After: v.node.ID}
	case x.node.Kind == program.Group:
		out := map[string]any{}
		visible([]program.Node{unlooped(x.node)}, func(n *program.Node) { out[n.ID] = x.names.steps[n.ID] })
		v.Loop.results[x.Item.Index] = out
	default:
		v.Loop.results[x.Item.Index] = x.result
	}
}

// visitItem begins an item.
func (m *Machine) visitItem(v *visit, i int) *visit {
	key, err := m.key(v, i, v.Loop.items[i])
	if err != nil {
		key = strconv.Itoa(i) // it was the same key before, see distinct
	}
	x := &visit{
		Path: v.Path + "[" + key + "]", Undecided: v.Undecided, Item: &item{Index: i},
		node: v.node, frame: v.frame,
	}
	m.nameItem(v, x)
	return x
}

// nameItem gives an item its names.
func (m *Machine) nameItem(v, x *visit) {
	x.names = v.names.with(v.as(), v.Loop.items[x.Item.Index])
	if v.node.Kind == program.Group {
		x.names = x.names.inside([]program.Node{unlooped(v.node)})
	}
}

// unlooped is a node as each item of its loop sees it.
func unlooped(n *program.Node) program.Node {
	out := *n
	out.ForEach = ""
	return out
}

// leaveLoop makes the results of the items the result of the loop.
func (m *Machine) leaveLoop(v *visit) {
	v.result = nil
	if v.Loop.results != nil {
		v.result = v.Loop.results
	}
	m.end(v, Finished)
}
