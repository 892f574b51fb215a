//go:build bug_leave_to_look

package local

// A planted bug: what may have been sent is not looked for without leave to send it. See docs/reliability.md.
func leaveFirst(bool) bool { return true }
