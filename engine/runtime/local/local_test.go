package local_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// world is a tracker that steps write to. Each test has its own.
type world struct {
	issues map[string]string // key -> title
	sends  int
	finds  int
	// answer is what a send returns after it did its work, nil for success.
	answer []error
	// refuse is what a send returns instead of doing its work.
	refuse []error
	over   bool
	blind  bool
	state  string // what the read says
	edits  int
	dies   func() // called in the middle of a send, after the work
}

type in struct {
	Title string `json:"title" doc:"Title."`
	Note  string `json:"note,omitempty" doc:"Note." cosmetic:"true"`
	Dir   string `json:"dir,omitempty" doc:"The workspace." workspace:"true"`
}

type out struct {
	Key   string `json:"key" doc:"Key."`
	State string `json:"state" doc:"State."`
}

func pop(errs *[]error) error {
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

func (w *world) make(ctx context.Context, i in) (out, error) {
	w.sends++
	if err := pop(&w.refuse); err != nil {
		return out{}, err
	}
	w.issues[step.CallOf(ctx).Key.String()] = i.Title
	if w.dies != nil {
		w.dies()
	}
	if err := pop(&w.answer); err != nil {
		return out{}, err
	}
	return out{Key: "T-1", State: "open"}, nil
}

func (w *world) find(_ context.Context, key step.Key, i in) (step.Found[out], error) {
	w.finds++
	title, there := w.issues[key.String()]
	here := out{Key: "T-1", State: "open"}
	switch {
	case w.blind:
		return step.Inconclusive[out]("search for " + key.String()), nil
	case !there:
		return step.Absent[out](), nil
	case w.over:
		return step.Ended[out]("T-1", "T-1 was closed by alice", "reopen it"), nil
	case title != i.Title:
		return step.Drifted("T-1", here, "title was "+title), nil
	}
	return step.Exists("T-1", here), nil
}

func (w *world) catalogue() *step.Catalogue {
	look := func(context.Context, in) (out, error) { return out{Key: "T-1", State: w.state}, nil }
	edit := func(context.Context, in) (out, error) { w.edits++; return out{Key: "e", State: "edited"}, nil }
	return step.NewCatalogue([]step.Step{
		step.Read("look", "Look.", look),
		step.Local("edit", "Edit.", edit),
		step.Write("make", "Make.", w.make, step.Find(w.find)),
		step.Write("blind", "Make without a way to look.", w.make),
	})
}

// clock is turned by hand.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { c.now = c.now.Add(time.Millisecond); return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	return ctx.Err()
}

var began = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// bench is a world, a program and a journal.
type bench struct {
	*world
	j *journal.Memory
	o runtime.Options
}

func node(id, name, effect string, with types.Values) program.Node {
	return program.Node{ID: id, Kind: program.Uses, Step: name, Effect: effect, With: with}
}

func newBench(nodes ...program.Node) *bench {
	w := &world{issues: map[string]string{}, state: "open"}
	p := &program.Program{Skill: "t", Inputs: types.Values{}, Config: types.Values{}, Steps: nodes}
	h := journal.RunHeader{ID: "20260115-100000-aaaaaa", Work: "work", StartedAt: began, Zone: "UTC",
		Versions: journal.Versions{Journal: journal.Format, Language: program.Language}, Program: []byte("{}")}
	j := journal.NewMemory()
	if err := j.Append(journal.Record{Kind: journal.Header, Run: &h}, true); err != nil {
		panic(err)
	}
	return &bench{world: w, j: j, o: runtime.Options{
		Program: p, Header: h, Start: machine.Start{Run: h.ID, StartedAt: began}, Catalogue: w.catalogue(),
		Journal: j, Clock: &clock{now: began},
	}}
}

func (b *bench) run(t *testing.T) runtime.Outcome {
	t.Helper()
	o, err := rt.Run(t.Context(), b.o)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (b *bench) kinds() []journal.Kind {
	var out []journal.Kind
	for _, r := range b.j.Records() {
		out = append(out, r.Kind)
	}
	return out
}

var write = node("w", "make", "write", types.Values{"title": "x"})

func outcomes(o runtime.Outcome) []string {
	var out []string
	for _, e := range o.Effects {
		out = append(out, e.Outcome+" "+e.Found)
	}
	return out
}

func TestIntentBeforeSend(t *testing.T) {
	t.Parallel()
	b := newBench(write)
	b.dies = func() {
		kinds := b.kinds()
		if kinds[len(kinds)-1] != journal.Intent {
			t.Errorf("when the request is sent the journal ends with %s", kinds[len(kinds)-1])
		}
	}
	o := b.run(t)
	if o.State != runtime.Done || cmp.Diff([]string{"created "}, outcomes(o)) != "" {
		t.Errorf("%s %v", o.State, outcomes(o))
	}
	if diff := cmp.Diff([]journal.Kind{journal.Header, journal.Intent, journal.Event, journal.Finished}, b.kinds()); diff != "" {
		t.Error(diff)
	}
}

// TestWriteProtocol goes through the answers a write can get.
func TestWriteProtocol(t *testing.T) {
	t.Parallel()
	unknown := types.Errorf(types.UnknownOutcome, "answer lost")
	for _, tt := range []struct {
		name  string
		set   func(*bench)
		state runtime.State
		code  types.Code
		sends int
		there int
	}{
		{"created", func(*bench) {}, runtime.Done, "", 1, 1},
		{"adopted from an earlier run", func(b *bench) { b.seed("x") }, runtime.Done, "", 0, 1},
		{"made from other arguments", func(b *bench) { b.seed("y") }, runtime.Failed, types.Conflict, 0, 1},
		{"ended by a person", func(b *bench) { b.seed("x"); b.over = true }, runtime.Failed, types.Conflict, 0, 1},
		{"cannot look", func(b *bench) { b.blind = true }, runtime.Failed, types.Conflict, 0, 0},
		{"definite no", func(b *bench) { b.refuse = []error{types.Errorf(types.Auth, "401")} }, runtime.Failed, types.Auth, 1, 0},
		{"answer lost after the work", func(b *bench) { b.answer = []error{unknown} }, runtime.Done, "", 1, 1},
		{"answer lost before the work", func(b *bench) { b.refuse = []error{unknown} }, runtime.Done, "", 2, 1},
		{"lost again and again", func(b *bench) { b.refuse = []error{unknown, unknown, unknown, unknown} }, runtime.Failed, types.UnknownOutcome, 3, 0},
		{"made in between", func(b *bench) { b.answer = []error{types.Errorf(types.Conflict, "409")} }, runtime.Done, "", 1, 1},
		{"conflict of another kind", func(b *bench) { b.refuse = []error{types.Errorf(types.Conflict, "409")} }, runtime.Failed, types.Conflict, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(write)
			tt.set(b)
			o := b.run(t)
			if o.State != tt.state || b.sends != tt.sends || len(b.issues) != tt.there {
				t.Errorf("state %s, %d sends, %d issues; want %s, %d, %d", o.State, b.sends, len(b.issues), tt.state, tt.sends, tt.there)
			}
			if tt.code != "" && (o.Failure == nil || o.Failure.Error.Code != tt.code) {
				t.Errorf("failure %+v, want %s", o.Failure, tt.code)
			}
		})
	}
}

func (b *bench) seed(title string) {
	b.issues[step.Key{Work: "work", Path: step.Hash(10, "w")}.String()] = title
}

// TestNoFindNoRepeat: a write that cannot look for itself is sent once; when
// its answer is lost a person decides.
func TestNoFindNoRepeat(t *testing.T) {
	t.Parallel()
	b := newBench(node("w", "blind", "write", types.Values{"title": "x"}))
	b.answer = []error{types.Errorf(types.UnknownOutcome, "answer lost")}
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForUnknown || b.sends != 1 {
		t.Errorf("%s %s after %d sends", o.State, o.Reason, b.sends)
	}
	if o := b.run(t); o.State != runtime.Parked || b.sends != 1 {
		t.Errorf("resumed: %s after %d sends", o.State, b.sends)
	}
}

// TestKilledInSend ends the process between the request and its answer; the
// next one finds the effect.
func TestKilledInSend(t *testing.T) {
	t.Parallel()
	b := newBench(write)
	ctx, kill := context.WithCancel(t.Context())
	b.dies = kill
	b.answer = []error{types.Errorf(types.UnknownOutcome, "cut")}
	o, err := rt.Run(ctx, b.o)
	if err != nil || o.State != runtime.Interrupted {
		t.Fatalf("%s %v", o.State, err)
	}
	b.dies = nil
	if o := b.run(t); o.State != runtime.Done || b.sends != 1 || cmp.Diff([]string{"created world"}, outcomes(o)) != "" {
		t.Errorf("%s, %d sends, %v", o.State, b.sends, outcomes(o))
	}
}

// TestCutAnywhere cuts the journal after each record and resumes: the end is
// the same, and so is the world.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	full := newBench(node("r", "look", "read", types.Values{"title": "q"}), node("l", "edit", "local", types.Values{"title": "q"}), write,
		node("after", "look", "read", types.Values{"title": "${{ steps.w.key }}"}))
	full.o.Program.Outputs = []program.Output{{Name: "o", Value: types.Dynamic{V: "${{ steps.after.key }}"}}}
	want := full.run(t)
	records := full.j.Records()
	for n := 1; n < len(records); n++ {
		b := newBench(full.o.Program.Steps...)
		b.o.Program = full.o.Program
		for _, r := range records[1:n] {
			if err := b.j.Append(r, true); err != nil {
				t.Fatal(err)
			}
			if r.Kind == journal.Event && r.Effect == "write" {
				b.seed("x") // it had happened
			}
		}
		got := b.run(t)
		if got.State != runtime.Done || cmp.Diff(want.Outputs, got.Outputs) != "" || len(b.issues) != 1 || b.sends > 1 {
			t.Errorf("cut after record %d: %s, outputs %v, %d issues, %d sends", n, got.State, got.Outputs, len(b.issues), b.sends)
		}
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	b := newBench(write, node("w2", "make", "write", types.Values{"title": "y"}))
	asked, answer := 0, false
	b.o.Decide = func(context.Context, runtime.Question) (runtime.Decision, error) {
		asked++
		return runtime.Decision{Yes: answer, By: "ada", Plan: "p1"}, nil
	}
	if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForConfirm || b.sends+b.finds != 0 {
		t.Errorf("%s %s, %d sends", o.State, o.Reason, b.sends)
	}
	answer = true
	if o := b.run(t); o.State != runtime.Done || b.sends != 2 || asked != 2 {
		t.Errorf("%s, %d sends, asked %d times", o.State, b.sends, asked)
	}
	b.o.Decide = func(context.Context, runtime.Question) (runtime.Decision, error) {
		return runtime.Decision{}, errors.New("asked again")
	}
	if o := b.run(t); o.State != runtime.Done {
		t.Errorf("consent is forgotten: %s", o.State)
	}
}

var await = program.Node{ID: "a", Kind: program.Await, Step: "look", Effect: "read", With: types.Values{"title": "x"},
	Until: "result.state == 'merged'", Every: "30s", Timeout: "1h"}

func TestAwaitParksAndGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(await)
	for range 3 {
		if o := b.run(t); o.State != runtime.Parked || o.Reason != runtime.ForAwait {
			t.Fatalf("%s %s", o.State, o.Reason)
		}
	}
	b.state = "merged"
	if o := b.run(t); o.State != runtime.Done {
		t.Errorf("%s %+v", o.State, o.Failure)
	}
	events := 0
	for _, r := range b.j.Records() {
		if r.Kind == journal.Event {
			events++
		}
	}
	if events != 2 {
		t.Errorf("%d polls are written down, want the first and the last", events)
	}
}

func TestWaitPolls(t *testing.T) {
	t.Parallel()
	b := newBench(await)
	b.o.Wait = true
	o := b.run(t) // the hand-turned clock reaches the time-out at once
	if o.State != runtime.Failed || o.Failure.Error.Code != types.Timeout {
		t.Errorf("%s %+v", o.State, o.Failure)
	}
}

func TestRetryAfterFailure(t *testing.T) {
	t.Parallel()
	b := newBench(node("l", "edit", "local", types.Values{"title": "q"}), node("w", "make", "write", types.Values{"title": "x", "dir": "d"}))
	b.o.Workspaces = t.TempDir() + "/w"
	b.refuse = []error{types.Errorf(types.Auth, "401")}
	if o := b.run(t); o.State != runtime.Failed || b.edits != 1 {
		t.Fatalf("%s, %d edits", o.State, b.edits)
	}
	if o := b.run(t); o.State != runtime.Done || b.edits != 2 || len(b.issues) != 1 {
		t.Errorf("%s, %d edits (the workspace is rebuilt once), %d issues", o.State, b.edits, len(b.issues))
	}
	sends := b.sends
	if o := b.run(t); o.State != runtime.Done || b.sends != sends || b.edits != 2 {
		t.Errorf("a finished run did something: %s, %d sends, %d edits", o.State, b.sends-sends, b.edits-2)
	}
}

func TestPanicIsAFailure(t *testing.T) {
	t.Parallel()
	b := newBench(node("r", "look", "read", types.Values{"title": "q"}))
	b.o.Catalogue = step.NewCatalogue([]step.Step{step.Read("look", "Look.", func(context.Context, in) (out, error) { panic("oh") })})
	if o := b.run(t); o.State != runtime.Failed || o.Failure.Error.Code != types.Internal {
		t.Errorf("%s %+v", o.State, o.Failure)
	}
}

// TestJournalFails: what cannot be written down is not sent.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	b := newBench(write)
	b.j.FailAfter(0)
	if _, err := rt.Run(t.Context(), b.o); err == nil || b.sends != 0 {
		t.Errorf("error %v after %d sends", err, b.sends)
	}
}

// TestBeginsAnew: a run that failed before its first write does its reads
// again when it is taken up, for what they saw may have changed.
func TestBeginsAnew(t *testing.T) {
	t.Parallel()
	b := newBench(node("r", "look", "read", types.Values{"title": "q"}),
		program.Node{ID: "gate", Kind: program.Assert, Cond: "steps.r.state == 'merged'", Message: "not yet"}, write)
	if o := b.run(t); o.State != runtime.Failed || b.sends != 0 {
		t.Fatalf("%s, %d sends", o.State, b.sends)
	}
	b.state = "merged"
	for range 2 { // the second time it is done, and nothing happens
		if o := b.run(t); o.State != runtime.Done || b.sends != 1 {
			t.Errorf("%s, %d sends, %+v", o.State, b.sends, o.Failure)
		}
	}
}
