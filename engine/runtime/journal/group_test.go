package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

func TestLockGroup(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	const name = "deploy ../ Prod/ünï"
	if run, held := s.GroupHolder(name); held || run != "" {
		t.Errorf("a lock that was never taken is held by %q", run)
	}
	l := must(s.LockGroup(name, id(1)))(t)
	if run, held := s.GroupHolder(name); !held || run != id(1) {
		t.Errorf("held %t by %q", held, run)
	}
	_, err := s.LockGroup(name, id(2))
	wantError(t, err, journal.ErrLocked, types.Conflict, fmt.Sprintf(
		"the concurrency group %q is locked by run %s (process %d) (wait until that run ends or parks, or cancel it)",
		name, id(1), os.Getpid()))
	if got := types.AsError(err).Details["run"]; got != id(1) {
		t.Errorf("the detail names run %v", got)
	}
	other := must(s.LockGroup("deploy -- Prod/ünï", id(2)))(t)
	check(t, other.Close())
	for range 2 {
		check(t, l.Close())
	}
	if run, held := s.GroupHolder(name); held || run != "" {
		t.Errorf("after closing it is held by %q", run)
	}
	check(t, must(s.LockGroup(name, id(2)))(t).Close())
}

func TestLockGroupRefuses(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	_, err := s.LockGroup("x", "nobody")
	wantError(t, err, nil, types.BadInput, `"nobody" is not the id of a run (an id looks like 20260115-101530-k3f9q2)`)
	l := must(s.LockGroup("x", id(1)))(t)
	check(t, l.Close())
	locks := filepath.Join(filepath.Dir(filepath.Dir(dir)), "locks")
	files := must(filepath.Glob(locks + "/x-*.lock"))(t)
	if len(files) != 1 {
		t.Fatalf("files %q, want one", files)
	}
	// Nothing is decided by what stands in the file.
	check(t, os.WriteFile(files[0], []byte("1\n"+id(9)+"\n"), 0o600))
	l = must(s.LockGroup("x", id(1)))(t)
	check(t, os.WriteFile(files[0], []byte("somebody else"), 0o600))
	_, err = s.LockGroup("x", id(2))
	wantError(t, err, journal.ErrLocked, types.Conflict,
		`the concurrency group "x" is locked by process unknown (wait until that run ends or parks, or cancel it)`)
	check(t, l.Close())
	check(t, os.Chmod(locks, 0o777))
	_, err = s.LockGroup("x", id(1))
	wantError(t, err, journal.ErrUnsafe, types.Conflict, "unsafe: "+locks+" can be written by others (run chmod go-w on it)")
}

// Of many that want it at once one gets it, and it is free when that one ends.
func TestLockGroupExcludes(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	const many = 16
	locks := make([]*journal.GroupLock, many)
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			l, err := journal.NewStore(dir, journal.Options{}).LockGroup("deploy", id(n))
			if err != nil && types.CodeOf(err) != types.Conflict {
				t.Error(err)
			}
			locks[n] = l
		})
	}
	wg.Wait()
	var got *journal.GroupLock
	for _, l := range locks {
		if l != nil && got != nil {
			t.Error("two have it")
		}
		if l != nil {
			got = l
		}
	}
	if got == nil {
		t.Fatal("nobody has it")
	}
	check(t, got.Close())
}

// The kernel takes the lock back from a process that is killed.
func TestLockGroupOfAKilledProcess(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	cmd := startChild(t, "group", filepath.Dir(filepath.Dir(dir)))
	_, err := s.LockGroup("deploy", id(1))
	wantError(t, err, journal.ErrLocked, types.Conflict, fmt.Sprintf(
		`the concurrency group "deploy" is locked by run %s (process %d) (wait until that run ends or parks, or cancel it)`,
		runID, cmd.Process.Pid))
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	check(t, must(s.LockGroup("deploy", id(1)))(t).Close())
}

func TestMachine(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	const many = 16
	ids := make([]string, many)
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			id, err := journal.NewStore(dir, journal.Options{}).Machine()
			if err != nil {
				t.Error(err)
			}
			ids[n] = id
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || len(id) != 20 {
			t.Errorf("%d processes, ids %q", many, ids)
			break
		}
	}
	s := journal.NewStore(dir, journal.Options{})
	path := filepath.Join(dir, "machine")
	for _, text := range []string{"", "x\n", "0123\n"} {
		check(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := s.Machine()
		wantError(t, err, journal.ErrDamaged, types.Conflict, "the machine's id in "+path+" is damaged"+
			" (remove the file: another id is made, and locks that this machine holds elsewhere stay until someone releases them)")
	}
	check(t, os.Remove(path))
	if id := must(s.Machine())(t); id == ids[0] {
		t.Error("the id is not random")
	}
	check(t, os.Chmod(path, 0o644))
	_, err := s.Machine()
	wantError(t, err, journal.ErrUnsafe, types.Conflict, "unsafe: "+path+" is open to others (check that no other user changed it, then run chmod 600 on it)")
}
