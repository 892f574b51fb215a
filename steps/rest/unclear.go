//go:build !bug_retry_5xx

package rest

import (
	"github.com/skillrun/skillrun/engine/types"
)

// unclear is the code of an answer that says neither yes nor no. A server that
// fails may have done the work before: of a write the outcome is unknown.
func unclear(method string) types.Code {
	if !isRead(method) {
		return types.UnknownOutcome
	}
	return types.Unavailable
}
