package journal_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/journal/journaltest"
	"github.com/skillrun/skillrun/engine/types"
)

// childEnv makes the test binary play another process: "hold DIR" a run, "group
// DIR" a lock, and "open DIR" and "closed DIR" with an umask of none and of
// everything.
const childEnv = "JOURNAL_TEST_CHILD"

func TestMain(m *testing.M) {
	if play, dir, ok := strings.Cut(os.Getenv(childEnv), " "); ok {
		os.Exit(child(play, dir))
	}
	os.Exit(m.Run())
}

func child(play, dir string) int {
	if mask, ok := map[string]int{"open": 0, "closed": 0o777}[play]; ok {
		syscall.Umask(mask)
	}
	held, err := take(play, journal.NewStore(dir, journal.Options{}))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	if play == "hold" || play == "group" {
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed
	}
	_ = held.Close()
	return 0
}

func take(play string, s *journal.Store) (io.Closer, error) {
	if play == "group" {
		return s.LockGroup("deploy", runID)
	}
	f, err := s.Create(journaltest.Header())
	if err == nil && play != "hold" {
		err = f.Append(journaltest.Large(), true)
	}
	return f, err
}

// startChild returns when the child is ready.
func startChild(t *testing.T, play, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+play+" "+dir)
	out := must(cmd.StdoutPipe())(t)
	must(cmd.StdinPipe())(t)
	check(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line := must(bufio.NewReader(out).ReadString('\n'))(t); line != "ready\n" {
		t.Fatalf("the other process said %q", line)
	}
	return cmd
}

func TestLockWithinAProcess(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	f := create(t, s)
	_, _, err := s.Open(runID)
	wantError(t, err, journal.ErrLocked, types.Conflict, fmt.Sprintf(
		"run %s is locked by process %d (wait for that process, or stop it)", runID, os.Getpid()))
	if records, _, err := s.Read(runID); err != nil || len(records) != 1 {
		t.Errorf("reading needs no lock, but: %d records, %v", len(records), err)
	}
	check(t, f.Close())
	f, _, err = s.Open(runID)
	check(t, err)
	check(t, f.Close())
}

func TestLockOfAnotherProcess(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	cmd := startChild(t, "hold", filepath.Dir(filepath.Dir(dir)))
	_, _, err := s.Open(runID)
	wantError(t, err, journal.ErrLocked, types.Conflict, fmt.Sprintf(
		"run %s is locked by process %d (wait for that process, or stop it)", runID, cmd.Process.Pid))
	if list := must(s.List())(t); len(list) != 1 || list[0].State != journal.StateRunning {
		t.Errorf("while the process lives: %+v", list)
	}
	check(t, os.WriteFile(filepath.Join(dir, "lock"), []byte("somebody else"), 0o600))
	_, _, err = s.Open(runID)
	wantError(t, err, journal.ErrLocked, types.Conflict, "run "+runID+
		" is locked by process unknown (wait for that process, or stop it)")
	check(t, cmd.Process.Kill())
	_ = cmd.Wait()
	if list := must(s.List())(t); len(list) != 1 || list[0].State != journal.StateInterrupted {
		t.Errorf("after the process died: %+v", list)
	}
	f, _, err := s.Open(runID)
	check(t, err)
	check(t, f.Close())
}

// Looking whether a run is held does not keep others from taking it.
func TestListingDoesNotLock(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	check(t, create(t, s).Close())
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_, _ = s.List()
			}
		}
	})
	for range 100 {
		f, _, err := s.Open(runID)
		if err != nil {
			t.Error(err)
			break
		}
		check(t, f.Close())
	}
	close(done)
	wg.Wait()
}

func TestStartMakesOneRun(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	const many = 16
	var mu sync.Mutex
	var made []*journal.File
	others := map[string]int{}
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			f, other, err := journal.NewStore(dir, journal.Options{}).Start(header(id(n), "the work"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case f != nil:
				made = append(made, f)
			default:
				others[other]++
			}
		})
	}
	wg.Wait()
	if len(made) != 1 || others[filepath.Base(made[0].Dir())] != many-1 {
		t.Fatalf("%d runs were made, the others are told of %v", len(made), others)
	}
	check(t, made[0].Append(journal.Record{Kind: journal.Finished, State: "done"}, true))
	check(t, made[0].Close())
	f, _, err := journal.NewStore(dir, journal.Options{}).Start(header(id(30), "the work"))
	if check(t, err); f == nil {
		t.Fatal("finished work cannot be done again")
	}
	check(t, f.Close())
}

func TestIDs(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	check(t, create(t, s).Close())
	for _, bad := range []string{"", ".", "..", "../" + runID, runID + "/..", runID + "/../" + runID,
		"/etc/passwd", "2026011x-101530-k3f9q2", "20260115_101530_k3f9q2", "20260115-101530-K3F9Q2",
		runID + "\n", runID + "0", "20260115-101530-k3f9q\x00", "20260115-101530-k/f9q2", "٢٠260115-101530-k3f"} {
		want := fmt.Sprintf("%q is not the id of a run (an id looks like 20260115-101530-k3f9q2)", bad)
		entries := map[string]func() error{
			"Create": func() error { _, err := s.Create(header(bad, "")); return err },
			"Start":  func() error { _, _, err := s.Start(header(bad, "")); return err },
			"Open":   func() error { _, _, err := s.Open(bad); return err },
			"Read":   func() error { _, _, err := s.Read(bad); return err },
			"RunDir": func() error { _, err := s.RunDir(bad); return err },
			"Inbox":  func() error { _, err := s.Inbox(bad); return err },
		}
		for name, entry := range entries {
			t.Run(name+" "+bad, func(t *testing.T) { wantError(t, entry(), nil, types.BadInput, want) })
		}
	}
}

func TestNewID(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 15, 11, 15, 30, 0, time.FixedZone("", 3600))
	// 255 and 252 would make the first letters likelier and are skipped.
	got := journal.NewID(at, strings.NewReader("\x00\xff\x0a\x23\xfc\x24\xfb\x01"))
	if want := "20260115-101530-0az0z1"; got != want || !journal.ValidID(got) {
		t.Errorf("got %s, want %s", got, want)
	}
	defer func() {
		if r := recover(); r != "no random bytes for a run id: EOF" {
			t.Errorf("panic %v", r)
		}
	}()
	journal.NewID(at, strings.NewReader("\xff\x00"))
}

func TestUnknownRun(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for range 2 { // without a store, and with one
		_, _, err := s.Open(id(1))
		wantError(t, err, nil, types.NotFound, "there is no run "+id(1)+noRunHint)
		_, _, err = s.Read(id(1))
		wantError(t, err, nil, types.NotFound, "there is no run "+id(1)+noRunHint)
		f, err := s.Create(journaltest.Header())
		if err == nil {
			check(t, f.Close())
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s, first := newStore(t)
	if list, err := s.List(); err != nil || list != nil {
		t.Fatalf("of nothing: %v, %v", list, err)
	}
	records := journaltest.Records()
	for n, last := range [][]journal.Record{records[:1], records[:5], records[:8], {{Kind: journal.Finished, State: "done"}}} {
		f := must(s.Create(header(id(n), fmt.Sprint("work ", n))))(t)
		for _, r := range last {
			check(t, f.Append(r, false))
		}
		check(t, f.Close())
	}
	runs := filepath.Dir(first)
	check(t, os.Mkdir(filepath.Join(runs, "not a run"), 0o700))
	check(t, os.Mkdir(filepath.Join(runs, id(20)), 0o700)) // never started
	check(t, os.WriteFile(filepath.Join(runs, id(0), "run.json"), []byte("{"), 0o600))
	type row struct {
		ID, Work, Reason string
		State            journal.State
		Steps            int
	}
	want := []row{
		{id(3), "work 3", "", journal.StateDone, 0},
		{id(2), "work 2", "", journal.StateFailed, 2},
		{id(1), "work 1", "confirm", journal.StateParked, 2},
		{id(0), "work 0", "", journal.StateInterrupted, 1},
	}
	var got []row
	for _, r := range must(s.List())(t) {
		got = append(got, row{r.ID, r.Work, r.Reason, r.State, r.Steps})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for n, unfinished := range []bool{true, true, false, false} {
		run, found, err := s.Unfinished(fmt.Sprint("work ", n))
		if err != nil || found != unfinished || found && run != id(n) {
			t.Errorf("work %d: %q, %t, %v", n, run, found, err)
		}
	}
}

// The cache is used as long as it fits the journal, and only then.
func TestCache(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	check(t, f.Append(journal.Record{Kind: journal.Finished, State: "done"}, true))
	check(t, f.Close())
	cache := filepath.Join(dir, "run.json")
	data := must(os.ReadFile(cache))(t)
	check(t, os.WriteFile(cache, journal.ResealCache([]byte(strings.Replace(string(data), `"release"`, `"cached"`, 1))), 0o600))
	skill := func() string { return must(s.List())(t)[0].Skill }
	if got := skill(); got != "cached" {
		t.Errorf("skill %q: the cache was not used", got)
	}
	path := filepath.Join(dir, "journal.jsonl")
	written := must(os.Stat(path))(t).ModTime()
	later := written.Add(time.Hour)
	check(t, os.Chtimes(path, later, later))
	if got := skill(); got != "release" {
		t.Errorf("skill %q: the cache of an older journal was used", got)
	}
	content := must(os.ReadFile(path))(t)
	check(t, os.WriteFile(path, append(content, '{'), 0o600))
	check(t, os.Chtimes(path, written, written))
	if got := skill(); got != "release" {
		t.Errorf("skill %q: the cache of a shorter journal was used", got)
	}
	check(t, os.WriteFile(path, content, 0o600))
	check(t, os.Chtimes(path, written, written))
	check(t, os.WriteFile(cache, journal.ResealCache([]byte(strings.Replace(string(data), runID, id(1), 1))), 0o600))
	if got := must(s.List())(t)[0].ID; got != runID {
		t.Errorf("the cache of run %s was used", got)
	}
}

// A cache that someone edited is not used: the run is what its journal says, so
// the same work continues with it and does not begin once more.
func TestEditedCacheIsNotUsed(t *testing.T) {
	t.Parallel()
	s, dir := newStore(t)
	f := create(t, s)
	check(t, f.Append(journal.Record{Kind: journal.Parked, Reason: "confirm"}, true))
	check(t, f.Close())
	cache := filepath.Join(dir, "run.json")
	data := must(os.ReadFile(cache))(t)
	work := journaltest.Header().Work
	for _, change := range [][2]string{
		{`"parked"`, `"done"`}, {`"parked"`, `"damaged"`}, {work, "another"}, {runID, id(1)}, {`"release"`, `"rollback"`}, {`"confirm"`, `"await"`},
	} {
		edited := strings.Replace(string(data), change[0], change[1], 1)
		check(t, os.WriteFile(cache, []byte(edited), 0o600))
		list := must(s.List())(t)
		if edited == string(data) || len(list) != 1 || list[0].State != journal.StateParked || list[0].Reason != "confirm" || list[0].ID != runID || list[0].Skill != "release" {
			t.Errorf("%s: listed as %+v", change[1], list)
		}
		if run, found, err := s.Unfinished(work); err != nil || !found || run != runID {
			t.Errorf("%s: unfinished is %q, %t, %v", change[1], run, found, err)
		}
		if v := must(s.Verify(runID))(t); !v.Good() || len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "run.json contradicts the journal") {
			t.Errorf("%s: verdict %+v", change[1], v)
		}
	}
}

func TestDamagedRunsAreListedAndHoldTheirWork(t *testing.T) {
	t.Parallel()
	data := written(t)
	data[len(data)/2] ^= 1
	s, _ := planted(t, data)
	list := must(s.List())(t)
	if len(list) != 1 || list[0].State != journal.StateDamaged || list[0].ID != runID || list[0].Error.Code != types.Conflict {
		t.Errorf("got %+v", list)
	}
	if got, found, err := s.Unfinished(journaltest.Header().Work); got != runID || !found || err != nil {
		t.Errorf("got %q, %t, %v", got, found, err)
	}
}

func TestSummarize(t *testing.T) {
	t.Parallel()
	m := startedMemory(t)
	h := journaltest.Header()
	type row struct {
		State   journal.State
		Reason  string
		Steps   int
		Pending int
		Failed  bool
	}
	want := []row{
		{journal.StateInterrupted, "", 1, 0, false},
		{journal.StateInterrupted, "", 1, 1, false},
		{journal.StateInterrupted, "", 2, 0, false},
		{journal.StateInterrupted, "", 2, 0, false},
		{journal.StateParked, "confirm", 2, 0, true},
		{journal.StateParked, "confirm", 2, 0, true},
		{journal.StateInterrupted, "", 2, 0, false},
		{journal.StateFailed, "", 2, 0, true},
		{journal.StateInterrupted, "", 2, 1, false},
		{journal.StateInterrupted, "", 2, 0, false},
		{journal.StatePartlyUndone, "", 2, 0, false},
		{journal.StatePartlyUndone, "", 2, 0, false},
		{journal.StateUndone, "never mind", 2, 0, false},
	}
	for i, r := range journaltest.Records() {
		check(t, m.Append(r, false))
		s := journal.Summarize(m.Records())
		got := row{s.State, s.Reason, s.Steps, len(s.Pending), s.Error != nil}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("after record %d (-want +got):\n%s", i+2, diff)
		}
		if s.ID != h.ID || s.Work != h.Work || s.Command != h.Command || s.Records != i+2 ||
			!s.UpdatedAt.Equal(r.At) || !s.StartedAt.Equal(h.StartedAt) {
			t.Errorf("after record %d: %+v", i+2, s)
		}
	}
}
