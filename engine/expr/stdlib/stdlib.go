// Package stdlib holds the functions of the expression language, one file a
// theme. They work on values that were computed for them: the tree of an
// expression, names and scopes are the evaluator's.
//
// # Adding a function
//
// Write an entry in the table of its theme with a sentence and an example, in
// lower case with underscores. Functions of fixed types are plain; others
// compute their type from their [Args]. A call has paid for reading its
// arguments, as if they were copied, and for Cost times that. What it makes beyond,
// as much as a number says or for each element, it pays for before it makes it, by a
// bound and not by the byte; a line in the bombs of the evaluator's tests shows that
// it is enough.
package stdlib

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr/fuel"
)

// Functions returns every function, by name.
func Functions() []Function {
	out := slices.Concat(textFunctions(), wordFunctions(), regexFunctions(), conversionFunctions(), numberFunctions(),
		listFunctions(), predicateFunctions(), mapFunctions(), shapeFunctions(), encodingFunctions(),
		pathFunctions(), versionFunctions(), timeFunctions())
	slices.SortFunc(out, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	var parse []string
	for _, f := range out {
		if f.Parses() {
			parse = append(parse, f.Name)
		}
	}
	i := slices.IndexFunc(out, func(f Function) bool { return f.Name == "try" })
	out[i].Doc += " " + strings.Join(parse, ", ") + "."
	return out
}

// Refuse reads a text as one of the forms.
func Refuse(form, s string) error {
	by := &Caller{Tank: fuel.Full()}
	var err error
	switch form {
	case formDate:
		_, _, err = moment(s)
	case formDuration:
		_, err = span64(s)
	case formZone:
		_, err = by.zone([]any{s}, 0, nil)
	case formLayout:
		err = writable(s)
	case formReadLayout:
		err = readable(s)
	case formVersion:
		_, err = version(s)
	}
	return err
}
