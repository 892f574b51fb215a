//go:build bug_run_in_key

package local

// A planted bug: the key is of the run, so the same work in another run is not found. See docs/reliability.md.
func (r *runner) work() string { return r.Header.ID }
