package git_test

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/skillrun/skillrun/engine/memtest"
)

// TestMain lets garbage be collected seldom, as the program does: a quarter of the
// time went into that.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(memtest.Tests{M: m}.Run())
}
