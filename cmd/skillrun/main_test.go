package main

import (
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/skillrun/skillrun/engine/memtest"
)

func TestMain(m *testing.M) {
	// Below nohup too, programs that tests start are told of signals.
	told := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		if signal.Ignored(s) && filepath.Base(os.Args[0]) != "skillrun" {
			signal.Notify(told, s)
		}
	}
	testscript.Main(tests{memtest.Tests{M: m}}, map[string]func(){"skillrun": main, "mutants": mutants, "toolserver": toolServer})
}

// tests are those of this package. They wait half of their time, for programs and for
// services, so that twice as many run side by side as there are processors.
type tests struct{ memtest.Tests }

func (t tests) Run() int {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0)))
	}
	return t.Tests.Run()
}

// TestScripts runs the whole program, as processes, through testdata/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireUniqueNames:  true,
		RequireExplicitExec: false,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_STATE_HOME", "")
			e.Setenv("XDG_CACHE_HOME", "")
			e.Setenv("XDG_CONFIG_HOME", "")
			return os.Mkdir(e.WorkDir+"/home", 0o700)
		},
	})
}
