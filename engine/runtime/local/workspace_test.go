package local_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestReadsOfAWorkspace: a read that works in a workspace finds it as it was
// left, also when another process takes the run up.
func TestReadsOfAWorkspace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, j := newShop(), journal.NewMemory()
		look := act("l", "file")
		look.With = types.Values{"dir": "w"}
		ctx, kill := context.WithCancel(t.Context())
		s.at = func(path string) {
			if path == "l" {
				kill()
			}
		}
		nodes := []program.Node{act("p", "put"), act("e", "edit"), look, act("z", "look")}
		o := s.options(j, nodes...)
		o.Workspaces = t.TempDir()
		if out := run(t, ctx, o); out.State != runtime.Interrupted {
			t.Fatal(out.State)
		}
		s.at = nil
		o = s.options(j, nodes...)
		o.Workspaces = t.TempDir()
		if out := run(t, t.Context(), o); out.State != runtime.Done || s.calls["e"] != 2 {
			t.Errorf("%s %+v, the edit was performed %d times", out.State, out.Failure, s.calls["e"])
		}
	})
}

// scratch works for a second in a folder of its own below the run's, and fails
// when it is not there any more.
func scratch(ctx context.Context, _ thing) (thing, error) {
	c := step.CallOf(ctx)
	err := os.MkdirAll(c.Workspaces, 0o700)
	if err != nil {
		return thing{}, err
	}
	dir, err := os.MkdirTemp(c.Workspaces, ".scratch-")
	if err == nil {
		err = c.Sleep(ctx, time.Second)
	}
	if err == nil {
		_, err = os.Stat(dir)
	}
	if err != nil {
		return thing{}, types.Errorf(types.NotFound, "%w", err)
	}
	return thing{Name: c.Path}, nil
}

// withScratch adds such a step, one that changes a workspace slowly, and one that
// reads what that left there.
func withScratch(o runtime.Options, s *shop) runtime.Options {
	slow := func(ctx context.Context, in thing) (thing, error) {
		c := step.CallOf(ctx)
		if err := c.Sleep(ctx, time.Second); err != nil {
			return thing{}, err
		}
		return s.write(c, in)
	}
	read := func(ctx context.Context, in thing) (thing, error) {
		text, err := os.ReadFile(filepath.Join(step.CallOf(ctx).Workspaces, in.Dir))
		if err != nil {
			return thing{}, types.Errorf(types.NotFound, "%w", err)
		}
		return thing{Name: string(text)}, nil
	}
	o.Catalogue = step.NewCatalogue(s.steps(), []step.Step{step.Read("scratch", "Work in a folder.", scratch),
		step.Local("slow", "Change a workspace.", slow), step.Read("cat", "Read from a workspace.", read)})
	return o
}

// write writes a file as slow does.
func (s *shop) write(c step.Call, in thing) (thing, error) {
	s.mu.Lock()
	s.calls[c.Path]++
	s.mu.Unlock()
	if err := os.WriteFile(filepath.Join(c.Workspaces, "w"), []byte("written"), 0o600); err != nil {
		return thing{}, types.Errorf(types.Internal, "%w", err)
	}
	return thing{Name: in.Name}, nil
}

// TestParallelStepsLoseTheirFolder: the first write, or the first step that
// changes a workspace, leaves alone what others beside it work in.
func TestParallelStepsLoseTheirFolder(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"put", "edit"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				nap := act("n", "nap") // the folders are there by then
				g := groupOf("g", act("a", "scratch"), groupOf("later", nap, act("w", first)), act("b", "scratch"), act("c", "scratch"))
				g.Parallel = true
				s := newShop()
				o := withScratch(s.options(journal.NewMemory(), g, act("z", "look")), s)
				o.Workspaces = filepath.Join(t.TempDir(), "w")
				if out := run(t, t.Context(), o); out.State != runtime.Done {
					t.Errorf("%s %+v", out.State, out.Failure)
				}
			})
		})
	}
}

// TestRebuiltOnceForAll: of a run that was taken up, all steps that work in a
// workspace wait until it is as the run left it, and it is rebuilt once; a write
// that needs none needs no workspace.
func TestRebuiltOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := func(n program.Node) program.Node { n.With = types.Values{"dir": "w"}; return n }
		g := groupOf("g", in(act("a", "cat")), act("s", "scratch"), in(act("b", "cat")), act("y", "put"))
		g.Parallel = true
		slow := act("l", "slow")
		slow.Effect = string(step.Locals)
		nodes := []program.Node{act("p", "put"), slow, act("h", "hang"), g, act("z", "look")}
		s, j := newShop(), journal.NewMemory()
		ctx, kill := context.WithTimeout(t.Context(), time.Minute)
		defer kill()
		o := withScratch(s.options(j, nodes...), s)
		o.Workspaces = filepath.Join(t.TempDir(), "w")
		if out := run(t, ctx, o); out.State != runtime.Interrupted || s.calls["l"] != 1 {
			t.Fatalf("%s %+v", out.State, out.Failure)
		}
		nodes[2] = act("h", "look")
		if err := os.WriteFile(filepath.Join(o.Workspaces, "w"), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		o.Program.Steps = nodes
		out := run(t, t.Context(), o)
		if out.State != runtime.Done || s.calls["l"] != 2 {
			t.Errorf("%s %+v, rebuilt %d times", out.State, out.Failure, s.calls["l"]-1)
		}
		for _, r := range out.Steps {
			if (r.ID == "a" || r.ID == "b") && r.Result["name"] != "written" {
				t.Errorf("%s found %v", r.ID, r.Result)
			}
		}
	})
}
