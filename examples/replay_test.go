package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/runtime/local"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestCut kills every run of every skill after each record of its journal, and
// resumes it in the world as the killed process left it: the end is the same,
// and each effect is there once. The process dies in two ways: what it has just
// announced is not done any more, or it is done and the answer is lost. Loops
// and parallel groups run as written, one at a time, and eight at a time. Without
// SKILLRUN_SWEEP it is every twelfth record.
func TestCut(t *testing.T) {
	t.Parallel()
	c := newCatalogue(t)
	for _, file := range skillFiles(t) {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			for i, s := range scenes(t, file) {
				t.Run(strconv.Itoa(i), func(t *testing.T) { s.cut(t, c) })
			}
		})
	}
}

func (s *scene) cut(t *testing.T, c catalogue) {
	s.dir = t.TempDir()
	bound := s.bind(t, c.steps(t, c.world(t, s.rules)))
	for _, parallel := range widths(bound.Program) {
		p := widened(t, bound.Program, parallel)
		whole := &killed{Memory: journal.NewMemory()}
		w := c.world(t, s.rules)
		o, err := s.perform(t, c.steps(t, w), p, whole)
		want := given(o, w)
		if d := cmp.Diff(s.result, want); d != "" || err != nil {
			t.Fatalf("max_parallel %d (-want +got), %v:\n%s", parallel, err, d)
		}
		records, deaths := len(whole.Records()), 0
		every, tried := 1, 0
		if os.Getenv("SKILLRUN_SWEEP") == "" {
			every = 12
		}
		for n := 1 + parallel%every; n < records; n += every { // no two widths begin alike
			tried++
			for _, sent := range []bool{false, true} {
				if s.resume(t, c, p, w, n, sent, fmt.Sprintf("max_parallel %d, killed after record %d, sent %t", parallel, n, sent)) {
					deaths++
				}
			}
		}
		if deaths < tried {
			t.Errorf("max_parallel %d: only %d of %d runs were killed", parallel, deaths, 2*tried)
		}
	}
}

// widths are the numbers at a time to run with; 0 is as written.
func widths(p *program.Program) []int {
	out := []int{0}
	program.Each(p.Steps, func(n *program.Node) {
		if n.ForEach != "" || n.Parallel {
			out = []int{0, 1, 8}
		}
	})
	return out
}

// widened is a copy of the program in which every parallel group, and every loop that
// may, runs so many at a time.
func widened(t *testing.T, p *program.Program, n int) *program.Program {
	t.Helper()
	out := &program.Program{}
	if err := json.Unmarshal(types.Encode(p), out); err != nil {
		t.Fatal(err)
	}
	program.Each(out.Steps, func(node *program.Node) {
		if n > 0 && (node.ForEach != "" || node.Parallel) && node.BreakIf == "" {
			node.MaxParallel = n
		}
	})
	return out
}

// resume kills a run after n records, continues with it, and compares what came
// of both with the world of a run that was left alone. died is false when the
// run ended before.
func (s *scene) resume(t *testing.T, c catalogue, p *program.Program, whole *world, n int, sent bool, at string) (died bool) {
	t.Helper()
	w := c.world(t, s.rules)
	j := &killed{Memory: journal.NewMemory(), after: n, dies: func() { w.die(!sent) }}
	o, err := s.perform(t, c.steps(t, w), p, j)
	died = errors.Is(err, errKilled) // else it ended before: what is stopped when a sibling fails differs from run to run
	if died {
		w.die(false)
		o, err = s.perform(t, c.steps(t, w), p, &killed{Memory: j.Reopen()})
	}
	if d := cmp.Diff(s.result, given(o, w)); d != "" || err != nil {
		t.Errorf("%s (-want +got), %v:\n%s", at, err, d)
	}
	if d := cmp.Diff(whole.effects, w.effects); d != "" {
		t.Errorf("%s: other effects (-want +got):\n%s", at, d)
	}
	for key, sends := range w.sends {
		if sends != 1 {
			t.Errorf("%s: %s was sent %d times", at, w.effects[key].Step, sends)
		}
	}
	return died
}

// perform is one process's work on a run. A journal without records is a new
// run's.
func (s *scene) perform(t *testing.T, cat *step.Catalogue, p *program.Program, j *killed) (engine.Outcome, error) {
	t.Helper()
	h := journal.RunHeader{
		ID: "20260115-100000-aaaaaa", Work: step.Hash(16, p.Work("r")...), Skill: p.Skill, StartedAt: began, Zone: "UTC",
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language}, Digest: p.Digest(), Program: types.Encode(p),
	}
	if len(j.Records()) == 0 {
		if err := j.Memory.Append(journal.Record{Kind: journal.Header, At: began, Run: &h}, true); err != nil {
			t.Fatal(err)
		}
	}
	return local.Runtime{}.Run(t.Context(), runtime.Options{
		Program: p, Header: h, Start: machine.Start{Run: h.ID, StartedAt: began}, Catalogue: cat, Journal: j,
		Clock: &clock{now: began}, Workspaces: filepath.Join(s.dir, "workspaces"), Wait: s.Wait, User: "ada",
		Decide: func(_ context.Context, q runtime.Question) (runtime.Decision, error) {
			return runtime.Decision{Yes: q.Path == "" || s.Agreed, By: "ada"}, nil
		},
	})
}

var errKilled = errors.New("killed")

// killed is a journal of a process that dies when it holds so many records; 0
// is never.
type killed struct {
	*journal.Memory
	after int
	dies  func()
}

func (k *killed) Append(r journal.Record, sync bool) error {
	appends, _ := k.Counters()
	if k.after > 0 && appends >= k.after {
		return errKilled
	}
	err := k.Memory.Append(r, sync)
	if k.after == appends+1 {
		k.dies()
	}
	return err
}

// die lets nothing reach the world any more, or all of it again.
func (w *world) die(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
}
