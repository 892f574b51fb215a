//go:build bug_retry_5xx

package rest

import (
	"github.com/skillrun/skillrun/engine/types"
)

// A planted bug: a write that a server answered with a 5xx counts as not done, and is sent again. See docs/reliability.md.
func unclear(string) types.Code { return types.Unavailable }
