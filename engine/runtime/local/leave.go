package local

// leaveFirst reports whether a write needs consent and the lock before it is
// looked for. One that may have been sent is looked for in any case.
func leaveFirst(maybeSent bool) bool { return !maybeSent }
