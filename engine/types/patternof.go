package types

import "regexp"

// PatternOf is the pattern that the member of a struct is declared with, for code
// that has to check a value against it once more: what goes into a path or a request
// is never left to the caller alone. It panics where there is none, as [Of] does.
func PatternOf[T any](member string) *regexp.Regexp {
	f, _ := Of[T]().Field(member)
	t := f.Type
	if t.Kind == List && t.Elem != nil {
		t = *t.Elem
	}
	if t.Pattern == "" {
		panic("types.PatternOf: " + member + " has no pattern")
	}
	return regexp.MustCompile(t.Pattern)
}
