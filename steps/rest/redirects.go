//go:build !bug_follow_redirect

package rest

import "net/http"

// sameOriginReads is the rule for being sent elsewhere: a read may be, within
// its origin; a write never, for net/http would make a read of it.
func sameOriginReads(req *http.Request, via []*http.Request) error {
	first := via[0]
	if !isRead(first.Method) || req.URL.Host != first.URL.Host || req.URL.Scheme != first.URL.Scheme || len(via) > 5 {
		return http.ErrUseLastResponse
	}
	return nil
}
