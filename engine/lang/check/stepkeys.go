package check

import (
	"slices"

	"github.com/skillrun/skillrun/engine/lang/keys"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// KeysWith are the keys of a step that go with one of a kind, such as "uses"; with "",
// all of them.
func KeysWith(kind string) keys.Mapping {
	return slices.DeleteFunc(slices.Clone(stepKeys()), func(k keys.Key) bool {
		return !isAllowed(k.Name, kind) || kind != "" && k.Name != kind && isKind(k.Name)
	})
}

// StepKind is the key of a step that says its kind, "" where none does yet.
func StepKind(n *syntax.Node) string {
	for _, k := range kinds {
		if n.Get(k.Key.Name) != nil {
			return k.Key.Name
		}
	}
	return ""
}

func isKind(key string) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool { return k.Key.Name == key })
}
