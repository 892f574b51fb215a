package index

import (
	"slices"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// values completes a value, or an item of a list.
func (c *completer) values(w way) []Item {
	key := ""
	for i := len(w.keys) - 1; i >= 0 && key == ""; i-- {
		key = w.keys[i]
	}
	at := c.replaced(len(c.spot.typed()))
	last := w.keys[len(w.keys)-1]
	switch {
	case slices.Contains(lists, key) && last == "":
		return nil // a step is a mapping
	case c.world.Table != nil:
	case key == "uses" && last == "uses":
		return c.stepTypes(at)
	case key == "service" && last == "service":
		return c.services(at)
	}
	return words(c.words(w), at)
}

// words are the values that a key of the language, or an argument, has to choose from.
func (c *completer) words(w way) []string {
	if out := choices(c.want); out != nil || slices.Contains(w.keys, "with") {
		return out
	}
	var out []string
	for _, s := range c.world.shapes(c.file, w.keys) {
		out = append(out, choices(s.Type)...)
	}
	if n := len(w.keys); out == nil && n > 1 && w.keys[n-1] == "" && w.keys[n-2] == "on" {
		return codes()
	}
	return out
}

func choices(t types.Type) []string {
	if t.Kind == types.Boolean {
		return []string{"true", "false"}
	}
	return t.Enum
}

func codes() []string {
	var out []string
	for _, c := range types.Codes() {
		out = append(out, string(c))
	}
	return out
}

func words(of []string, at diag.Range) []Item {
	var out []Item
	for _, w := range of {
		out = append(out, Item{Label: w, Kind: OfValue, Insert: w, At: at})
	}
	return out
}

func (c *completer) stepTypes(at diag.Range) []Item {
	var out []Item
	for _, name := range c.world.Catalogue.Names() {
		s, _ := c.world.Catalogue.Lookup(name)
		out = append(out, Item{name, OfStep, name, at, stepInfo(s)})
	}
	out = append(out, named(c.world.Types, OfStep, "", at)...)
	return append(out, named(c.world.Skills, OfSkill, "skill:", at)...)
}

func (c *completer) services(at diag.Range) []Item { return named(c.world.Services, OfService, "", at) }

func named(all func() []Named, kind ItemKind, prefix string, at diag.Range) []Item {
	if all == nil {
		return nil
	}
	var out []Item
	for _, n := range all() {
		out = append(out, Item{prefix + n.Name, kind, prefix + n.Name, at, Info{Title: prefix + n.Name, Doc: n.Doc}})
	}
	return out
}
