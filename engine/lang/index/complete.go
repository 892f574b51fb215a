package index

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
	"github.com/skillrun/skillrun/engine/types"
)

// Item is something that can be written at a place.
type Item struct {
	Label  string
	Kind   ItemKind
	Insert string     // the text
	At     diag.Range // what it takes the place of
	Info   Info       // what is told of it
}

// ItemKind is what an [Item] is.
type ItemKind string

// The kinds of items.
const (
	OfKey      ItemKind = "key"
	OfArgument ItemKind = "argument"
	OfValue    ItemKind = "value"
	OfStep     ItemKind = "step type"
	OfSkill    ItemKind = "skill"
	OfName     ItemKind = "name"
	OfMember   ItemKind = "member"
	OfFunction ItemKind = "function"
	OfService  ItemKind = "service"
)

// Complete returns what can be written at a place of a text, which need not be
// parseable there. It is not filtered by what is written already.
func Complete(file, text string, at diag.Pos, w World) []Item {
	c := &completer{file: file, text: text, at: at, world: w}
	here := byteAt(text, at)
	c.here = here
	if h, ok := holeAt(text, here); ok && w.Table == nil {
		return c.inHole(h)
	}
	lines := strings.Split(text, "\n")
	if at.Line < 1 || at.Line > len(lines) {
		return nil
	}
	line := strings.TrimSuffix(lines[at.Line-1], "\r")
	c.spot = spotAt(line, offset(line, at.Col))
	if blank := len(line) - len(strings.TrimLeft(line, " ")); c.spot.at < blank && blank < len(line) {
		return nil // before what the line says
	}
	for _, filled := range c.spot.filled(nextIndent(lines[at.Line:])) {
		lines[at.Line-1] = filled
		if items := c.inTree(strings.Join(lines, "\n")); items != nil {
			return items
		}
	}
	return nil
}

type completer struct {
	file, text string
	at         diag.Pos
	here       int
	world      World
	spot       spot

	// What the checker saw at the marker.
	scope *expr.Scope
	bare  bool
	want  types.Type
	args  map[diag.Pos]types.Type
	tree  *syntax.Node
}

// look checks a tree and keeps what the checker sees at a place of it.
func (c *completer) look(tree *syntax.Node, at diag.Pos) {
	c.tree, c.scope, c.bare, c.want = tree, nil, false, types.Type{}
	c.world.Lint = false
	if c.world.Table != nil {
		return
	}
	if steps := tree.Get("steps"); steps != nil && steps.Kind == syntax.Sequence {
		// What stands behind it has no part in what can be read here.
		if i := slices.IndexFunc(steps.Items, func(n *syntax.Node) bool { return before(at, n.Range.Start) < 0 }); i > 0 && before(at, steps.Range.End) <= 0 {
			steps.Items = steps.Items[:i]
		}
	}
	c.args = map[diag.Pos]types.Type{}
	own := func(n *syntax.Node) bool { return n.Range.File == c.file }
	see := func(n *syntax.Node, bare bool, s expr.Scope) {
		if own(n) && c.scope == nil && within(n.Range, at) {
			c.scope, c.bare = &s, bare
		}
	}
	c.world.Watch = &check.Watch{
		Expression: func(n *syntax.Node, _ *expr.Expr, s expr.Scope) { see(n, true, s) },
		Text:       func(n *syntax.Node, _ *expr.Text, s expr.Scope) { see(n, false, s) },
		Value: func(n *syntax.Node, want types.Type) {
			if own(n) && within(n.Range, at) {
				c.want = want
			}
		},
		Arguments: func(n *syntax.Node, want types.Type) {
			if own(n) {
				c.args[n.Range.Start] = want
			}
		},
	}
	check.Tree(tree, []byte(c.text), nil, c.world.World)
}

// readable is what a text can be parsed to that holds what stands at a line: the whole,
// what stands before, or one of them without what is in the way.
func (c *completer) readable(text string, line int) *syntax.Node {
	for _, part := range []string{text, upTo(text, line)} {
		if root, _ := syntax.Try(c.file, []byte(part)); root != nil {
			return root
		}
	}
	return unfolded(c.file, strings.Split(upTo(text, line), "\n"), line)
}

// inHole completes an expression in ${{ }}.
func (c *completer) inHole(h hole) []Item {
	written := c.text[h.inner:c.here]
	place := diag.Pos{Line: 1 + strings.Count(c.text[:h.from], "\n")}
	begin := strings.LastIndexByte(c.text[:h.from], '\n') + 1
	place.Col = column(c.text[begin:], h.from-begin)
	line, _, _ := strings.Cut(c.text[begin:], "\n")
	fills := []struct {
		text string
		col  int
	}{{c.text[:h.from] + "${{ 0 }}" + c.text[h.to:], place.Col}}
	if s := spotAt(line, min(h.from-begin, len(line))); s.quote != 0 || s.value {
		end := begin + len(line) // a text that is all of the value, in quotes of its own
		fills = append(fills, fills[0])
		fills[1].text, fills[1].col = c.text[:begin]+line[:s.from]+`"${{ 0 }}"`+s.rest()+c.text[end:], column(line, s.from)
		if open := strings.Count(line[s.from:], string(s.quote)); s.quote != 0 && open == 1 {
			slices.Reverse(fills)
		}
	}
	for _, f := range fills {
		if tree := c.readable(f.text, place.Line); tree != nil {
			place.Col = f.col
			if c.look(tree, place); c.scope != nil {
				return c.names(written)
			}
		}
	}
	return nil
}

// names completes the last name of an expression that is written so far.
func (c *completer) names(written string) []Item {
	if quoted(written) {
		return nil
	}
	of, word := lastName(written)
	at := c.replaced(len(word))
	var out []Item
	if of != "" {
		e, problems := expr.Parse(of)
		if len(problems) > 0 {
			return nil
		}
		t, _ := e.Check(*c.scope)
		for _, f := range t.Fields {
			out = append(out, Item{f.Name, OfMember, f.Name, at, fieldInfo(f, at)})
		}
		return out
	}
	for _, f := range c.scope.Vars.Fields {
		out = append(out, Item{f.Name, OfName, f.Name, at, Info{Title: f.Name + ": " + f.Type.String()}})
	}
	for _, f := range stdlib.Functions() {
		out = append(out, Item{f.Name, OfFunction, f.Name + "(", at, functionInfo(f)})
	}
	return out
}

// replaced is the range of the last bytes before the cursor, all of them ASCII.
func (c *completer) replaced(n int) diag.Range {
	return diag.Range{File: c.file, Start: diag.Pos{Line: c.at.Line, Col: c.at.Col - n}, End: c.at}
}

// quoted reports whether a text ends inside of quotes.
func quoted(written string) bool {
	tokens := lex(written)
	if len(tokens) == 0 {
		return false
	}
	last := tokens[len(tokens)-1]
	text := written[last.from:last.to]
	return last.Kind == String && last.to == len(written) && (len(text) < 2 || text[0] != text[len(text)-1])
}

// lastName cuts what ends an expression into the word that is being typed and what it
// is a member of, "" for none: of `a + steps.x[0].na` they are `na` and `steps.x[0]`.
func lastName(written string) (of, name string) {
	from := len(written)
	for from > 0 && word(written[from-1]) {
		from--
	}
	name = written[from:]
	head, dotted := strings.CutSuffix(written[:from], ".")
	if !dotted {
		return "", name
	}
	head = strings.TrimSuffix(head, "?")
	at := len(head)
	for at > 0 {
		c := head[at-1]
		switch {
		case word(c) || c == '.' || c == '#':
			at--
		case c == '?' && strings.HasPrefix(head[at:], "."):
			at--
		case c == ']' || c == ')':
			open := opening(head[:at])
			if open < 0 {
				return "#", name // nothing is known of it
			}
			at = open
		default:
			return head[at:], name
		}
	}
	return head, name
}

// opening is where the bracket is opened that ends a text, -1 when it is not.
func opening(text string) int {
	depth := 0
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case ']', ')':
			depth++
		case '[', '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// inTree completes a key or a value where the marker stands for it.
func (c *completer) inTree(filled string) []Item {
	tree := c.readable(filled, c.at.Line)
	if tree == nil {
		return nil
	}
	line, _, _ := strings.Cut(filled[byteAt(filled, diag.Pos{Line: c.at.Line, Col: 1}):], "\n")
	place := diag.Pos{Line: c.at.Line, Col: column(line, strings.Index(line, marker))}
	c.look(tree, place)
	w := (&Index{File: c.file, Root: c.tree}).find(place)
	switch {
	case w.key != nil && w.key.Value == marker:
		return c.keys(w)
	case len(w.keys) == 0:
		return nil
	case c.bare && c.scope != nil:
		if strings.Contains(c.spot.typed(), "${{") {
			return nil
		}
		return c.names(c.spot.typed())
	}
	return c.values(w)
}

// keys completes a key of a mapping.
func (c *completer) keys(w way) []Item {
	in := w.nodes[len(w.nodes)-2]
	at := c.replaced(len(c.spot.typed()))
	there := func(key string) bool { return in.Get(key) != nil }
	var out []Item
	if t, ok := c.args[in.Range.Start]; ok {
		for _, f := range t.Fields {
			if !there(f.Name) {
				out = append(out, Item{f.Name, OfArgument, f.Name + ": ", at, fieldInfo(f, at)})
			}
		}
		return out
	}
	for _, k := range c.world.mapping(c.file, w.keys[:len(w.keys)-1], in) {
		if !there(k.Name) {
			out = append(out, Item{k.Name, OfKey, k.Name + ": ", at, keyInfo(k, at)})
		}
	}
	for _, f := range c.world.table(c.file).subjects(w.keys[:len(w.keys)-1]) {
		if !there(f.Name) {
			out = append(out, Item{f.Name, OfName, f.Name + ": ", at, Info{Title: f.Name, Doc: f.Doc}})
		}
	}
	return out
}
