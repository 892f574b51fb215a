//go:build !bug_short_probe

package jira

// missesAfter is how many numbers in a row have to be free, after a request
// whose outcome is unknown, for a proof that it filed nothing.
const missesAfter = 20
