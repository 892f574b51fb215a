package format

import "github.com/skillrun/skillrun/engine/lang/syntax"

// step is by how much a level is indented.
const step = 2

// level is a block collection: the column of its keys or dashes as it was, and as it is
// to be.
type level struct {
	was, is int
	up      *level
}

// walker goes through the tokens along the tree, and says where each of them is to
// stand. Its methods report false of what is not as they expect.
type walker struct {
	tokens []token
	at     int
}

// peek returns the next token that belongs to the tree, nil when there is none.
func (w *walker) peek() *token {
	for w.at < len(w.tokens) && (w.tokens[w.at].kind == comment || w.tokens[w.at].kind == marker) {
		w.at++
	}
	if w.at == len(w.tokens) {
		return nil
	}
	return &w.tokens[w.at]
}

// take places the next token, and returns it.
func (w *walker) take(in *level, indent int) *token {
	t := w.peek()
	if t == nil {
		return &token{}
	}
	w.at++
	t.level, t.indent, t.inner = in, indent, in.is+step
	return t
}

// value places a value of a collection.
func (w *walker) value(n *syntax.Node, in *level) bool {
	next := w.peek()
	switch {
	case n.Kind == syntax.Scalar && n.Range.Start == n.Range.End:
		return true
	case n.Kind == syntax.Scalar:
		return w.take(in, in.is+step).node == n
	case next == nil:
		return false
	case next.is("["), next.is("{"):
		return w.flow(in)
	case n.Kind == syntax.Sequence:
		return w.sequence(n, &level{next.col, in.is + step, in})
	default:
		return w.mapping(n, &level{next.col, in.is + step, in})
	}
}

func (w *walker) sequence(n *syntax.Node, own *level) bool {
	for _, item := range n.Items {
		if !w.take(own, own.is).is("-") || !w.value(item, own) {
			return false
		}
	}
	return true
}

func (w *walker) mapping(n *syntax.Node, own *level) bool {
	for _, p := range n.Pairs {
		if w.take(own, own.is).node != p.Key || !w.take(own, own.is).is(":") || !w.value(p.Value, own) {
			return false
		}
	}
	return true
}

// flow places what is in brackets, from the first to the one that closes it.
func (w *walker) flow(in *level) bool {
	line, indent := w.peek().line, in.is+step // of the line that was looked at last
	var open []int                            // the indents of the lines that opened the brackets
	for ; w.at < len(w.tokens); w.at++ {
		t := &w.tokens[w.at]
		closes := t.is("]") || t.is("}")
		if len(open) > 0 && t.line > line {
			if indent = open[len(open)-1]; !closes {
				indent += step
			}
		}
		t.level, t.indent, t.inFlow, line = in, indent, true, t.last
		if len(open) > 0 {
			t.inner = open[len(open)-1] + step
		}
		switch {
		case t.is("["), t.is("{"):
			open = append(open, indent)
		case closes:
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			w.at++
			return true
		}
	}
	return false
}
