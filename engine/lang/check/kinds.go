package check

import (
	"slices"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// Owners are the kinds of steps that a key goes with, none for all.
func Owners(key string) []string { return owners(key) }

func owners(key string) []string {
	var out []string
	for _, k := range kinds {
		if k.With.Has(key) {
			out = append(out, k.Key.Name)
		}
	}
	for _, m := range modifiers {
		if m.key.Name == key {
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

// stepKeys are all keys of a step: those of the kinds with what goes with them, and the
// modifiers.
var stepKeys = sync.OnceValue(func() (out keys.Mapping) {
	add := func(k keys.Key) {
		if !out.Has(k.Name) {
			out = append(out, k)
		}
	}
	for _, m := range modifiers {
		add(m.key)
	}
	for _, k := range kinds {
		add(k.Key)
		for _, with := range k.With {
			with.Required = false // in a step of another kind
			add(with)
		}
	}
	return out
})

func kindNames() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Key.Name
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
		if n.Get(k.Key.Name) != nil {
			found = append(found, k.Key.Name)
		}
	}
	c.stepKeys(n, found)
	if len(found) == 1 {
		return found[0]
	}
	if len(found) > 1 {
		c.diags.Errorf("two-kinds", n.Get(found[1]).Range, "a step has one kind, and this one has %s", strings.Join(found, " and ")).Hint = "make two steps of it"
	} else if !meansKind(n) {
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
		case !stepKeys().Has(key):
			c.unknownStepKey(p, stepKeys().Names())
		case len(own) > 0 && !slices.ContainsFunc(found, func(k string) bool { return slices.Contains(own, k) }) && !loose(key, found):
			if len(found) == 0 && meansKind(n) {
				continue // it goes with the kind that is misspelt
			}
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
	return len(found) == 0 && slices.ContainsFunc(modifiers, func(m modifier) bool { return m.key.Name == key })
}
