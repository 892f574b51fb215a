package expr

import (
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// let checks the value once; in the body its name has that type.
func (c *checker) let(n *let, s Scope) types.Type {
	t := c.check(n.value, s)
	if _, taken := s.Vars.Field(n.name); taken {
		return c.failAt(n.nameAt, CodeNameTaken, "choose another name", "%s already means something here", n.name)
	}
	before := len(c.problems)
	t = c.check(n.body, s.With(n.name, t))
	if len(c.problems) == before && !mentions(n.body, n.name) { // else it may be misspelt there
		return c.failAt(n.nameAt, CodeUnusedName, "leave it out, or use it behind the ;", "nothing reads %s", n.name)
	}
	return t
}

// mentions reports whether a name stands in a node, wherever.
func mentions(n node, word string) bool {
	if x, ok := n.(*name); ok {
		return x.name == word
	}
	return slices.ContainsFunc(children(n), func(inner node) bool { return mentions(inner, word) })
}
