package types

import (
	"regexp"
	"sync"
)

// Pattern returns what compiles a regular expression, at its first use and once: a
// process compiles the few that it needs, and none because it starts. It panics
// there where text is none; a test compiles all that the program is written with.
func Pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

// PatternOf is the pattern that the member of a struct is declared with, for code
// that has to check a value against it once more: what goes into a path or a request
// is never left to the caller alone. Like [Pattern] it does its work at the first
// use. It panics there where the member has no pattern.
func PatternOf[T any](member string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp {
		f, _ := Of[T]().Field(member)
		t := f.Type
		if t.Kind == List && t.Elem != nil {
			t = *t.Elem
		}
		if t.Pattern == "" {
			panic("types.PatternOf: " + member + " has no pattern")
		}
		return regexp.MustCompile(t.Pattern)
	})
}
