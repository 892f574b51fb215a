package step

import "encoding/json"

// What stands in a text of arguments that are [Guarded] where the skill has a
// hole. No argument of a step that is can hold either.
const (
	Outside = "\x00" // text from outside: an input, a result, an answer
	Decided = "\x01" // what the skill and the site decide: configuration, an enum, a number
)

// Guarded gives a step a rule on what comes from outside. It is held by the
// checker, which alone knows where a text comes from: in what is written out, with
// [Outside] or [Decided] in the place of each hole.
//
// guard refuses with the code invalid and a hint. outside names the arguments, and
// parts of them, that come from outside as a whole and are no texts; what the site
// decides as a whole is left out.
func Guarded[In any](s Step, guard func(in In, outside UnknownPaths) error) Step {
	s.guard = func(raw json.RawMessage, outside UnknownPaths) error {
		in, err := decode[In](raw)
		if err != nil {
			return nil // the type says what is wrong with it
		}
		return guard(in, outside)
	}
	return s
}

// IsGuarded reports whether the step has such a rule.
func (s Step) IsGuarded() bool { return s.guard != nil }

// Guards says why the step does not take what comes from outside, or returns nil;
// call it only when IsGuarded.
func (s Step) Guards(in json.RawMessage, outside UnknownPaths) error { return s.guard(in, outside) }
