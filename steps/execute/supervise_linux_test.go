package execute_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/execute"
)

// family is a program whose children leave its group, its session and their
// parent. Each holds the pipe at $1 open, and says its name there.
const family = `exec 3>"$1"
setsid sh -c 'echo a >&3; exec sleep 100' &
(setsid sh -c 'trap "" TERM HUP; echo b >&3; exec sleep 100' &)
(trap "" TERM; (echo c >&3; exec sleep 100) &)
setsid sh -c '(setsid sh -c "echo d >&3; exec sleep 100" &)'
`

// pipe is a named one. Its end is read when no one has it open any more.
func (w world) pipe() (path string, r *os.File) {
	w.Helper()
	path = filepath.Join(w.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		w.Fatal(err)
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { r.Close() })
	return path, r
}

// read reads n bytes. An end before that is of a pipe that no one has opened yet.
func (w world) read(r *os.File, n int) string {
	w.Helper()
	_ = r.SetReadDeadline(time.Now().Add(10 * time.Second))
	var got []byte
	for buf := make([]byte, 64); len(got) < n; {
		m, err := r.Read(buf)
		got = append(got, buf[:m]...)
		if err != nil && err.Error() != "EOF" {
			w.Fatalf("after %q: %v", got, err)
		}
	}
	return string(got)
}

// ended fails when someone has the pipe open.
func (w world) ended(r *os.File) {
	w.Helper()
	_ = r.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := r.Read(make([]byte, 64)); n > 0 || err == nil || err.Error() != "EOF" {
		w.Errorf("somebody lives on: %d, %v", n, err)
	}
}

// TestTheWholeTreeEnds: whatever a program leaves behind, in whatever session, is
// gone when the step has ended, however that came.
func TestTheWholeTreeEnds(t *testing.T) {
	t.Parallel()
	for how, code := range map[string]types.Code{"done": "", "timeout": types.UnknownOutcome, "stopped": types.UnknownOutcome, "failed": execute.ExitCode} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			path, r := w.pipe()
			in := map[string]any{"program": "family", "args": []string{path}, "timeout": "10s"}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			end := map[string]string{"done": "exit 0", "failed": "exit 3"}[how]
			w.script("family", family+"read x <\"$1.go\"\n"+orWait(end))
			if err := syscall.Mkfifo(path+".go", 0o600); err != nil {
				t.Fatal(err)
			}
			if how == "timeout" {
				in["timeout"] = "1s"
			}
			errs := make(chan error)
			go func() { _, err := w.do(ctx, "exec", in); errs <- err }()
			if got := w.read(r, len("a\nb\nc\nd\n")); len(got) != len("a\nb\nc\nd\n") {
				t.Fatal(got)
			}
			if how == "stopped" {
				cancel()
			}
			if end != "" {
				if err := os.WriteFile(path+".go", []byte("go\n"), 0); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-errs; err == nil && code != "" || err != nil && types.CodeOf(err) != code {
				t.Error(err)
			}
			w.ended(r)
		})
	}
}

func orWait(end string) string {
	if end == "" {
		return "sleep 100"
	}
	return end
}

// TestAForkChainEnds: one that starts itself again and again does not outrun it.
func TestAForkChainEnds(t *testing.T) {
	w := newWorld(t)
	w.script("chain", `exec 3>"$1"; echo x >&3; f() { (f &) ; }; f`)
	path, r := w.pipe()
	_, err := w.do(t.Context(), "exec", map[string]any{"program": "chain", "args": []string{path}})
	if err != nil {
		t.Error(err)
	}
	w.read(r, 2)
	w.ended(r)
}

// TestAProgramSeesNoSupervisor: its files, signals, limits, folder, variables and
// arguments are those that it has without one.
func TestAProgramSeesNoSupervisor(t *testing.T) {
	w := newWorld(t)
	w.script("look", `cat; echo; for fd in /proc/$$/fd/*; do echo "${fd##*/}"; done; 
		while read -r line; do case $line in SigQ*) ;; Sig*|NoNew*|Seccomp:*|Cap*|Umask*) echo "$line";; esac; done </proc/self/status
		ulimit -a; ulimit -Ha; pwd; env | sort; printf '<%s>' "$0" "$@"; nice; cat /proc/$$/oom_score_adj; kill -9 $$`)
	in := types.Encode(map[string]any{"program": "look", "args": []string{"", "é", "a b"}, "stdin": "text", "dir": "repo", "env": map[string]any{"GODEBUG": "x=1"}})
	var seen []any
	for _, self := range []string{"", self} {
		raw := "\xff\xfe"
		env := func(name string) (string, bool) {
			return map[string]string{"PATH": w.scripts + ":/usr/bin:/bin", "RAW": raw}[name], true
		}
		s, _ := step.NewCatalogue(execute.Steps(execute.Options{Env: env, Self: self})).Lookup("exec_read")
		_, err := s.Do(w.calling(t.Context()), in)
		if err == nil || !strings.Contains(err.Error(), "look ended with the signal killed") {
			t.Fatal(err)
		}
		seen = append(seen, types.AsError(err).Details)
	}
	if d := cmp.Diff(seen[0], seen[1]); d != "" {
		t.Errorf("-without +with\n%s", d)
	}
}

// TestStdinIsNotRead: a program that ends without reading all of its input ends.
func TestStdinIsNotRead(t *testing.T) {
	w := newWorld(t)
	w.script("deaf", "exit 0")
	if _, err := w.do(t.Context(), "exec", map[string]any{"program": "deaf", "stdin": strings.Repeat("x", 1<<20)}); err != nil {
		t.Error(err)
	}
}

// recorded is a call whose programs are noted, of an effect that no other test has.
func (w world) recorded(ctx context.Context) context.Context {
	return step.WithCall(ctx, step.Call{Key: step.Key{Work: step.Hash(10, w.dir), Path: "p"}, Workspaces: w.dir, Programs: filepath.Join(w.dir, "programs")})
}

// TestSupervisorIsKilled: then it is unknown what became of what the program
// started. The step says so, and so does the look before another one, until a
// person knows.
func TestSupervisorIsKilled(t *testing.T) {
	w := newWorld(t)
	w.script("killer", `kill -9 $PPID; while :; do :; done`) // it dies with it
	w.script("is-there", `exit 1`)
	in := types.Encode(map[string]any{"program": "killer", "find": map[string]any{"program": "is-there"}})
	s, ctx := w.step("exec"), w.recorded(t.Context())
	key := step.CallOf(ctx).Key
	if f, err := s.Find(ctx, key, in); err != nil || f.State != step.StateAbsent {
		t.Fatal(f, err)
	}
	_, err := s.Do(ctx, in)
	if types.CodeOf(err) != types.UnknownOutcome || !strings.Contains(err.Error(), "killer: the process that watched over it was killed") {
		t.Errorf("%v", err)
	}
	for range 2 {
		f, err := s.Find(ctx, key, in)
		if err != nil || f.State != step.StateInconclusive || !strings.Contains(f.Why, "what it started may still be at work: process ") {
			t.Errorf("%+v, %v", f, err)
		}
	}
	w.script("killer", "exit 0") // a person said that it did not happen
	if _, err := s.Do(ctx, in); err != nil {
		t.Error(err)
	}
	if f, err := s.Find(ctx, key, in); err != nil || f.State != step.StateAbsent {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestSupervisorIsStopped: a program that stops who watches over it ends all the same
// when its time is up, with all that it started.
func TestSupervisorIsStopped(t *testing.T) {
	w := newWorld(t)
	path, r := w.pipe()
	w.script("stopper", `exec 3>"$1"; kill -STOP $PPID; (setsid sh -c 'trap "" TERM; echo x >&3; exec sleep 100' &); sleep 100`)
	in := types.Encode(map[string]any{"program": "stopper", "args": []string{path}, "timeout": "1s"})
	if _, err := w.step("exec").Do(w.recorded(t.Context()), in); types.CodeOf(err) != types.UnknownOutcome {
		t.Error(err)
	}
	w.read(r, len("x\n"))
	w.ended(r)
}

// TestNothingIsKept: where the supervisor was killed and the record is lost, what it
// started is known by a variable.
func TestNothingIsKept(t *testing.T) {
	w := newWorld(t)
	path, r := w.pipe()
	w.script("killer", `exec 3>"$1"; (setsid sh -c 'echo x >&3; read x <"$1.go"' sh "$1" &); read x <"$1.killed"; kill -9 $PPID`)
	for _, name := range []string{".go", ".killed"} {
		if err := syscall.Mkfifo(path+name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := types.Encode(map[string]any{"program": "killer", "args": []string{path}})
	ctx := w.recorded(t.Context())
	ended := make(chan error)
	go func() { _, err := w.step("exec").Do(ctx, in); ended <- err }()
	w.read(r, len("x\n"))
	if err := os.WriteFile(path+".killed", []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; types.CodeOf(err) != types.UnknownOutcome {
		t.Fatal(err)
	}
	if err := os.RemoveAll(step.CallOf(ctx).Programs); err != nil {
		t.Fatal(err)
	}
	for goes, want := range []step.FoundState{step.StateInconclusive, step.StateAbsent} {
		if goes == 1 {
			if err := os.WriteFile(path+".go", []byte("x\n"), 0); err != nil {
				t.Fatal(err)
			}
		}
		soon, cancel := context.WithTimeout(ctx, time.Duration(50+goes*5000)*time.Millisecond)
		defer cancel()
		if f, err := w.step("exec").Find(soon, step.Key{}, in); err != nil || f.State != want {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

// TestNoRecord: without its record nothing is started that may do harm.
func TestNoRecord(t *testing.T) {
	w := newWorld(t)
	ctx := w.recorded(t.Context())
	if err := os.WriteFile(step.CallOf(ctx).Programs, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.step("exec").Do(ctx, types.Encode(map[string]any{"program": "true"})); types.CodeOf(err) != types.Internal || !strings.Contains(err.Error(), "a record of the program: ") {
		t.Error(err)
	}
}

// TestRecordOfAnotherBoot: what ran before the machine or the container was
// started again is over; what ran on another machine may not be.
func TestRecordOfAnotherBoot(t *testing.T) {
	w := newWorld(t)
	host, err := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	ctx := w.recorded(t.Context())
	in := types.Encode(map[string]any{"program": "true"})
	if err := os.MkdirAll(step.CallOf(ctx).Programs, 0o700); err != nil {
		t.Fatal(err)
	}
	for record, want := range map[string]step.FoundState{
		"": step.StateAbsent,
		fmt.Sprintf(`{"pid":1,"machine":%q,"boot":"another","init":"1"}`, host):                           step.StateAbsent,
		fmt.Sprintf(`{"pid":1,"machine":%q,"boot":%q,"init":"x"}`, host, strings.TrimSpace(string(boot))): step.StateAbsent,
		`{"pid":1,"machine":"another","boot":"another"}`:                                                  step.StateInconclusive,
		`{"pid":`: step.StateInconclusive,
	} {
		if err := os.WriteFile(filepath.Join(step.CallOf(ctx).Programs, "p"), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		if f, err := w.step("exec").Find(ctx, step.Key{}, in); err != nil || f.State != want {
			t.Errorf("%s: %+v, %v", record, f, err)
		}
	}
}

// TestAnotherIsAtIt: while a program of the same effect runs, known by its record
// or, when that is lost, by its supervisor, none is looked for or started.
func TestAnotherIsAtIt(t *testing.T) {
	w := newWorld(t)
	path, r := w.pipe()
	w.script("slow", `exec 3>"$1"; echo started >&3; exec sleep 100`)
	in := types.Encode(map[string]any{"program": "slow", "args": []string{path}})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	kept := w.recorded(ctx)
	lost := step.CallOf(kept)
	lost.Programs = filepath.Join(w.dir, "elsewhere")
	ended := make(chan error)
	go func() { _, err := w.step("exec").Do(kept, in); ended <- err }()
	w.read(r, len("started\n"))
	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.step("exec").Do(step.WithCall(soon, step.CallOf(kept)), in); types.CodeOf(err) != types.UnknownOutcome ||
		err.Error() != "slow was not started: what an earlier process started for it still runs (wait for it, or end it, and resume the run)" {
		t.Error(err)
	}
	for name, call := range map[string]step.Call{"kept": step.CallOf(kept), "lost": lost} {
		soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		f, err := w.step("exec").Find(step.WithCall(soon, call), step.Key{}, in)
		if err != nil || f.State != step.StateInconclusive || !strings.Contains(f.Why, "what an earlier process started for it still runs below process ") {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	found := make(chan step.Found[[]byte])
	go func() {
		f, _ := w.step("exec").Find(step.WithCall(t.Context(), lost), step.Key{}, in)
		found <- step.Found[[]byte]{State: f.State}
	}()
	select {
	case f := <-found:
		t.Errorf("it did not wait: %+v", f)
	case <-time.After(100 * time.Millisecond):
	}
	stop()
	if err := <-ended; types.CodeOf(err) != types.UnknownOutcome {
		t.Error(err)
	}
	if f := <-found; f.State != step.StateAbsent {
		t.Errorf("%+v", f)
	}
}
