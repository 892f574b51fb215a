package execute

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/skillrun/skillrun/engine/types"
)

// running is a program that was started, with all that it started itself.
type running struct {
	end  func() // tells all of it to end
	kill func() // ends all of it
	cut  func() // ends what of it can be ended, and the waiting
	// wait waits until nothing of it is left, as far as this machine lets one
	// know, and says how the program ended.
	wait func() (syscall.WaitStatus, error)
}

// launchOptions is how a program is run.
type launchOptions struct {
	Once    bool     // a second run of it may do harm: a record tells whether all of it is over
	Sandbox bool     // it is kept from what is not its own
	May     []string // the folders that it may change then
	Hidden  []string // and those of the user that it may not read, wherever they are
}

func noSandbox(why string) error {
	return types.Errorf(types.Forbidden, "the sandbox is not available here: %s", why).
		WithHint("run the skill on a Linux whose kernel has Landlock (5.13), or leave sandbox out if the program is trusted")
}

// hideFiles keeps all files but its own three from the program, also those of skillrun.
func hideFiles() error {
	files, err := os.ReadDir("/dev/fd")
	for _, f := range files {
		if fd, err := strconv.Atoi(f.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
	return err
}

// startInGroup starts a program in a process group; what leaves that is let go.
func startInGroup(cmd *exec.Cmd) (running, error) {
	cmd.SysProcAttr = ownGroup()
	if err := hideFiles(); err != nil {
		return running{}, err
	}
	if err := cmd.Start(); err != nil {
		return running{}, err
	}
	signal := func(s syscall.Signal) func() { return func() { _ = syscall.Kill(-cmd.Process.Pid, s) } }
	wait := func() (syscall.WaitStatus, error) {
		err := cmd.Wait()
		signal(syscall.SIGKILL)() // what it left running
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		return status, ended(err)
	}
	return running{signal(syscall.SIGTERM), signal(syscall.SIGKILL), signal(syscall.SIGKILL), wait}, nil
}

// ended is the error of waiting, but for what only says how a program ended.
func ended(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
