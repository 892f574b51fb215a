//go:build bug_short_probe

package jira

// A planted bug: after a lost answer the lookup gives up as early as at first. See docs/reliability.md.
const missesAfter = misses
