package local_test

import (
	"os"
	"testing"

	"github.com/skillrun/skillrun/engine/memtest"
)

func TestMain(m *testing.M) { os.Exit(memtest.Tests{M: m}.Run()) }
