package cli

import "github.com/skillrun/skillrun/engine"

// The exit codes. The kind of failure stands in error.code of the result.
const (
	exitDone        = 0   // done, or parked with nothing left for a person to approve
	exitFailed      = 1   // failed after the first request
	exitRefused     = 2   // refused before any request: call, skill, inputs, configuration, credentials
	exitPerson      = 3   // a person must act
	exitInterrupted = 130 // SIGINT
	exitTerminated  = 143 // SIGTERM
)

// exitError ends the program with a code; err, when there is one, is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "exit"
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func refused(err error) error { return &exitError{exitRefused, err} }

// codeOf is the exit code of a run.
func codeOf(r engine.Report) int {
	switch r.State {
	case engine.Done:
		return exitDone
	case engine.Parked:
		if r.Reason == engine.ForAwait {
			return exitDone
		}
		return exitPerson
	case engine.Interrupted, engine.Cancelled:
		return exitInterrupted
	}
	return exitFailed
}
