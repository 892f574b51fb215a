package runtimetest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/types"
)

// inbox holds what others ask of the run from a moment on.
type inbox struct {
	from     time.Time
	requests []journal.Request
}

func (i *inbox) Requests() ([]journal.Request, error) {
	if time.Now().Before(i.from) {
		return nil, nil
	}
	return slices.Clone(i.requests), nil
}

func (i *inbox) Answered(r journal.Request) error {
	i.requests = slices.DeleteFunc(i.requests, func(o journal.Request) bool { return o == r })
	return nil
}

// asks has someone ask something of a run in half an hour.
func (b *bench) asks(r journal.Request) *inbox {
	r.By = "bob"
	in := &inbox{from: time.Now().Add(30 * time.Minute), requests: []journal.Request{r}}
	b.o.Inbox = in
	return in
}

// questions are about what people say to a run, and what it waits for.
var questions = map[string]scenario{
	"consent/parks": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide, b.o.Wait = says(nothing), false
		stands(t, b.run(t), runtime.Parked, runtime.ForConfirm)
		b.has(t, "")
		b.append(t, journal.Record{Kind: journal.Approved, By: "bob", Plan: "plan"})
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "w")
	}},
	"consent/of another plan": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide, b.o.Wait = says(nothing), false
		stands(t, b.run(t), runtime.Parked, runtime.ForConfirm)
		b.append(t, journal.Record{Kind: journal.Approved, By: "bob", Plan: "another"})
		stands(t, b.resume(t), runtime.Parked, runtime.ForConfirm)
		b.has(t, "")
	}},
	"consent/no": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide = says(no)
		o := b.run(t)
		stands(t, o, runtime.Rejected, "")
		if b.has(t, ""); o.By != "ada" {
			t.Errorf("rejected by %q", o.By)
		}
	}},
	"consent/asked once": {twoWrites, func(t *testing.T, b *bench) {
		var asked []runtime.Question
		b.o.Decide = func(_ context.Context, q runtime.Question) (runtime.Decision, error) {
			asked = append(asked, q)
			return yes, nil
		}
		stands(t, b.run(t), runtime.Done, "")
		stands(t, b.resume(t), runtime.Done, "")
		if len(asked) != 1 || asked[0].Path != "" || len(asked[0].Snapshot) == 0 {
			t.Errorf("asked %d times: %+v", len(asked), asked)
		}
	}},
	"consent/shows the reads": {oneWrite, func(t *testing.T, b *bench) {
		var asked runtime.Question
		b.o.KeepReads = true
		b.o.Decide = func(_ context.Context, q runtime.Question) (runtime.Decision, error) { asked = q; return yes, nil }
		stands(t, b.run(t), runtime.Done, "")
		if len(asked.Reads) != 1 || asked.Reads[0].Path != "a" {
			t.Errorf("reads %+v", asked.Reads)
		}
	}},
	"consent/of nobody": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide = nil
		stands(t, b.run(t), runtime.Done, "")
		b.has(t, "w")
	}},
	"consent/foreseen": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide = says(runtime.Decision{Stop: &machine.Failure{Path: "w", Node: "w", Error: types.Errorf(types.Forbidden, "no")}})
		stands(t, b.run(t), runtime.Failed, "")
		b.has(t, "")
	}},
	"consent/refused": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide = says(runtime.Decision{Refuse: types.Errorf(types.Conflict, "not as planned")})
		stands(t, b.run(t), runtime.Refused, "")
		b.has(t, "")
	}},
	"consent/withheld reads": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Decide, b.o.Wait = says(nothing), false
		b.o.Withhold = func(context.Context, machine.Action) bool { return true }
		stands(t, b.run(t), runtime.Parked, runtime.ForConfirm)
		if n := b.world.calls["a"]; n != 0 {
			t.Errorf("the read was performed %d times", n)
		}
	}},
	"approve/parks": {asking, func(t *testing.T, b *bench) {
		b.o.Wait = false
		b.o.Decide = func(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
			if q.Path == "" {
				return yes, nil
			}
			return says(nothing)(ctx, q)
		}
		stands(t, b.run(t), runtime.Parked, runtime.ForApprove)
		b.has(t, "a")
		b.append(t, journal.Record{Kind: journal.Approved, By: "bob", Plan: "plan"}) // to the writes, not to the step
		stands(t, b.resume(t), runtime.Parked, runtime.ForApprove)
		b.append(t, journal.Record{Kind: journal.Approved, By: "bob", Path: "ok", Plan: "plan"})
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "a w")
	}},
	"approve/no": {asking, func(t *testing.T, b *bench) {
		b.o.Decide = func(_ context.Context, q runtime.Question) (runtime.Decision, error) {
			return map[bool]runtime.Decision{true: yes, false: no}[q.Path == ""], nil
		}
		stands(t, b.run(t), runtime.Rejected, "")
		b.has(t, "a")
	}},
	"approve/nobody to ask": {asking, func(t *testing.T, b *bench) {
		b.o.Decide = nil
		stands(t, b.run(t), runtime.Parked, runtime.ForApprove)
		b.has(t, "a")
	}},
	"await/parks": {waiting, func(t *testing.T, b *bench) {
		b.o.Wait = false
		stands(t, b.run(t), runtime.Parked, runtime.ForAwait)
		stands(t, b.resume(t), runtime.Parked, runtime.ForAwait)
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "g/a g/z")
	}},
	"await/polls": {waiting, func(t *testing.T, b *bench) {
		began := time.Now()
		stands(t, b.run(t), runtime.Done, "")
		if d := time.Since(began); d != 2*time.Hour || b.world.calls["g/r"] != 3 {
			t.Errorf("%d polls in %s", b.world.calls["g/r"], d)
		}
	}},
	"await/until it is there": {"# answers: r not_found not_found forbidden\nname: skill\nsteps:\n  - {id: r, await: {uses: look, until: \"true\", on: [not_found], every: 1h}}\n", func(t *testing.T, b *bench) {
		b.o.Wait = false
		stands(t, b.run(t), runtime.Parked, runtime.ForAwait)
		stands(t, b.resume(t), runtime.Parked, runtime.ForAwait)
		if o := b.resume(t); o.State != runtime.Failed || o.Failure.Error.Code != types.Forbidden {
			t.Fatalf("the run is %s: %+v", o.State, o.Failure)
		}
	}},
	"await/a step type parks": {watching, func(t *testing.T, b *bench) {
		b.o.Wait = false
		stands(t, b.run(t), runtime.Parked, runtime.ForAwait)
		stands(t, b.resume(t), runtime.Parked, runtime.ForAwait)
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "g/a g/z")
	}},
	"await/a step type polls": {watching, func(t *testing.T, b *bench) {
		began := time.Now()
		stands(t, b.run(t), runtime.Done, "")
		if d := time.Since(began); d != 2*time.Hour || b.world.calls["g/r/first"] != 3 {
			t.Errorf("%d polls in %s", b.world.calls["g/r/first"], d)
		}
	}},
	"await/the first poll and the last are written down": {strings.Replace(watching, ">= 3", ">= 500", 1), func(t *testing.T, b *bench) {
		stands(t, b.run(t), runtime.Done, "")
		if n := len(b.j.Records()); n > 20 || b.world.calls["g/r/both/third"] != 500 {
			t.Errorf("%d records of %d polls", n, b.world.calls["g/r/both/third"])
		}
	}},
	"await/a poll is cancelled": {watching, func(t *testing.T, b *bench) {
		in := b.asks(journal.Request{Kind: journal.Cancel, Reason: "enough"})
		in.from = time.Now().AddDate(1, 0, 0)
		b.world.at = func(path string) {
			if path == "g/r/first" && b.world.calls[path] == 2 {
				in.from = time.Now()
			}
		}
		stands(t, b.run(t), runtime.Cancelled, "enough")
		b.has(t, "g/a g/z")
		if err := runtime.NewHistory(b.o.Program, b.o.Start, b.o.Catalogue).Add(b.j.Records()); err != nil {
			t.Errorf("the journal does not fold: %v", err)
		}
	}},
	"cancel/cleans up": {waiting, func(t *testing.T, b *bench) {
		b.o.Wait = false
		stands(t, b.run(t), runtime.Parked, runtime.ForAwait)
		b.o.End = &runtime.Ending{State: runtime.Cancelled, By: "bob", Words: "enough"}
		o := b.resume(t)
		stands(t, o, runtime.Cancelled, "enough")
		if b.has(t, "g/a g/z"); o.By != "bob" {
			t.Errorf("cancelled by %q", o.By)
		}
	}},
	"cancel/before the first write": {waiting, func(t *testing.T, b *bench) {
		b.o.Decide, b.o.Wait = says(nothing), false
		stands(t, b.run(t), runtime.Parked, runtime.ForConfirm)
		b.o.End = &runtime.Ending{State: runtime.Cancelled, By: "bob"}
		stands(t, b.resume(t), runtime.Cancelled, "")
		b.has(t, "")
	}},
	"inbox/cancel": {waiting, func(t *testing.T, b *bench) {
		in := b.asks(journal.Request{Kind: journal.Cancel, Reason: "enough"})
		stands(t, b.run(t), runtime.Cancelled, "enough")
		if b.has(t, "g/a g/z"); len(in.requests) > 0 {
			t.Error("the request was not answered")
		}
	}},
	"inbox/reject": {asking, func(t *testing.T, b *bench) {
		b.asks(journal.Request{Kind: journal.Reject})
		b.o.Decide = says(nothing)
		stands(t, b.run(t), runtime.Rejected, "")
		b.has(t, "")
	}},
	"inbox/approve": {oneWrite, func(t *testing.T, b *bench) {
		b.asks(journal.Request{Kind: journal.Approve, Plan: "plan"})
		b.o.Decide = says(nothing)
		stands(t, b.run(t), runtime.Done, "")
		b.has(t, "w")
	}},
	"interrupt/cleans up": {waiting, func(t *testing.T, b *bench) {
		interrupt := make(chan struct{})
		b.o.Interrupt = interrupt
		time.AfterFunc(30*time.Minute, func() { close(interrupt) })
		stands(t, b.run(t), runtime.Interrupted, "")
		b.has(t, "g/a g/z")
		b.o.Interrupt = nil
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "g/a g/z")
	}},
	"interrupt/at once": {waiting, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		stands(t, b.runIn(t, ctx), runtime.Interrupted, "")
		b.has(t, "g/a")
		stands(t, b.resume(t), runtime.Done, "")
		b.has(t, "g/a g/z")
	}},
	"lock/parks": {oneWrite, func(t *testing.T, b *bench) {
		b.o.Wait = false
		b.o.Exclusive = func(context.Context) (*types.Error, error) {
			return types.Errorf(types.Conflict, "another writes"), nil
		}
		stands(t, b.run(t), runtime.Parked, runtime.ForLock)
		b.has(t, "")
	}},
	"lock/waits": {oneWrite, func(t *testing.T, b *bench) {
		free := time.Now().Add(time.Hour)
		b.o.Exclusive = func(context.Context) (*types.Error, error) {
			if time.Now().Before(free) {
				return types.Errorf(types.Conflict, "another writes"), nil
			}
			return nil, nil
		}
		stands(t, b.run(t), runtime.Done, "")
		if b.has(t, "w"); time.Now().Before(free) {
			t.Error("the run did not wait")
		}
	}},
}
