package local

// of reports whether it was said to a plan.
func (yes approval) of(path, digest string) bool {
	return yes.path == path && yes.plan == digest && digest != ""
}
