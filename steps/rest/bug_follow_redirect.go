//go:build bug_follow_redirect

package rest

import "net/http"

// A planted bug: a write that is sent elsewhere becomes a read there, and its
// answer counts as success. See docs/reliability.md.
func sameOriginReads(*http.Request, []*http.Request) error { return nil }
