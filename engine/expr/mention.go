package expr

import "github.com/skillrun/skillrun/engine/types"

// Mention is a name that an expression reads, for whoever shows, finds or renames
// names: a variable, or a member of something.
type Mention struct {
	// Path is the way to it from a variable, where nothing on it is computed:
	// ["steps", "image", "digest"]. In a predicate it begins with "#". Else it is nil.
	Path []string
	// From and To are byte offsets in the source: of the last name only.
	From, To int
	Type     types.Type // in the scope; the zero one where a mistake hides it
}

// Mentions returns every name in the order of the source, also in predicates and
// in the value and the body of a let.
func (e *Expr) Mentions(s Scope) []Mention {
	c := &checker{seen: map[node]types.Type{}}
	c.check(e.root, s)
	return e.mentions(c)
}

// Mentions returns every name in all holes and directives, the names of its own loops
// among them where they are read.
func (t *Text) Mentions(s Scope) []Mention {
	c := &textChecker{mentions: &[]Mention{}}
	c.parts(t.parts, s)
	return *c.mentions
}

func (e *Expr) mentions(c *checker) []Mention {
	var out []Mention
	var walk func(n node)
	walk = func(n node) {
		for _, inner := range children(n) {
			walk(inner)
		}
		m := Mention{Path: path(n), Type: c.seen[n]}
		switch n := n.(type) {
		case *name:
			m.From, m.To = n.from, n.to
		case *member:
			m.From, m.To = n.nameAt.from, n.nameAt.to
		default:
			return
		}
		m.From, m.To = m.From+e.base, m.To+e.base
		out = append(out, m)
	}
	walk(e.root)
	return out
}
