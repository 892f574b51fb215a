package git_test

import (
	"runtime/debug"
	"testing"
)

// TestMain lets garbage be collected seldom, as the program does: a quarter of the
// time went into that.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
