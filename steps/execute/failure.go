package execute

import (
	"fmt"
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

// checkFailures refuses rules that never apply, or that call a success a failure;
// others is what the exit codes mean that stand elsewhere.
func checkFailures(unknown step.UnknownPaths, at string, rules []Failure, write bool, others map[string][]int) error {
	for i, r := range rules {
		if err := r.check(unknown, fmt.Sprintf("%s[%d]", at, i), write, others); err != nil {
			return err
		}
	}
	return nil
}

func (f Failure) check(unknown step.UnknownPaths, at string, write bool, others map[string][]int) error {
	if unknown.Has(at) {
		return nil
	}
	if err := step.CheckDeclared(f.Code, write); err != nil && !unknown.Has(at+".code") {
		return err
	}
	if len(f.ExitCodes) == 0 && f.Stderr == "" && len(unknown.Of(at+".exit_codes", at+".stderr")) == 0 {
		return types.Errorf(types.BadInput, "%s stands for no exit code and no text", f.Code).WithHint("give exit_codes, stderr, or both")
	}
	if _, err := regexp.Compile(f.Stderr); err != nil {
		return types.Errorf(types.BadInput, "%q is no regular expression: %w", f.Stderr, err).WithHint("the syntax is RE2")
	}
	for _, code := range f.ExitCodes {
		if err := checkCode(code); err != nil {
			return err
		}
		for _, what := range types.SortedKeys(others) {
			if f.Stderr == "" && !unknown.Has(at+".stderr") && slices.Contains(others[what], code) {
				return types.Errorf(types.BadInput, "exit code %d means both %s and %s", code, what, f.Code).
					WithHint("leave it out of one of them, or tell them apart with stderr")
			}
		}
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
