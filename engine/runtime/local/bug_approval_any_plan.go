//go:build bug_approval_any_plan

package local

// A planted bug: an approval counts for whatever the run would do now. See docs/reliability.md.
func (yes approval) of(path, _ string) bool { return yes.path == path }
