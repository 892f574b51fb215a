package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// kinds are the keys of which a step has exactly one, with the keys that go
// with each.
var kinds = []struct {
	key  string
	with []string
}{
	{"uses", []string{"with"}},
	{"set", nil},
	{"assert", []string{"message", "code"}},
	{"fail", []string{"code"}},
	{"approve", []string{"show"}},
	{"await", nil},
}

var modifiers = []string{"id", "name", "if", "errors"}

// laterStepKeys are kinds and modifiers of the language that this version does
// not know yet.
var laterStepKeys = []string{"steps", "parallel", "max_parallel", "rescue", "always", "for_each", "as", "key",
	"on_item_error", "retry", "timeout", "on_error", "return"}

// kindOf returns the one kind key the step has, and refuses keys that do not
// go with it.
func (c *checker) kindOf(n *syntax.Node) string {
	var found []string
	known := slices.Clone(modifiers)
	for _, k := range kinds {
		known = append(known, k.key)
		if n.Get(k.key) != nil {
			found = append(found, k.key)
			known = append(known, k.with...)
		}
	}
	c.keys(n, append(known, c.misplaced(n, known)...), laterStepKeys)
	if len(found) == 1 {
		return found[0]
	}
	if len(found) > 1 {
		c.diags.Errorf("two-kinds", n.Get(found[1]).Range, "a step has one kind, and this one has %s", strings.Join(found, " and ")).Hint = "make two steps of it"
	} else if !slices.ContainsFunc(n.Pairs, func(p syntax.Pair) bool { return contains(laterStepKeys, p.Key.Value) }) {
		c.diags.Errorf("no-kind", keyRange(n), "this step does nothing").Hint = "give it one of uses, set, assert, fail, approve, await"
	}
	return ""
}

// misplaced refuses keys that go with another kind than the step has, and
// returns them.
func (c *checker) misplaced(n *syntax.Node, known []string) []string {
	var out []string
	for _, p := range n.Pairs {
		var owners []string
		for _, k := range kinds {
			if contains(k.with, p.Key.Value) {
				owners = append(owners, k.key)
			}
		}
		if len(owners) > 0 && !contains(known, p.Key.Value) {
			c.diags.Errorf("misplaced-key", p.Key.Range, "%s belongs to %s", p.Key.Value, strings.Join(owners, " and ")).
				Hint = "leave it out, or make a step of that kind"
			out = append(out, p.Key.Value)
		}
	}
	return out
}
