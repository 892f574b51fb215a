package runtimetest

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// effects are about what becomes of writes, and what is told of it.
var effects = map[string]scenario{
	"unknown/parks": {oneBlind, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		stands(t, b.resume(t), runtime.Parked, runtime.ForUnknown)
		b.has(t, "a w")
	}},
	"unknown/nobody can tell": {"# answers: a unsent\n" + twoWrites, func(t *testing.T, b *bench) {
		b.world.at = func(string) { b.world.dark = true }
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		b.world.at, b.world.dark = nil, false
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "a b")
	}},
	"resolve/found": {oneBlind, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		e, err := b.made().Resolve(t.Context(), b.options(), runtime.Resolution{Path: "w", Ref: "it", By: "bob"})
		if err != nil || e.Outcome != "resolved" {
			t.Fatalf("%+v, %v", e, err)
		}
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "a w z")
	}},
	"resolve/not found": {oneBlind, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		if _, err := b.made().Resolve(t.Context(), b.options(), runtime.Resolution{Path: "w", Ref: "nothing"}); types.CodeOf(err) != types.NotFound {
			t.Errorf("%v", err)
		}
		stands(t, b.resume(t), runtime.Parked, runtime.ForUnknown)
		b.has(t, "a w")
	}},
	"resolve/not done": {strings.Replace(oneBlind, "lost", "unsent", 1), func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		if _, err := b.made().Resolve(t.Context(), b.options(), runtime.Resolution{Path: "w", NotDone: true}); err != nil {
			t.Fatal(err)
		}
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "a w z")
	}},
	"resolve/is checked": {"# answers: a lost\n" + twoWrites, func(t *testing.T, b *bench) {
		b.world.at = func(string) { b.world.dark = len(b.world.order) > 0 }
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		b.world.at, b.world.dark = nil, false
		if _, err := b.made().Resolve(t.Context(), b.options(), runtime.Resolution{Path: "a", NotDone: true}); types.CodeOf(err) != types.Conflict {
			t.Errorf("that it did not happen was taken for true: %v", err)
		}
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "a b")
	}},
	"late": {"# answers: w lost\nname: skill\nsteps:\n  - {id: w, uses: slow}\n", func(t *testing.T, b *bench) {
		b.world.late = time.Now().Add(30 * time.Second)
		stands(t, b.run(t), runtime.Done, "")
		b.has(t, "w")
	}},
	"adopts": {oneWrite, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		other := b.other(t)
		o := other.run(t)
		stands(t, o, runtime.Done, "")
		if other.has(t, "w"); len(o.Effects) != 1 || o.Effects[0].Outcome != "adopted" || o.Effects[0].Reversible {
			t.Errorf("effects %+v", o.Effects)
		}
	}},
	"adopts/other arguments": {oneWrite, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		for id := range b.world.args {
			b.world.args[id] = "other"
		}
		o := b.other(t).run(t)
		if stands(t, o, runtime.Failed, ""); o.Failure.Error.Code != types.Conflict {
			t.Errorf("%+v", o.Failure)
		}
	}},
	"undo": {twoWrites, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		list := b.reversals(t)
		if len(list) != 2 || list[0].Path != "b" || !list[0].Can() {
			t.Fatalf("%+v", list)
		}
		b.undo(t, list)
		if got := strings.Join(b.world.order, ", "); got != "a, b, undo b, undo a" {
			t.Errorf("in the order %s", got)
		}
		if list = b.reversals(t); list[0].Can() || list[1].Can() {
			t.Errorf("they can be undone again: %+v", list)
		}
	}},
	"undo/killed": {twoWrites, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		list := b.reversals(t)
		ctx, kill := context.WithCancel(t.Context())
		b.world.at = func(string) { kill() }
		_ = b.made().Undo(ctx, b.options(), list[:1])
		b.world.at = nil
		b.undo(t, b.reversals(t))
		b.has(t, "")
	}},
	"undo/another's": {oneWrite, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		other := b.other(t)
		stands(t, other.run(t), runtime.Done, "")
		if list := other.reversals(t); len(list) != 1 || list[0].Can() {
			t.Fatalf("%+v", list)
		}
		other.o.Adopted = true
		other.undo(t, other.reversals(t))
		other.has(t, "")
	}},
	"undo/what may have happened": {"# answers: w lost\n" + oneWrite, func(t *testing.T, b *bench) {
		b.world.at = func(string) { b.world.dark = len(b.world.order) > 0 }
		stands(t, b.run(t), runtime.Parked, runtime.ForUnknown)
		if _, err := b.made().Reversals(t.Context(), b.options()); err == nil {
			t.Error("there is a list though nobody can tell")
		}
		b.world.at, b.world.dark = nil, false
		b.undo(t, b.reversals(t))
		b.has(t, "")
	}},
	"announces": {oneWrite, func(t *testing.T, b *bench) {
		b.world.at = func(path string) {
			if r := b.j.Records(); path == "w" && len(b.world.order) == 0 && (r[len(r)-1].Kind != journal.Intent || b.j.Synced() != len(r)) {
				t.Errorf("sent behind %s, with %d of %d records on the disk", r[len(r)-1].Kind, b.j.Synced(), len(r))
			}
		}
		stands(t, b.run(t), runtime.Done, "")
	}},
	"journal fails": {oneWrite, func(t *testing.T, b *bench) {
		for n := range 6 {
			again := b.fresh(t)
			again.j.FailAfter(n)
			o, err := again.made().Run(t.Context(), again.options())
			records := again.j.Records()
			if announced := slices.ContainsFunc(records, func(r journal.Record) bool { return r.Kind == journal.Intent }); !announced {
				again.has(t, "")
			}
			if err == nil && o.State != runtime.Done || err == nil && records[len(records)-1].Kind != journal.Finished {
				t.Errorf("the journal fails behind %d records, and the run is %s, %v", n, o.State, err)
			}
		}
	}},
	"tells": {oneWrite, func(t *testing.T, b *bench) {
		var told []string
		b.o.Observe = func(e runtime.Event) {
			if !e.Replayed {
				told = append(told, strings.TrimSpace(string(e.Type)+" "+e.Path))
			}
		}
		o := b.run(t)
		stands(t, o, runtime.Done, "")
		want := "step_started a, step_done a, step_started w, effect, step_done w"
		if got := strings.Join(told, ", "); got != want {
			t.Errorf("told %s\nwant %s", got, want)
		}
		if len(o.Steps) != 2 || o.Steps[1].State != "done" || len(o.Effects) != 1 || o.Effects[0].Outcome != "created" || !o.Effects[0].Reversible {
			t.Errorf("steps %+v, effects %+v", o.Steps, o.Effects)
		}
	}},
	"tells/what was": {asking, func(t *testing.T, b *bench) {
		b.o.Decide, b.o.Wait = nil, false
		stands(t, b.run(t), runtime.Parked, runtime.ForApprove)
		replayed := 0
		b.o.Observe = func(e runtime.Event) {
			if e.Replayed && e.Path == "a" {
				replayed++
			}
		}
		stands(t, b.resume(t), runtime.Parked, runtime.ForApprove)
		if replayed != 2 {
			t.Errorf("%d events of what was", replayed)
		}
	}},
	"restarts before the first write": {"# answers: w forbidden\nname: skill\nsteps:\n  - {id: a, uses: look}\n  - {id: c, assert: steps.a.n > 1, message: not yet}\n  - {id: b, uses: put}\n", func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Failed, "")
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "b")
	}},
	"resumes where it failed": {"# answers: b forbidden\n" + twoWrites, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Failed, "")
		stands(t, b.resume(t), runtime.Done, "")
		if b.has(t, "a b"); b.world.calls["a"] != 1 {
			t.Errorf("a was performed %d times", b.world.calls["a"])
		}
	}},
	"writes down what a step got": {"name: skill\nsteps:\n  - {id: w, uses: put, with: {name: x}}\n", func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		for _, r := range b.j.Records() {
			if want := `{"kind":"plain","name":"x"}`; r.Path == "w" && string(r.Input) != want {
				t.Errorf("%s: the input is %s, want %s", r.Kind, r.Input, want)
			}
		}
	}},
	"done stays done": {oneWrite, func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		stands(t, b.resume(t), runtime.Done, "")
		if b.world.calls["w"] != 1 || b.world.calls["a"] != 1 {
			t.Errorf("calls %v", b.world.calls)
		}
	}},
	"side by side": {naps, func(t *testing.T, b *bench) {
		began := time.Now()
		stands(t, b.run(t), runtime.Done, "")
		if d := time.Since(began); d != time.Second || b.world.most != 3 {
			t.Errorf("%d side by side, in %s", b.world.most, d)
		}
	}},
	"side by side/bounded": {strings.Replace(naps, "parallel: true", "parallel: true\n    max_parallel: 2", 1), func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		if b.world.most != 2 {
			t.Errorf("%d side by side", b.world.most)
		}
	}},
	"workspace is made again": {"name: skill\nsteps:\n  - {id: a, uses: edit, with: {dir: d, name: one}}\n  - {id: p, uses: put}\n  - {id: ok, approve: \"Go on?\"}\n  - {id: w, uses: put, with: {dir: d}}\n  - {id: l, uses: list, with: {dir: d}}\noutputs: {o: \"${{ steps.l.seen }}\"}\n", func(t *testing.T, b *bench) {
		b.o.Decide = nil
		stands(t, b.run(t), runtime.Parked, runtime.ForApprove)
		if err := os.RemoveAll(b.o.Workspaces); err != nil {
			t.Fatal(err)
		}
		b.o.Decide = says(yes)
		o := b.resume(t)
		if stands(t, o, runtime.Done, ""); o.Outputs["o"] != "one" {
			t.Errorf("the workspace holds %v", o.Outputs["o"])
		}
	}},
}
