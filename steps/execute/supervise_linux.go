package execute

import (
	"encoding/gob"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine/types"
)

// The supervisor. skillrun starts itself in this hidden mode, and it starts the
// program: what the program leaves behind, in whatever session, becomes the
// supervisor's child, because it is a subreaper. So it knows what is left, and
// that nothing is: a process without children has no descendants. When skillrun
// dies, the pipe between them closes, and it ends all of them. It tells that they
// are over by its own end and, for the process that resumes the run, in the
// record that it holds locked; see record_linux.go.

// supervising is the argument that asks for it. Behind it stands the key of the
// effect, by which it is known to a process that has lost the record.
const supervising = "supervise-program"

// The files that it is given besides the program's own three. What is said over them
// is gob and not JSON: a path, an argument and a variable may hold any bytes.
const (
	controlFile = 3 // the order, then words; its end is that of skillrun
	statusFile  = 4
	recordFile  = 5 // may not be there
)

// launchOrder is what a supervisor is to start.
type launchOrder struct {
	Path, Dir string
	Args, Env []string
	Grace     time.Duration
	Options   launchOptions
	Record    bool // whether the record is there
	Note      bool // whether it says that the program ran
}

// The words that a supervisor is told.
const (
	wordEnd  = "end"
	wordKill = "kill"
)

// report is how the start went and then, when nothing is left, how the program ended.
type report struct {
	Errno syscall.Errno // of a program that did not start
	Ended syscall.WaitStatus
}

// Supervise is the supervisor, when these are the arguments of one: the caller
// then ends the process with the code, and does nothing else before.
func Supervise(args []string) (code int, mine bool) {
	if len(args) < 2 || args[1] != supervising {
		return 0, false
	}
	runtime.LockOSThread() // the program dies with the thread that started it
	if err := hideFiles(); err != nil {
		return 1, true
	}
	s := supervisor{status: gob.NewEncoder(os.NewFile(statusFile, "status"))}
	if err := s.supervise(); err != nil {
		return 1, true
	}
	return 0, true
}

type supervisor struct {
	launchOrder
	status *gob.Encoder
	record *os.File
	pid    int // of the program
	how    syscall.WaitStatus
	ending bool // all of it was told to end
	over   bool // what is left is killed
}

func (s *supervisor) supervise() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGCHLD, unix.SIGTERM)
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGHUP} {
		if !signal.Ignored(s) { // what is ignored here the program has to ignore too
			signal.Notify(signals, s)
		}
	}
	control := gob.NewDecoder(os.NewFile(controlFile, "control"))
	if err := control.Decode(&s.launchOrder); err != nil {
		return err
	}
	if s.Record {
		s.record = os.NewFile(recordFile, "record")
	}
	if err := s.start(); err != nil {
		var no syscall.Errno
		if !errors.As(err, &no) {
			no = syscall.EIO
		}
		return errors.Join(err, s.status.Encode(report{Errno: no}))
	}
	words := make(chan string)
	go func() {
		for {
			var word string
			if control.Decode(&word) != nil { // skillrun is gone
				words <- wordEnd
				return
			}
			words <- word
		}
	}()
	_ = s.status.Encode(report{})
	s.watch(signals, words)
	s.forget()
	return s.status.Encode(report{Ended: s.how})
}

// start starts the program, unless skillrun is gone: another one may be at the step
// already. The order counts: what is not noted when that one looks is never started.
func (s *supervisor) start() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	if s.Note {
		if err := s.record.Truncate(0); err != nil {
			return err
		}
		if _, err := s.record.WriteAt(append(types.Encode(currentPlace()), '\n'), 0); err != nil {
			return err
		}
	}
	poll := []unix.PollFd{{Fd: controlFile}}
	if _, err := unix.Poll(poll, 0); err == nil && poll[0].Revents&unix.POLLHUP != 0 {
		s.forget()
		return errors.New("skillrun is gone")
	}
	fork := func() (int, error) {
		return syscall.ForkExec(s.Path, s.Args, &syscall.ProcAttr{
			Dir: s.Dir, Env: s.Env, Files: []uintptr{0, 1, 2},
			Sys: &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL},
		})
	}
	var err error
	if o := s.Options; o.Sandbox {
		s.pid, err = runConfined(box{s.Path, o.May, o.Hidden}, fork)
	} else {
		s.pid, err = fork()
	}
	if err != nil {
		s.forget()
		return err
	}
	return closeProgramFiles()
}

// forget takes back the note that the program runs.
func (s *supervisor) forget() {
	if s.Note {
		_ = s.record.Truncate(0)
	}
}

// closeProgramFiles releases the program's own files: the other side has to see their end.
func closeProgramFiles() error {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	for fd := 0; fd < 3 && err == nil; fd++ {
		err = unix.Dup3(null, fd, unix.O_CLOEXEC)
	}
	return err
}

// chase is how often the nearest are killed before all are looked for: what forks and
// ends all the time comes back here, and is gone before it is found otherwise.
const chase = 100

// watch returns when nothing is left of the program.
func (s *supervisor) watch(signals <-chan os.Signal, words <-chan string) {
	var again <-chan time.Time
	for pause := time.Millisecond; !s.reap(); {
		if s.over {
			for range chase {
				if strike(os.Getpid()); s.reap() {
					return
				}
			}
			tell(os.Getpid(), unix.SIGKILL)
			again, pause = time.After(pause), min(2*pause, 50*time.Millisecond)
		}
		word := ""
		select {
		case <-again:
			word = wordKill
		case word = <-words:
		case got := <-signals:
			if got != unix.SIGCHLD {
				word = wordEnd
			}
		}
		switch {
		case word == wordKill:
			s.over = true
		case word == wordEnd && !s.ending && !s.over:
			s.ending, again = true, time.After(s.Grace)
			tell(os.Getpid(), unix.SIGTERM)
		}
	}
}

// reap takes note of what has ended, and reports whether nothing is left.
func (s *supervisor) reap() bool {
	for {
		var how syscall.WaitStatus
		switch pid, err := syscall.Wait4(-1, &how, syscall.WNOHANG, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil: // ECHILD
			return true
		case pid == 0:
			return false
		case pid == s.pid:
			s.how, s.over = how, true
		}
	}
}
