package engine_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
)

// counted is a world that counts what is sent to it, and a disk that fails.
type counted struct {
	t     *testing.T
	disk  *failing
	there map[string]string
	sends map[string]int
	sent  int
	click func() // called after each send
}

// failing lets the n-th operation of the disk fail, and all later ones or only
// that one. A failing write leaves half of what it was given.
type failing struct {
	at    int
	once  bool
	err   error
	ops   int
	fired string // what failed first of what the journal needs to be kept
}

func (d *failing) fail(op, path string) error {
	d.ops++
	if d.at == 0 || d.ops < d.at || d.once && d.ops > d.at {
		return nil
	}
	// Nothing hangs on the cache. A look that fails stops the run or is repeated.
	if name := filepath.Base(path); d.fired == "" && op != "look" && !strings.HasPrefix(name, "run.json") {
		d.fired = op + " " + name
	}
	return d.err
}

func (d *failing) options() journal.Options {
	return journal.Options{
		Open: func(path string, flag int, mode fs.FileMode) (*os.File, error) {
			op := "open"
			if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
				op = "look"
			}
			if err := d.fail(op, path); err != nil {
				return nil, err
			}
			return os.OpenFile(path, flag, mode)
		},
		Write: func(f *os.File, p []byte) (int, error) {
			if err := d.fail("write", f.Name()); err != nil {
				n, _ := f.Write(p[:len(p)/2])
				return n, err
			}
			return f.Write(p)
		},
		Sync: func(f *os.File) error { return d.fail("sync", f.Name()) },
		Rename: func(from, to string) error {
			return errors.Join(d.fail("rename", to), os.Rename(from, to))
		},
		Truncate: func(f *os.File, size int64) error {
			if err := d.fail("truncate", f.Name()); err != nil {
				return err
			}
			return f.Truncate(size)
		},
		Mkdir: func(path string, mode fs.FileMode) error {
			if err := d.fail("mkdir", path); err != nil {
				return err
			}
			return os.Mkdir(path, mode)
		},
	}
}

func (w *counted) steps() *step.Catalogue {
	send := func(ctx context.Context, i in) (out, error) {
		if w.disk.fired != "" {
			w.t.Errorf("operation %d: sent after a failed %s", w.disk.at, w.disk.fired)
		}
		key := step.CallOf(ctx).Key.String()
		w.there[key] = i.Title
		w.sends[key]++
		w.sent++
		w.click()
		return out{Key: "T-1"}, nil
	}
	find := func(_ context.Context, key step.Key, _ in) (step.Found[out], error) {
		if _, there := w.there[key.String()]; there {
			return step.Exists("T-1", out{Key: "T-1"}), nil
		}
		return step.Absent[out](), nil
	}
	look := func(context.Context, in) (out, error) { return out{Key: "found"}, nil }
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", look),
		step.Write("create", "Create.", send, step.Find(find)),
	})
}

// start runs the release in a state folder, as a process of its own would.
func (w *counted) start(state string) (engine.Report, error) {
	return w.startOn(state, w.disk.options(), func() {})
}

// startOn runs it on a disk; click is called after each send.
func (w *counted) startOn(state string, disk journal.Options, click func()) (engine.Report, error) {
	w.click = click
	e := engine.New(engine.Setup{Catalogue: w.steps(), State: state, Clock: stopped{}, Random: rand.Reader, Version: "test", Disk: disk})
	skill, diags := e.Check("release.yaml", []byte(release))
	if diags.HasErrors() {
		w.t.Fatal(diags.Err())
	}
	report, diags, err := e.Start(w.t.Context(), bound(w.t, skill, binding(1)), engine.Options{Consent: engine.NotNeeded})
	if diags.HasErrors() {
		w.t.Fatal(diags.Err())
	}
	return report, err
}

// TestDiskFails lets every operation of the disk fail in turn during a run with
// two writes, and every one during the process that takes the run up. Nothing is
// sent once something failed that the journal needs; on a disk that works again
// the same command ends with one of each effect.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	for _, disk := range []failing{
		{err: unix.ENOSPC}, {err: unix.EIO, once: true}, {err: unix.EROFS},
	} {
		t.Run(fmt.Sprintf("%v once %t", disk.err, disk.once), func(t *testing.T) {
			t.Parallel()
			points, sent := 0, map[int]bool{}
			for at := 1; ; at++ {
				first := disk
				first.at = at
				w := &counted{t: t, disk: &first, there: map[string]string{}, sends: map[string]int{}}
				state := filepath.Join(t.TempDir(), "state", "site")
				_, err := w.start(state)
				sent[w.sent] = true
				if first.ops < at {
					break
				}
				points++
				if err == nil && first.fired != "" {
					t.Errorf("operation %d: a failed %q, and the run's error is %v", at, first.fired, err)
				}
				w.again(state, at)
			}
			if points < 25 || !sent[0] || !sent[1] || !sent[2] {
				t.Errorf("%d operations failed, before %v sends", points, sent)
			}
			t.Logf("%d operations", points)
		})
	}
}

// again runs the same command on a disk that breaks once more, later, and then
// on one that works.
func (w *counted) again(state string, at int) {
	w.t.Helper()
	second := failing{at: 1 + at%11, once: at%2 == 0, err: w.disk.err}
	w.disk = &second
	_, _ = w.start(state)
	w.disk = &failing{}
	report, err := w.start(state)
	if err != nil || report.State != engine.Done {
		w.t.Errorf("operation %d, then %d: %v, %s", at, second.at, err, report.State)
	}
	if len(w.sends) != 2 {
		w.t.Errorf("operation %d, then %d: %d effects, want 2", at, second.at, len(w.sends))
	}
	for key, n := range w.sends {
		if n != 1 {
			w.t.Errorf("operation %d, then %d: %s was sent %d times", at, second.at, key, n)
		}
	}
}

// moment is what a power cut would find: how much of the journal is written
// and how much of that is on the disk, and what was sent.
type moment struct {
	written, safe int64
	there         map[string]string
}

// TestPowerCut cuts the power after every write, sync and send of a run. What
// was not synced is gone, or torn, or there; the same command ends with one of
// each effect. A last time the disk lies: it never syncs anything but the
// header, and the effects are found by their keys.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, lies := range []bool{false, true} {
		t.Run(fmt.Sprintf("lies %t", lies), func(t *testing.T) {
			t.Parallel()
			id, data, moments := film(t, lies)
			for i, m := range moments {
				for _, n := range []int64{m.safe, (m.safe + m.written) / 2, m.written} {
					w := &counted{t: t, disk: &failing{err: unix.EIO}, there: maps.Clone(m.there), sends: map[string]int{}}
					for key := range w.there {
						w.sends[key] = 1
					}
					w.again(plant(t, id, data[:n]), i+1)
				}
			}
			t.Logf("%d moments", len(moments))
		})
	}
}

// film runs the release and keeps every moment of it.
func film(t *testing.T, lies bool) (id string, data []byte, moments []moment) {
	t.Helper()
	w := &counted{t: t, disk: &failing{}, there: map[string]string{}, sends: map[string]int{}}
	var now moment
	path := ""
	click := func() {
		now.there = maps.Clone(w.there)
		moments = append(moments, now)
	}
	o := journal.Options{
		Write: func(f *os.File, p []byte) (int, error) {
			n, err := f.Write(p)
			if filepath.Base(f.Name()) == "journal.jsonl" {
				path, now.written = f.Name(), now.written+int64(n)
				click()
			}
			return n, err
		},
		Sync: func(f *os.File) error {
			if filepath.Base(f.Name()) == "journal.jsonl" && (!lies || now.safe == 0) {
				now.safe = now.written
			}
			click()
			return nil
		},
	}
	report, err := w.startOn(filepath.Join(t.TempDir(), "state", "site"), o, func() {
		if !lies && now.safe != now.written {
			t.Errorf("sent when %d bytes of the journal were written and %d were on the disk", now.written, now.safe)
		}
		click()
	})
	if err != nil || report.State != engine.Done || len(moments) < 20 {
		t.Fatal(err, report.State, len(moments))
	}
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return report.ID, data, moments
}

// plant makes a state folder with one run.
func plant(t *testing.T, id string, data []byte) string {
	t.Helper()
	state := filepath.Join(t.TempDir(), "state", "site")
	run := filepath.Join(state, "runs", id)
	for _, name := range []string{"inbox", "blobs", "workspaces"} {
		if err := os.MkdirAll(filepath.Join(run, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(run, "journal.jsonl"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return state
}
