//go:build !bug_adopt_closed

package jira

import (
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// done reports whether somebody has ended the issue: it is never adopted.
func (i issue) done() bool { return i.Fields.Status.Category.Key == "done" }

// notSent is an answer of yes that names something else than what was sent.
func notSent(what, named string) error {
	return types.Errorf(types.UnknownOutcome, "%s: jira says yes and names %s, which is not what was sent", what, named).WithHint(lookFirst)
}

// sameText compares texts as people read them.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}
