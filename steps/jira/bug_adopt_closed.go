//go:build bug_adopt_closed

package jira

// A planted bug: an issue that a person closed is taken for the one of this run. See docs/reliability.md.
func (issue) done() bool { return false }
