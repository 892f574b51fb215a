package check

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// modifier is a key that several kinds may have.
type modifier struct {
	key   string
	kinds []string // none is all of them
}

var modifiers = []modifier{
	{"id", nil},
	{"name", nil},
	{"if", nil},
	{"for_each", loopable},
	{"as", loopable},
	{"key", loopable},
	{"max_parallel", loopable},
	{"on_item_error", loopable},
	{"break_if", loopable},
	{"retry", []string{"uses", "steps"}},
	{"timeout", []string{"uses", "steps"}},
	{"on_error", []string{"uses", "await", "steps"}},
	{"errors", []string{"uses", "await"}},
	{"repeatable", []string{"uses"}},
}

// loopable are the kinds that a loop may stand around.
var loopable = []string{"uses", "set", "assert", "approve", "await", "steps"}

// ofLoops are the modifiers that say something about for_each only.
var ofLoops = []string{"as", "key", "on_item_error", "break_if"}

func owners(key string) []string {
	var out []string
	for _, k := range kinds {
		if slices.Contains(k.with, key) {
			out = append(out, k.key)
		}
	}
	for _, m := range modifiers {
		if m.key == key {
			out = append(out, m.kinds...)
		}
	}
	return out
}

// isAllowed reports whether a key goes with a kind; with no kind, everything does.
func isAllowed(key, kind string) bool {
	o := owners(key)
	return kind == "" || len(o) == 0 || slices.Contains(o, kind)
}

func stepKeys() []string {
	var out []string
	for _, k := range kinds {
		out = append(append(out, k.key), k.with...)
	}
	for _, m := range modifiers {
		out = append(out, m.key)
	}
	return out
}

func kindNames() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.key
	}
	return listed(names, "or")
}

// listed writes names as people do: a, b and c.
func listed(names []string, last string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + last + " " + names[len(names)-1]
}

// kindOf returns the one kind of a step, and refuses keys that do not go with it.
func (c *checker) kindOf(n *syntax.Node) string {
	var found []string
	for _, k := range kinds {
		if n.Get(k.key) != nil {
			found = append(found, k.key)
		}
	}
	c.stepKeys(n, found)
	if len(found) == 1 {
		return found[0]
	}
	if len(found) > 1 {
		c.diags.Errorf("two-kinds", n.Get(found[1]).Range, "a step has one kind, and this one has %s", strings.Join(found, " and ")).Hint = "make two steps of it"
	} else {
		c.diags.Errorf("no-kind", n.Head(), "this step does nothing").Hint = "give it one of " + kindNames()
	}
	return ""
}

// stepKeys refuses keys that do not exist, or go with another kind.
func (c *checker) stepKeys(n *syntax.Node, found []string) {
	for _, p := range n.Pairs {
		key := p.Key.Value
		own := owners(key)
		switch {
		case !slices.Contains(stepKeys(), key):
			c.diags.Errorf("unknown-key", p.Key.Range, "unknown key %s", key).Suggest(key, stepKeys())
		case len(own) > 0 && !slices.ContainsFunc(found, func(k string) bool { return slices.Contains(own, k) }) && !loose(key, found):
			d := c.diags.Errorf("misplaced-key", p.Key.Range, "%s belongs to %s", key, listed(own, "and"))
			d.Hint = "leave it out, or make a step of that kind"
			if key == "timeout" && slices.Contains(found, "await") {
				d.Hint = "an await has a timeout of its own: write it beside until"
			}
		case slices.Contains(ofLoops, key) && n.Get("for_each") == nil:
			c.diags.Errorf("misplaced-key", p.Key.Range, "%s belongs to for_each, and this step has none", key).Hint = "leave it out, or add for_each: a list"
		case key == "max_parallel" && n.Get("for_each") == nil && n.Get("parallel") == nil:
			c.diags.Errorf("misplaced-key", p.Key.Range, "max_parallel belongs to for_each and to parallel: true, and this step has neither").
				Hint = "leave it out, or add one of them"
		}
	}
}

// loose reports whether a modifier is let through: a step without a kind has
// that one mistake, unless the key belongs to a kind of its own.
func loose(key string, found []string) bool {
	return len(found) == 0 && slices.ContainsFunc(modifiers, func(m modifier) bool { return m.key == key })
}
