package execute_test

import (
	"os"
	"testing"

	"github.com/skillrun/skillrun/engine/memtest"
	"github.com/skillrun/skillrun/steps/execute"
)

func TestMain(m *testing.M) {
	if code, mine := execute.Supervise(os.Args); mine {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == attacking && attacking != "" {
		os.Exit(attack(os.Args[2:]))
	}
	os.Exit(memtest.Tests{M: m}.Run())
}
