package expr

import (
	"cmp"
	"slices"

	"github.com/skillrun/skillrun/engine/types"
)

// The forms that an argument of a function can have to be in. What is written
// out is held against them before anything runs, by what the function itself
// reads it with.
const (
	formDate       = "date or date-time"
	formDuration   = "signed duration"
	formZone       = "time zone"
	formLayout     = "layout to write"
	formReadLayout = "layout to read"
	formVersion    = "version"
)

// inForm is a text of a form.
func inForm(form string) types.Type { return types.Type{Kind: types.String, Format: form} }

// refuse reads a text as one of the forms.
func refuse(form, s string) error {
	ev := newEvaluator(Env{})
	var err error
	switch form {
	case formDate:
		_, _, err = ev.moment(s)
	case formDuration:
		_, err = span64(s)
	case formZone:
		_, err = ev.zone([]any{s}, 0, nil)
	case formLayout:
		err = layoutParts(s, known(s, func(letter byte) bool { _, ok := datePart(ev.now, letter); return ok }))
	case formReadLayout:
		err = layoutParts(s, known(s, func(letter byte) bool { _, ok := goLayout(letter); return ok || letter == '%' }))
	case formVersion:
		_, err = ev.semver(s)
	}
	return err
}

// known refuses the letters of a layout that are not.
func known(layout string, is func(letter byte) bool) func(string, byte) error {
	return func(_ string, letter byte) error {
		if letter != 0 && !is(letter) {
			return unknownPart(layout, letter)
		}
		return nil
	}
}

// form holds the texts that an argument can only be against the form of its
// parameter.
func (c *checker) form(n *call, a node, t, want types.Type) {
	if want.Format == "" {
		return
	}
	for _, s := range t.Enum {
		if err := refuse(want.Format, s); err != nil {
			c.refused(a, n, err)
			return
		}
	}
}

func (c *checker) refused(at node, n *call, err error) {
	e := types.AsError(err)
	c.fail(at, CodeBadValue, cmp.Or(e.Hint, n.fn.Signature), "%s", e.Message)
}

// constant tries a call whose arguments are all written out: what it refuses now
// it refuses always.
func (c *checker) constant(n *call) {
	if n.fn.run == nil || slices.ContainsFunc(n.args, func(a node) bool { _, ok := a.(*literal); return !ok }) {
		return
	}
	args := make([]any, len(n.args))
	for i, a := range n.args {
		args[i] = a.(*literal).value
	}
	if _, err := n.fn.run(newEvaluator(Env{}), args); types.CodeOf(err) == types.BadInput {
		c.refused(n, n, err)
	}
}
