// Package index knows what stands where in a file of the language, for editors: what
// a name means and where else it stands, what can be written at a place, and the type
// of what is read. It gives positions and words as the engine counts and says them, and
// knows no editor's protocol.
//
// It has no eyes of its own: [Build] lets the checker go through the file and keeps
// what that came across (check.Watch). A file that cannot be parsed, as most files are
// while somebody types, is read without the lines that are in the way; the
// diagnostics are of the file as it is.
package index

import (
	"cmp"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// World is what a file can reach for, and the names that can be chosen from.
type World struct {
	check.World
	Skills   func() []Named // those that uses: skill:NAME finds
	Types    func() []Named // the step types that files declare
	Services func() []Named // of the configuration, with their kinds as docs
	Table    *Table         // of a file that is no skill and no step type; nil is one of the two
}

// Named is something that is found by its name.
type Named struct{ Name, Doc string }

// Index is what there is to know of one file. It does not change.
type Index struct {
	File  string
	Diags diag.List    // of the file, and of those that it calls; see Explain
	Root  *syntax.Node // nil where nothing can be made of the text
	Skill *check.Skill // nil as Root

	world   World
	text    []byte
	broken  bool // the text is no YAML
	lines   []string
	uses    []use
	members []mention
	texts   []*syntax.Node          // what holds expressions
	bare    map[diag.Pos]bool       // of those that are one expression
	args    map[diag.Pos]types.Type // by where the mapping begins
	wants   map[diag.Pos]types.Type
	results map[string]types.Type // by the ids of steps
	steps   []stepAt
}

// use is the name of a step type or a skill, where it is used.
type use struct {
	node   *syntax.Node
	step   step.Step
	called *check.Skill
}

// mention is a name in an expression.
type mention struct {
	path []string
	at   diag.Range
	typ  types.Type
}

// stepAt is a step of the file.
type stepAt struct {
	id   string
	node *syntax.Node
}

// Build checks a file and keeps what the checker saw. Where the text is no YAML, near is
// the line that is likely to be why, 0 for none.
func Build(file string, text []byte, near int, w World) *Index {
	x := &Index{File: file, world: w, text: text, lines: strings.Split(string(text), "\n")}
	root, diags := syntax.Try(file, text)
	switch {
	case w.Table != nil:
		if x.Root, x.Diags = root, w.Table.Diags; root == nil {
			x.Root = mended(file, string(text), near)
		}
	case root != nil:
		x.Diags = x.check(root, text, diags)
	case len(text) <= syntax.MaxBytes && len(diags) == 0:
		if root = mended(file, string(text), near); root != nil {
			x.check(root, text, nil)
		}
		x.broken = true
	default:
		x.Diags = diags
	}
	return x
}

// Explain returns all diagnostics: also why the text is no YAML, which takes a while.
func (x *Index) Explain() diag.List {
	if !x.broken {
		return x.Diags
	}
	_, diags := syntax.Parse(x.File, x.text)
	return diags
}

// check has the checker go through a tree.
func (x *Index) check(root *syntax.Node, text []byte, diags diag.List) diag.List {
	w := x.world.World
	x.Root = root
	x.bare, x.args, x.wants, x.results = map[diag.Pos]bool{}, map[diag.Pos]types.Type{}, map[diag.Pos]types.Type{}, map[string]types.Type{}
	w.Watch = &check.Watch{
		Expression: func(n *syntax.Node, e *expr.Expr, s expr.Scope) {
			if x.expressions(n, true) && e != nil {
				x.mention(n, e.Mentions(s))
			}
		},
		Text: func(n *syntax.Node, t *expr.Text, s expr.Scope) {
			if x.expressions(n, false) && t != nil && !t.Literal() {
				x.mention(n, t.Mentions(s))
			}
		},
		Value: func(n *syntax.Node, want types.Type) {
			if n.Range.File == x.File {
				x.wants[n.Range.Start] = want
			}
		},
		Arguments: func(n *syntax.Node, want types.Type) {
			if n.Range.File == x.File {
				x.args[n.Range.Start] = want
			}
		},
		Uses: func(n *syntax.Node, s step.Step, called *check.Skill) {
			if n.Range.File == x.File {
				x.uses = append(x.uses, use{n, s, called})
			}
		},
		Result: func(file, id string, t types.Type) {
			if file == x.File {
				x.results[id] = t
			}
		},
	}
	x.Skill, diags = check.Tree(root, text, diags, w)
	x.collect(x.Root.Get("steps"))
	slices.SortStableFunc(x.members, func(a, b mention) int { return before(a.at.Start, b.at.Start) })
	return diags
}

// expressions notes a scalar with expressions, and reports whether it is one of this file.
func (x *Index) expressions(n *syntax.Node, bare bool) bool {
	if n.Range.File != x.File || n.Tag != syntax.Str {
		return false
	}
	x.texts = append(x.texts, n)
	x.bare[n.Range.Start] = bare
	return true
}

func (x *Index) mention(n *syntax.Node, names []expr.Mention) {
	for _, m := range names {
		x.members = append(x.members, mention{m.Path, n.Place(m.From, m.To), m.Type})
	}
}

// collect notes the steps of a list, and those inside of them.
func (x *Index) collect(list *syntax.Node) {
	if list == nil {
		return
	}
	for _, n := range list.Items {
		if id := n.Get("id"); id != nil {
			x.steps = append(x.steps, stepAt{id.Value, n})
		}
		for _, inner := range []*syntax.Node{n.Get("steps"), n.Get("rescue"), n.Get("always"), n.Get("retry").Get("before")} {
			x.collect(inner)
		}
	}
}

func (x *Index) stepOf(id string) *syntax.Node {
	for _, s := range x.steps {
		if s.id == id {
			return s.node
		}
	}
	return nil
}

// Called are the files of what the file calls, each once.
func (x *Index) Called() []string {
	var out []string
	for _, u := range x.uses {
		if u.called != nil {
			out = append(out, u.called.File)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func before(a, b diag.Pos) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// within reports whether a place is in a range or at its end, where a word is still the one at the cursor.
func within(r diag.Range, at diag.Pos) bool {
	return before(r.Start, at) <= 0 && before(at, r.End) <= 0
}

// way is how a node is reached: the keys and "" for items from the root, and the nodes.
type way struct {
	keys  []string
	nodes []*syntax.Node // nodes[i] is what keys[i] stands in; the last one is the node itself
	key   *syntax.Node   // the key at the place, nil when it is a value or an item
}

// find returns the way to what stands at a place.
func (x *Index) find(at diag.Pos) way {
	out := way{}
	n := x.Root
	for n != nil {
		out.nodes = append(out.nodes, n)
		var next *syntax.Node
		for _, p := range n.Pairs {
			if within(p.Key.Range, at) && p.Key.Range.File == x.File {
				out.keys, out.key = append(out.keys, p.Key.Value), p.Key
				out.nodes = append(out.nodes, p.Value)
				return out
			}
			if within(p.Value.Range, at) {
				out.keys, next = append(out.keys, p.Key.Value), p.Value
			}
		}
		for _, item := range n.Items {
			if within(item.Range, at) {
				if next == nil {
					out.keys = append(out.keys, "")
				}
				next = item
			}
		}
		n = next
	}
	return out
}
