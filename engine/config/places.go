package config

import (
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// Places returns where each name stands in a file that [Values] reads.
func Places(file string, text []byte) map[string]diag.Range {
	out := map[string]diag.Range{}
	root, _ := syntax.Parse(file, text)
	if root == nil {
		return out
	}
	for _, p := range root.Pairs {
		out[p.Key.Value] = p.Key.Range
	}
	return out
}
