package execute_test

import (
	"os"
	"testing"

	"github.com/skillrun/skillrun/steps/execute"
)

func TestMain(m *testing.M) {
	if code, mine := execute.Supervise(os.Args); mine {
		os.Exit(code)
	}
	os.Exit(m.Run())
}
