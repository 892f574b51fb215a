package step

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Checked gives a step the rules of its arguments that their types cannot say:
// which of them go together, and of what form a text has to be. They are written
// once and held three times: by the checker, on what is written out in a skill;
// by a plan; and on the whole before the step is performed.
//
// check refuses with the code invalid and a hint. unknown names the arguments
// that are not known yet, which are zero in in: of those nothing is refused. It
// reads nothing but what it is given.
func Checked[In any](s Step, check func(in In, unknown UnknownPaths) error) Step {
	read := arguments[In](s)
	s.check = func(raw json.RawMessage, unknown UnknownPaths) error {
		in, err := read(raw, unknown)
		if err != nil {
			return err
		}
		return check(in, unknown)
	}
	return s
}

// IsChecked reports whether the step has such rules.
func (s Step) IsChecked() bool { return s.check != nil }

// CheckArguments says why the step does not take the arguments, as far as they are
// known, or returns nil.
func (s Step) CheckArguments(in json.RawMessage, unknown UnknownPaths) error {
	if s.check == nil {
		return nil
	}
	return MaskedError(s.mask, s.check(in, unknown))
}

// Provided is the path that says in [UnknownPaths] that an argument is given,
// though what it is is not known.
func Provided(path string) string { return "!" + path }

// CheckCount counts which of some arguments are given; those that are not known may
// or may not be, unless [Provided] says it. It refuses when the number cannot be
// between least and most.
func (u UnknownPaths) CheckCount(least, most int, args map[string]bool) error {
	given, open := 0, 0
	for name, is := range args {
		switch {
		case is, slices.Contains(u, Provided(name)):
			given++
		case u.Has(name):
			open++
		}
	}
	if given <= most && given+open >= least {
		return nil
	}
	names := types.SortedKeys(args)
	list := strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
	hint := "give exactly one of them"
	if least == 0 {
		hint = "give one of them, or none"
	}
	if given == 2 && len(names) == 2 {
		return types.Errorf(types.BadInput, "both %s are given", list).WithHint("%s", hint)
	}
	return types.Errorf(types.BadInput, "%d of %s are given", given, list).WithHint("%s", hint)
}

// CheckTogether refuses when some of the arguments are given and others are not.
func (u UnknownPaths) CheckTogether(args map[string]bool) error {
	var given, missing []string
	for _, name := range types.SortedKeys(args) {
		switch {
		case args[name], slices.Contains(u, Provided(name)):
			given = append(given, name)
		case !u.Has(name):
			missing = append(missing, name)
		}
	}
	if len(given) == 0 || len(missing) == 0 {
		return nil
	}
	return types.Errorf(types.BadInput, "%s is given without %s", strings.Join(given, " and "), strings.Join(missing, " and ")).
		WithHint("give both, or neither")
}

// CheckBranch refuses what git refuses as a branch's name. An argument was checked
// by its type; a result that is taken back, and what is written out, was not.
func CheckBranch(name string) error {
	if !types.IsBranch(name) {
		return types.Errorf(types.BadInput, "%q is not a branch name", name).WithHint("git check-ref-format --branch NAME checks a name")
	}
	return nil
}
