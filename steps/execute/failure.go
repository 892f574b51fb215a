package execute

import (
	"regexp"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// codeOf is the error code of a program that ended in this way; "" when no rule
// applies. The first that applies counts.
func codeOf(rules []Failure, expect []int, out Out) types.Code {
	for _, r := range rules {
		if r.applies(expect, out) {
			return r.Code
		}
	}
	return ""
}

// applies reports whether a program ended in the way of the rule. One that names no
// exit code is about programs that did not succeed.
func (f Failure) applies(expect []int, out Out) bool {
	if len(f.ExitCodes) == 0 && slices.Contains(expect, out.ExitCode) || len(f.ExitCodes) > 0 && !slices.Contains(f.ExitCodes, out.ExitCode) {
		return false
	}
	if f.Stderr == "" {
		return true
	}
	re, err := regexp.Compile(f.Stderr)
	return err == nil && re.MatchString(out.Stderr)
}

// checkFailures refuses rules that are not written out, that never apply, or that
// call a success a failure; others is what the exit codes mean that stand elsewhere.
func checkFailures(unknown step.UnknownPaths, at string, rules []Failure, write bool, others map[string][]int) error {
	if unknown.Overlaps(at) {
		return types.Errorf(types.BadInput, "%s comes from an expression", at).WithHint("write it out: the codes that a step can fail with are known before it runs")
	}
	for _, r := range rules {
		if err := r.check(write); err != nil {
			return err
		}
		for _, what := range types.SortedKeys(others) {
			for _, code := range r.ExitCodes {
				if r.Stderr == "" && slices.Contains(others[what], code) {
					return types.Errorf(types.BadInput, "exit code %d means both %s and %s", code, what, r.Code).
						WithHint("leave it out of one of them, or tell them apart with stderr")
				}
			}
		}
	}
	return nil
}

func (f Failure) check(write bool) error {
	if err := step.CheckDeclared(f.Code, write); err != nil {
		return err
	}
	if len(f.ExitCodes) == 0 && f.Stderr == "" {
		return types.Errorf(types.BadInput, "%s stands for no exit code and no text", f.Code).WithHint("give exit_codes, stderr, or both")
	}
	for _, code := range f.ExitCodes {
		if err := checkCode(code); err != nil {
			return err
		}
	}
	if _, err := regexp.Compile(f.Stderr); err != nil {
		return types.Errorf(types.BadInput, "%q is no regular expression: %w", f.Stderr, err).WithHint("the syntax is RE2")
	}
	return nil
}

// declared are the codes of the rules.
func declared(rules []Failure) (out []types.Code) {
	for _, r := range rules {
		out = append(out, r.Code)
	}
	return out
}
