// Package memtest lets the tests of a package keep their temporary files in memory.
//
// Tests of journals, of git and of the whole program write and synchronise small
// files by the thousand; on a disk that is most of their time. What a disk costs is
// measured where it counts, in TestCostOfJournaling.
package memtest

import (
	"os"
	"testing"
)

// Tests are those of a package, for its TestMain.
type Tests struct{ *testing.M }

// Run runs them and returns their exit code. It sets TMPDIR, for them and for the
// programs that they start, to a folder in memory, which it removes at the end.
// Where TMPDIR is set, where there is no room or no program can be started from
// there, and on other systems than Linux, it changes nothing.
func (t Tests) Run() int {
	if dir, ok := folder(); ok {
		defer os.RemoveAll(dir)
		os.Setenv("TMPDIR", dir)
	}
	return t.M.Run()
}
