// Package memtest has the tests of a package spend memory for time.
//
// Tests of journals, of git and of the whole program write and synchronise small
// files by the thousand; on a disk that is most of their time. What a disk costs is
// measured where it counts, in TestCostOfJournaling. And collections of garbage are a
// quarter of what is left, unless they are seldom, as in the program.
package memtest

import (
	"os"
	"runtime/debug"
	"testing"
)

// Tests are those of a package, for its TestMain.
type Tests struct{ *testing.M }

// Run runs them and returns their exit code. It collects garbage seldom, unless GOGC
// says how often. It sets TMPDIR, for them and for the
// programs that they start, to a folder in memory, which it removes at the end.
// Where TMPDIR is set, where there is no room or no program can be started from
// there, and on other systems than Linux, it changes nothing.
func (t Tests) Run() int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if dir, ok := folder(); ok {
		defer os.RemoveAll(dir)
		os.Setenv("TMPDIR", dir)
	}
	return t.M.Run()
}
