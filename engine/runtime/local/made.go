package local

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// madeIn reports whether one of the effects names a thing in its result: a
// number or text that is it, or a longer text, as of a program, that has it in
// it as a word of its own. It only decides whether to wait for what a service
// does not see yet.
func madeIn(effects []runtime.Effect) func(thing string) bool {
	return func(thing string) bool {
		for _, e := range effects {
			if mentions(map[string]any(e.Result), thing) {
				return true
			}
		}
		return false
	}
}

// shortest is as short as a name may be to count within a longer text.
const shortest = 4

func mentions(v any, thing string) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			if mentions(e, thing) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if mentions(e, thing) {
				return true
			}
		}
	case string:
		return v == thing || len(thing) >= shortest && hasWord(v, thing)
	case int:
		return types.Show(v) == thing
	}
	return false
}

// hasWord reports whether a thing stands in a text, and not within a longer name:
// AAP-7 is not in AAP-71, nor release-1 in release-1-fix.
func hasWord(text, thing string) bool {
	for at := 0; ; at++ {
		i := strings.Index(text[at:], thing)
		if i < 0 {
			return false
		}
		at += i
		last, _ := utf8.DecodeLastRuneInString(text[:at])
		next, _ := utf8.DecodeRuneInString(text[at+len(thing):])
		if !isNameRune(last) && !isNameRune(next) {
			return true
		}
	}
}

func isNameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_'
}

func resultsIn(effects []runtime.Effect) func(name string) []step.Result {
	return func(name string) []step.Result {
		var out []step.Result
		for _, e := range effects {
			if e.Step == name {
				out = append(out, step.Result{Key: e.Key, Out: e.Result})
			}
		}
		return out
	}
}
