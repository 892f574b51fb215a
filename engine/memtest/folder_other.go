//go:build !linux

package memtest

// folder makes none: there is no folder in memory that every such system has.
func folder() (dir string, ok bool) { return "", false }
