package execute

import (
	"context"
	"encoding/gob"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/skillrun/skillrun/engine/step"
)

// errKilled is the end of a supervisor that has not said how its program ended.
var errKilled = errors.New("the process that watched over it was killed")

func (r runner) start(ctx context.Context, cmd *exec.Cmd, m launchOptions) (running, error) {
	if err := r.boxes(m, landlock()); err != nil {
		return running{}, err
	}
	if r.Self == "" {
		return startInGroup(cmd)
	}
	c := step.CallOf(ctx)
	record, err := r.hold(ctx, c)
	if err != nil {
		return running{}, err
	}
	w, err := r.supervised(cmd, c.Key, record)
	if err != nil {
		release(record)
		return running{}, err
	}
	o := launchOrder{
		Path: cmd.Path, Dir: cmd.Dir, Args: cmd.Args, Env: cmd.Env, Grace: r.grace(), Options: m,
		Record: record != nil, Note: record != nil && m.Once,
	}
	done, nothing := make(chan struct{}), func() {} // a word in the middle of the order would not be understood
	untold := context.AfterFunc(ctx, func() { r.end(running{end: nothing, kill: nothing, cut: w.cut}, done) })
	// A fast program may have stopped who says that it was started by then.
	var begun report
	if err = w.control.Encode(o); err == nil {
		err = w.status.Decode(&begun)
	}
	close(done)
	untold()
	if err == nil && begun.Errno != 0 {
		_ = w.close()
		return running{}, begun.Errno
	}
	// An error is the end of the supervisor: it is unknown what it has started.
	wait := func() (syscall.WaitStatus, error) { return w.wait(err) }
	return running{end: w.say(wordEnd), kill: w.say(wordKill), cut: w.cut, wait: wait}, nil
}

// boxes refuses to start a program without the sandbox that it is to have.
func (r runner) boxes(m launchOptions, version int) error {
	if m.Sandbox && (r.Self == "" || version < 1) {
		return noSandbox("this kernel has no Landlock")
	}
	return nil
}

// watched is a supervisor, as seen from here.
type watched struct {
	cmd     *exec.Cmd
	control *gob.Encoder
	status  *gob.Decoder
	files   []*os.File // of ours
	record  *os.File
}

// supervised starts a supervisor with the program's own three files.
func (r runner) supervised(cmd *exec.Cmd, key step.Key, record *os.File) (*watched, error) {
	controlThere, control, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	status, statusThere, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, controlThere.Close(), control.Close())
	}
	args := []string{"skillrun", supervising, key.String()}
	w := &watched{
		control: gob.NewEncoder(control), status: gob.NewDecoder(status), files: []*os.File{control, status}, record: record,
		cmd: &exec.Cmd{
			Path: r.Self, Args: args, Env: []string{}, Dir: "/", Stdin: cmd.Stdin, Stdout: cmd.Stdout, Stderr: cmd.Stderr,
			ExtraFiles: []*os.File{controlThere, statusThere}, WaitDelay: cmd.WaitDelay,
			SysProcAttr: &syscall.SysProcAttr{Setsid: true},
		},
	}
	if record != nil {
		w.cmd.ExtraFiles = append(w.cmd.ExtraFiles, record)
	}
	err = w.cmd.Start()
	err = errors.Join(err, controlThere.Close(), statusThere.Close())
	if err != nil {
		return nil, errors.Join(err, control.Close(), status.Close())
	}
	return w, nil
}

func (w *watched) say(word string) func() { return func() { _ = w.control.Encode(word) } }

// cut ends all of it without the supervisor, and that too: someone has stopped it, or
// it may not end what it started. What became of that is unknown then.
func (w *watched) cut() {
	tell(w.cmd.Process.Pid, syscall.SIGKILL)
	_ = w.cmd.Process.Kill()
}

// wait waits for the supervisor's last word, and for its end.
func (w *watched) wait(before error) (syscall.WaitStatus, error) {
	var last report
	err := before
	if err == nil {
		err = w.status.Decode(&last)
	}
	if gone := w.close(); err == nil {
		return last.Ended, ended(gone)
	}
	return 0, errKilled
}

// close waits until the supervisor has ended and the program's output is read.
func (w *watched) close() error {
	err := w.cmd.Wait()
	for _, f := range w.files {
		f.Close()
	}
	release(w.record)
	return err
}
