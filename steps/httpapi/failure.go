package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Failure is a rule that gives an answer an error code.
type Failure struct {
	Status  []int            `json:"status,omitempty" doc:"The status codes that it is about; without them, all that do not mean success."`
	Pointer *string          `json:"pointer" doc:"A JSON pointer (RFC 6901) into the response, such as /error/code. With equals the value there must be that; with matches, its text; with neither, it must be something other than null, false and empty."`
	Equals  *json.RawMessage `json:"equals" doc:"The value that the pointer must find."`
	Matches string           `json:"matches,omitempty" doc:"A regular expression (RE2) that must match: in the text at the pointer, or in the body."`
	Code    types.Code       `json:"code" doc:"The error code."`
}

// codeOf is the error code of an answer, "" when no rule applies. The first that
// applies counts.
func (t Target) codeOf(resp *http.Response, body []byte) types.Code {
	for _, r := range t.Codes {
		if r.applies(t.succeeds(resp.StatusCode), resp, body) {
			return r.Code
		}
	}
	return ""
}

// succeeds reports whether a status means success.
func (t Target) succeeds(status int) bool {
	return slices.Contains(t.Expect, status) || len(t.Expect) == 0 && status/100 == 2
}

// applies reports whether an answer is as the rule says. One that names no status is
// about answers that are no success.
func (f Failure) applies(success bool, resp *http.Response, body []byte) bool {
	if len(f.Status) == 0 && success || len(f.Status) > 0 && !slices.Contains(f.Status, resp.StatusCode) {
		return false
	}
	text := string(body)
	if f.Pointer != nil {
		v, there := any(nil), false
		if whole, err := types.Read(body); err == nil {
			v, there = follow(whole, *f.Pointer)
		}
		if text = types.Show(v); f.Equals != nil {
			want, err := types.Decode(*f.Equals)
			return there && err == nil && same(v, want)
		}
		if f.Matches == "" {
			return there && !isNothing(v)
		}
	}
	re, err := regexp.Compile(f.Matches)
	return err == nil && re.MatchString(text)
}

// isNothing reports whether a value says that there is none.
func isNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// checkFailures refuses rules that never apply, or that call a success a failure.
func (t Target) checkFailures(unknown step.UnknownPaths, at string, write bool) error {
	for i, r := range t.Codes {
		if at := fmt.Sprintf("%s[%d]", at, i); !unknown.Has(at) {
			if err := r.check(unknown, at, write); err != nil {
				return err
			}
			if f := r.success(t, unknown, at); f != nil {
				return f
			}
		}
	}
	return nil
}

func (f Failure) check(unknown step.UnknownPaths, at string, write bool) error {
	if err := step.CheckDeclared(f.Code, write); err != nil && !unknown.Has(at+".code") {
		return err
	}
	if len(f.Status) == 0 && f.Pointer == nil && f.Matches == "" && len(unknown.Of(at+".status", at+".pointer", at+".matches")) == 0 {
		return types.Errorf(types.BadInput, "%s stands for no status and no body", f.Code).WithHint("give status, pointer or matches")
	}
	if f.Equals != nil && (f.Pointer == nil && !unknown.Has(at+".pointer") || f.Matches != "") {
		return types.Errorf(types.BadInput, "equals of %s needs a pointer, and no matches", f.Code).WithHint("say what the value is that pointer finds, or what its text matches")
	}
	if _, err := regexp.Compile(f.Matches); err != nil {
		return types.Errorf(types.BadInput, "%q is no regular expression: %w", f.Matches, err).WithHint("the syntax is RE2")
	}
	if f.Pointer == nil {
		return nil
	}
	return checkPointer(*f.Pointer)
}

// success refuses a rule that says of a success that it is none, whatever the body.
func (f Failure) success(t Target, unknown step.UnknownPaths, at string) error {
	if f.Pointer != nil || f.Matches != "" || len(unknown.Of(at+".pointer", at+".matches", "expect")) > 0 {
		return nil
	}
	if i := slices.IndexFunc(f.Status, t.succeeds); i >= 0 {
		return types.Errorf(types.BadInput, "status %d means both success and %s", f.Status[i], f.Code).
			WithHint("leave it out of one of them, or tell them apart with pointer or matches")
	}
	return nil
}

// declared are the codes of rules.
func declared(rules []Failure) (out []types.Code) {
	for _, r := range rules {
		out = append(out, r.Code)
	}
	return out
}

// declared are the error codes of all rules.
func (in RequestIn) declared() []types.Code {
	out := declared(in.Codes)
	if in.Find != nil {
		out = append(out, declared(in.Find.Codes)...)
	}
	return out
}
