package local_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// leased is a group that begins again when its run is resumed: its read
// failed, and its always has run.
func leased(w program.Node) *bench {
	b := newBench(program.Node{ID: "g", Kind: program.Group,
		Steps:  []program.Node{w, node("x", "check", "read", types.Values{"title": "x"})},
		Always: []program.Node{node("z", "look", "read", types.Values{"title": "z"})},
	}, node("after", "make", "write", types.Values{"title": "${{ steps.w.key }}"}))
	b.state = "closed"
	check := func(context.Context, in) (out, error) {
		if b.state != "open" {
			return out{}, types.Errorf(types.NotFound, "not yet")
		}
		return out{}, nil
	}
	look, _ := b.catalogue().Lookup("look")
	unseen, _ := b.catalogue().Lookup("blind")
	seen, _ := b.catalogue().Lookup("make")
	b.o.Catalogue = step.NewCatalogue([]step.Step{look, unseen, seen, step.Read("check", "Check.", check)})
	return b
}

// blind is a write that cannot be looked up.
func blind(repeatable bool) program.Node {
	n := node("w", "blind", "write", types.Values{"title": "x"})
	n.Repeatable = repeatable
	return n
}

func (b *bench) says(t *testing.T, x runtime.Resolution) (runtime.Effect, error) {
	t.Helper()
	x.Path, x.By = "g/w", "ada"
	return rt.Resolve(t.Context(), b.o, x)
}

// parksBefore: the run does not do the write again, whoever continues with it.
func (b *bench) parksBefore(t *testing.T, path string) {
	t.Helper()
	sends := b.sends
	b.o.Invocation = "skillrun --config there.yaml"
	for range 2 {
		o := b.run(t)
		if o.State != runtime.Parked || o.Reason != runtime.ForRepeat || b.sends != sends {
			t.Fatalf("%s %s %+v, %d sends, want %d", o.State, o.Reason, o.Failure, b.sends, sends)
		}
		want := "to do it again: skillrun resolve " + b.o.Header.ID + " " + path + " --config there.yaml --not-done"
		if f := o.Failure; f.Path != strings.Trim(path, "'") || !strings.Contains(f.Error.Hint, want) {
			t.Errorf("%+v, want %q", f, want)
		}
	}
}

// TestFinishedWriteIsDoneAgain: a group that begins again does a finished write
// that cannot be looked up again only when its step, or a person, says so; and
// each word is for one time.
func TestFinishedWriteIsDoneAgain(t *testing.T) {
	t.Parallel()
	t.Run("a person says so", func(t *testing.T) {
		t.Parallel()
		b := leased(blind(false))
		if o := b.run(t); o.State != runtime.Failed || b.sends != 1 {
			t.Fatalf("%s, %d sends", o.State, b.sends)
		}
		b.parksBefore(t, "g/w")
		if _, err := b.says(t, runtime.Resolution{Ref: "0"}); types.CodeOf(err) != types.BadInput {
			t.Errorf("found: %v", err)
		}
		if _, err := b.says(t, runtime.Resolution{NotDone: true}); err != nil {
			t.Fatal(err)
		}
		if o := b.run(t); o.State != runtime.Failed || b.sends != 2 { // the read still says no
			t.Fatalf("%s %+v, %d sends", o.State, o.Failure, b.sends)
		}
		b.parksBefore(t, "g/w")
		if _, err := b.says(t, runtime.Resolution{NotDone: true}); err != nil {
			t.Fatal(err)
		}
		b.state = "open"
		if o := b.run(t); o.State != runtime.Done || b.sends != 4 {
			t.Errorf("%s %+v, %d sends", o.State, o.Failure, b.sends)
		}
	})
	t.Run("what it did stands", func(t *testing.T) {
		t.Parallel()
		b := leased(blind(false))
		b.run(t)
		b.parksBefore(t, "g/w")
		e, err := b.says(t, runtime.Resolution{Done: true})
		if err != nil || e.Outcome != "resolved" || e.Result["key"] != "T-1" {
			t.Fatalf("%+v %v", e, err)
		}
		b.state = "open"
		o := b.run(t)
		if o.State != runtime.Done || b.sends != 2 || b.issues["work-"+step.Hash(10, "after")] != "T-1" {
			t.Errorf("%s %+v, %d sends, %v", o.State, o.Failure, b.sends, b.issues)
		}
		if d := cmp.Diff([]string{"resolved ", "created "}, outcomes(o)[1:]); d != "" {
			t.Error(d)
		}
	})
	t.Run("the step says so", func(t *testing.T) {
		t.Parallel()
		b := leased(blind(true))
		b.run(t)
		b.state = "open"
		if o := b.run(t); o.State != runtime.Done || b.sends != 3 {
			t.Errorf("%s %+v, %d sends", o.State, o.Failure, b.sends)
		}
	})
	t.Run("it can be looked up", func(t *testing.T) {
		t.Parallel()
		b := leased(write)
		b.run(t)
		b.state = "open"
		if o := b.run(t); o.State != runtime.Done || b.sends != 2 {
			t.Errorf("%s %+v, %d sends", o.State, o.Failure, b.sends)
		}
	})
	t.Run("a retry of the group", func(t *testing.T) {
		t.Parallel()
		for _, repeatable := range []bool{false, true} {
			b := leased(blind(repeatable))
			g := &b.o.Program.Steps[0]
			g.Always, g.Retry = nil, &program.Retry{Attempts: 3}
			if repeatable {
				if o := b.run(t); o.State != runtime.Failed || b.sends != 3 {
					t.Errorf("%s %+v, %d sends", o.State, o.Failure, b.sends)
				}
				continue
			}
			b.run(t)
			b.parksBefore(t, "g/w")
			if b.sends != 1 {
				t.Errorf("%d sends", b.sends)
			}
		}
	})
	t.Run("an item of a loop", func(t *testing.T) {
		t.Parallel()
		b := leased(blind(false))
		g := &b.o.Program.Steps[0]
		g.ForEach, g.As = `["a", "b"]`, "item"
		b.o.Program.Steps = b.o.Program.Steps[:1]
		if o := b.run(t); o.State != runtime.Failed || b.sends != 1 {
			t.Fatalf("%s %+v, %d sends", o.State, o.Failure, b.sends)
		}
		b.parksBefore(t, "'g[a]/w'")
	})
	t.Run("killed while it is done again", func(t *testing.T) {
		t.Parallel()
		b := leased(blind(true))
		b.run(t)
		ctx, kill := context.WithCancel(t.Context())
		b.dies, b.answer = kill, []error{types.Errorf(types.UnknownOutcome, "cut")}
		if o, err := rt.Run(ctx, b.o); err != nil || o.State != runtime.Interrupted || b.sends != 2 {
			t.Fatalf("%s %v, %d sends", o.State, err, b.sends)
		}
		b.dies, b.state = nil, "open"
		if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForUnknown || b.sends != 2 {
			t.Errorf("%s %s %+v, %d sends", o.State, o.Reason, o.Failure, b.sends)
		}
		if _, err := b.says(t, runtime.Resolution{Done: true}); types.CodeOf(err) != types.BadInput {
			t.Errorf("done, and nobody knows what it gave: %v", err)
		}
	})
}

// TestWordForAnotherTime: what a person says about a write that runs again is
// not taken before the run asks, nor twice.
func TestWordForAnotherTime(t *testing.T) {
	t.Parallel()
	b := leased(blind(false))
	b.run(t)
	for range 2 {
		if _, err := b.says(t, runtime.Resolution{NotDone: true}); types.CodeOf(err) != types.BadInput {
			t.Errorf("before it asks: %v", err)
		}
		b.parksBefore(t, "g/w")
		if _, err := b.says(t, runtime.Resolution{NotDone: true}); err != nil {
			t.Error(err)
		}
		if _, err := b.says(t, runtime.Resolution{Done: true}); types.CodeOf(err) != types.BadInput {
			t.Errorf("a second time: %v", err)
		}
		if o := b.run(t); o.State != runtime.Failed {
			t.Errorf("%s", o.State)
		}
	}
	if last := b.j.Records()[len(b.j.Records())-1]; b.sends != 3 || last.Kind != journal.Finished {
		t.Errorf("%d sends, %s", b.sends, last.Kind)
	}
}

// TestWordPastAFailingLook: a word about a write that runs again is taken also
// when the look, which could not tell before, fails outright by now.
func TestWordPastAFailingLook(t *testing.T) {
	t.Parallel()
	for word, x := range map[string]runtime.Resolution{"again": {NotDone: true}, "stands": {Done: true}} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			b, cut := leased(node("w", "make", "write", types.Values{"title": "x"})), false
			look, _ := b.o.Catalogue.Lookup("look")
			check, _ := b.o.Catalogue.Lookup("check")
			find := func(ctx context.Context, key step.Key, i in) (step.Found[out], error) {
				if cut {
					return step.Found[out]{}, types.Errorf(types.Network, "no route")
				}
				return b.find(ctx, key, i)
			}
			b.o.Catalogue = step.NewCatalogue([]step.Step{look, check, step.Write("make", "Make.", b.make, step.Find(find))})
			b.run(t)
			b.blind = true
			b.parksBefore(t, "g/w")
			cut = true
			if _, err := b.says(t, x); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{"again": 2, "stands": 1}[word]
			if o := b.run(t); o.Failure == nil || o.Failure.Path != "g/x" || b.sends != want {
				t.Errorf("%s %+v, %d sends, want %d", o.State, o.Failure, b.sends, want)
			}
		})
	}
}
