package machine_test

import (
	"testing"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// watched is an await that repeats two reads of a file.
func watched() *program.Program {
	p := prog(program.Node{
		ID: "w", Kind: program.Await, Every: "10s", Timeout: "1m", Until: "result.n > 1",
		Call: &program.Call{Skill: "seen", StepType: true, Timeout: "5s", Inputs: types.ObjectOf(), Steps: []program.Node{uses("a", nil), uses("b", nil)},
			Outputs: []program.Output{{Name: "n", Value: types.Dynamic{V: "${{ steps.b.n }}"}}}},
	})
	p.Outputs = []program.Output{{Name: "n", Value: types.Dynamic{V: "${{ steps.w.n }}"}}}
	return p
}

// TestPolls: after each event, a machine that was put up again from its snapshot asks
// for the same, and the first poll and those behind it are told apart.
func TestPolls(t *testing.T) {
	t.Parallel()
	p := watched()
	m := machine.New(p, start)
	at := start.StartedAt
	for _, tt := range []struct {
		asks   machine.ActionKind
		path   string
		later  bool // it belongs to a poll behind the first one
		event  machine.Event
		repeat bool // nothing came of the poll
	}{
		{asks: machine.Call, path: "w/a"},
		{asks: machine.Call, path: "w/b", event: machine.Event{Output: types.Values{"n": 1}}},
		{asks: machine.Wait, path: "w", later: true, event: machine.Event{Kind: machine.Woken}},
		{asks: machine.Call, path: "w/a", later: true},
		{asks: machine.Call, path: "w/b", later: true, event: machine.Event{Kind: machine.TimedOut, Path: "w"}, repeat: true},
		{asks: machine.Wait, path: "w", later: true, event: machine.Event{Kind: machine.Woken}},
		{asks: machine.Call, path: "w/a", later: true, event: machine.Event{Kind: machine.Failed, Error: types.Errorf(types.Unavailable, "down")}, repeat: true},
		{asks: machine.Wait, path: "w", later: true, event: machine.Event{Kind: machine.Woken}},
		{asks: machine.Call, path: "w/a", later: true},
		{asks: machine.Call, path: "w/b", later: true, event: machine.Event{Output: types.Values{"n": 2}}},
	} {
		m = clone(t, m, p)
		a := next(t, m)
		poll, later := m.PollOf(a.Path)
		if a.Kind != tt.asks || a.Path != tt.path || !a.Poll || later != tt.later {
			t.Fatalf("asks for %s at %s, of a later poll: %v; want %+v", a.Kind, a.Path, later, tt)
		}
		e := tt.event
		if e.Kind == "" {
			e.Kind = machine.Done
		}
		if e.Path == "" {
			e.Path = a.Path
		}
		if e.Kind == machine.Woken {
			at = a.At
		}
		e.At = at
		apply(t, m, e)
		if later && poll.WillRepeat() != tt.repeat {
			t.Fatalf("behind %s at %s: will repeat: %v", e.Kind, e.Path, !tt.repeat)
		}
	}
	if r := m.Result(); r.State != machine.Ended || r.Outputs["n"] != float64(2) && r.Outputs["n"] != 2 {
		t.Errorf("%+v", r)
	}
}

// TestPollOfWhatIsNotKnown: a plan that cannot make a read of a poll gives the await a
// result that is not known.
func TestPollOfWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	m := machine.New(watched(), start)
	await, ok := m.AwaitOf(next(t, m).Path)
	if !ok || await.Path != "w" || await.Kind != machine.Wait || await.Step != "seen" {
		t.Fatalf("%+v, %v", await, ok)
	}
	apply(t, m, machine.Event{Kind: machine.Done, Path: "w", Unknown: true})
	if r := m.Result(); r.State != machine.Ended || len(r.Missing) != 1 {
		t.Errorf("%+v", r)
	}
}
