//go:build !bug_chain_unchecked

package journal

// follows reports whether a line holds the hash of the line before it.
func follows(linked, before string) bool { return linked == before }
