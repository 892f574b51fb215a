package main

import (
	"fmt"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/sandbox"
)

// spoiltKind is a way to spoil a request. One that is a variant is for one read
// and one write of each service: what is different about it is read in one place.
type spoiltKind struct {
	name    string
	fault   sandbox.Fault
	variant bool
}

// spoiltKinds are all ways to spoil one request.
func spoiltKinds() []spoiltKind {
	var out []spoiltKind
	add := func(name string, f sandbox.Fault) { out = append(out, spoiltKind{name, f, false}) }
	vary := func(name string, f sandbox.Fault) { out = append(out, spoiltKind{name, f, true}) }
	add("refuse", sandbox.Fault{Kind: sandbox.Refuse})
	for _, when := range []string{"before", "after"} {
		add("reset "+when, sandbox.Fault{Kind: sandbox.Reset, When: when})
		add("timeout "+when, sandbox.Fault{Kind: sandbox.Timeout, When: when})
		for _, status := range []int{500, 502, 503} {
			add(fmt.Sprint(status, " ", when), sandbox.Fault{Kind: sandbox.Status, Status: status, When: when})
		}
		for _, status := range []int{408, 504} {
			vary(fmt.Sprint(status, " ", when), sandbox.Fault{Kind: sandbox.Status, Status: status, When: when})
		}
	}
	add("401", sandbox.Fault{Kind: sandbox.Status, Status: 401})
	vary("403", sandbox.Fault{Kind: sandbox.Status, Status: 403})
	for _, wait := range []string{"7", "31536000"} {
		add("429 "+wait, sandbox.Fault{Kind: sandbox.Status, Status: 429, RetryAfter: wait})
	}
	for _, wait := range []string{"", "0", "-1", "soon", "99999999999999999999", "Thu, 15 Jan 2026 22:30:30 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"} {
		vary("429 "+wait, sandbox.Fault{Kind: sandbox.Status, Status: 429, RetryAfter: wait})
	}
	add("503 busy", sandbox.Fault{Kind: sandbox.Status, Status: 503, RetryAfter: "5"})
	for _, status := range []int{301, 302, 303, 307, 308} {
		add(fmt.Sprint(status), sandbox.Fault{Kind: sandbox.Redirect, Status: status})
	}
	for _, status := range []int{302, 307} {
		add(fmt.Sprint(status, " elsewhere"), sandbox.Fault{Kind: sandbox.Redirect, Status: status, Location: "http://127.0.0.2:2/"})
		add(fmt.Sprint(status, " after"), sandbox.Fault{Kind: sandbox.Redirect, Status: status, When: "after"})
	}
	for _, kind := range []string{sandbox.Truncated, sandbox.Stalled, sandbox.Endless, sandbox.Slow, sandbox.InvalidJSON, sandbox.LoginPage, sandbox.OtherObject, sandbox.Duplicate} {
		add(kind, sandbox.Fault{Kind: kind})
	}
	return out
}

// faultCase is one release and the request of it that is spoilt.
type faultCase struct {
	spoiltKind
	nth  int
	lag  float64 // of Jira's search, in seconds
	warm bool    // the repositories are in the cache
}

func (c faultCase) String() string {
	if c.lag > 0 {
		return fmt.Sprintf("request %d, %s, search lags %gs", c.nth, c.name, c.lag)
	}
	return fmt.Sprintf("request %d, %s", c.nth, c.name)
}
