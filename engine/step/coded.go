package step

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Coded gives a step further error codes that its arguments declare, such as those
// that stand for a program's exit codes. codes reads only what is written out in a
// skill; see [Step.CodedBy].
func Coded[In any](s Step, codes func(in In) []types.Code) Step {
	s.codes = func(raw json.RawMessage) []types.Code {
		var in In
		_ = json.Unmarshal(raw, &in) // what does not fit, such as the text of an expression, is left out
		return slices.DeleteFunc(codes(in), func(c types.Code) bool { return !types.IsCode(string(c)) })
	}
	return s
}

// IsCoded reports whether arguments can declare error codes.
func (s Step) IsCoded() bool { return s.codes != nil }

// CodedBy returns the step as it is with these arguments: with the error codes
// that they declare. Arguments that are not known yet may be left out, or be the
// texts of expressions.
func (s Step) CodedBy(in json.RawMessage) Step {
	if s.codes == nil {
		return s
	}
	return s.AlsoFailing(s.codes(in))
}

// AlsoFailing returns the step with further error codes, each once.
func (s Step) AlsoFailing(codes []types.Code) Step {
	known := s.AllCodes()
	s.Codes = slices.Clone(s.Codes)
	for _, c := range codes {
		if !slices.Contains(known, c) && !slices.Contains(s.Codes, c) {
			s.Codes = append(s.Codes, c)
		}
	}
	return s
}

// CheckDeclared refuses an error code that arguments cannot stand for a failure
// with: one that does not exist, one that only the engine gives, and of a read the
// one that says that a write may have happened.
func CheckDeclared(code types.Code, write bool) error {
	declared := slices.DeleteFunc(types.Codes(), func(c types.Code) bool {
		return c == types.Cancelled || c == types.Internal || c == types.UnknownOutcome && !write
	})
	if slices.Contains(declared, code) {
		return nil
	}
	return types.Errorf(types.BadInput, "%q is no error code that can stand in codes", code).WithHint("use one of %s", strings.Trim(fmt.Sprint(declared), "[]"))
}
