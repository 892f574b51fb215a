package machine

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

func (m *Machine) enterLoop(a *activation) {
	a.Loop = &loop{}
	m.refuel()
	m.at = a.node
	x, err := m.bare(a.node.ForEach, m.env(a.names, nil))
	if err != nil {
		m.failed(a, err)
		return
	}
	switch x := x.(type) {
	case []any:
		a.Loop.items = x
	case types.Unknown:
		a.Loop.items, a.Loop.Unknown, a.Undecided = []any{x}, true, true
	default:
		m.failed(a, types.Errorf(types.Internal, "for_each %q gave a %s, not a list", a.node.ForEach, types.KindOf(x)))
		return
	}
	if err := m.checkDistinctKeys(a); err != nil {
		m.failed(a, err)
		return
	}
	if m.resultsRead(a) {
		a.Loop.results = make([]any, len(a.Loop.items))
	}
	a.Stage = body
	m.noteStarted(a)
}

func (m *Machine) resultsRead(a *activation) bool {
	return a.node.Kind != program.Assert && !slices.Contains(a.node.Drop, a.node.ID)
}

// checkDistinctKeys refuses two items of one key: their effects would be one.
func (m *Machine) checkDistinctKeys(a *activation) *types.Error {
	if a.Loop.Unknown {
		return nil
	}
	seen := make(map[string]int, len(a.Loop.items))
	for i, x := range a.Loop.items {
		key, err := m.key(a, i, x)
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
func (m *Machine) key(a *activation, i int, x any) (string, *types.Error) {
	if a.Loop.Unknown {
		return "*", nil
	}
	if a.node.Key != "" {
		m.refuel()
		var err *types.Error
		if x, err = m.bare(a.node.Key, m.env(a.names, map[string]any{a.itemName(): x})); err != nil {
			return "", err
		}
	}
	switch x := x.(type) {
	case string:
		return cmp.Or(url.PathEscape(x), "%"), nil
	case int, bool:
		return types.Show(x), nil
	case types.Unknown, types.PartlyUnknown:
		return "*" + strconv.Itoa(i), nil
	}
	return strconv.Itoa(i), nil
}

func (a *activation) itemName() string { return cmp.Or(a.node.As, "item") }

// iterate moves a loop: as many items as may run side by side.
func (m *Machine) iterate(a *activation) {
	l := a.Loop
	most := max(a.node.MaxParallel, 1)
	for {
		m.advanceItems(a)
		if l.Refused != nil {
			m.failed(a, l.Refused)
			return
		}
		if len(l.Live) >= most || l.done() || a.Stop != nil || m.loopFailure(a) != nil {
			break
		}
		l.Live = append(l.Live, m.beginItem(a, l.Next))
		l.Next++
	}
	if slices.ContainsFunc(l.Live, func(x *activation) bool { return x.Stage != ended }) {
		return
	}
	switch failed := m.loopFailure(a); {
	case failed != nil:
		m.failedAt(a, failed)
	case a.Stop != nil && !l.done():
		m.stopped(a)
	default:
		m.leaveLoop(a)
	}
}

// advanceItems moves the items at work and releases those that did well.
func (m *Machine) advanceItems(a *activation) {
	l := a.Loop
	for _, x := range l.Live {
		m.advance(x)
	}
	if m.loopFailure(a) != nil {
		for _, x := range l.Live {
			m.stop(x, &types.Error{Code: types.Cancelled, Message: "stopped, since " + m.loopFailure(a).Path + " failed"})
		}
		for _, x := range l.Live {
			m.advance(x)
		}
	}
	l.Live = slices.DeleteFunc(l.Live, func(x *activation) bool {
		if x.Stage != ended || x.Fail != nil {
			return false
		}
		result := m.itemResult(a, x)
		if l.results != nil {
			l.results[x.Item.Index] = result
		}
		m.askBreak(a, x, result)
		return true
	})
}

// loopFailure is what ended the loop before its time.
func (m *Machine) loopFailure(a *activation) *Failure {
	var out *Failure
	for _, x := range a.Loop.Live {
		out = worse(out, x.Fail)
	}
	return out
}

// done reports whether no further item is to begin.
func (l *loop) done() bool { return l.Broken || l.Next >= len(l.items) }

// itemResult is what an item gave, nil when it gave nothing.
func (m *Machine) itemResult(a, x *activation) any {
	switch {
	case x.Absent:
		return nil
	case x.Undecided:
		return types.Unknown{After: a.node.ID}
	case x.node.Kind == program.Group:
		out := map[string]any{}
		visible([]program.Node{withoutLoop(x.node)}, func(n *program.Node) { out[n.ID] = x.names.steps[n.ID] })
		return out
	}
	return x.result
}

// askBreak asks behind an item whether it was the last one. When a plan cannot
// know, it is unknown from then on whether the run comes to an item, and how many
// results there are.
func (m *Machine) askBreak(a, x *activation, result any) {
	if a.node.BreakIf == "" || a.Loop.Unknown {
		return
	}
	seen := map[string]any{a.itemName(): a.Loop.items[x.Item.Index], "result": result}
	holds, undecided, err := m.condition(a, a.node.BreakIf, seen)
	switch {
	case err != nil:
		a.Loop.Refused = err
	case undecided:
		a.Undecided = true
	default:
		a.Loop.Broken = holds
	}
}

func (m *Machine) beginItem(a *activation, i int) *activation {
	key, err := m.key(a, i, a.Loop.items[i])
	if err != nil {
		key = strconv.Itoa(i) // it was the same key before, see distinct
	}
	x := &activation{
		Path: a.Path + "[" + key + "]", Undecided: a.Undecided, Item: &item{Index: i},
		node: a.node, frame: a.frame,
	}
	m.nameItem(a, x)
	return x
}

func (m *Machine) nameItem(a, x *activation) {
	x.names = a.names.with(a.itemName(), a.Loop.items[x.Item.Index])
	x.names = x.names.with("run", m.runOf(x))
	if a.node.Kind == program.Group {
		x.names = x.names.inside([]program.Node{withoutLoop(a.node)})
	}
}

// withoutLoop is a node as each item of its loop sees it.
func withoutLoop(n *program.Node) program.Node {
	out := *n
	out.ForEach = ""
	return out
}

// leaveLoop makes the results of the items the result of the loop.
func (m *Machine) leaveLoop(a *activation) {
	a.result = nil
	if a.Loop.results != nil {
		a.result = a.Loop.results[:a.Loop.Next]
	}
	m.end(a, Finished)
}
