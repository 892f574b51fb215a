package execute

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type runner struct{ Options }

// fault is why a program did not do its work.
type fault struct {
	err     *types.Error
	started bool // whether it ran at all
	ended   bool // whether it ended by itself, with an exit code of its own
	worked  bool // whether it did its work all the same
	left    []ChangedPath
}

// withChanges adds to an error what the program left in its workspace all the same.
func (f *fault) withChanges(err *types.Error) *types.Error {
	if len(f.left) > 0 {
		return err.With("files", f.left)
	}
	return err
}

// asWrite is the fault of a program that may have changed something. Its exit code is
// its word that it did not do its work; one that was stopped has not said anything.
func (f *fault) asWrite(in Look) *types.Error {
	switch {
	case errors.Is(f.err, errRuns):
		return types.Errorf(types.UnknownOutcome, "%s", f.err.Message).WithHint("%s", f.err.Hint)
	case !f.started || f.ended:
		return f.err
	}
	return types.Errorf(types.UnknownOutcome, "%s: it is unknown what %s had done until then", f.err.Message, name(in)).
		WithHint("check whether it did its work, then resume the run")
}

// errRuns says that there is no other one yet.
var errRuns = errors.New("what an earlier process started for it still runs")

func name(in Look) string { return filepath.Base(in.Program) }

// notStarted is the fault of a program that was not started.
func notStarted(err *types.Error) *fault { return &fault{err: err} }

// effectVariable says for which effect a process is: one that resumes the run finds it.
const effectVariable = "SKILLRUN_EFFECT"

// execute runs a program to its end; once says that a second run may do harm.
func (r runner) execute(ctx context.Context, in Look, once bool) (Out, *fault) {
	limit, err := types.ParseDuration(in.Timeout)
	if err != nil {
		return Out{}, notStarted(types.AsError(err))
	}
	path, f := r.program(in)
	if f != nil {
		return Out{}, f
	}
	if f := r.checkResolved(in, path); f != nil {
		return Out{}, f
	}
	dir, remove, f := folder(ctx, in.Dir)
	if f != nil {
		return Out{}, f
	}
	defer remove()
	m := launchOptions{Once: once, Sandbox: in.Sandbox}
	if in.Sandbox {
		tmp, drop, f := folder(ctx, nil)
		if f != nil {
			return Out{}, f
		}
		defer drop()
		in, m.May, m.Hidden = in.with("TMPDIR", tmp), []string{dir, tmp}, r.userFolders()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errLimit)
	defer cancel()
	stdout, stderr := &tail{limit: in.MaxOutput}, &tail{limit: in.MaxOutput}
	cmd := &exec.Cmd{
		Path: path, Args: append([]string{in.Program}, in.scripted().Args...), Env: r.environment(in), Dir: dir,
		Stdin: strings.NewReader(in.Stdin + in.SecretStdin.Reveal()), Stdout: stdout, Stderr: stderr, WaitDelay: r.grace(),
	}
	if key := step.CallOf(ctx).Key; once && !key.IsZero() {
		cmd.Env = append(cmd.Env, effectVariable+"="+key.String())
	}
	left := trackChanges(dir, in)
	status, f := r.supervise(ctx, cmd, in, m)
	if f != nil {
		f.left = left()
		return Out{}, f
	}
	hide := func(text string) string { return step.Hide(ctx, text) }
	out := Out{
		ExitCode: status.ExitStatus(), Stdout: stdout.text(hide), Stderr: stderr.text(hide),
		StdoutBytes: stdout.total, StderrBytes: stderr.total, Truncated: stdout.cut() || stderr.cut(),
	}
	out.Files = left()
	return finished(in, status, out)
}

// with is the same with a variable, unless it sets that itself.
func (in Look) with(name, value string) Look {
	env := map[string]string{name: value}
	maps.Copy(env, in.Env)
	in.Env = env
	return in
}

// trackChanges looks at a workspace before a program, and says after it what it left.
func trackChanges(dir string, in Look) func() []ChangedPath {
	root, err := os.OpenRoot(dir)
	if in.Dir == nil || err != nil {
		return func() []ChangedPath { return nil }
	}
	before := takeSnapshot(root)
	return func() []ChangedPath {
		defer root.Close()
		return before.changesSince(root)
	}
}

// supervise starts the program and waits for its end, or brings it about.
func (r runner) supervise(ctx context.Context, cmd *exec.Cmd, in Look, m launchOptions) (syscall.WaitStatus, *fault) {
	p, err := r.started(ctx, cmd, m)
	if err != nil {
		return 0, cannotStart(in, err)
	}
	done := make(chan struct{})
	untold := context.AfterFunc(ctx, func() { r.end(p, done) })
	status, err := p.wait()
	awaitSameSignal(ctx, status)
	close(done)
	if !untold() {
		return 0, stopped(ctx, in)
	}
	if err != nil {
		return 0, &fault{started: true, err: types.Errorf(types.Internal, "%s: %w", name(in), err)}
	}
	return status, nil
}

// sameSignal is how much later than a program the run may be told of a signal that both
// were sent, on a busy machine.
const sameSignal = 200 * time.Millisecond

// awaitSameSignal gives the run time to hear of the signal that ended a program: a
// terminal that is closed, or an interrupt there, comes to both at once, and then the run
// is stopped, and the program has not failed.
func awaitSameSignal(ctx context.Context, status syscall.WaitStatus) {
	if !status.Signaled() || !slices.Contains([]syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM}, status.Signal()) {
		return
	}
	t := time.NewTimer(sameSignal)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// How often a program is started that someone still writes, and the pauses between.
const (
	maxStarts  = 12
	firstPause = 10 * time.Millisecond
	maxPause   = time.Second
)

// started starts the program, and again for some seconds while its file is open for
// writing: it was just installed, or another process that was just forked shares it.
func (r runner) started(ctx context.Context, cmd *exec.Cmd, m launchOptions) (running, error) {
	sleep := step.CallOf(ctx).Sleep
	for n, pause := 1, firstPause; ; n, pause = n+1, min(2*pause, maxPause) {
		fresh := *cmd // a command is started once
		p, err := r.start(ctx, &fresh, m)
		if !errors.Is(err, syscall.ETXTBSY) || sleep == nil || n == maxStarts || sleep(ctx, pause) != nil {
			return p, err
		}
	}
}

func (r runner) grace() time.Duration { return cmp.Or(r.Grace, 2*time.Second) }

// end tells a program to end, kills it when it does not, and at last goes on without it.
func (r runner) end(p running, done <-chan struct{}) {
	p.end()
	for _, further := range []func(){p.kill, func() {}, p.cut} {
		t := time.NewTimer(r.grace())
		select {
		case <-t.C:
			further()
		case <-done:
			t.Stop()
			return
		}
	}
}

// errLimit is the end of a program's own time, not the step's or the run's.
var errLimit = errors.New("the program's time is up")

func stopped(ctx context.Context, in Look) *fault {
	if errors.Is(context.Cause(ctx), errLimit) {
		return &fault{started: true, err: types.Errorf(types.Timeout, "%s took longer than %s and was stopped", name(in), in.Timeout).
			WithHint("give it more time with timeout, or see why it hangs")}
	}
	return &fault{started: true, err: types.Errorf(types.Cancelled, "%s was stopped", name(in)).WithHint("resume the run")}
}

// expected are the exit codes that mean the program did its work.
func expected(in Look) []int {
	if len(in.Expect) == 0 {
		return []int{0}
	}
	return in.Expect
}

// finished is the result of a program that ended, or why it is none.
func finished(in Look, status syscall.WaitStatus, out Out) (Out, *fault) {
	if f := checkExit(in, status, out); f != nil {
		return out, f
	}
	v, err := parsed(in, out)
	if out.Value = v; err != nil {
		return out, &fault{started: true, ended: true, worked: true, err: err, left: out.Files}
	}
	return out, nil
}

func checkExit(in Look, status syscall.WaitStatus, out Out) *fault {
	signalled := status.Signaled()
	code := ExitCode
	if declared := codeOf(in.Codes, expected(in), out); declared != "" && !signalled {
		code = declared
	} else if slices.Contains(expected(in), out.ExitCode) {
		return nil
	}
	how := fmt.Sprintf("exit code %d", out.ExitCode)
	if signalled {
		how = "the signal " + status.Signal().String()
	}
	err := types.Errorf(code, "%s ended with %s%s", name(in), how, stderrTail(out.Stderr)).
		WithHint("see its output; expect lists the exit codes that mean success").
		With("exit_code", out.ExitCode).With("stdout", out.Stdout).With("stderr", out.Stderr)
	if code != ExitCode {
		err.Hint = "see its output; codes says that this is " + string(code)
	}
	return &fault{started: true, ended: !signalled, err: err, left: out.Files}
}

// stderrTail is the end of what a program complained of, as one line.
func stderrTail(stderr string) string {
	words := []rune(strings.Join(strings.Fields(stderr), " "))
	switch {
	case len(words) == 0:
		return ""
	case len(words) > 300:
		return ": …" + string(words[len(words)-300:])
	}
	return ": " + string(words)
}

// program finds the program in PATH, and never in the working directory.
func (r runner) program(in Look) (string, *fault) {
	if filepath.IsAbs(in.Program) {
		return in.Program, nil
	}
	path, _ := r.variable("PATH")
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, in.Program); filepath.IsAbs(dir) && executable(file) {
			return file, nil
		}
	}
	return "", notStarted(types.Errorf(types.NotFound, "there is no program %s in PATH", in.Program).WithHint("install it, or give its absolute path"))
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

func cannotStart(in Look, err error) *fault {
	var ours *types.Error
	switch {
	case errors.Is(err, errRuns):
		return notStarted(types.Errorf(types.Cancelled, "%s was not started: %w", name(in), err).WithHint("wait for it, or end it, and resume the run"))
	case errors.As(err, &ours):
		return notStarted(ours)
	}
	err = workspaces.Bare(err)
	code, hint := types.NotFound, "check that the program exists"
	switch {
	case errors.Is(err, fs.ErrPermission):
		code, hint = types.Forbidden, "check that it is executable: ls -l"
	case errors.Is(err, syscall.ETXTBSY):
		code, hint = types.Unavailable, "its file is still being written: resume the run when that is done"
	case errors.Is(err, syscall.E2BIG): // one of more than 128 KiB, or 2 MiB together
		code, hint = types.BadInput, "give it what is long on stdin"
	}
	return notStarted(types.Errorf(code, "%s cannot be started: %v", in.Program, err).WithHint("%s", hint))
}

func (r runner) variable(name string) (string, bool) {
	if r.Env == nil {
		return "", false
	}
	return r.Env(name)
}

// userFolders are the folders of the user of skillrun, by their own paths.
func (r runner) userFolders() (out []string) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"} {
		dir, _ := r.variable(name)
		if dir, err := filepath.EvalSymlinks(dir); err == nil && filepath.IsAbs(dir) {
			out = append(out, dir)
		}
	}
	return out
}

// environment is PATH, what is passed on, and what is set.
func (r runner) environment(in Look) []string {
	env := map[string]string{}
	for _, name := range append([]string{"PATH"}, in.PassEnv...) {
		if v, ok := r.variable(name); ok {
			env[name] = v
		}
	}
	maps.Copy(env, in.Env)
	for name, secret := range in.SecretEnv {
		env[name] = secret.Reveal()
	}
	out := make([]string, 0, len(env))
	for _, name := range types.SortedKeys(env) {
		out = append(out, name+"="+env[name])
	}
	return out
}

// folder is where a program works: a workspace's files, or a new folder to be removed.
func folder(ctx context.Context, name *string) (dir string, remove func(), f *fault) {
	if name != nil {
		dir, err := workspaces.Files(ctx, *name)
		if err != nil {
			return "", nil, notStarted(types.AsError(err))
		}
		return dir, func() {}, nil
	}
	base, err := workspaces.Base(ctx)
	if err != nil {
		return "", nil, notStarted(types.AsError(err))
	}
	if err = os.MkdirAll(base, 0o700); err == nil {
		dir, err = os.MkdirTemp(base, ".exec-")
	}
	if err != nil {
		return "", nil, notStarted(types.Errorf(types.Internal, "a folder for the program: %w", err))
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
