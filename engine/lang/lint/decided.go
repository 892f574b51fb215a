package lint

import "github.com/skillrun/skillrun/engine/diag"

// decidedConditions finds conditions that come to the same in every run.
func decidedConditions(f *File, out *diag.List) {
	for _, c := range f.Conditions {
		is := "false"
		if c.Value {
			is = "true"
		}
		out.Warnf("constant-condition", c.At, "%s is always %s here", c.Key, is).Hint = decidedHint(c)
	}
}

func decidedHint(c Condition) string {
	switch {
	case c.Key == "if" && c.Value:
		return "leave the if out, or correct it"
	case c.Key == "if":
		return "the step never runs: take it out, or correct the if"
	case c.Key == "assert" && c.Value:
		return "it can never fail: take the step out, or correct the assert"
	case c.Key == "assert":
		return "to end the skill write fail: a message"
	case c.Key == "until" && c.Value:
		return "it never waits: use the step type in a step of its own, or correct the until"
	case c.Key == "until":
		return "it waits for ever: correct the until"
	}
	return "leave " + c.Key + " out, or correct it"
}
