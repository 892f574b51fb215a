package local

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// madeIn reports whether one of the effects names a thing in its result: a
// number or text that is it, or a longer text, as of a program, that has it in
// it. It only decides whether to wait for what a service does not see yet.
func madeIn(effects []Effect) func(thing string) bool {
	return func(thing string) bool {
		for _, e := range effects {
			if names(map[string]any(e.Result), thing) {
				return true
			}
		}
		return false
	}
}

// shortest is as short as a name may be to count within a longer text.
const shortest = 4

func names(v any, thing string) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if names(e, thing) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if names(e, thing) {
				return true
			}
		}
	case string:
		return v == thing || len(thing) >= shortest && strings.Contains(v, thing)
	case int:
		return types.Show(v) == thing
	}
	return false
}
