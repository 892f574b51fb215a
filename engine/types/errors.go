package types

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code is why a step did not do its work. The list is closed, so that
// `errors:`, `retry.on:` and exit codes can be checked before anything runs;
// a step type may declare further codes of its own, in snake_case.
type Code string

// The codes.
const (
	NotFound    Code = "not_found"    // what was named does not exist
	Auth        Code = "auth"         // the credential is missing, wrong or expired
	Forbidden   Code = "forbidden"    // the credential is good and has not the right
	Network     Code = "network"      // the request was not sent, or it was a read and got no answer
	Timeout     Code = "timeout"      // no answer to a read in time, or an await ran out
	RateLimited Code = "rate_limited" // 429: not processed
	Unavailable Code = "unavailable"  // the service says it cannot, now
	Conflict    Code = "conflict"     // the world is not as the skill needs it; a person decides
	BadInput    Code = "invalid"      // the service or the step refuses the arguments
	Cancelled   Code = "cancelled"    // a person or a signal stopped it
	// UnknownOutcome means a write was sent and it is unknown whether it
	// happened. It is never repeated without proof that it did not.
	UnknownOutcome Code = "unknown_outcome"
	Internal       Code = "internal" // a bug in skillrun or in the step
)

// Codes returns the closed list, in the order of the documentation.
func Codes() []Code {
	return []Code{NotFound, Auth, Forbidden, Network, Timeout, RateLimited, Unavailable,
		Conflict, BadInput, Cancelled, UnknownOutcome, Internal}
}

// IsCode reports whether s is in the closed list.
func IsCode(s string) bool { return slices.Contains(Codes(), Code(s)) }

// Transient reports whether what failed goes by: the failure says nothing of what
// the step was about, and another try may have better luck.
func (c Code) Transient() bool {
	return slices.Contains([]Code{Network, Timeout, RateLimited, Unavailable}, c)
}

// Error is a failure with a code. Message is lower case and says what
// happened; Hint says what to do. Neither says where: the caller adds that.
type Error struct {
	Code    Code           `json:"code"`
	Message string         `json:"message"`
	Hint    string         `json:"hint,omitempty"`
	Details map[string]any `json:"details,omitempty"`
	cause   error
}

// Errorf returns an Error; %w works as in fmt.Errorf.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), cause: errors.Unwrap(err)}
}

// WithHint sets what to do and returns e.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// With sets a detail and returns e.
func (e *Error) With(name string, value any) *Error {
	if e.Details == nil {
		e.Details = map[string]any{}
	}
	e.Details[name] = value
	return e
}

// Error returns the message, and the hint in brackets.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + strings.TrimSuffix(e.Hint, ".") + ")"
}

// Unwrap returns what Errorf wrapped with %w.
func (e *Error) Unwrap() error { return e.cause }

// AsError returns err as an *Error. A foreign error becomes Internal: a step
// that wants another code says so.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Message: err.Error(), cause: err}
}

// At returns err with where it happened in front of its message.
func At(where string, err error) *Error {
	e := *AsError(err)
	e.Message = where + ": " + e.Message
	return &e
}

// CodeOf returns err's code, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}

// Rewritten returns err with its texts changed by text and its details, as JSON,
// by data. An error of which neither changes anything is returned as it is;
// another one keeps its code and what it wraps.
func Rewritten(err error, text func(string) string, data func([]byte) []byte) error {
	e := AsError(err)
	out := &Error{Code: e.Code, Message: text(e.Message), Hint: text(e.Hint), Details: e.Details, cause: err}
	changed := out.Message != e.Message || out.Hint != e.Hint
	if len(e.Details) > 0 {
		before := Encode(e.Details)
		if after := data(before); string(after) != string(before) {
			changed = true
			if v, err := Decode(after); err == nil {
				out.Details, _ = v.(map[string]any)
			}
		}
	}
	if !changed && text(err.Error()) == err.Error() {
		return err
	}
	return out
}
