package machine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// world answers actions by their path, and keeps the order in which they were
// performed. It stands for a runtime with one worker.
type world struct {
	fail  map[string][]string // path -> codes of the attempts that fail
	tries map[string]int
	done  []string
	now   time.Time
}

func newWorld(fail ...string) *world {
	w := &world{fail: map[string][]string{}, tries: map[string]int{}, now: start.StartedAt}
	for _, f := range fail {
		path, codes, _ := strings.Cut(f, "=")
		w.fail[path] = strings.Fields(codes)
	}
	return w
}

// event is what comes of an action. A step's result holds its path as y, and
// its arguments.
func (w *world) event(a machine.Action) machine.Event {
	w.now = w.now.Add(time.Second)
	e := machine.Event{Kind: machine.Done, Path: a.Path, At: w.now}
	switch {
	case a.Kind == machine.Wait:
		w.now = a.At
		e.Kind, e.At = machine.Woken, a.At
		return e
	case a.Stopping && a.Kind == machine.Call:
		e.Kind = machine.Dropped
		return e
	case a.Kind == machine.Ask:
		e.Output = types.Values{"by": "ada", "at": "now"}
		return e
	}
	n := w.tries[a.Path]
	w.tries[a.Path]++
	if codes := w.fail[a.Path]; n < len(codes) && codes[n] != "ok" {
		w.done = append(w.done, a.Path+"!")
		e.Kind, e.Error = machine.Failed, types.Errorf(types.Code(codes[n]), "%s failed", a.Path)
		e.Unsettled = codes[n] == string(types.UnknownOutcome)
		return e
	}
	w.done = append(w.done, a.Path)
	e.Output = types.Values{"y": a.Path}
	for k, v := range a.Input {
		e.Output[k] = v
	}
	return e
}

// drive performs actions until the machine asks for nothing. pick chooses among
// those that may be performed side by side. Each state is taken down as data
// and put up again on the way.
func drive(t *testing.T, p *program.Program, w *world, pick func(n int) int) *machine.Machine {
	t.Helper()
	m := machine.New(p, start)
	for range 10_000 {
		actions := m.Next()
		if len(actions) == 0 {
			return m
		}
		m = clone(t, m, p)
		if again := m.Next(); cmp.Diff(actions, again) != "" {
			t.Fatalf("a machine put up again asks for something else:\n%s", cmp.Diff(actions, again))
		}
		apply(t, m, w.event(actions[pick(len(actions))]))
	}
	t.Fatal("it does not end")
	return nil
}

func first(int) int { return 0 }

func last(n int) int { return n - 1 }

func group(id string, steps ...program.Node) program.Node {
	return program.Node{ID: id, Kind: program.Group, Steps: steps}
}

func write(id string) program.Node {
	return program.Node{ID: id, Kind: program.Uses, Step: "put", Effect: "write"}
}

func set(id, value string) program.Node {
	return program.Node{ID: id, Kind: program.Set, Values: []program.Binding{{Name: "v", Value: types.Dynamic{V: value}}}}
}

func out(value string) []program.Output {
	return []program.Output{{Name: "o", Value: types.Dynamic{V: value}}}
}

func with(n program.Node, change func(*program.Node)) program.Node {
	change(&n)
	return n
}
