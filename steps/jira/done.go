//go:build !bug_adopt_closed

package jira

// done reports whether somebody has ended the issue: it is never adopted.
func (i issue) done() bool { return i.Fields.Status.Category.Key == "done" }
