package local_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// inbox holds requests in memory.
type inbox struct{ requests []journal.Request }

func (i *inbox) Requests() ([]journal.Request, error) { return slices.Clone(i.requests), nil }

func (i *inbox) Answered(r journal.Request) error {
	i.requests = slices.DeleteFunc(i.requests, func(o journal.Request) bool { return o == r })
	return nil
}

var approve = program.Node{ID: "ok", Kind: program.Approve, Message: "Go?", Show: types.Dynamic{V: "${{ run.id }}"}}

// asking decides nothing, and shows the same plan each time.
func asking(plan string, seen *[]runtime.Question) func(context.Context, runtime.Question) (runtime.Decision, error) {
	return func(_ context.Context, q runtime.Question) (runtime.Decision, error) {
		if seen != nil {
			*seen = append(*seen, q)
		}
		return runtime.Decision{Plan: plan}, nil
	}
}

func kinds(b *bench) []string {
	var out []string
	for _, r := range b.j.Records() {
		out = append(out, strings.TrimSpace(string(r.Kind)+" "+r.State+r.Reason))
	}
	return out
}

// approveBy writes down what `skillrun approve` writes.
func (b *bench) approveBy(t *testing.T, by, path, plan string) {
	t.Helper()
	if err := b.j.Append(journal.Record{Kind: journal.Approved, At: began, By: by, Path: path, Plan: plan}, true); err != nil {
		t.Fatal(err)
	}
}

// TestApprovalIsOfAPlan: an approval counts for the plan that was shown, and
// for no other.
func TestApprovalIsOfAPlan(t *testing.T) {
	t.Parallel()
	b := newBench(write)
	b.o.Decide = asking("p1", nil)
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForConfirm || o.Failure != nil {
		t.Fatalf("%s %s %+v", o.State, o.Reason, o.Failure)
	}
	b.approveBy(t, "ada", "", "p0")
	o := b.run(t)
	if o.State != runtime.Parked || b.sends != 0 || o.Failure == nil || !strings.Contains(o.Failure.Error.Message, "what was approved is not what would be written now") {
		t.Fatalf("with an approval of another plan: %s, %d sends, %+v", o.State, b.sends, o.Failure)
	}
	b.approveBy(t, "ada", "", "p1")
	if o := b.run(t); o.State != runtime.Done || b.sends != 1 {
		t.Errorf("with the approval: %s, %d sends", o.State, b.sends)
	}
}

// TestConsentIsKept: a run whose first write was announced has its consent, also
// when it is unknown what became of that write; a --yes before that is no one's
// word about a plan.
func TestConsentIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(write)
	b.o.Decide = func(context.Context, runtime.Question) (runtime.Decision, error) {
		return runtime.Decision{Yes: true, By: "ada", Note: "--yes"}, nil
	}
	b.answer, b.dies = []error{types.Errorf(types.UnknownOutcome, "the answer was lost")}, func() { b.blind = true }
	if o := b.run(t); o.Reason != runtime.ForUnknown {
		t.Fatalf("%s %s", o.State, o.Reason)
	}
	b.blind, b.o.Decide = false, asking("p1", nil)
	if o := b.run(t); o.State != runtime.Done || b.sends != 1 {
		t.Errorf("%s %s, %d sends", o.State, o.Reason, b.sends)
	}

	b = newBench(write)
	b.approveBy(t, "ada", "", "")
	b.o.Decide = asking("p1", nil)
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForConfirm || o.Failure != nil {
		t.Errorf("%s %s %+v", o.State, o.Reason, o.Failure)
	}
}

// TestApproveStep: the step asks with what it shows, continues with who agreed,
// and is asked once.
func TestApproveStep(t *testing.T) {
	t.Parallel()
	b := newBench(approve, node("w", "make", "write", types.Values{"title": "${{ steps.ok.by }}"}))
	var seen []runtime.Question
	b.o.Decide = func(ctx context.Context, q runtime.Question) (runtime.Decision, error) {
		if q.Path == "" {
			return runtime.Decision{Yes: true}, nil
		}
		return asking("p1", &seen)(ctx, q)
	}
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForApprove {
		t.Fatalf("%s %s", o.State, o.Reason)
	}
	if q := seen[0]; q.Path != "ok" || q.Message != "Go?" || q.Show != b.o.Header.ID {
		t.Errorf("asked %+v", q)
	}
	b.approveBy(t, "ada", "ok", "p1")
	b.dies = nil
	if o := b.run(t); o.State != runtime.Done || cmp.Diff(types.Values{"key": "T-1", "state": "open"}, types.Values(o.Steps[1].Result)) != "" {
		t.Fatalf("%s %+v", o.State, o.Steps)
	}
	if got := b.issues["work-"+step.Hash(10, "w")]; got != "ada" {
		t.Errorf("made by %q", got)
	}
	asked := len(seen)
	if b.run(t); len(seen) != asked {
		t.Error("an answered question is asked again")
	}
}

// TestNobodyToAsk: without anybody to decide, an approve step waits; the
// consent to writes is not one to it.
func TestNobodyToAsk(t *testing.T) {
	t.Parallel()
	b := newBench(approve, write)
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForApprove || b.sends != 0 {
		t.Errorf("%s %s, %d sends", o.State, o.Reason, b.sends)
	}
}

// TestInbox: what others ask of a run that this process holds.
func TestInbox(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ask   journal.Request
		state runtime.State
		sends int
		last  string
	}{
		{journal.Request{Kind: journal.Cancel, By: "bob", Reason: "wrong one"}, runtime.Cancelled, 0, "finished cancelledwrong one"},
		{journal.Request{Kind: journal.Reject, By: "bob", Reason: "no"}, runtime.Rejected, 0, "finished rejectedno"},
		{journal.Request{Kind: journal.Approve, By: "bob", Plan: "p1"}, runtime.Done, 1, "finished done"},
	} {
		b := newBench(write)
		box := &inbox{requests: []journal.Request{tt.ask}}
		b.o.Inbox, b.o.Wait, b.o.Decide = box, true, asking("p1", nil)
		o := b.run(t)
		got := kinds(b)
		if o.State != tt.state || b.sends != tt.sends || got[len(got)-1] != tt.last || len(box.requests) != 0 {
			t.Errorf("%s: %s, %d sends, %q, %d requests left", tt.ask.Kind, o.State, b.sends, got, len(box.requests))
		}
	}
}

// TestLock: a run that another one keeps from writing parks, or waits for it.
func TestLock(t *testing.T) {
	t.Parallel()
	busy := types.Errorf(types.Conflict, "run x has it")
	b := newBench(write)
	b.o.Exclusive = func(context.Context) (*types.Error, error) { return busy, nil }
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForLock || b.sends != 0 || o.Failure.Error != busy {
		t.Errorf("%s %s, %d sends", o.State, o.Reason, b.sends)
	}
	looks := 0
	b = newBench(write)
	b.o.Wait = true
	var notices []string
	b.o.Observe = func(e runtime.Event) {
		if e.Type == runtime.EventNotice {
			notices = append(notices, e.Text)
		}
	}
	b.o.Exclusive = func(context.Context) (*types.Error, error) {
		if looks++; looks < 3 {
			return busy, nil
		}
		return nil, nil
	}
	if o := b.run(t); o.State != runtime.Done || looks != 3 || b.sends != 1 {
		t.Errorf("%s after %d looks, %d sends", o.State, looks, b.sends)
	}
	if want := []string{"waits: run x has it; checks again every 2s", "the other run has ended"}; !slices.Equal(notices, want) {
		t.Errorf("%q", notices)
	}
	b = newBench(write)
	b.o.Exclusive = func(context.Context) (*types.Error, error) { return nil, types.Errorf(types.Network, "no way there") }
	if o := b.run(t); o.State != runtime.Failed || o.Failure.Error.Code != types.Network || b.sends != 0 {
		t.Errorf("%s %+v", o.State, o.Failure)
	}
}

// TestLockBeforeTheReads: what a run checks is checked while no one else of its
// group writes.
func TestLockBeforeTheReads(t *testing.T) {
	t.Parallel()
	b := newBench(node("r", "look", "read", types.Values{"title": "x"}), write)
	looked := false
	b.o.Observe = func(e runtime.Event) { looked = looked || e.ID == "r" && e.Type == runtime.EventStepDone }
	b.o.Exclusive = func(context.Context) (*types.Error, error) {
		if looked {
			t.Error("it read before it had the lock")
		}
		return nil, nil
	}
	if o := b.run(t); o.State != runtime.Done || !looked {
		t.Errorf("%s", o.State)
	}
	await := newBench(await)
	await.run(t)
	await.o.Exclusive = func(context.Context) (*types.Error, error) {
		t.Error("a run that only waits took the lock")
		return nil, nil
	}
	await.run(t)
}

// TestStanding: what `skillrun approve` looks at is what the run
// will ask when it is taken up.
func TestStanding(t *testing.T) {
	t.Parallel()
	b := newBench(node("l", "look", "read", types.Values{"title": "x"}), approve, write)
	b.o.Decide = asking("p1", nil)
	b.run(t)
	at, err := runtime.PositionOf(b.o.Program, b.o.Start, b.o.Catalogue, b.j.Records())
	if err != nil || at.Path != "ok" {
		t.Errorf("parked at an approve step: %+v %v", at, err)
	}
}

// lateWorld answers nothing for a while after a request was made.
type lateWorld struct {
	*bench
	clock   *clock
	appears time.Time
}

func newLate(after time.Duration, settle time.Duration) *lateWorld {
	w := &lateWorld{bench: newBench(node("w", "late", "write", types.Values{"title": "x"})), clock: &clock{now: began}}
	send := func(ctx context.Context, i in) (out, error) {
		w.sends++
		w.issues[step.CallOf(ctx).Key.String()] = i.Title
		w.appears = w.clock.now.Add(after)
		return out{}, types.Errorf(types.UnknownOutcome, "the answer was lost")
	}
	find := func(ctx context.Context, key step.Key, i in) (step.Found[out], error) {
		w.finds++
		if w.clock.now.Before(w.appears) {
			return step.Absent[out](), nil
		}
		return w.find(ctx, key, i)
	}
	w.o.Catalogue = step.NewCatalogue([]step.Step{step.Write("late", "Late.", send, step.Find(find), step.EventuallyConsistent[in, out]())})
	w.o.Clock, w.o.Settle = w.clock, settle
	return w
}

// TestLate: an effect that appears after its answer was lost is the run's own as long
// as it appears within the time that the site allows; nothing is sent twice.
func TestLate(t *testing.T) {
	t.Parallel()
	w := newLate(40*time.Second, time.Minute)
	var told []string
	w.o.Observe = func(e runtime.Event) {
		if e.Type == runtime.EventNotice {
			told = append(told, e.Text)
		}
	}
	if o := w.run(t); o.State != runtime.Done || w.sends != 1 || o.Effects[0].Outcome != "created" {
		t.Errorf("%s, %d sends, %+v", o.State, w.sends, o.Effects)
	}
	if len(told) != 1 || !strings.Contains(told[0], "it is done again only after that, unless it is there by then") {
		t.Errorf("told %q", told)
	}
	if waited := w.clock.now.Sub(began); waited > time.Minute {
		t.Errorf("waited %s", waited)
	}
}

// TestLateAfterAKill: the time counts from when the process that may have sent
// can have died.
func TestLateAfterAKill(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ ago, waits time.Duration }{{time.Second, time.Minute}, {time.Hour, 0}} {
		w := newLate(0, time.Minute)
		w.appears = began.Add(1000 * time.Hour) // it was never sent
		intent := journal.Record{Kind: journal.Intent, At: began.Add(-tt.ago), Path: "w", Step: "late", Effect: "write", Key: "k", Input: []byte(`{"title":"x"}`)}
		if err := w.j.Append(intent, true); err != nil {
			t.Fatal(err)
		}
		w.o.Observe = func(e runtime.Event) {}
		w.o.Catalogue = step.NewCatalogue([]step.Step{step.Write("late", "Late.", w.make, step.Find(w.find), step.EventuallyConsistent[in, out]())})
		if o := w.run(t); o.State != runtime.Done || w.sends != 1 {
			t.Errorf("%s: %s, %d sends", tt.ago, o.State, w.sends)
		}
		if waited := w.clock.now.Sub(began).Round(time.Second); waited != tt.waits {
			t.Errorf("killed %s ago: waited %s, want %s", tt.ago, waited, tt.waits)
		}
	}
}

// TestUpdate: what is there from other arguments is brought up to date.
func TestUpdate(t *testing.T) {
	t.Parallel()
	b := newBench(node("w", "upsert", "write", types.Values{"title": "new"}))
	updates := 0
	update := func(_ context.Context, key step.Key, i in, was out) (out, error) {
		updates++
		b.issues[key.String()] = i.Title
		if updates == 1 {
			return out{}, types.Errorf(types.UnknownOutcome, "the answer was lost")
		}
		return was, nil
	}
	b.o.Catalogue = step.NewCatalogue([]step.Step{step.Write("upsert", "Upsert.", b.make, step.Find(b.find), step.Update(update))})
	b.issues["work-"+step.Hash(10, "w")] = "old"
	if o := b.run(t); o.State != runtime.Failed || o.Failure.Error.Code != types.UnknownOutcome {
		t.Fatalf("%s %+v", o.State, o.Failure)
	}
	if o := b.run(t); o.State != runtime.Done || o.Effects[0].Outcome != "updated" || b.sends != 0 || updates != 1 {
		t.Errorf("%s %+v, %d sends, %d updates", o.State, o.Effects, b.sends, updates)
	}
	b.issues["work-"+step.Hash(10, "w")] = "old"
	c := newBench(b.o.Program.Steps...)
	c.o.Catalogue = b.o.Catalogue
	if o := c.run(t); o.State != runtime.Done || o.Effects[0].Outcome != "updated" || updates != 2 {
		t.Errorf("%s %+v, %d updates", o.State, o.Effects, updates)
	}
}
