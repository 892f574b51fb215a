package index

import (
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// Symbol is a part of a file in its outline.
type Symbol struct {
	Name, Detail string
	Sort         Sort // "" of a key
	At, Head     diag.Range
	Inside       []Symbol
}

// Symbols are the outline: the keys at the top, in them the names that are declared,
// and the steps with those inside of them.
func (x *Index) Symbols() []Symbol {
	var out []Symbol
	for _, p := range pairs(x.Root) {
		s := Symbol{Name: p.Key.Value, At: span(p.Key.Range, p.Value.Range), Head: p.Key.Range}
		switch p.Key.Value {
		case "inputs", "config", "secrets", "outputs":
			for _, d := range p.Value.Pairs {
				s.Inside = append(s.Inside, Symbol{Name: d.Key.Value, Detail: typeWord(d.Value), Sort: Sort(p.Key.Value), At: span(d.Key.Range, d.Value.Range), Head: d.Key.Range})
			}
		case "steps":
			s.Inside = steps(p.Value)
		default:
			if p.Value.Kind == syntax.Scalar {
				s.Detail = firstLine(p.Value.Value)
			}
		}
		out = append(out, s)
	}
	return out
}

func typeWord(n *syntax.Node) string {
	if t := n.Get("type"); t != nil {
		return t.Value
	}
	return ""
}

func steps(list *syntax.Node) []Symbol {
	var out []Symbol
	if list == nil {
		return nil
	}
	for _, n := range list.Items {
		s := Symbol{Name: "step", Sort: Step, At: n.Range, Head: n.Head()}
		if id := n.Get("id"); id != nil && id.Value != "" {
			s.Name, s.Head = id.Value, id.Range
		}
		s.Detail = check.StepKind(n)
		if uses := n.Get("uses"); uses != nil {
			s.Detail = firstLine(uses.Value)
		}
		for _, inner := range []*syntax.Node{n.Get("steps"), n.Get("rescue"), n.Get("always"), n.Get("retry").Get("before")} {
			s.Inside = append(s.Inside, steps(inner)...)
		}
		out = append(out, s)
	}
	return out
}

func span(a, b diag.Range) diag.Range {
	if before(b.End, a.End) > 0 {
		a.End = b.End
	}
	return a
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
