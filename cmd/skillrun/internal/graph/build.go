package graph

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine"
)

// Of is the graph of a skill's steps. Values without a name are left out, as
// everywhere where people are shown steps, unless there is nothing else.
func Of(title string, steps []engine.Node) *Graph {
	b := &builder{g: &Graph{Title: said(title)}}
	b.all = !slices.ContainsFunc(steps, func(n engine.Node) bool { return b.isShown(&n) })
	start := b.add(Item{Shape: End, Lines: []string{"Start"}})
	ends := b.sequence(steps, place{}, []end{{start, "", Then}})
	done := b.add(Item{Shape: End, Lines: []string{"Done"}})
	b.join(ends, done)
	return b.g
}

// builder adds items and edges.
type builder struct {
	g   *Graph
	all bool // values are shown too
}

// place is where items are added.
type place struct {
	in   string // the cluster
	path string // of the step around, with a slash at its end, or ""
}

// end is an item behind which the next one stands.
type end struct {
	from, label string
	kind        EdgeKind
}

func (b *builder) add(x Item) string {
	x.ID = "n" + strconv.Itoa(len(b.g.Items))
	b.g.Items = append(b.g.Items, x)
	return x.ID
}

// join leads all ends to an item.
func (b *builder) join(ends []end, to string) {
	for _, e := range ends {
		b.g.Edges = append(b.g.Edges, Edge{e.from, to, e.label, e.kind})
	}
}

// sequence adds steps one behind the other, and returns what the next one follows.
func (b *builder) sequence(steps []engine.Node, at place, ends []end) []end {
	for i := range steps {
		if n := &steps[i]; b.isShown(n) {
			ends = b.step(n, at, ends)
		}
	}
	return ends
}

// isShown reports whether a step is drawn: a group is when a step in it is.
func (b *builder) isShown(n *engine.Node) bool {
	if n.Kind != "set" || n.Name != "" {
		return n.Kind != "group" || n.Name != "" || slices.ContainsFunc(n.Steps, func(x engine.Node) bool { return b.isShown(&x) })
	}
	return b.all
}

// step adds a step with its condition, and what comes when it fails.
func (b *builder) step(n *engine.Node, at place, ends []end) []end {
	var after []end
	if n.If != "" {
		d := b.add(Item{In: at.in, Shape: Decision, Lines: []string{said(n.If) + " ?"}})
		b.join(ends, d)
		ends, after = []end{{d, "yes", Yes}}, []end{{d, "no", Then}}
	}
	id := b.body(n, at)
	b.join(ends, id)
	if texts := failures(n); len(texts) > 0 {
		b.join([]end{{id, "fails", Fails}}, b.add(Item{In: at.in, Shape: Exit, Lines: texts}))
	}
	if n.Kind == "fail" || n.Kind == "return" {
		return after
	}
	return append([]end{{id, "", Then}}, after...)
}

// body adds what a step is: one item, or a cluster of what stands in it.
func (b *builder) body(n *engine.Node, at place) string {
	path := at.path + n.ID
	x := Item{In: at.in, Path: path, Shape: shapeOf(n), Lines: append([]string{said(cmp.Or(n.Name, n.ID))}, about(n)...)}
	inner := n.Steps
	if n.Call != nil && !n.Call.StepType {
		inner = n.Call.Steps
	}
	if !slices.ContainsFunc(inner, func(y engine.Node) bool { return b.isShown(&y) }) {
		return b.add(x)
	}
	x.Cluster = true
	id := b.add(x)
	in := place{id, path + "/"}
	if len(n.Rescue)+len(n.Always) == 0 {
		b.fill(inner, n.Parallel, in)
		return id
	}
	tries := b.part("first", inner, n.Parallel, in)
	ends := []end{{tries, "", Then}}
	if len(n.Rescue) > 0 {
		rescue := b.part("rescue", n.Rescue, false, in)
		b.join([]end{{tries, "when a step fails", Yes}}, rescue)
		ends = append(ends, end{rescue, "", Then})
	}
	if len(n.Always) > 0 {
		b.join(ends, b.part("always", n.Always, false, in))
	}
	return id
}

// part adds a cluster for one of the lists of a group.
func (b *builder) part(title string, steps []engine.Node, parallel bool, at place) string {
	id := b.add(Item{In: at.in, Cluster: true, Lines: []string{title}})
	b.fill(steps, parallel, place{id, at.path})
	return id
}

// fill puts steps into a cluster: one behind the other, or side by side.
func (b *builder) fill(steps []engine.Node, parallel bool, at place) {
	if !parallel {
		b.sequence(steps, at, nil)
		return
	}
	for i := range steps {
		b.sequence(steps[i:i+1], at, nil)
	}
}

// about tells what stands around a step, and what it uses.
func about(n *engine.Node) []string {
	var out []string
	if uses := usesOf(n); uses != "" {
		out = append(out, uses)
	}
	if n.ForEach != "" {
		out = append(out, said("↻ for each "+cmp.Or(n.As, "item")+" of "+n.ForEach))
	}
	if n.BreakIf != "" {
		out = append(out, said("↻ until "+n.BreakIf))
	}
	if n.Kind == "await" {
		out = append(out, said("↻ every "+n.Every+" until "+n.Until))
	}
	if n.Parallel {
		out = append(out, "side by side")
	}
	if n.Retry != nil {
		out = append(out, fmt.Sprintf("↻ up to %d times", n.Retry.Attempts)+cures(n.Retry.Before))
	}
	return out
}

func cures(before []engine.Node) string {
	var names []string
	for _, n := range before {
		names = append(names, cmp.Or(n.Name, n.ID))
	}
	if len(names) == 0 {
		return ""
	}
	return said(", after " + strings.Join(names, ", "))
}

func usesOf(n *engine.Node) string {
	if n.Call != nil {
		return said(n.Call.Uses())
	}
	if n.Step == "" {
		return ""
	}
	return said(n.Step)
}

func shapeOf(n *engine.Node) Shape {
	switch {
	case n.Kind == "approve" || n.Kind == "await":
		return Round
	case n.Kind == "assert":
		return Decision
	case n.Kind == "fail":
		return Exit
	case n.Kind == "return":
		return End
	case n.Effect == "write":
		return Write
	}
	return Box
}

// failures are the texts that a skill itself says when a step fails.
func failures(n *engine.Node) []string {
	var out []string
	if n.Kind == "assert" && n.Message != "" {
		out = append(out, "✗ "+said(n.Message))
	}
	for _, text := range n.Errors {
		out = append(out, "✗ "+said(text))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
