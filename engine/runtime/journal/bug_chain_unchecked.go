//go:build bug_chain_unchecked

package journal

// A planted bug: a journal from which a line was taken, or in which two were swapped, is believed. See docs/reliability.md.
func follows(string, string) bool { return true }
